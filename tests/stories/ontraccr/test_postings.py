"""Ontraccr payables, from its stand-in to QuickBooks."""

from decimal import Decimal

import pytest

from hub.collect.run import collect
from hub.db.engine import read_only_session
from hub.errors import NeedsAttention, OtherTenant, SettingsInvalid
from hub.installations import enable
from hub.posting.actions import manual
from hub.qbo import record_download, records
from hub.scheduling import runner
from hub.sources.record_push import push_lists
from qbo_sandbox.entities import transactions as stand_in_transactions
from qbo_sandbox.kit import send_request
from tests.support.pages.page_texts import compact
from tests.support.sources.ontraccr_site import OntraccrSite

pytestmark = pytest.mark.end_to_end

FIRST_SYNC = {}
LATER_LIFE, CHOSEN = {}, {}
EVERYTHING = {"line_account": "Supplies", "retainage_account": "Retainage Payable"}


@pytest.fixture
def site(app, quickbooks, clock):
    return OntraccrSite(app, quickbooks, clock)


@pytest.fixture
def first_sync(request):
    """Provide the unusual payables of the story by case: in QuickBooks, and their messages."""
    if not FIRST_SYNC:
        parts = (request.getfixturevalue(name) for name in ("app", "quickbooks", "clock"))
        FIRST_SYNC.update(_sync_first(OntraccrSite(*parts, documents=68)))
    return FIRST_SYNC


def _sync_first(site):
    """Sync the unusual payables; return what the tests look at, most of it by case."""
    site.enable(**EVERYTHING)
    site.sync()
    transactions = site.select("Bill") + site.select("Purchase")
    by_number = {record.get("DocNumber"): record for record in transactions}
    rows = {row["case"]: row for row in site.books.payables.values() if row["division"] == "div-1"}
    return {
        "site": site,
        "all": transactions,
        "raw": rows,
        "books": {case: by_number.get((row["number"] or "")[:21]) for case, row in rows.items()},
        "postings": {case: site.posting(row["id"]) for case, row in rows.items()},
        "cases": site.cases(),
        "waits": site.waits("held back"),
    }


def lines(transaction):
    """Return (account or item, amount, project) of each line."""
    details = [(line, line[line["DetailType"]]) for line in transaction["Line"]]
    return [
        (
            (detail.get("ItemRef") or detail["AccountRef"])["name"],
            line["Amount"],
            detail.get("CustomerRef", {}).get("name"),
        )
        for line, detail in details
    ]


# -- before anything syncs -------------------------------------------------------------------------


@pytest.mark.row("ON-S1", "ON-B1")
def test_nothing_syncs_unless_the_integration_is_activated_and_a_division_chosen(site):
    with pytest.raises(
        NeedsAttention, match=r"has 2 divisions in Ontraccr: West Coast, Prairies\."
    ):
        site.enable(division="")
    site.books.do("activate", on=False)
    with pytest.raises(NeedsAttention, match="is not activated in Ontraccr"):
        site.enable()
    site.books.do("activate", on=True)
    site.enable(lists=False)
    id = site.upload()
    site.books.do("activate", on=False)
    assert "not activated" in runner.sync(site.row.id, requested_by="kari").error
    assert site.posted(id) == []


@pytest.mark.row("ON-S5", "ON-S6", "ON-S7", "ON-S8")
@pytest.mark.end_to_end("connection")
def test_the_default_purchase_account_is_one_of_the_companys_banks_and_cards(site):
    with pytest.raises(SettingsInvalid) as missing:
        site.enable(purchase_account="")
    assert "purchase_account" in missing.value.fields
    with pytest.raises(SettingsInvalid, match="There is no “Supplies” in the list"):
        site.enable(purchase_account="Supplies")
    site.act("deactivate", "Account", "41")
    with read_only_session() as session:
        offered = [account.name for account in records.list_choices(session, 1, "payment_account")]
    assert sorted(offered) == ["Checking", "Petty Cash", "Savings", "Visa"]


@pytest.mark.row("ON-S5", "ON-S8")
def test_an_inactive_default_account_holds_expenses_and_names_the_setting(
    site,
):
    site.enable(lists=False, line_account="Supplies")
    site.act("deactivate", "Account", "35")
    id = site.upload(type="expense", project=None, cost_code=None, vendor=None)
    site.sync()
    assert "Checking is inactive in QuickBooks" in site.posting(id).reason
    push_lists(site.row, ["purchase_account"])
    assert (
        site.books.default["div-1"],
        len(site.books.list("div-1", "purchase-accounts")),
    ) == (None, 4)


@pytest.mark.row("ON-S8")
def test_an_expense_from_an_account_that_is_neither_bank_nor_credit_card_is_held(site):
    site.enable()
    supplies = next(row["Id"] for row in site.select("Account") if row["Name"] == "Supplies")
    id = site.upload(type="expense", account=f"={supplies}")
    assert site.sync()["requests"]["writes"] == 0
    assert (site.state(id), site.posted(id)) == ("held", [])
    assert f"QuickBooks has no payment account with the id {supplies}" in site.posting(id).reason
    site.edit(id, account="=42")
    site.sync()
    assert len(site.posted(id)) == 1


@pytest.mark.row("ON-S2", "ON-S11", "ON-B15")
def test_while_auto_sync_is_off_payables_wait_to_be_pushed_and_go_once_it_is_on(site):
    site.enable(auto_sync=False)
    first, second, third = ids = [site.upload() for _ in range(3)]
    writes = site.sync()["requests"]["writes"]
    assert (writes, {site.state(id) for id in ids}) == (0, {"review"})
    site.push(first, second)
    site.sync()
    assert [len(site.posted(id)) for id in ids] == [1, 1, 0]
    site.change(auto_sync=True)
    new = site.upload()
    site.sync()
    assert [len(site.posted(id)) for id in (third, new)] == [1, 1]
    last = site.upload()
    collect(site.row.id)
    site.change(auto_sync=False)
    site.sync()
    assert (site.state(last), site.posted(last)) == ("review", [])


@pytest.mark.row("ON-B1")
def test_each_division_goes_to_a_company_of_its_own(site):
    site.enable()
    id = site.upload()
    site.sync()
    with pytest.raises(OtherTenant):
        site.change(division="div-2")
    site.connect("us", "div-2", name="Prairies Co")
    row = site.enable()
    other = site.upload(project="p21", cost_code="c21", vendor="v21")
    site.sync()
    assert (row.tenant_name, len(site.posted(other)), site.posted(id)) == (
        "Maple & Granite Builders Ltd., Prairies",
        1,
        [],
    )


# -- what arrives ----------------------------------------------------------------------------------


@pytest.mark.row("ON-S11", "ON-S13", "ON-S14", "ON-S15")
def test_the_same_payable_is_a_bill_or_an_expense_as_its_type_says(first_sync):
    bill, expense = (
        first_sync["books"][f"{kind} of the same shape"] for kind in ("a bill", "an expense")
    )
    assert lines(bill) == lines(expense)
    vendor = first_sync["site"].profile("vendors", "v1")["external_id"]
    assert (bill["VendorRef"]["value"], expense["EntityRef"]["value"]) == (vendor, vendor)
    assert bill in first_sync["site"].select("Bill")
    assert expense in first_sync["site"].select("Purchase")
    assert ("PaymentType" in bill, expense["PaymentType"]) == (False, "Cash")


@pytest.mark.row("ON-S16", "ON-B10")
def test_every_payable_is_posted_with_the_full_amount_of_its_upload(first_sync):
    site, compared = first_sync["site"], 0
    for row in first_sync["raw"].values():
        posting, total = first_sync["postings"][row["case"]], total_of(site, row)
        if posting and posting.state == "posted":
            record = next(
                entry for entry in first_sync["all"] if entry["Id"] == posting.quickbooks_id
            )
            assert (record["TotalAmt"], row["case"]) == (total, row["case"])
            compared += 1
    assert compared > 15
    assert first_sync["postings"]["total off by one cent"].state == "held"


def total_of(site, row):
    from hub_ontraccr.sandbox import views

    return views.payable(site.books, row)["total"]


@pytest.mark.row("ON-S9", "ON-S10")
def test_an_expense_is_paid_from_the_account_of_its_upload_else_from_the_default(first_sync):
    with_other_settings, usual = (
        first_sync["books"][case]
        for case in ("another purchase account", "an expense of the same shape")
    )
    assert [
        (expense["AccountRef"]["name"], expense["PaymentType"])
        for expense in (with_other_settings, usual)
    ] == [
        ("Mastercard", "CreditCard"),
        ("Checking", "Cash"),
    ]
    assert (
        "Payment account: Checking"
        in first_sync["books"]["a bill of the same shape"]["PrivateNote"]
    )
    assert (
        "no payment account with the id 990001"
        in first_sync["postings"]["a purchase account that is gone"].reason
    )


@pytest.mark.row("ON-S9")
def test_a_bill_names_the_account_of_its_upload_instead_of_the_default(site):
    site.enable()
    id = site.upload(account="=42")
    site.sync()
    (bill,) = site.posted(id)
    assert "Purchase account: Visa" in bill["PrivateNote"]
    assert "Checking" not in bill["PrivateNote"]


@pytest.mark.row("ON-S3", "ON-S4", "ON-B7")
def test_documents_with_missing_or_wrong_links_wait_with_the_names(first_sync):
    fields = {
        cause.split(":", 2)[2]: reason
        for cause, reason in first_sync["cases"].items()
        if cause.startswith("match:")
    }
    assert (
        fields["cost_code:cost_code:c8"]
        == "Cost code “09-900 Painting”: it is not linked to anything in QuickBooks."
    )
    assert fields["project:project:p8"].startswith(
        "Project “Cedar Heights, Lot 12”: it is not linked"
    )
    assert "no item with the id 7 (it is linked to a vendor)" in fields["cost_code:cost_code:c9"]
    assert "no customer with the id 990001" in fields["project:project:p9"]


@pytest.mark.row("ON-S3")
def test_a_line_needs_links_for_the_profiles_that_it_uses_only(first_sync):
    amounts = lines(first_sync["books"]["several projects"])
    assert len({project for _, _, project in amounts}) == 4
    assert amounts[-1][1:] == (Decimal("0.40"), None)
    assert lines(first_sync["books"]["a line without a cost code"])[0][0] == "Supplies"


@pytest.mark.row("ON-B10")
def test_retainage_is_a_line_of_its_own_only_where_the_total_is_net_of_it(first_sync):
    net, gross, released = (
        [line[:2] for line in lines(first_sync["books"][f"retainage {how}"])]
        for how in ("taken off", "not taken off", "released")
    )
    assert [line for line in net if line[0] == "Retainage Payable"] == [
        ("Retainage Payable", Decimal("-800.00")),
        ("Retainage Payable", Decimal("-50.01")),
    ]
    assert "Retainage Payable" not in dict(gross)
    assert released == [("Retainage Payable", Decimal("850.01"))]


@pytest.mark.row("ON-B4")
def test_a_vendor_that_is_missing_is_made_and_one_with_a_near_name_is_not(first_sync):
    site = first_sync["site"]
    assert (
        first_sync["books"]["a vendor that QuickBooks does not know"]["VendorRef"]["name"]
        == "Great Northern Glazing Ltd."
    )
    assert (
        "QuickBooks has a similar name"
        in first_sync["postings"]["a vendor with a near name"].reason
    )
    assert site.profile("vendors", "v10")["external_type"] == "Vendor"
    assert site.profile("vendors", "v11")["external_id"] is None


@pytest.mark.row("ON-B4")
def test_a_vendor_without_a_link_is_found_by_its_exact_name(site):
    site.make("Vendor", DisplayName="Coast Lumber")
    record_download.refresh(1, ["vendor"])
    site.enable(lists=False, line_account="Supplies", vendors="hold")
    vendor = site.profile("vendors", "v1")
    assert vendor["external_id"] is None
    id = site.upload(project=None, cost_code=None)
    site.sync()
    assert [bill["VendorRef"]["name"] for bill in site.posted(id)] == [vendor["name"]]


@pytest.mark.row("ON-B8")
def test_files_are_attached_and_a_file_that_cannot_be_has_a_case(first_sync):
    attached = {
        file["AttachableRef"][0]["EntityRef"]["value"]: file["FileName"]
        for file in first_sync["site"].select("Attachable")
    }
    transaction = first_sync["books"]["a plain bill"]
    assert attached[transaction["Id"]] == f"Invoice {transaction['DocNumber']}.pdf"
    reasons = [text for cause, text in first_sync["cases"].items() if cause.endswith(":file")]
    sentences = (
        "no longer has this file",
        "does not accept files like",
        "has 26.0 MB; the hub attaches files of at most 20 MB",
    )
    assert [sum(part in text for text in reasons) for part in sentences] == [1, 1, 1]
    cases = ("its file is missing", "its file is a web page", "its file is too large")
    assert [first_sync["postings"][case].state for case in cases] == ["posted"] * 3


@pytest.mark.row("ON-B9", "ON-B13")
def test_each_payable_has_its_state_and_its_history(first_sync):
    site, raw = first_sync["site"], first_sync["raw"]
    states = {case: site.reported_states(raw[case]["id"]) for case in raw}
    assert states["a bill of the same shape"][-1] == "posted"
    assert states["a project that is not linked"] == ["held"]
    (status,) = site.books.statuses[raw["a project that is not linked"]["id"]]
    assert "Project “Cedar Heights, Lot 12”: it is not linked" in status["message"]
    assert states["held back"] == []
    assert "held back from QuickBooks in Ontraccr by Priya Nair" in first_sync["waits"]


# -- later life ------------------------------------------------------------------------------------


@pytest.fixture
def later_life(request):
    """Provide the ids of payables in one company, and what was observed of them.

    They wait, are released, changed, paid and deleted.
    """
    if not LATER_LIFE:
        site = request.getfixturevalue("site")
        site.enable()
        LATER_LIFE.update(site=site, counts=site.counts, lists=linked(site))
        _begin(site)
        _change_by_hand(site)
        _end(site)
    return LATER_LIFE


def _begin(site):
    """Upload all payables, and one that QuickBooks knows from the bank."""
    detail = {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}}}
    line = {"Amount": 77.35, "DetailType": "AccountBasedExpenseLineDetail", **detail}
    about = {"PaymentType": "Cash", "AccountRef": {"value": "35"}, "TxnDate": "2026-03-05"}
    LATER_LIFE["feed"] = site.make("Purchase", **about, Line=[line])["Id"]
    site.books.do("unlink", kind="projects", id="p2")
    for project in ("p3", "p4"):
        site.quickbooks.act(
            "deactivate", kind="Customer", id=site.profile("projects", project)["external_id"]
        )
    site.make("Customer", DisplayName="Pier 9", Job=True, ParentRef={"value": "43"})
    record_download.refresh(1, ["customer"])
    uploads = {
        "project": {"project": "p8"},
        "cost code": {"cost_code": "c8"},
        "unlinked": {"project": "p2"},
        "lost": {"project": "p3"},
        "lost too": {"project": "p4"},
        "type": {},
        "amount": {},
        "deleted": {},
        "file": {},
        "paid": {},
        "held back": {"held_by": "Priya Nair"},
        "fed": {"amount": "77.35", "type": "expense"},
        "not fed": {"amount": "77.36", "type": "expense"},
    }
    LATER_LIFE["ids"] = {what: site.upload(**fields) for what, fields in uploads.items()}
    site.sync()
    LATER_LIFE["first"] = {what: site.posting(id) for what, id in LATER_LIFE["ids"].items()}
    LATER_LIFE["first cases"] = site.cases()


def _change_by_hand(site):
    """Change payables as people do in Ontraccr, the hub and QuickBooks."""
    ids = LATER_LIFE["ids"]
    site.match("project", "project:p8", "49")
    site.match("project", "project:p3", "49")
    site.link("projects", "p4", "49", "Project")
    site.link("cost-codes", "c8", "2", "Item")
    site.edit(ids["type"], type="expense")
    site.edit(ids["amount"], line={"quantity": "1", "unit_cost": "120.50", "amount": "120.50"})
    site.edit(ids["held back"], held_by=None)
    site.books.do("delete", payable=ids["deleted"])
    site.books.do("attach", payable=ids["file"], file="pdf")
    manual.adopt(LATER_LIFE["first"]["fed"].id, LATER_LIFE["feed"], "kari")
    site.pay_bill(site.posted(ids["paid"])[0], Decimal("40.00"))
    site.watch()
    enable.push_first_lists(site.row)
    LATER_LIFE["posted"] = {what: site.posted(id) for what, id in ids.items()}
    LATER_LIFE["cases"] = site.cases()
    LATER_LIFE["states"] = {what: site.state(id) for what, id in ids.items()}


def _end(site):
    """Pay the remaining payables, and edit the amount of a bill in QuickBooks."""
    site.pay_bill(LATER_LIFE["posted"]["paid"][0], Decimal("60.00"))
    bill = LATER_LIFE["posted"]["amount"][0]
    line = {**bill["Line"][0], "Amount": "130.50"}
    line[line["DetailType"]] |= {"Qty": "1", "UnitPrice": "130.50"}
    site.quickbooks.act("edit", kind="Bill", id=bill["Id"], set={"Line": [line]})
    site.watch()
    LATER_LIFE["last cases"] = site.cases()
    LATER_LIFE["receipts"] = {
        what: site.reported_states(id) for what, id in LATER_LIFE["ids"].items()
    }
    LATER_LIFE["files"] = site.select("Attachable")


def linked(site):
    """Return the profiles that the hub has linked, by kind."""
    rows = site.books.profiles.rows.items()
    return {
        kind: [row for row in own.values() if row["linked_by"] == "the hub"] for kind, own in rows
    }


@pytest.mark.row("ON-S4")
def test_a_link_made_where_it_was_missed_releases_what_waits(later_life):
    assert [later_life["first"][what].state for what in ("project", "cost code")] == [
        "held",
        "held",
    ]
    assert lines(later_life["posted"]["project"][0])[0][2] == "Cedar Grove School:Gym Extension"
    assert lines(later_life["posted"]["cost code"][0])[0][0] == "Labor"
    assert [cause for cause in later_life["cases"] if cause.startswith("match:")] == [
        "match:1:project:project:p2"
    ]


@pytest.mark.row("ON-S3", "ON-S4")
def test_a_link_that_is_taken_away_counts_no_more(later_life):
    assert "it is not linked to anything" in later_life["first"]["unlinked"].reason
    assert later_life["posted"]["unlinked"] == []


@pytest.mark.row("ON-S3", "ON-B14")
@pytest.mark.parametrize("what", ["lost", "lost too"])
def test_a_record_that_became_inactive_holds_until_it_is_linked_again(later_life, what):
    assert "inactive in QuickBooks" in later_life["first"][what].reason
    assert lines(later_life["posted"][what][0])[0][2] == "Cedar Grove School:Gym Extension"


@pytest.mark.row("ON-B14")
def test_a_new_link_of_the_hub_replaces_the_lost_one_in_ontraccr(site):
    site.enable()
    lost = site.profile("projects", "p3")["external_id"]
    site.quickbooks.act("deactivate", kind="Customer", id=lost)
    record_download.refresh(1, ["customer"])
    site.match("project", "project:p3", "49")
    enable.push_first_lists(site.row)
    assert lost != site.profile("projects", "p3")["external_id"] == "49"


@pytest.mark.row("ON-S4", "ON-B14")
def test_all_profiles_that_a_person_links_to_one_record_are_linked_in_ontraccr(site):
    site.enable()
    item = site.profile("cost-codes", "c1")["external_id"]
    for code in ("c8", "c9"):
        site.match("cost_code", f"cost_code:{code}", item)
    enable.push_first_lists(site.row)
    linked = [site.profile("cost-codes", code)["external_id"] for code in ("c8", "c9")]
    assert linked == [item, item]
    id = site.upload(cost_code="c8")
    site.sync()
    assert len(site.posted(id)) == 1


@pytest.mark.row("ON-S4", "ON-B2")
def test_a_match_decided_in_the_hub_reaches_ontraccr_with_the_next_lists(later_life):
    row = later_life["site"].profile("projects", "p8")
    assert (row["external_id"], row["external_type"], row["linked_by"]) == (
        "49",
        "Project",
        "the hub",
    )
    assert row["linked_at"]


@pytest.mark.row("ON-S14")
def test_a_type_that_changes_after_posting_is_refused_and_explained(later_life):
    text = " ".join(later_life["cases"].values())
    assert "It is in QuickBooks as a bill, but is an expense at the source now" in text
    assert [bill.get("DueDate") is not None for bill in later_life["posted"]["type"]] == [True]


@pytest.mark.row("ON-S16")
def test_a_changed_amount_is_updated_and_an_edit_in_quickbooks_is_reported(later_life):
    assert later_life["posted"]["amount"][0]["TotalAmt"] == Decimal("120.50")
    assert later_life["receipts"]["amount"][-1] == "changed_in_ledger"
    (reason,) = [text for text in later_life["last cases"].values() if "Bill N-9013" in text]
    assert reason.endswith("which has 130.50 USD there, where 120.50 USD was posted.")


@pytest.mark.row("ON-S16")
def test_a_total_that_quickbooks_stores_otherwise_is_reported_after_posting(site, monkeypatch):
    site.enable()
    id = site.upload("100.00")
    sum_lines = stand_in_transactions._sum_lines

    def sum_with_a_cent(rule, data, old):
        sum_lines(rule, data, old)
        data[rule.total] += Decimal("0.01")

    monkeypatch.setattr(stand_in_transactions, "_sum_lines", sum_with_a_cent)
    site.sync()
    (bill,) = site.posted(id)
    assert (site.state(id), bill["TotalAmt"]) == ("posted", Decimal("100.01"))
    (reason,) = site.cases().values()
    assert reason.endswith("QuickBooks has 100.01 USD as the total instead of 100.00 USD.")


@pytest.mark.row("ON-S16")
def test_a_payable_deleted_after_posting_needs_a_decision(later_life):
    assert len(later_life["posted"]["deleted"]) == 1
    assert any("Deleted in Ontraccr" in reason for reason in later_life["cases"].values())


@pytest.mark.row("ON-B2")
def test_lists_come_from_quickbooks_step_by_step(later_life):
    assert later_life["counts"] == {
        "vendor": 40,
        "project": 30,
        "cost_code": 12,
        "purchase_account": 5,
        "class": 5,
        "tax_code": 4,
    }
    assert {kind: len(rows) for kind, rows in later_life["lists"].items()} == {
        "projects": 16,
        "cost-codes": 10,
        "vendors": 40,
    }


@pytest.mark.row("ON-S7", "ON-S12")
def test_the_upload_form_offers_the_companys_accounts_and_preselects_the_default(later_life):
    slider = compact(send_request(later_life["site"].source.wsgi, "GET", "/upload").text)
    offered = slider[slider.index('name="account"') :].partition("</select>")[0]
    assert '<option value="35" selected>Checking (Bank)</option>' in offered
    assert offered.count("<option") == 5


@pytest.mark.row("ON-B3")
def test_a_project_made_in_quickbooks_flows_into_ontraccr_and_none_goes_back(later_life):
    projects = later_life["site"].books.profiles.rows["projects"].values()
    assert "Pier 9" in [row["name"] for row in projects]
    assert later_life["site"].select("Customer", "DisplayName like 'Cedar Heights%'") == []


@pytest.mark.row("ON-B8")
def test_a_file_that_comes_after_the_bill_is_attached_to_it(later_life):
    (file,) = later_life["files"]
    assert file["AttachableRef"][0]["EntityRef"]["value"] == later_life["posted"]["file"][0]["Id"]


@pytest.mark.row("ON-B9", "ON-B11")
def test_a_bill_that_is_paid_in_quickbooks_shows_on_the_payable_in_part_and_in_full(later_life):
    assert later_life["receipts"]["paid"] == ["posted", "part_paid", "paid"]
    paid = later_life["site"].books.statuses[later_life["ids"]["paid"]]
    assert [status.get("amount_paid") for status in paid] == [None, 40, 100]


@pytest.mark.row("ON-B12")
def test_an_expense_that_came_from_the_bank_feed_is_not_posted_again_unseen(later_life):
    assert [later_life["first"][what].state for what in ("fed", "not fed")] == ["held", "posted"]
    same = f"within five days, transaction {later_life['feed']} "
    assert same in later_life["first"]["fed"].reason
    assert (later_life["states"]["fed"], later_life["posted"]["fed"]) == ("posted", [])


@pytest.mark.row("ON-B12")
def test_an_expense_from_another_account_or_to_another_vendor_is_another_expense(site):
    site.enable()
    detail = {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}}}
    line = {"Amount": 77.35, "DetailType": "AccountBasedExpenseLineDetail", **detail}
    vendor = site.make("Vendor", DisplayName="Somebody Else Ltd.")["Id"]
    fed = (
        {"AccountRef": {"value": "42"}, "PaymentType": "CreditCard"},
        {
            "AccountRef": {"value": "35"},
            "PaymentType": "Cash",
            "EntityRef": {"value": vendor, "type": "Vendor"},
        },
    )
    for about in fed:
        site.make("Purchase", **about, TxnDate="2026-03-05", Line=[line])
    id = site.upload("77.35", type="expense")
    site.sync()
    assert (site.state(id), len(site.posted(id)), site.cases()) == ("posted", 1, {})


@pytest.mark.row("ON-B13")
def test_a_held_payable_is_posted_once_it_is_released(later_life):
    assert later_life["first"]["held back"] is None
    assert [len(later_life["posted"]["held back"]), later_life["receipts"]["held back"]] == [
        1,
        ["posted"],
    ]


# -- effects of settings ---------------------------------------------------------------------------


@pytest.fixture
def with_other_settings(request):
    """Provide payables under settings that are all different from the usual ones, once posted."""
    if not CHOSEN:
        site = request.getfixturevalue("site")
        choices = {
            "vendors": "hold",
            "unlinked_items": "create",
            "item_account": "Job Materials",
            "deleted": "delete",
        }
        site.enable(**choices, project_class=True, bank_payments="check", attach_files=False)
        project_class = give_project_class(site)
        uploads = {
            "vendor": {"vendor": "v10"},
            "class": {},
            "no class": {"project": "p2"},
            "item": {"cost_code": "c8"},
            "item again": {"cost_code": "c8"},
            "bank": {"type": "expense"},
            "deleted": {"files": ["pdf"]},
            "card": {"type": "expense", "account": "=42"},
        }
        ids = {what: site.upload(**fields) for what, fields in uploads.items()}
        site.sync()
        CHOSEN["before"] = {what: site.posted(id) for what, id in ids.items()}
        site.books.do("delete", payable=ids["deleted"])
        site.sync()
        CHOSEN.update(site=site, posted={what: site.posted(id) for what, id in ids.items()})
        CHOSEN["items"], CHOSEN["vendors"] = (
            site.select("Item", "Name = '09-900 Painting'"),
            site.select("Vendor"),
        )
        CHOSEN["class"] = project_class["name"]
    return CHOSEN


def give_project_class(site):
    """Give the project of most payables a class of QuickBooks; return it."""
    offered = site.books.list("div-1", "classes")[0]
    site.books.do("profile", kind="projects", id="p1", fields={"class": offered["external_id"]})
    return offered


def class_of(transaction):
    line = transaction["Line"][0]
    return line[line["DetailType"]].get("ClassRef", {}).get("name")


@pytest.mark.row("ON-B4")
def test_vendors_may_wait_instead_of_being_made(with_other_settings):
    assert (with_other_settings["posted"]["vendor"], len(with_other_settings["vendors"])) == (
        [],
        40,
    )


@pytest.mark.row("ON-B5")
def test_the_class_of_the_project_is_on_its_lines_where_that_is_wanted(with_other_settings):
    assert [class_of(with_other_settings["posted"][what][0]) for what in ("class", "no class")] == [
        with_other_settings["class"],
        None,
    ]


@pytest.mark.row("ON-B5")
def test_lines_have_no_class_without_that_setting(first_sync):
    assert {class_of(record) for record in first_sync["all"] if record["Line"]} == {None}


@pytest.mark.row("ON-B5")
def test_the_class_of_a_project_is_on_no_line_once_that_is_switched_off(site):
    site.enable(project_class=True)
    give_project_class(site)
    site.change(project_class=False)
    id = site.upload()
    site.sync()
    assert [class_of(bill) for bill in site.posted(id)] == [None]


@pytest.mark.row("ON-B7")
def test_items_are_made_of_cost_codes_without_a_link_where_that_is_wanted(with_other_settings):
    (item,) = with_other_settings["items"]
    assert [
        lines(with_other_settings["posted"][what][0])[0][0] for what in ("item", "item again")
    ] == ["09-900 Painting"] * 2
    assert with_other_settings["site"].profile("cost-codes", "c8")["external_id"] == item["Id"]


@pytest.mark.row("ON-S9")
def test_an_expense_from_a_bank_account_may_be_a_check(with_other_settings):
    assert [with_other_settings["posted"][what][0]["PaymentType"] for what in ("bank", "card")] == [
        "Check",
        "CreditCard",
    ]


@pytest.mark.row("ON-S16")
def test_a_payable_that_is_deleted_may_be_deleted_in_quickbooks(with_other_settings):
    assert (
        len(with_other_settings["before"]["deleted"]),
        with_other_settings["posted"]["deleted"],
    ) == (1, [])


@pytest.mark.row("ON-B6")
def test_the_default_tax_code_is_used_unless_the_payable_names_its_own(site):
    site.connect("norway")
    with read_only_session() as session:
        codes = {
            choice.rate: choice.quickbooks_id
            for choice in records.list_choices(session, site.company_id, "tax_code")
        }
    account = next(row for row in site.select("Account") if row["AccountType"] == "Bank")
    site.enable(purchase_account=account["Id"], tax_code=codes["25"])
    usual, own = (
        site.upload("100.00", "25.00"),
        site.upload("100.00", "15.00", tax_code=codes["15"]),
    )
    site.sync()
    results = [site.posted(id)[0] for id in (usual, own)]
    assert [(transaction["TotalAmt"], tax_code(transaction)) for transaction in results] == [
        (125, codes["25"]),
        (115, codes["15"]),
    ]


def tax_code(transaction):
    line = transaction["Line"][0]
    return line[line["DetailType"]]["TaxCodeRef"]["value"]

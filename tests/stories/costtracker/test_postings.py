"""CostTracker invoices, from its stand-in to QuickBooks."""

from decimal import Decimal

import pytest
from hub_costtracker.sandbox import company

from hub.db.engine import read_only_session
from hub.errors import SettingsInvalid
from hub.models import Match
from hub.scheduling import runner
from tests.support.sources.costtracker_site import CostTrackerSite

pytestmark = pytest.mark.end_to_end


TAX_CODES = {"25 % mva": "25", "15 % mva": "15", "12 % mva": "12", "Uten mva": "0"}
REDUCED = "15 % mva"


@pytest.fixture
def site(app, quickbooks, clock):
    return CostTrackerSite(app, quickbooks, clock)


def detail(line):
    return line["AccountBasedExpenseLineDetail"]


def dimensions(bill):
    """Return the location of a bill, and the class and customer of its first line."""
    first = detail(bill["Line"][0])
    results = {"DepartmentRef": bill.get("DepartmentRef"), **first}
    names = ("DepartmentRef", "ClassRef", "CustomerRef")
    return {name: (results.get(name) or {}).get("value") for name in names}


# -- what may be posted ----------------------------------------------------------------------------


@pytest.mark.row("CT-S1")
def test_quickbooks_receives_the_outcome_of_purchasing_and_nothing_before(site):
    site.enable()
    orders = len(site.select("PurchaseOrder"))
    order = {"number": "2026-0100", "line": 1, "ordered": 10, "received": 4}
    id = site.receive({"po": order}, status="validated")
    before = site.sync()
    site.decide(id, "send")
    assert [before["requests"]["writes"], site.sync()["requests"]["writes"]] == [0, 0]
    assert site.posting(id) is None  # nothing that a person could approve in the hub
    site.decide(id, "approve")
    assert site.sync()["requests"]["writes"] == 1
    assert len(site.posted(id)) == 1
    assert len(site.select("PurchaseOrder")) == orders


@pytest.mark.row("CT-S8")
@pytest.mark.parametrize("status", ["draft", "validated", "sent_for_approval"])
def test_nothing_unapproved_is_posted(site, status):
    site.enable()
    id = site.receive(status=status)
    site.sync()
    assert (site.posted(id), site.state(id)) == ([], "")
    site.decide(id, "approve")
    site.sync()
    assert len(site.posted(id)) == 1


@pytest.mark.row("CT-B1")
def test_a_rejected_invoice_is_never_posted(site):
    site.enable(mode="review")
    rejected, late = site.receive(status="rejected"), site.receive()
    site.sync()
    assert (site.state(rejected), site.state(late)) == ("withdrawn", "review")
    site.decide(late, "reject")
    site.change(mode="auto")
    assert site.sync()["requests"]["writes"] == 0
    assert [site.posted(id) for id in (rejected, late)] == [[], []]
    assert site.state(late) == "withdrawn"


@pytest.mark.row("CT-S9")
def test_an_approved_invoice_is_a_bill_with_all_that_it_says(site):
    site.enable()
    id = site.receive(
        {"net": "1250.50", "description": "Betong C35", "account": "a4000"},
        {"net": "0.05", "description": "Frakt", "account": "a6340"},
        supplier="s3",
        invoice_number="F-77",
        invoice_date="2026-03-02",
        due_date="2026-04-11",
    )
    site.sync()
    (bill,) = site.posted(id)
    assert bill["VendorRef"]["value"] == site.record("suppliers", "s3")
    assert (bill["DocNumber"], bill["TxnDate"], bill["DueDate"], bill["TotalAmt"]) == (
        "F-77",
        "2026-03-02",
        "2026-04-11",
        Decimal("1250.55"),
    )
    lines = [
        (line["Description"], line["Amount"], detail(line)["AccountRef"]["value"])
        for line in bill["Line"]
    ]
    assert lines == [
        ("Betong C35", Decimal("1250.50"), site.record("accounts", "a4000")),
        ("Frakt", Decimal("0.05"), site.record("accounts", "a6340")),
    ]
    assert site.reported_states(id)[-1] == "posted"


@pytest.mark.row("CT-S10", "CT-B3")
def test_lines_with_an_order_on_a_budget_and_without_either_take_the_same_way(site):
    site.enable()
    order = {"number": "2026-0100", "line": 2, "ordered": 10, "received": 4}
    plain = site.receive({"description": "Diesel"})
    mixed = site.receive(
        {"description": "Trelast", "po": order},
        {"description": "Stillas", "customer": "p1"},
        {"description": "Rekvisita"},
        po_numbers=["2026-0100"],
    )
    site.sync()
    texts = [[line["Description"] for line in site.posted(id)[0]["Line"]] for id in (plain, mixed)]
    assert texts == [["Diesel"], ["PO 2026-0100 · Trelast", "Stillas", "Rekvisita"]]


@pytest.mark.row("CT-B2")
def test_an_invoice_off_by_one_oere_is_held_until_it_is_corrected_in_costtracker(site):
    site.enable()
    id = site.receive(gross_off="0.01")
    site.sync()
    assert (site.state(id), site.posted(id)) == ("held", [])
    assert len(site.cases()) == 1
    site.press(f"/invoices/{id}/edit", gross_total="100.00")
    site.sync()
    assert [bill["TotalAmt"] for bill in site.posted(id)] == [100]
    assert site.cases() == {}


@pytest.mark.row("CT-B2")
def test_an_invoice_whose_lines_state_another_tax_than_its_total_is_held(site):
    site.choose_norway()
    site.connect()
    site.enable()
    line = {"net": "100.00", "tax_code": "standard"}
    id = site.receive(line, line, tax_off="-5.00", gross_off="-5.00")
    site.sync()
    assert (site.state(id), site.posted(id)) == ("held", [])
    assert "The taxes of its lines add up to 50.00" in site.reason(id)


@pytest.mark.row("CT-B7")
def test_nothing_dated_before_the_start_date_is_sent(site):
    site.enable(start_date="2026-03-01")
    before = site.receive(invoice_date="2026-02-28", due_date="2026-03-30")
    first_day = site.receive(invoice_date="2026-03-01")
    counts = site.sync()
    assert [len(site.posted(id)) for id in (before, first_day)] == [0, 1]
    assert counts["requests"]["writes"] == 1
    assert "before 01 Mar 2026, the first day that counts" in site.reason(before)


@pytest.mark.row("CT-B9")
@pytest.mark.parametrize(
    ("number", "date"), [("F-9", "2026-01-15"), ("Another", "2026-03-02")], ids=["number", "date"]
)
def test_a_bill_that_quickbooks_has_already_is_held_before_it_is_sent(site, number, date):
    site.enable()
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}},
    }
    vendor = {"value": site.record("suppliers", "s1")}
    twin = site.make("Bill", VendorRef=vendor, DocNumber=number, TxnDate=date, Line=[line])
    id = site.receive(invoice_number="F-9", invoice_date="2026-03-02")
    other = site.receive(supplier="s2", invoice_number="F-9", invoice_date="2026-03-02")
    counts = site.sync()
    assert (site.state(id), site.state(other)) == ("held", "posted")
    assert twin["Id"] in site.reason(id)
    assert counts["requests"]["writes"] == 1


@pytest.mark.row("CT-B9")
def test_an_invoice_that_quickbooks_has_as_an_expense_is_held_before_it_is_sent(site):
    site.enable()
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}},
    }
    vendor = {"value": site.record("suppliers", "s1"), "type": "Vendor"}
    paid = {"PaymentType": "Cash", "AccountRef": {"value": "35"}, "EntityRef": vendor}
    twin = site.make("Purchase", **paid, DocNumber="F-9", TxnDate="2026-01-15", Line=[line])
    id = site.receive(invoice_number="F-9")
    assert site.sync()["requests"]["writes"] == 0
    assert site.state(id) == "held"
    assert twin["Id"] in site.reason(id)


@pytest.mark.row("CT-B12")
def test_an_invoice_in_another_currency_than_its_suppliers_is_held(site):
    site.choose_norway()
    site.connect()
    site.enable()
    own = site.receive(supplier="s21")
    wrong = site.receive(supplier="s21", currency="NOK")
    counts = site.sync()
    assert [bill["CurrencyRef"]["value"] for bill in site.posted(own)] == ["EUR"]
    assert (site.state(wrong), site.posted(wrong)) == ("held", [])
    assert "EUR" in site.reason(wrong)
    assert counts["requests"]["writes"] == 1


@pytest.mark.row("CT-B11")
@pytest.mark.parametrize("net", ["100.00", "-100.00"])
def test_a_credit_note_is_a_vendor_credit(site, net):
    site.enable()
    id = site.receive({"net": net}, kind="credit_note")
    site.sync()
    (credit,) = site.posted(id, "VendorCredit")
    assert (credit["TotalAmt"], site.posted(id)) == (100, [])
    assert credit["VendorRef"]["value"] == site.record("suppliers", "s1")


# -- lists -----------------------------------------------------------------------------------------


@pytest.mark.row("CT-S3")
def test_suppliers_are_read_from_quickbooks_inactive_ones_too(site):
    site.choose_norway()
    vendors = site.select("Vendor")
    site.act("deactivate", kind="Vendor", id=vendors[0]["Id"])
    site.connect()  # the hub has not read the list before
    site.enable()
    pushed = site.pushed("suppliers")
    assert {id: entry["name"] for id, entry in pushed.items()} == {
        row["Id"]: row["DisplayName"] for row in vendors
    }
    assert [id for id, entry in pushed.items() if not entry["active"]] == [vendors[0]["Id"]]


@pytest.mark.row("CT-S4")
def test_the_accounts_that_can_be_posted_to_are_read(site):
    site.enable()
    accounts = {account["Id"]: account["AccountType"] for account in site.select("Account")}
    unusable = ("Accounts Payable", "Accounts Receivable")
    assert set(site.pushed("accounts")) == {
        id for id, sort in accounts.items() if sort not in unusable
    }
    assert {"Expense", "Cost of Goods Sold", "Bank"} <= set(accounts.values())


@pytest.mark.row("CT-S5")
def test_tax_codes_are_read_with_what_they_add_to_a_purchase(site):
    site.choose_norway()
    site.connect()
    site.enable()
    names = {row["Id"]: row["Name"] for row in site.select("TaxCode")}
    pushed = {names[id]: entry["rate"] for id, entry in site.pushed("tax-codes").items()}
    assert pushed == TAX_CODES
    id = site.receive({"net": "100.00", "tax_code": "standard"})
    site.sync()
    (bill,) = site.posted(id)
    assert (bill["TotalAmt"], bill["TxnTaxDetail"]["TotalTax"]) == (125, 25)


@pytest.mark.row("CT-S5")
def test_a_tax_code_has_the_rate_that_it_adds_to_a_purchase_and_not_to_a_sale(site):
    site.choose_norway()
    (agency, *_) = site.select("TaxAgency")
    rates = [
        {"TaxRateName": f"Import {side}", "RateValue": rate, "TaxAgencyId": agency["Id"]}
        | {"TaxApplicableOn": side}
        for side, rate in (("Sales", "0"), ("Purchase", "15"))
    ]
    body = {"TaxCode": "Import", "TaxRateDetails": rates}
    path = "taxservice/taxcode"
    answer = site.quickbooks.ask("POST", path, body, site.realm, content_type="application/json")
    assert answer.status == 200, answer.text
    site.connect()
    site.enable()
    pushed = {entry["name"]: entry["rate"] for entry in site.pushed("tax-codes").values()}
    assert pushed == TAX_CODES | {"Import": "15"}


@pytest.mark.row("CT-S6")
def test_customers_projects_classes_and_locations_are_read(site):
    site.enable()
    lists = {"customers": "Customer", "classes": "Class", "locations": "Department"}
    for kind, entity in lists.items():
        records = {record["Id"] for record in site.select(entity)}
        assert (set(site.pushed(kind)), bool(records)) == (records, True)
    projects = [record for record in site.select("Customer") if record.get("Job")]
    pushed = site.pushed("customers")
    assert projects
    assert all(
        pushed[record["Id"]]["parent_external_id"] == record["ParentRef"]["value"]
        for record in projects
    )


@pytest.mark.row("CT-S7")
def test_an_account_of_quickbooks_can_be_chosen_in_costtracker(site):
    record = site.make("Account", Name="Leie av brakker", AccountType="Expense")
    site.enable(lists=False)
    site.refresh_lists()
    id = site.receive(status="validated")
    assert f'<option value="{record["Id"]}">' in site.page(f"/invoices/{id}")
    site.press(f"/invoices/{id}/edit", account=record["Id"])
    site.decide(id, "approve")
    site.sync()
    (bill,) = site.posted(id)
    assert detail(bill["Line"][0])["AccountRef"]["value"] == record["Id"]


@pytest.mark.row("CT-S28")
def test_a_hidden_account_stays_active_and_what_uses_it_posts(site):
    hidden = site.make("Account", Name="Programvare", AccountType="Expense")["Id"]
    site.read_lists()
    site.enable(lists=False, hidden_accounts=[hidden])
    site.refresh_lists()
    pushed = site.pushed("accounts")
    assert [id for id, entry in pushed.items() if entry["hidden"]] == [hidden]
    assert pushed[hidden]["active"]
    id = site.receive({"account": f"={hidden}"})
    page = site.page(f"/invoices/{id}")
    assert (f'<option value="{hidden}">' in page, '<option value="20">' in page) == (False, True)
    site.sync()
    (bill,) = site.posted(id)
    assert detail(bill["Line"][0])["AccountRef"]["value"] == hidden


@pytest.mark.row("CT-S29")
def test_a_hidden_tax_code_stays_active_and_what_uses_it_posts(site):
    site.choose_norway()
    site.connect()
    codes = {tax_code["Name"]: tax_code["Id"] for tax_code in site.select("TaxCode")}
    hidden = codes[REDUCED]
    site.enable(hidden_tax_codes=[hidden])
    pushed = site.pushed("tax-codes")
    assert [id for id, entry in pushed.items() if entry["hidden"]] == [hidden]
    assert pushed[hidden]["active"]
    assert "hidden" in site.page("/lists")
    id = site.receive({"tax_code": f"={hidden}"})
    site.sync()
    (bill,) = site.posted(id)
    assert detail(bill["Line"][0])["TaxCodeRef"]["value"] == hidden


@pytest.mark.row("CT-S24")
def test_locations_are_transferred_and_used_only_while_their_switch_is_on(site):
    check_switch(site, "transfer_locations", "locations", "DepartmentRef", "l1")


@pytest.mark.row("CT-S25")
def test_classes_are_transferred_and_used_only_while_their_switch_is_on(site):
    check_switch(site, "transfer_classes", "classes", "ClassRef", "c1")


@pytest.mark.row("CT-S26")
def test_customers_and_projects_are_transferred_and_used_only_while_their_switch_is_on(site):
    check_switch(site, "transfer_customers", "customers", "CustomerRef", "p1")


def check_switch(site, switch, kind, field, slot):
    """Switch one dimension off, on, and off again.

    While it is off, it alone is in no list and on no bill; while it is on, it is in both.
    """
    line = {"location": "l1", "class": "c1", "customer": "p1"}
    kinds = {"locations", "classes", "customers"}
    site.enable(**{switch: False})
    off = site.receive(line)
    site.sync()
    assert set(site.books.lists.pushed) & kinds == kinds - {kind}
    (bill,) = site.posted(off)
    assert [name for name, id in dimensions(bill).items() if id is None] == [field]

    site.change(**{switch: True})
    site.refresh_lists()
    assert kinds <= set(site.books.lists.pushed)
    on = site.receive(line)
    site.sync()
    (bill,) = site.posted(on)
    assert dimensions(bill)[field] == site.record(kind, slot)
    check_switched_off(site, switch, kind, field, line)
    assert site.posted(on) == [bill]


def check_switched_off(site, switch, kind, field, line):
    """Switch a dimension off while an invoice that has it waits for its approval in the hub."""
    site.change(mode="review")
    waiting = site.receive(line)
    site.sync()
    site.change(**{switch: False})
    entity, name = {
        "locations": ("Department", "Name"),
        "classes": ("Class", "Name"),
        "customers": ("Customer", "DisplayName"),
    }[kind]
    site.make(entity, **{name: "Newly made"})
    before = dict(site.pushed(kind))
    site.refresh_lists()
    assert site.pushed(kind) == before
    later = site.receive(line)
    site.sync()
    for id in (waiting, later):
        site.approve(id)
    site.sync()
    for id in (waiting, later):
        (bill,) = site.posted(id)
        assert [name for name, id in dimensions(bill).items() if id is None] == [field]


@pytest.mark.row("CT-S27")
def test_the_chosen_dimensions_and_the_reference_arrive(site):
    site.enable()
    line = {"location": "l2", "class": "c3", "customer": "p2"}
    memo = site.receive(line, reference="Prosjekt 7 / Kari")
    site.sync()
    (bill,) = site.posted(memo)
    assert dimensions(bill) == {
        "DepartmentRef": site.record("locations", "l2"),
        "ClassRef": site.record("classes", "c3"),
        "CustomerRef": site.record("customers", "p2"),
    }
    assert bill["PrivateNote"].startswith("Reference: Prosjekt 7 / Kari\n")

    site.change(reference_to="number")
    number = site.receive(invoice_number="F-8", reference="Ref 8")
    site.change(reference_to="number")
    site.sync()
    (bill,) = site.select("Bill", "DocNumber = 'Ref 8'")
    assert bill["PrivateNote"].startswith("Invoice number: F-8\n")
    assert site.reported_states(number)[-1] == "posted"
    without = site.receive(invoice_number="F-9")
    site.sync()
    assert [bill["DocNumber"] for bill in site.posted(without)] == ["F-9"]

    site.change(reference_to="line_description")
    text = site.receive({"description": "Stillas"}, reference="Ref 9")
    site.sync()
    (bill,) = site.posted(text)
    assert [line["Description"] for line in bill["Line"]] == ["Ref 9 · Stillas"]


@pytest.mark.row("CT-S31")
def test_with_the_lists_pushed_invoices_post_without_any_matching_by_hand(site):
    site.enable()
    line = {"location": "l1", "class": "c1", "customer": "p1"}
    ids = [
        site.receive(line, supplier=f"s{number}", invoice_number=f"F-{number}")
        for number in range(1, 6)
    ]
    site.sync()
    assert [len(site.posted(id)) for id in ids] == [1] * 5
    assert site.cases() == {}
    with read_only_session() as session:
        assert {match.match_method for match in session.query(Match)} == {"link"}


# -- suppliers -------------------------------------------------------------------------------------


def edit_supplier(site, user, phone):
    """Change a supplier's phone in CostTracker, as a person does; return its vendor from before."""
    name = site.books.lists.pushed_record("suppliers", "s1")["name"]
    site.press("/suppliers/s1", name=name, phone=phone, user=user)


def vendor(site):
    (record,) = site.select("Vendor", f"Id = '{site.record('suppliers', 's1')}'")
    return record


@pytest.mark.row("CT-S11")
def test_suppliers_are_updated_in_quickbooks_only_while_that_is_switched_on(site):
    row = site.enable()
    assert row.settings["update_suppliers"] is False
    edit_supplier(site, "Kari Nordmann", "+47 22 00 00 01")
    assert site.sync()["requests"]["writes"] == 0
    vendors = site.select("Vendor")
    site.change(update_suppliers=True)
    site.sync()
    assert vendor(site)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 01"
    assert len(site.select("Vendor")) == len(vendors)


@pytest.mark.row("CT-S12")
def test_an_edit_without_the_right_is_refused_with_the_reason(site):
    site.enable(update_suppliers=True)
    edit_supplier(site, "Ola Hansen", "+47 22 00 00 02")
    before = vendor(site)
    site.sync()
    assert vendor(site) == before
    assert "Ola Hansen changed supplier" in site.waits("supplier:s1")
    assert "may not update suppliers" in site.waits("supplier:s1")
    edit_supplier(site, "Kari Nordmann", "+47 22 00 00 03")
    site.sync()
    assert vendor(site)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 03"


@pytest.mark.row("CT-S12")
def test_an_edit_waits_until_its_author_gets_the_right(site, monkeypatch):
    site.enable(update_suppliers=True)
    edit_supplier(site, "Kari Nordmann", "+47 22 00 00 04")
    site.sync()
    before = vendor(site)
    assert before["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 04"
    edit_supplier(site, "Ola Hansen", "+47 22 00 00 05")
    site.sync()
    assert vendor(site) == before
    assert "may not update suppliers" in site.waits("supplier:s1")
    users = [user | {"can_update_accounting_suppliers": True} for user in company.USERS]
    monkeypatch.setattr(company, "USERS", users)
    site.sync()
    assert vendor(site)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 05"
    assert site.waits("supplier:s1") == ""


@pytest.mark.row("CT-S11", "CT-S12")
def test_an_edit_that_waits_is_read_again_after_the_switch_was_off_for_a_while(site, monkeypatch):
    site.enable(update_suppliers=True)
    edit_supplier(site, "Ola Hansen", "+47 22 00 00 06")
    site.sync()
    assert "may not update suppliers" in site.waits("supplier:s1")
    site.change(update_suppliers=False)
    site.sync()
    assert site.waits("supplier:s1") == ""
    users = [user | {"can_update_accounting_suppliers": True} for user in company.USERS]
    monkeypatch.setattr(company, "USERS", users)
    site.change(update_suppliers=True)
    site.sync()
    assert vendor(site)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 06"
    assert site.sync()["requests"]["writes"] == 0


# -- accounts, files, later life -------------------------------------------------------------------


@pytest.mark.row("CT-S22")
def test_bills_are_credited_to_the_account_of_the_settings_and_none_is_posted_without_one(
    site,
):
    with pytest.raises(SettingsInvalid) as missing:
        site.enable(payable_account="")
    assert "payable_account" in missing.value.fields
    other = site.make("Account", Name="Creditors", AccountType="Accounts Payable")
    site.read_lists()
    id = site.receive()
    assert site.posted(id) == []
    site.enable(payable_account=other["Id"])
    site.sync()
    (bill,) = site.posted(id)
    assert bill["APAccountRef"]["value"] == other["Id"]


@pytest.mark.row("CT-B8")
def test_the_file_is_attached_to_its_bill_and_one_that_fails_never_unposts_it(site):
    site.enable()
    good, lost = site.receive(files=["pdf"]), site.receive(files=["missing"])
    site.sync()
    bills = [site.posted(id)[0] for id in (good, lost)]
    (file,) = site.select("Attachable")
    assert file["AttachableRef"][0]["EntityRef"] == {"value": bills[0]["Id"], "type": "Bill"}
    assert (file["FileName"], file["ContentType"]) == (f"Faktura N-{good}.pdf", "application/pdf")
    assert file["Size"] == site.books.invoice(good)["attachments"][0]["size"]
    assert (site.state(lost), site.reported_states(lost)[-1]) == ("posted", "posted")
    assert any("Upload it there again" in reason for reason in site.cases().values())


@pytest.mark.row("CT-B10")
def test_a_bill_that_is_paid_in_quickbooks_shows_as_paid_in_costtracker(site):
    site.enable()
    id = site.receive()
    site.sync()
    (bill,) = site.posted(id)
    for amount in ("40.00", "60.00"):
        site.pay_bill(bill, Decimal(amount))
        site.watch()
    assert site.reported_states(id) == ["posted", "part_paid", "paid"]
    statuses = site.books.statuses[id]
    assert [status.get("amount_paid") for status in statuses] == [None, 40, 100]
    assert "Paid on 2026-03-20" in site.page(f"/invoices/{id}")


@pytest.mark.row("CT-B10")
def test_an_invoice_with_a_bill_for_each_location_is_paid_once_all_bills_are(site):
    site.enable(locations_differ="split", transfer_locations=True)
    id = site.receive({"location": "l1"}, {"location": "l2"})
    site.sync()
    bills = site.select("Bill", f"DocNumber in ('N-{id}', 'N-{id}-2')")
    for bill in bills:
        site.pay_bill(bill, bill["TotalAmt"])
        site.watch()
    statuses = site.books.statuses[id][-2:]
    first, second = (bill["TotalAmt"] for bill in bills)
    assert [(status["state"], status["amount_paid"]) for status in statuses] == [
        ("part_paid", first),
        ("paid", first + second),
    ]


@pytest.mark.row("CT-B13")
@pytest.mark.parametrize("change", ["renamed", "merged", "inactive"])
def test_a_supplier_that_changes_in_quickbooks_is_noticed_with_its_open_invoices(site, change):
    site.enable(mode="review")
    id = site.receive()
    site.sync()
    vendor_id = site.record("suppliers", "s1")
    if change == "renamed":
        site.act("edit", kind="Vendor", id=vendor_id, set={"DisplayName": "Nytt Navn AS"})
        site.refresh_lists()
        assert site.pushed("suppliers")[vendor_id]["name"] == "Nytt Navn AS"
        assert (site.state(id), site.cases()) == ("review", {})
        site.approve(id)
        site.sync()
        assert site.posted(id)[0]["VendorRef"]["name"] == "Nytt Navn AS"
        return
    if change == "merged":
        site.remove("Vendor", vendor_id)
    else:
        site.act("deactivate", kind="Vendor", id=vendor_id)
    site.refresh_lists()
    cause = f"record:{site.company_id}:{site.row.id}:vendor:{vendor_id}"
    assert (site.state(id), list(site.cases())) == ("held", [cause])
    assert site.waiting_for(cause) == [id]


@pytest.mark.row("CT-B14")
@pytest.mark.parametrize("kind", ["account", "tax code"])
def test_a_code_that_disappears_flags_the_waiting_invoices_that_use_it(site, kind):
    site.choose_norway()
    site.connect()
    site.enable(mode="review")
    slots = {"account": ("accounts", "a6340"), "tax code": ("tax-codes", "reduced")}
    uses = site.receive({"account": "a6340", "tax_code": "reduced"})
    other = site.receive({"account": "a4000", "tax_code": "standard"}, supplier="s2")
    site.sync()
    site.remove({"account": "Account", "tax code": "TaxCode"}[kind], site.record(*slots[kind]))
    site.refresh_lists()
    assert (site.state(uses), site.state(other)) == ("held", "review")
    (cause,) = site.cases()
    assert site.waiting_for(cause) == [uses]


@pytest.mark.row("CT-S24")
def test_a_bill_that_is_split_differently_is_posted_once_its_former_parts_are_removed(site):
    site.enable(locations_differ="split", transfer_locations=True)
    id = site.receive({"location": "l1"}, {"location": "l2"})
    site.sync()
    first, second = site.select("Bill", f"DocNumber in ('N-{id}', 'N-{id}-2')")
    site.edit(id, line={"location": "l2"})
    site.sync()
    new = f"posting:{site.posting(id).id}:split"
    assert [cause.rpartition(":")[2] for cause in site.cases().keys() - {new}] == ["parts"] * 2
    assert (site.state(id), len(site.select("Bill", "TotalAmt > '0'"))) == ("held", 2)
    for bill in (first, second):
        site.act("delete", "Bill", bill["Id"])
    site.watch()
    runner.run_company_job("reconcile", site.company_id, requested_by="kari")
    site.sync()
    (bill,) = site.select("Bill", f"DocNumber = 'N-{id}'")
    assert (site.state(id), site.cases()) == ("posted", {})
    assert bill["TotalAmt"] == first["TotalAmt"] + second["TotalAmt"]

"""CostTracker invoices, from its stand-in to QuickBooks."""

from decimal import Decimal

import pytest

from hub.db.engine import read_only_session
from hub.errors import SettingsInvalid
from hub.models import Match
from tests.support.costtracker_site import Purchasing

pytestmark = pytest.mark.end_to_end


TAX_CODES = {"25 % mva": "25", "15 % mva": "15", "12 % mva": "12", "Uten mva": "0"}
REDUCED = "15 % mva"


@pytest.fixture
def purchasing(app, quickbooks, clock):
    return Purchasing(app, quickbooks, clock)


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
def test_quickbooks_receives_the_outcome_of_purchasing_and_nothing_before(purchasing):
    purchasing.enable()
    orders = len(purchasing.select("PurchaseOrder"))
    order = {"number": "2026-0100", "line": 1, "ordered": 10, "received": 4}
    id = purchasing.receive({"po": order}, status="validated")
    before = purchasing.sync()
    purchasing.decide(id, "send")
    assert [before["requests"]["writes"], purchasing.sync()["requests"]["writes"]] == [0, 0]
    assert purchasing.posting(id) is None  # nothing that a person could approve in the hub
    purchasing.decide(id, "approve")
    assert purchasing.sync()["requests"]["writes"] == 1
    assert len(purchasing.posted(id)) == 1
    assert len(purchasing.select("PurchaseOrder")) == orders


@pytest.mark.row("CT-S8")
@pytest.mark.parametrize("status", ["draft", "validated", "sent_for_approval"])
def test_nothing_unapproved_is_posted(purchasing, status):
    purchasing.enable()
    id = purchasing.receive(status=status)
    purchasing.sync()
    assert (purchasing.posted(id), purchasing.state(id)) == ([], "")
    purchasing.decide(id, "approve")
    purchasing.sync()
    assert len(purchasing.posted(id)) == 1


@pytest.mark.row("CT-B1")
def test_a_rejected_invoice_is_never_posted(purchasing):
    purchasing.enable(mode="review")
    rejected, late = purchasing.receive(status="rejected"), purchasing.receive()
    purchasing.sync()
    assert (purchasing.state(rejected), purchasing.state(late)) == ("withdrawn", "review")
    purchasing.decide(late, "reject")
    purchasing.change(mode="auto")
    assert purchasing.sync()["requests"]["writes"] == 0
    assert [purchasing.posted(id) for id in (rejected, late)] == [[], []]
    assert purchasing.state(late) == "withdrawn"


@pytest.mark.row("CT-S9")
def test_an_approved_invoice_is_a_bill_with_all_that_it_says(purchasing):
    purchasing.enable()
    id = purchasing.receive(
        {"net": "1250.50", "description": "Betong C35", "account": "a4000"},
        {"net": "0.05", "description": "Frakt", "account": "a6340"},
        supplier="s3",
        invoice_number="F-77",
        invoice_date="2026-03-02",
        due_date="2026-04-11",
    )
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert bill["VendorRef"]["value"] == purchasing.record("suppliers", "s3")
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
        ("Betong C35", Decimal("1250.50"), purchasing.record("accounts", "a4000")),
        ("Frakt", Decimal("0.05"), purchasing.record("accounts", "a6340")),
    ]
    assert purchasing.reported_states(id)[-1] == "posted"


@pytest.mark.row("CT-S10", "CT-B3")
def test_lines_with_an_order_on_a_budget_and_without_either_take_the_same_way(purchasing):
    purchasing.enable()
    order = {"number": "2026-0100", "line": 2, "ordered": 10, "received": 4}
    plain = purchasing.receive({"description": "Diesel"})
    mixed = purchasing.receive(
        {"description": "Trelast", "po": order},
        {"description": "Stillas", "customer": "p1"},
        {"description": "Rekvisita"},
        po_numbers=["2026-0100"],
    )
    purchasing.sync()
    texts = [
        [line["Description"] for line in purchasing.posted(id)[0]["Line"]] for id in (plain, mixed)
    ]
    assert texts == [["Diesel"], ["PO 2026-0100 · Trelast", "Stillas", "Rekvisita"]]


@pytest.mark.row("CT-B2")
def test_an_invoice_off_by_one_oere_is_held_until_it_is_corrected_in_costtracker(purchasing):
    purchasing.enable()
    id = purchasing.receive(gross_off="0.01")
    purchasing.sync()
    assert (purchasing.state(id), purchasing.posted(id)) == ("held", [])
    assert len(purchasing.cases()) == 1
    purchasing.press(f"/invoices/{id}/edit", gross_total="100.00")
    purchasing.sync()
    assert [bill["TotalAmt"] for bill in purchasing.posted(id)] == [100]
    assert purchasing.cases() == {}


@pytest.mark.row("CT-B7")
def test_nothing_dated_before_the_start_date_is_sent(purchasing):
    purchasing.enable(start_date="2026-03-01")
    before = purchasing.receive(invoice_date="2026-02-28", due_date="2026-03-30")
    first_day = purchasing.receive(invoice_date="2026-03-01")
    counts = purchasing.sync()
    assert [len(purchasing.posted(id)) for id in (before, first_day)] == [0, 1]
    assert counts["requests"]["writes"] == 1
    assert "before 2026-03-01, the first day that counts" in purchasing.reason(before)


@pytest.mark.row("CT-B9")
@pytest.mark.parametrize(
    ("number", "date"), [("F-9", "2026-01-15"), ("Another", "2026-03-02")], ids=["number", "date"]
)
def test_a_bill_that_quickbooks_has_already_is_held_before_it_is_sent(purchasing, number, date):
    purchasing.enable()
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}},
    }
    vendor = {"value": purchasing.record("suppliers", "s1")}
    twin = purchasing.make("Bill", VendorRef=vendor, DocNumber=number, TxnDate=date, Line=[line])
    id = purchasing.receive(invoice_number="F-9", invoice_date="2026-03-02")
    other = purchasing.receive(supplier="s2", invoice_number="F-9", invoice_date="2026-03-02")
    counts = purchasing.sync()
    assert (purchasing.state(id), purchasing.state(other)) == ("held", "posted")
    assert twin["Id"] in purchasing.reason(id)
    assert counts["requests"]["writes"] == 1


@pytest.mark.row("CT-B12")
def test_an_invoice_in_another_currency_than_its_suppliers_is_held(purchasing):
    purchasing.choose_norway()
    purchasing.connect()
    purchasing.enable()
    own = purchasing.receive(supplier="s21")
    wrong = purchasing.receive(supplier="s21", currency="NOK")
    counts = purchasing.sync()
    assert [bill["CurrencyRef"]["value"] for bill in purchasing.posted(own)] == ["EUR"]
    assert (purchasing.state(wrong), purchasing.posted(wrong)) == ("held", [])
    assert "EUR" in purchasing.reason(wrong)
    assert counts["requests"]["writes"] == 1


@pytest.mark.row("CT-B11")
def test_a_credit_note_is_a_vendor_credit(purchasing):
    purchasing.enable()
    id = purchasing.receive(kind="credit_note")
    purchasing.sync()
    (credit,) = purchasing.posted(id, "VendorCredit")
    assert (credit["TotalAmt"], purchasing.posted(id)) == (100, [])
    assert credit["VendorRef"]["value"] == purchasing.record("suppliers", "s1")


# -- lists -----------------------------------------------------------------------------------------


@pytest.mark.row("CT-S3")
def test_suppliers_are_read_from_quickbooks_inactive_ones_too(purchasing):
    purchasing.choose_norway()
    vendors = purchasing.select("Vendor")
    purchasing.act("deactivate", kind="Vendor", id=vendors[0]["Id"])
    purchasing.connect()  # the hub has not read the list before
    purchasing.enable()
    pushed = purchasing.pushed("suppliers")
    assert {id: entry["name"] for id, entry in pushed.items()} == {
        row["Id"]: row["DisplayName"] for row in vendors
    }
    assert [id for id, entry in pushed.items() if not entry["active"]] == [vendors[0]["Id"]]


@pytest.mark.row("CT-S4")
def test_the_accounts_that_can_be_posted_to_are_read(purchasing):
    purchasing.enable()
    accounts = {account["Id"]: account["AccountType"] for account in purchasing.select("Account")}
    unusable = ("Accounts Payable", "Accounts Receivable")
    assert set(purchasing.pushed("accounts")) == {
        id for id, sort in accounts.items() if sort not in unusable
    }
    assert {"Expense", "Cost of Goods Sold", "Bank"} <= set(accounts.values())


@pytest.mark.row("CT-S5")
def test_tax_codes_are_read_with_what_they_add_to_a_purchase(purchasing):
    purchasing.choose_norway()
    purchasing.connect()
    purchasing.enable()
    names = {row["Id"]: row["Name"] for row in purchasing.select("TaxCode")}
    pushed = {names[id]: entry["rate"] for id, entry in purchasing.pushed("tax-codes").items()}
    assert pushed == TAX_CODES
    id = purchasing.receive({"net": "100.00", "tax_code": "standard"})
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert (bill["TotalAmt"], bill["TxnTaxDetail"]["TotalTax"]) == (125, 25)


@pytest.mark.row("CT-S6")
def test_customers_projects_classes_and_locations_are_read(purchasing):
    purchasing.enable()
    lists = {"customers": "Customer", "classes": "Class", "locations": "Department"}
    for kind, entity in lists.items():
        records = {record["Id"] for record in purchasing.select(entity)}
        assert (set(purchasing.pushed(kind)), bool(records)) == (records, True)
    projects = [record for record in purchasing.select("Customer") if record.get("Job")]
    pushed = purchasing.pushed("customers")
    assert projects
    assert all(
        pushed[record["Id"]]["parent_external_id"] == record["ParentRef"]["value"]
        for record in projects
    )


@pytest.mark.row("CT-S7")
def test_an_account_of_quickbooks_can_be_chosen_in_costtracker(purchasing):
    record = purchasing.make("Account", Name="Leie av brakker", AccountType="Expense")
    purchasing.enable(lists=False)
    purchasing.refresh_lists()
    id = purchasing.receive(status="validated")
    assert f'<option value="{record["Id"]}">' in purchasing.page(f"/invoices/{id}")
    purchasing.press(f"/invoices/{id}/edit", account=record["Id"])
    purchasing.decide(id, "approve")
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert detail(bill["Line"][0])["AccountRef"]["value"] == record["Id"]


@pytest.mark.row("CT-S28")
def test_a_hidden_account_stays_active_and_what_uses_it_posts(purchasing):
    hidden = purchasing.make("Account", Name="Programvare", AccountType="Expense")["Id"]
    purchasing.read_lists()
    purchasing.enable(lists=False, hidden_accounts=[hidden])
    purchasing.refresh_lists()
    pushed = purchasing.pushed("accounts")
    assert [id for id, entry in pushed.items() if entry["hidden"]] == [hidden]
    assert pushed[hidden]["active"]
    id = purchasing.receive({"account": f"={hidden}"})
    page = purchasing.page(f"/invoices/{id}")
    assert (f'<option value="{hidden}">' in page, '<option value="20">' in page) == (False, True)
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert detail(bill["Line"][0])["AccountRef"]["value"] == hidden


@pytest.mark.row("CT-S29")
def test_a_hidden_tax_code_stays_active_and_what_uses_it_posts(purchasing):
    purchasing.choose_norway()
    purchasing.connect()
    codes = {tax_code["Name"]: tax_code["Id"] for tax_code in purchasing.select("TaxCode")}
    hidden = codes[REDUCED]
    purchasing.enable(hidden_tax_codes=[hidden])
    pushed = purchasing.pushed("tax-codes")
    assert [id for id, entry in pushed.items() if entry["hidden"]] == [hidden]
    assert pushed[hidden]["active"]
    assert "hidden" in purchasing.page("/lists")
    id = purchasing.receive({"tax_code": f"={hidden}"})
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert detail(bill["Line"][0])["TaxCodeRef"]["value"] == hidden


@pytest.mark.row("CT-S24")
def test_locations_are_transferred_and_used_only_while_their_switch_is_on(purchasing):
    check_switch(purchasing, "transfer_locations", "locations", "DepartmentRef", "l1")


@pytest.mark.row("CT-S25")
def test_classes_are_transferred_and_used_only_while_their_switch_is_on(purchasing):
    check_switch(purchasing, "transfer_classes", "classes", "ClassRef", "c1")


@pytest.mark.row("CT-S26")
def test_customers_and_projects_are_transferred_and_used_only_while_their_switch_is_on(purchasing):
    check_switch(purchasing, "transfer_customers", "customers", "CustomerRef", "p1")


def check_switch(purchasing, switch, kind, field, slot):
    """Switch one dimension off, then on.

    While it is off, it alone is in no list and on no bill; afterwards it is in both.
    """
    line = {"location": "l1", "class": "c1", "customer": "p1"}
    kinds = {"locations", "classes", "customers"}
    purchasing.enable(**{switch: False})
    off = purchasing.receive(line)
    purchasing.sync()
    assert set(purchasing.books.lists.pushed) & kinds == kinds - {kind}
    (bill,) = purchasing.posted(off)
    assert [name for name, id in dimensions(bill).items() if id is None] == [field]

    purchasing.change(**{switch: True})
    purchasing.refresh_lists()
    assert kinds <= set(purchasing.books.lists.pushed)
    on = purchasing.receive(line)
    purchasing.sync()
    (bill,) = purchasing.posted(on)
    assert dimensions(bill)[field] == purchasing.record(kind, slot)


@pytest.mark.row("CT-S27")
def test_the_chosen_dimensions_and_the_reference_arrive(purchasing):
    purchasing.enable()
    line = {"location": "l2", "class": "c3", "customer": "p2"}
    memo = purchasing.receive(line, reference="Prosjekt 7 / Kari")
    purchasing.sync()
    (bill,) = purchasing.posted(memo)
    assert dimensions(bill) == {
        "DepartmentRef": purchasing.record("locations", "l2"),
        "ClassRef": purchasing.record("classes", "c3"),
        "CustomerRef": purchasing.record("customers", "p2"),
    }
    assert bill["PrivateNote"].startswith("Reference: Prosjekt 7 / Kari\n")

    purchasing.change(reference_to="number")
    number = purchasing.receive(invoice_number="F-8", reference="Ref 8")
    purchasing.change(reference_to="number")
    purchasing.sync()
    (bill,) = purchasing.select("Bill", "DocNumber = 'Ref 8'")
    assert bill["PrivateNote"].startswith("Invoice number: F-8\n")
    assert purchasing.reported_states(number)[-1] == "posted"

    purchasing.change(reference_to="line_description")
    text = purchasing.receive({"description": "Stillas"}, reference="Ref 9")
    purchasing.sync()
    (bill,) = purchasing.posted(text)
    assert [line["Description"] for line in bill["Line"]] == ["Ref 9 · Stillas"]


@pytest.mark.row("CT-S31")
def test_with_the_lists_pushed_invoices_post_without_any_matching_by_hand(purchasing):
    purchasing.enable()
    line = {"location": "l1", "class": "c1", "customer": "p1"}
    ids = [
        purchasing.receive(line, supplier=f"s{number}", invoice_number=f"F-{number}")
        for number in range(1, 6)
    ]
    purchasing.sync()
    assert [len(purchasing.posted(id)) for id in ids] == [1] * 5
    assert purchasing.cases() == {}
    with read_only_session() as session:
        assert {match.match_method for match in session.query(Match)} == {"link"}


# -- suppliers -------------------------------------------------------------------------------------


def edit_supplier(purchasing, user, phone):
    """Change a supplier's phone in CostTracker, as a person does; return its vendor from before."""
    name = purchasing.books.lists.of("suppliers", "s1")["name"]
    purchasing.press("/suppliers/s1", name=name, phone=phone, user=user)


def vendor(purchasing):
    (record,) = purchasing.select("Vendor", f"Id = '{purchasing.record('suppliers', 's1')}'")
    return record


@pytest.mark.row("CT-S11")
def test_suppliers_are_updated_in_quickbooks_only_while_that_is_switched_on(purchasing):
    row = purchasing.enable()
    assert row.settings["update_suppliers"] is False
    edit_supplier(purchasing, "Kari Nordmann", "+47 22 00 00 01")
    assert purchasing.sync()["requests"]["writes"] == 0
    vendors = purchasing.select("Vendor")
    purchasing.change(update_suppliers=True)
    purchasing.sync()
    assert vendor(purchasing)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 01"
    assert len(purchasing.select("Vendor")) == len(vendors)


@pytest.mark.row("CT-S12")
def test_an_edit_without_the_right_is_refused_with_the_reason(purchasing):
    purchasing.enable(update_suppliers=True)
    edit_supplier(purchasing, "Ola Hansen", "+47 22 00 00 02")
    before = vendor(purchasing)
    purchasing.sync()
    assert vendor(purchasing) == before
    assert "Ola Hansen changed supplier" in purchasing.waits("supplier:s1")
    assert "may not update suppliers" in purchasing.waits("supplier:s1")
    edit_supplier(purchasing, "Kari Nordmann", "+47 22 00 00 03")
    purchasing.sync()
    assert vendor(purchasing)["PrimaryPhone"]["FreeFormNumber"] == "+47 22 00 00 03"


# -- accounts, files, later life -------------------------------------------------------------------


@pytest.mark.row("CT-S22")
def test_bills_are_credited_to_the_account_of_the_settings_and_none_is_posted_without_one(
    purchasing,
):
    with pytest.raises(SettingsInvalid) as missing:
        purchasing.enable(payable_account="")
    assert "payable_account" in missing.value.fields
    other = purchasing.make("Account", Name="Creditors", AccountType="Accounts Payable")
    purchasing.read_lists()
    id = purchasing.receive()
    assert purchasing.posted(id) == []
    purchasing.enable(payable_account=other["Id"])
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    assert bill["APAccountRef"]["value"] == other["Id"]


@pytest.mark.row("CT-B8")
def test_the_file_is_attached_to_its_bill_and_one_that_fails_never_unposts_it(purchasing):
    purchasing.enable()
    good, lost = purchasing.receive(files=["pdf"]), purchasing.receive(files=["missing"])
    purchasing.sync()
    bills = [purchasing.posted(id)[0] for id in (good, lost)]
    (file,) = purchasing.select("Attachable")
    assert file["AttachableRef"][0]["EntityRef"] == {"value": bills[0]["Id"], "type": "Bill"}
    assert (file["FileName"], file["ContentType"]) == (f"Faktura N-{good}.pdf", "application/pdf")
    assert file["Size"] == purchasing.books.invoice(good)["attachments"][0]["size"]
    assert (purchasing.state(lost), purchasing.reported_states(lost)[-1]) == ("posted", "posted")
    assert any("Upload it there again" in reason for reason in purchasing.cases().values())


@pytest.mark.row("CT-B10")
def test_a_bill_that_is_paid_in_quickbooks_shows_as_paid_in_costtracker(purchasing):
    purchasing.enable()
    id = purchasing.receive()
    purchasing.sync()
    (bill,) = purchasing.posted(id)
    for amount in ("40.00", "60.00"):
        purchasing.pay_bill(bill, Decimal(amount))
        purchasing.watch()
    assert purchasing.reported_states(id) == ["posted", "part_paid", "paid"]
    statuses = purchasing.books.statuses[id]
    assert [status.get("amount_paid") for status in statuses] == [None, 40, 100]
    assert "Paid on 2026-03-20" in purchasing.page(f"/invoices/{id}")


@pytest.mark.row("CT-B13")
@pytest.mark.parametrize("change", ["renamed", "merged", "inactive"])
def test_a_supplier_that_changes_in_quickbooks_is_noticed_with_its_open_invoices(
    purchasing, change
):
    purchasing.enable(mode="review")
    id = purchasing.receive()
    purchasing.sync()
    vendor_id = purchasing.record("suppliers", "s1")
    if change == "renamed":
        purchasing.act("edit", kind="Vendor", id=vendor_id, set={"DisplayName": "Nytt Navn AS"})
        purchasing.refresh_lists()
        assert purchasing.pushed("suppliers")[vendor_id]["name"] == "Nytt Navn AS"
        purchasing.approve(id)
        purchasing.sync()
        assert purchasing.posted(id)[0]["VendorRef"]["name"] == "Nytt Navn AS"
        return
    if change == "merged":
        purchasing.remove("Vendor", vendor_id)
    else:
        purchasing.act("deactivate", kind="Vendor", id=vendor_id)
    purchasing.refresh_lists()
    cause = f"record:{purchasing.company_id}:vendor:{vendor_id}"
    assert (purchasing.state(id), list(purchasing.cases())) == ("held", [cause])
    assert purchasing.waiting_for(cause) == [id]


@pytest.mark.row("CT-B14")
@pytest.mark.parametrize("kind", ["account", "tax code"])
def test_a_code_that_disappears_flags_the_waiting_invoices_that_use_it(purchasing, kind):
    purchasing.choose_norway()
    purchasing.connect()
    purchasing.enable(mode="review")
    slots = {"account": ("accounts", "a6340"), "tax code": ("tax-codes", "reduced")}
    uses = purchasing.receive({"account": "a6340", "tax_code": "reduced"})
    other = purchasing.receive({"account": "a4000", "tax_code": "standard"}, supplier="s2")
    purchasing.sync()
    purchasing.remove(
        {"account": "Account", "tax code": "TaxCode"}[kind], purchasing.record(*slots[kind])
    )
    purchasing.refresh_lists()
    assert (purchasing.state(uses), purchasing.state(other)) == ("held", "review")
    (cause,) = purchasing.cases()
    assert purchasing.waiting_for(cause) == [uses]

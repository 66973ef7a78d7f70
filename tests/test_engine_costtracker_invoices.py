"""Invoices and lists between CostTracker's stand-in and QuickBooks' stand-in, one requirement at a time."""

import pytest
from sqlalchemy import select

from hub.models import SourceDocument
from hub.qbo import records
from hub.store import reading
from tests.costtracker_site import Purchasing, line

pytestmark = pytest.mark.end_to_end

FOREIGN_SUPPLIER = "Hamburg Hebetechnik GmbH"  # s21 in the stand-in, paid in euro
LISTS = {
    "suppliers": "Vendor",
    "locations": "Department",
    "classes": "Class",
    "customers": "Customer",
}


@pytest.fixture
def purchasing(app, quickbooks, clock):
    return Purchasing(app, quickbooks, clock)


def lines_of(bill):
    return [(one["Description"], one["Amount"]) for one in bill["Line"]]


@pytest.mark.row("CT-S8", "CT-B1")
@pytest.mark.parametrize("status", ["draft", "validated", "sent_for_approval", "rejected"])
def test_only_approved_invoices_become_bills(purchasing, status):
    purchasing.enable()
    id = purchasing.receive(status=status)
    purchasing.sync()
    assert purchasing.select("Bill") == []
    if status != "rejected":
        purchasing.decide(id, "approve")
        purchasing.sync()
        assert [bill["TotalAmt"] for bill in purchasing.posted(id)] == [100]


@pytest.mark.row("CT-S10", "CT-B3")
def test_lines_with_and_without_an_order_are_posted_together(purchasing):
    purchasing.enable()
    order = {"number": "PO-77", "line": 1, "ordered": 2, "received": 2}
    mixed = purchasing.receive(line(po=order, net="60.00"), line(description="Frakt", net="40.00"))
    without = purchasing.receive(line(description="Leie", net="25.00"))
    purchasing.sync()
    [bill] = purchasing.posted(mixed)
    assert lines_of(bill) == [("PO PO-77 · Betong", 60), ("Frakt", 40)]
    assert [lines_of(bill) for bill in purchasing.posted(without)] == [[("Leie", 25)]]


@pytest.mark.row("CT-B11")
def test_a_credit_note_is_a_vendor_credit_with_positive_amounts(purchasing):
    purchasing.enable()
    id = purchasing.receive(kind="credit_note")
    purchasing.sync()
    [credit] = purchasing.posted(id, "VendorCredit")
    assert (credit["TotalAmt"], credit["Line"][0]["Amount"]) == (100, 100)
    assert purchasing.select("Bill") == []


@pytest.mark.row("CT-B9")
def test_a_bill_that_was_typed_into_quickbooks_is_not_posted_a_second_time(purchasing):
    purchasing.enable()
    first = purchasing.receive()
    purchasing.sync()
    [bill] = purchasing.posted(first)
    typed = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 100}
    account = bill["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]
    purchasing.make(
        "Bill",
        VendorRef=bill["VendorRef"],
        DocNumber="TYPED-1",
        TxnDate="2026-03-02",
        Line=[typed | {"AccountBasedExpenseLineDetail": {"AccountRef": account}}],
    )
    purchasing.watch()
    second = purchasing.receive(invoice_number="TYPED-1")
    counts = purchasing.sync()
    assert purchasing.state(second) == "held"
    assert counts["requests"]["writes"] == 0
    assert len(purchasing.posted(second)) == 1


@pytest.mark.row("CT-B12")
def test_an_invoice_in_another_currency_is_held_before_it_is_sent(purchasing):
    purchasing.make("Vendor", DisplayName=FOREIGN_SUPPLIER)
    records.refresh(purchasing.company_id)
    purchasing.enable()
    id = purchasing.receive(supplier="s21")
    home = purchasing.receive()
    purchasing.sync()
    assert (purchasing.state(id), purchasing.posted(id)) == ("held", [])
    assert "EUR" in purchasing.reason(id)
    assert len(purchasing.posted(home)) == 1


@pytest.fixture
def norwegian(purchasing):
    """The same with the Norwegian company, where bills carry tax codes."""
    purchasing.connect("norway", realm="9341453172096499")
    return purchasing


def payable_of(purchasing):
    accounts = purchasing.select("Account", "AccountType = 'Accounts Payable'")
    return next(one["Id"] for one in accounts if one["CurrencyRef"]["value"] == "NOK")


@pytest.mark.row("CT-S3", "CT-S4", "CT-S5", "CT-S6")
def test_the_lists_of_quickbooks_stand_in_costtracker(norwegian):
    gone = norwegian.select("Vendor")[0]["Id"]
    norwegian.act("deactivate", "Vendor", gone)
    records.refresh(norwegian.company_id)
    norwegian.enable(payable_account=payable_of(norwegian))
    for kind, entity in LISTS.items():
        own = {one["Id"] for one in norwegian.select(entity)}
        assert own <= set(norwegian.pushed(kind)), kind
    assert norwegian.pushed("suppliers")[gone]["active"] is False
    types = {account["type"] for account in norwegian.pushed("accounts").values()}
    assert {"Expense", "Cost of Goods Sold"} <= types
    assert "Accounts Receivable" not in types
    rates = {code["rate"] for code in norwegian.pushed("tax-codes").values()}
    assert "25" in rates


@pytest.mark.row("CT-S28", "CT-S29")
def test_what_is_hidden_in_costtracker_stays_active_in_quickbooks(norwegian):
    account = norwegian.select("Account", "AccountType = 'Expense'")[0]["Id"]
    code = norwegian.select("TaxCode")[0]["Id"]
    hidden = {"hidden_accounts": [account], "hidden_tax_codes": [code]}
    norwegian.enable(payable_account=payable_of(norwegian), **hidden)
    for kind, id in (("accounts", account), ("tax-codes", code)):
        entries = norwegian.pushed(kind).values()
        assert [one["external_id"] for one in entries if one.get("hidden")] == [id]
    assert norwegian.select("Account", f"Id = '{account}'")[0]["Active"] is True


def edit_supplier(purchasing, user):
    """Change the e-mail address of a supplier in CostTracker; return its record in QuickBooks then."""
    id = purchasing.receive(supplier="s5")
    purchasing.sync()
    vendor = purchasing.posted(id)[0]["VendorRef"]
    fields = {"name": vendor["name"], "email": "ny@example.com", "phone": None, "user": user}
    purchasing.books.do("supplier", supplier="s5", fields=fields)
    purchasing.sync()
    return purchasing.select("Vendor", f"Id = '{vendor['value']}'")[0]


@pytest.mark.row("CT-S11")
@pytest.mark.parametrize("is_on", [False, True])
def test_an_edited_supplier_changes_the_vendor_only_if_that_is_switched_on(purchasing, is_on):
    purchasing.enable(**({"update_suppliers": True} if is_on else {}))
    vendor = edit_supplier(purchasing, "Kari Nordmann")
    address = vendor.get("PrimaryEmailAddr", {}).get("Address")
    assert address == ("ny@example.com" if is_on else None)


@pytest.mark.row("CT-S12")
def test_an_edit_by_somebody_without_the_right_changes_nothing_and_says_so(purchasing):
    purchasing.enable(update_suppliers=True)
    vendor = edit_supplier(purchasing, "Ola Hansen")
    assert "PrimaryEmailAddr" not in vendor
    with reading() as session:
        edit = select(SourceDocument).where(SourceDocument.source_id == "supplier:s5")
        document = session.scalars(edit).one()
    assert "Ola Hansen changed supplier" in document.body["hold"]
    assert "may not update suppliers" in document.body["hold"]

"""What CostTracker's settings make of its invoices in the books: dimensions, reference, hidden accounts, the file."""

import pytest

from hub import enabling
from hub.engine import run
from tests.conftest import COSTTRACKER, mount_costtracker
from tests.costtracker_site import Purchasing

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def bills(app, quickbooks):
    """Runs CostTracker with these settings from nothing into the books; the bills that QuickBooks then has."""
    source = mount_costtracker(app)

    def posted(**settings):
        given = {
            **source.settings(COSTTRACKER),
            "payable_account": "Accounts Payable (A/P)",
            **settings,
        }
        row = enabling.enable(1, "costtracker", given, who="kari", mode="auto")
        enabling.first_lists(row)
        assert run.sync(row.id, asked_by="kari").error == ""
        return quickbooks.select("select * from Bill")["Bill"]

    return posted


def details(bills):
    return [line["AccountBasedExpenseLineDetail"] for bill in bills for line in bill["Line"]]


@pytest.mark.row("CT-S24", "CT-S25", "CT-S26", "CT-S27")
def test_location_class_customer_and_reference_arrive_in_quickbooks(bills):
    made = bills()
    assert any("DepartmentRef" in bill for bill in made)
    assert any("ClassRef" in detail for detail in details(made))
    assert any("CustomerRef" in detail for detail in details(made))
    assert any(bill["PrivateNote"].startswith("Reference: ") for bill in made)


@pytest.mark.row("CT-S24", "CT-S25", "CT-S26")
def test_what_is_switched_off_is_on_no_bill(bills):
    made = bills(transfer_locations=False, transfer_classes=False, transfer_customers=False)
    assert made
    assert [bill for bill in made if "DepartmentRef" in bill] == []
    assert [detail for detail in details(made) if detail.keys() & {"ClassRef", "CustomerRef"}] == []


@pytest.mark.row("CT-S27")
def test_the_reference_may_be_the_number(bills):
    made = bills(reference_to="number")
    assert any("Invoice number: " in bill["PrivateNote"] for bill in made)
    assert not any("Reference: " in bill["PrivateNote"] for bill in made)


@pytest.mark.row("CT-S9", "CT-S22", "CT-S31", "CT-B8")
def test_approved_invoices_are_bills_on_the_credit_account_with_their_file(bills, quickbooks):
    made = bills()
    payable = quickbooks.select("select * from Account where AccountType = 'Accounts Payable'")[
        "Account"
    ]
    assert {bill["APAccountRef"]["value"] for bill in made} == {payable[0]["Id"]}
    assert quickbooks.select("select * from Attachable")["Attachable"]


@pytest.fixture
def purchasing(app, quickbooks, clock):
    return Purchasing(app, quickbooks, clock)


@pytest.mark.row("CT-B7")
def test_nothing_dated_before_the_start_date_is_sent(purchasing):
    purchasing.enable(start_date="2026-03-01")
    before = purchasing.receive(invoice_date="2026-02-28", due_date="2026-03-30")
    first_day = purchasing.receive(invoice_date="2026-03-01")
    counts = purchasing.sync()
    assert [len(purchasing.posted(id)) for id in (before, first_day)] == [0, 1]
    assert counts["requests"]["writes"] == 1
    assert "before 2026-03-01, the first day that counts" in purchasing.reason(before)


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

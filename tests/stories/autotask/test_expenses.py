"""Autotask expense reports in QuickBooks, for all cases of the stand-in."""

from decimal import Decimal

import pytest

from hub.qbo import record_download
from tests.support.sources.autotask_site import AutotaskSite, connect_quickbooks
from tests.support.sources.small_source import postings

pytestmark = pytest.mark.end_to_end

PAYABLE, ADVANCES, BILLED = "33", "95", "5"  # Employee Advances; Fees Billed


LEFT_OUT = ("approved fifteen days ago", "referenced already", "waits for approval", "paid")


@pytest.fixture(scope="module")
def site(module_app):
    """Provide the expense app after its syncs; billable mileage has an account of its own."""
    quickbooks, clock = connect_quickbooks(module_app)
    fields = {"DisplayName": "v-Shah, Priya"}
    answer = quickbooks.ask("POST", "vendor", fields, content_type="application/json")
    record_download.refresh(1, ["vendor"])
    site = AutotaskSite(module_app, quickbooks, clock, "expenses")
    site.priya = answer.json()["Vendor"]["Id"]
    (own,) = [
        item
        for item in site.books.rows("ExpenseItems").values()
        if item["internalCurrencyExpenseAmount"] == 8
    ]
    site.books.do("put", entity="ExpenseItems", id=own["id"], fields={"companyID": 177})
    site.before = {id: dict(row) for id, row in site.books.rows("ExpenseReports").items()}
    site.enable(advance_account=ADVANCES)
    site.match("category_billable", "billing_code:831", BILLED)
    site.sync()
    site.left_out = {}
    for words in LEFT_OUT:  # as the first sync left them; later stories change settings
        site.left_out[words] = site.state_of(words), site.row_of(words)
    return site


def bill(site, words):
    return site.transaction(words, "Bill")


def expense_lines(site, words):
    """Return (account, amount, customer, billable) of each line."""
    results = []
    for line in bill(site, words)["Line"]:
        detail = line["AccountBasedExpenseLineDetail"]
        customer = detail.get("CustomerRef", {}).get("name")
        account = detail["AccountRef"]["value"]
        results.append((account, line["Amount"], customer, detail["BillableStatus"]))
    return results


def vendors(site, name):
    query = f"select * from Vendor where DisplayName = '{name}'"
    return [row["Id"] for row in site.quickbooks.select(query).get("Vendor", ())]


def customer_id(site, name):
    query = f"select * from Customer where DisplayName = '{name}'"
    (record,) = site.quickbooks.select(query)["Customer"]
    return record["Id"]


@pytest.mark.row("AT-E1")
def test_approved_reports_of_the_days_back_become_bills(site):
    transaction = bill(site, "a trip to a customer")
    assert (transaction["APAccountRef"]["value"], transaction["TxnDate"]) == (PAYABLE, "2026-02-28")
    assert site.of("approved fourteen days ago").state == "posted"
    for words in LEFT_OUT:
        assert site.left_out[words] == (None, site.before[site.id(words)])


@pytest.mark.row("AT-E2")
def test_a_person_is_a_vendor_that_is_matched_or_made(site):
    assert bill(site, "a rejected line")["VendorRef"]["value"] == site.priya
    assert vendors(site, "v-Shah, Priya") == [site.priya]
    assert bill(site, "a trip to a customer")["VendorRef"]["name"] == "v-O'Brien, Tom"
    assert bill(site, "one person with one name")["VendorRef"]["name"] == "v-Cher"
    assert len(vendors(site, "v-Cher")) == 1


@pytest.mark.row("AT-E3")
def test_a_category_has_an_account_for_what_is_billed_and_one_for_the_rest(site):
    mileage, meals = expense_lines(site, "a trip to a customer")
    assert (mileage[0], meals[0]) == (BILLED, "13")  # 6300 Meals and Entertainment
    own = expense_lines(site, "one person with one name")
    assert [line[0] for line in own] == ["22", "55"]  # 6500 Travel, 6100 Automobile
    held_posting = site.of("a category that nobody mapped")
    assert held_posting.state == "held"
    assert "Expense category “Client Gifts”" in held_posting.reason


@pytest.mark.row("AT-E4")
def test_an_expense_for_a_customer_names_it_and_is_billable(site):
    mileage, meals = expense_lines(site, "a trip to a customer")
    assert mileage[2:] == ("Bayview Apartments", "Billable")
    assert meals[2:] == (None, "NotBillable")
    ((_, _, customer, billable),) = expense_lines(site, "card and cash")
    assert (customer, billable) == ("Bayview Apartments", "NotBillable")
    ((_, amount, customer, billable),) = expense_lines(site, "a customer that QuickBooks has not")
    assert (amount, customer, billable) == (15, "Alder Dental Group", "Billable")
    (posting,) = postings(kind="customer", operation="create")
    assert (posting.state, posting.quickbooks_id) == ("posted", customer_id(site, customer))


@pytest.mark.row("AT-E5")
def test_an_advance_is_taken_off_on_the_account_chosen(site):
    lines = [line[:2] for line in expense_lines(site, "with a cash advance")]
    assert lines == [("22", 120), (ADVANCES, -50)]
    assert bill(site, "with a cash advance")["TotalAmt"] == 70
    held_posting = site.of("an advance above the total")
    assert (held_posting.state, "which is more than its expenses" in held_posting.reason) == (
        "held",
        True,
    )
    assert site.row_of("an advance above the total")["quickBooksReferenceNumber"] == "ERROR"


@pytest.mark.row("AT-E6")
def test_only_what_is_reimbursable_and_not_rejected_is_repaid(site):
    assert [line[1] for line in expense_lines(site, "card and cash")] == [8]
    assert [line[1] for line in expense_lines(site, "a rejected line")] == [18]
    assert bill(site, "a rejected line")["TotalAmt"] == 18
    posting = site.of("paid with the company's card only")
    assert posting.state == "withdrawn"
    assert "none of its expenses is reimbursable" in posting.reason


@pytest.mark.row("AT-E7")
def test_the_department_number_is_the_class_of_that_name(site):
    classes = {
        line["AccountBasedExpenseLineDetail"]["ClassRef"]["name"]
        for line in bill(site, "a trip to a customer")["Line"]
    }
    assert classes == {"Service"}
    words = "a department that QuickBooks has not"
    (line,) = bill(site, words)["Line"]
    assert "ClassRef" not in line["AccountBasedExpenseLineDetail"]
    assert (
        "Department “Logistics” is not in QuickBooks; posted without it"
        in (site.of(words).warnings[0])
    )


@pytest.mark.row("AT-E8")
def test_the_number_or_error_is_all_that_is_written(site):
    words = "a trip to a customer"
    number = bill(site, words)["DocNumber"]
    assert number == f"ER-{site.id(words)}"
    before = site.before[site.id(words)]
    assert site.row_of(words) == {**before, "quickBooksReferenceNumber": number}
    before = site.before[site.id("repaid in euro")]
    assert site.row_of("repaid in euro") == {**before, "quickBooksReferenceNumber": "ERROR"}


@pytest.mark.row("AT-E9")
def test_foreign_expenses_are_in_autotasks_currency_and_foreign_repayment_is_refused(site):
    transaction = bill(site, "spent in euro")
    assert (transaction["TotalAmt"], transaction["CurrencyRef"]["value"]) == (
        Decimal("27.60"),
        "USD",
    )
    assert "30.00 EUR" in transaction["Line"][0]["Description"]
    held_posting = site.of("repaid in euro")
    assert held_posting.state == "held"
    assert (
        "is to be repaid in EUR, and expense reports are passed in USD only" in held_posting.reason
    )


@pytest.mark.row("AT-E10")
def test_a_chosen_report_of_any_age_is_posted_by_hand(site):
    words = "approved fifteen days ago"
    assert site.state_of(words) is None
    site.sync(ids=[f"expense_report:{site.id(words)}"])
    assert bill(site, words)["TotalAmt"] == 60
    assert site.row_of(words)["quickBooksReferenceNumber"] == f"ER-{site.id(words)}"

"""Expense reports: the document of each, which ones a poll reads, and what is written back."""

import datetime as dt
from decimal import Decimal

import pytest
from hub_autotask.sandbox.picklists import EXPENSE_STATUS, get_number

from hub import Checkpoint, Document

APPROVED, REJECTED = (
    get_number(EXPENSE_STATUS, label) for label in ("Approved for Payment", "Rejected")
)


@pytest.mark.row("AT-E1")
def test_only_approved_reports_without_a_reference_in_the_window_come(expenses, poll_cases):
    items, _ = poll_cases(expenses)
    assert {"a trip to a customer", "approved fourteen days ago"} <= set(items)
    missing = {
        "referenced already",
        "waits for approval",
        "in progress",
        "rejected",
        "paid",
        "approved fifteen days ago",
    }
    assert not missing & set(items)


@pytest.mark.row("AT-E1")
def test_a_report_that_is_not_approved_waits_with_a_reason(expenses):
    document = expenses.case("waits for approval")
    assert (document.stage, document.hold.endswith("in Autotask it is Awaiting Approval.")) == (
        "pending",
        True,
    )


@pytest.mark.row("AT-E1")
@pytest.mark.parametrize(("status", "label"), [(16, "Paid"), (17, "Transferred to QuickBooks")])
def test_a_report_that_is_paid_while_it_waits_is_held_with_what_to_do(
    expenses, poll_cases, change_row, status, label
):
    _, cursor = poll_cases(expenses)
    change_row(expenses, "a trip to a customer", status=status)
    items, cursor = poll_cases(expenses, cursor)
    assert items["a trip to a customer"].stage == "ready"
    assert f"is {label} in Autotask and has no QuickBooks" in items["a trip to a customer"].hold
    change_row(expenses, "a trip to a customer", quickBooksReferenceNumber="ER-7001")
    document = expenses.case("a trip to a customer")
    assert (document.stage, document.hold) == ("update_only", None)


@pytest.mark.row("AT-E1")
def test_a_report_that_is_rejected_after_it_got_a_number_is_yielded_each_time_it_changes(
    expenses, poll_cases, change_row
):
    words = "a trip to a customer"
    _, cursor = poll_cases(expenses)
    change_row(expenses, words, quickBooksReferenceNumber="ER-7001")
    items, cursor = poll_cases(expenses, cursor)
    assert (items[words].stage, items[words].hold) == ("update_only", None)
    items, cursor = poll_cases(expenses, cursor)
    assert words not in items
    for status, label in ((REJECTED, "Rejected"), (APPROVED, None)):
        change_row(expenses, words, status=status)
        items, cursor = poll_cases(expenses, cursor)
        hold = items[words].hold
        assert (items[words].stage, hold and label in hold) == ("update_only", label and True)
        items, cursor = poll_cases(expenses, cursor)
        assert words not in items
    expenses.today += dt.timedelta(days=70)
    change_row(expenses, words, status=REJECTED)
    for is_read in (True, False):
        items, cursor = poll_cases(expenses, cursor)
        assert (words in items) is is_read


@pytest.mark.row("AT-E1")
def test_a_report_with_a_number_is_looked_at_further_if_everything_is_read_again(
    expenses, change_row
):
    words = "a trip to a customer"
    source_id = expenses.case(words).source_id

    def read(cursors):
        items = expenses.read(cursors)
        places = {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}
        documents = [item for item in items if isinstance(item, Document)]
        return {item.source_id: item for item in documents}, cursors | places

    _, cursors = read({})
    change_row(expenses, words, quickBooksReferenceNumber="ER-7001")
    _, cursors = read(cursors)
    kept = {stream: text for stream, text in cursors.items() if stream.endswith("deletions")}
    items, cursors = read(kept)
    assert source_id not in items
    change_row(expenses, words, status=REJECTED)
    items, cursors = read(cursors)
    assert (items[source_id].stage, "is Rejected" in items[source_id].hold) == ("update_only", True)
    assert source_id not in read(cursors)[0]


@pytest.mark.row("AT-E2")
@pytest.mark.parametrize(
    ("case", "name"),
    [("a trip to a customer", "v-O'Brien, Tom"), ("one person with one name", "v-Cher")],
)
def test_the_person_is_a_vendor_by_last_and_first_name(expenses, case, name):
    code = expenses.case(case).codes["person"]
    assert (code.name, code.create.name, code.create.currency) == (name, name, "USD")


@pytest.mark.row("AT-E3", "AT-E4")
def test_a_category_has_one_account_for_what_is_billed_and_one_for_the_rest(expenses):
    billed, own = expenses.case("a trip to a customer").lines
    assert (billed.codes["category_billable"].name, billed.billable) == ("Mileage", True)
    assert (own.codes["category"].name, own.billable) == ("Meals", False)
    assert (billed.codes["customer"].name, own.codes["customer"]) == ("Bayview Apartments", None)
    assert "Office to Bayview Apartments · 58.6 miles" in billed.description


@pytest.mark.row("AT-E5")
def test_an_advance_is_taken_off_what_is_repaid(open_bench):
    document = open_bench("expenses", advance_account="66").case("with a cash advance")
    assert [line.amount for line in document.lines] == [Decimal("120.00"), Decimal("-50.00")]
    assert (document.total, document.lines[1].codes) == (Decimal("70.00"), {"account": "66"})


@pytest.mark.row("AT-E5")
def test_an_advance_above_the_expenses_is_refused(expenses):
    assert "which is more than its expenses" in expenses.case("an advance above the total").hold


@pytest.mark.row("AT-E5")
def test_amounts_with_four_decimals_add_up_to_the_amount_due(expenses, change_row):
    words = "a trip to a customer"
    ids = [int(line.id) for line in expenses.case(words).lines]
    for id, amount in zip(ids, ("38.4050", "21.6050"), strict=True):
        fields = {"internalCurrencyReimbursementAmount": amount}
        expenses.books.do("put", entity="ExpenseItems", id=id, fields=fields)
    change_row(expenses, words, amountDue="60.0100")
    document = expenses.case(words)
    assert [line.amount for line in document.lines] == [Decimal("38.40"), Decimal("21.61")]
    change_row(expenses, words, amountDue="60.5000")
    assert [line.amount for line in expenses.case(words).lines] == [
        Decimal("38.41"),
        Decimal("21.61"),
    ]


@pytest.mark.row("AT-E6")
def test_only_what_is_reimbursable_and_not_rejected_is_repaid(expenses):
    assert [line.amount for line in expenses.case("card and cash").lines] == [Decimal("8.00")]
    assert [line.amount for line in expenses.case("a rejected line").lines] == [Decimal("18.00")]
    document = expenses.case("paid with the company's card only")
    assert (document.stage, "none of its expenses is reimbursable" in document.hold) == (
        "closed",
        True,
    )


@pytest.mark.row("AT-E6")
@pytest.mark.parametrize("shown", [False, None])
def test_a_report_with_an_amount_due_is_not_left_out_because_its_expenses_are_not_shown(
    expenses, shown
):
    document = expenses.case("one person with one name")
    for line in document.lines:
        fields = {"expenseReportID": 1} if shown is None else {"isReimbursable": shown}
        expenses.books.do("put", entity="ExpenseItems", id=int(line.id), fields=fields)
    document = expenses.case("one person with one name")
    assert document.stage == "ready"
    assert "157.50 USD is to be repaid, and shows no reimbursable expense" in document.hold


@pytest.mark.row("AT-E7")
def test_the_department_number_is_a_class(expenses):
    assert expenses.case("a trip to a customer").codes["department"].name == "Service"
    assert expenses.case("card and cash").codes["department"] is None


@pytest.mark.row("AT-E8")
@pytest.mark.parametrize(
    ("state", "id", "written"), [("posted", "145", "ER-7001"), ("failed", None, "ERROR")]
)
def test_the_bills_number_or_the_failure_is_written_back_and_nothing_else(
    expenses, state, id, written, source_row
):
    document, before = (
        expenses.case("a trip to a customer"),
        source_row(expenses, "a trip to a customer"),
    )
    expenses.report(document, state, number="ER-7001", id=id)
    assert source_row(expenses, "a trip to a customer") == {
        **before,
        "quickBooksReferenceNumber": written,
    }


@pytest.mark.row("AT-E8")
@pytest.mark.parametrize(("number", "written"), [(None, "ER-7001"), ("ER-7000", "ER-7000")])
def test_a_change_that_fails_writes_the_number_that_could_not_be_written_before(
    expenses, change_row, source_row, number, written
):
    words = "a trip to a customer"
    document = expenses.case(words)
    change_row(expenses, words, quickBooksReferenceNumber=number)
    expenses.report(document, "failed", number="ER-7001", id="145")
    assert source_row(expenses, words)["quickBooksReferenceNumber"] == written


@pytest.mark.row("AT-E9")
def test_foreign_expenses_come_in_the_internal_currency_and_foreign_repayment_is_refused(expenses):
    (line,) = expenses.case("spent in euro").lines
    assert (line.amount, "30.00 EUR" in line.description) == (Decimal("27.60"), True)
    assert "repaid in EUR" in expenses.case("repaid in euro").hold


def test_codes_of_each_field_are_listed(expenses):
    assert "Client Gifts" in {code.name for code in expenses.codes("category")}
    assert {code.id for code in expenses.codes("department")} >= {"department:Service"}
    assert "v-O'Brien, Tom" in {code.name for code in expenses.codes("person")}


@pytest.mark.row("AT-E9")
def test_a_repayment_in_a_currency_that_autotask_does_not_show_is_held(expenses, change_row):
    change_row(expenses, "a trip to a customer", reimbursementCurrencyID=99)
    assert "Currencies 99, which it names" in expenses.case("a trip to a customer").reason

"""Tests of books after random operations: they balance and every reference exists."""

from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock
from sandbox_tests.bookkeeper import Bookkeeper, check, check_sum, without_zeros
from sandbox_tests.proof import FULL, LONG

pytestmark = pytest.mark.proof
BOOKS, OPERATIONS = (40, 250) if LONG else (16, 250) if FULL else (3, 125)
ACCOUNTS = {
    "IncomeAccountRef": "Income",
    "ExpenseAccountRef": "Cost of Goods Sold",
    "AssetAccountRef": "Other Current Asset",
}
counters = []


def open_books(folder=None):
    quickbooks = create(folder, companies=[US, NORWAY], clock=Clock(1_800_000_000.0, frozen=True))
    for realm in (US.realm, NORWAY.realm):
        company = quickbooks.companies[realm]
        item = {"Type": "Inventory", "TrackQtyOnHand": True} | {
            field: {"value": company.control_account(sort, company.options.currency)}
            for field, sort in ACCOUNTS.items()
        }
        for n in range(3):
            body = {
                "Name": f"Stock {n}",
                "QtyOnHand": 10,
                "InvStartDate": "2026-01-01",
                "PurchaseCost": 3 + n,
            }
            answer = quickbooks.ask("POST", "item", item | body, realm)
            assert answer.status == 200, answer.text
    return quickbooks


def keep(quickbooks, realm, seed, operations):
    """Carry out random operations; check the trial balance after each and the books at the end."""
    keeper = Bookkeeper(quickbooks, realm, seed)
    for _ in range(operations):
        keeper.step()
        check_sum(keeper.company)
    check(keeper.company)
    return keeper


@settings(
    max_examples=BOOKS, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
)
@given(seed=st.integers(0, 2**32), realm=st.sampled_from([US.realm, NORWAY.realm]))
def keep_books(seed, realm):
    keeper = keep(open_books(), realm, seed, OPERATIONS)
    counters.append(keeper.outcomes)


def test_books_in_which_anything_was_done_balance(figure):
    counters.clear()
    keep_books()
    carried_out = sum(
        count for counter in counters for kind, count in counter.items() if kind[0].isupper()
    )
    figure(
        "random operations after which the books balanced",
        len(counters) * OPERATIONS,
        BOOKS * OPERATIONS,
    )
    assert carried_out > len(counters) * OPERATIONS / 2
    assert {kind for counter in counters for kind in counter} >= {
        "Bill",
        "Invoice",
        "Payment",
        "BillPayment",
        "JournalEntry",
        "InventoryAdjustment",
    }


@pytest.mark.parametrize("realm", [US.realm, NORWAY.realm])
def test_reports_agree_with_each_other_and_with_the_books(realm):
    quickbooks = open_books()
    company = keep(quickbooks, realm, 7, 150).company

    def report(name, query=""):
        return quickbooks.ask("GET", f"reports/{name}?date_macro=all{query}", realm=realm).json()[
            "Rows"
        ]["Row"]

    def sums(row):
        return [Decimal(cell["value"]) for cell in row["Summary"]["ColData"][1:] if cell["value"]]

    debit, credit = sums(report("TrialBalance")[-1])
    assert debit == credit > 0
    assets, owed = (sums(row) for row in report("BalanceSheet"))
    assert assets == owed
    [earned] = sums(report("ProfitAndLoss")[-1])
    income = [
        -company.ledger.accounts[id]
        for id, row in company.table("Account").rows.items()
        if row.read()["Classification"] in ("Revenue", "Expense")
    ]
    assert earned == sum(income)
    assert sums(report("BalanceSheet", "&accounting_method=Cash")[0]) == sums(
        report("BalanceSheet", "&accounting_method=Cash")[1]
    )


def test_books_read_again_from_the_journal_are_the_same(tmp_path):
    first = open_books(tmp_path)
    keep(first, NORWAY.realm, 11, 120)
    again = create(tmp_path, companies=[US, NORWAY], clock=Clock(1_800_000_000.0, frozen=True))
    ledger = first.companies[NORWAY.realm].ledger
    other_ledger = again.companies[NORWAY.realm].ledger
    assert ledger.accounts == other_ledger.accounts
    assert without_zeros(ledger.own) == without_zeros(other_ledger.own)
    assert again.books() == first.books()

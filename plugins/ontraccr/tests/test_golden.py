"""Each kind of payable as the document it becomes."""

from pathlib import Path

import pytest

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
CASES = (
    "a plain bill", "a bill of the same shape", "an expense of the same shape", "a cost code that is not linked",
    "a project that is not linked", "a cost code linked to a vendor", "a project that QuickBooks lost",
    "another purchase account", "a purchase account that is gone", "held back",
    "a vendor that QuickBooks does not know", "a vendor with a near name", "a line without a cost code", "with tax",
    "total off by one cent", "several projects", "retainage taken off", "retainage not taken off",
    "retainage released", "letters and quotes", "deleted after upload", "a date that is none", "no vendor",
    "an expense without a vendor", "a negative total", "foreign currency", "its file is a web page", "no lines",
    "its own tax code",
)  # fmt: skip


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-')}.json", items)


@pytest.mark.row("ON-S13")
def test_the_document_of_each_case_is_as_it_was(connected):
    for case in CASES:
        checked(case, [connected.case(case)])


def test_a_payable_before_the_lists_came_and_with_little_set(bench):
    checked("before-the-lists", [bench.case(case) for case in ("a plain bill", "retainage taken off")])


def test_an_expense_that_is_paid_by_check(open_bench):
    bench = open_bench(bank_payments="check", unlinked_items="create", item_account="60", attach_files=False)
    bench.push()
    checked("paid-by-check", [bench.case("an expense of the same shape"), bench.case("a cost code that is not linked")])

"""The document of each kind of payable."""

from pathlib import Path

import pytest
from hub_ontraccr.sandbox.cases import CASES

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-')}.json", items)


@pytest.mark.row("ON-S13")
def test_the_document_of_each_case_is_as_it_was(connected):
    for case in ("a plain bill", *(name for name, _ in CASES)):
        checked(case, [connected.case(case)])


def test_a_payable_before_the_lists_came_and_with_little_set(bench):
    checked(
        "before-the-lists", [bench.case(case) for case in ("a plain bill", "retainage taken off")]
    )


def test_an_expense_that_is_paid_by_check(open_bench):
    bench = open_bench(
        bank_payments="check", unlinked_items="create", item_account="60", attach_files=False
    )
    bench.push_lists()
    checked(
        "paid-by-check",
        [bench.case("an expense of the same shape"), bench.case("a cost code that is not linked")],
    )

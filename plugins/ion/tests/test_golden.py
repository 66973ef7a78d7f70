"""The document of each kind of order and part."""

from pathlib import Path

import pytest
from hub_ion.sandbox.cases import CASES

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
PARTS = ("820412-001", "GLOVES-M", "CAD-SEAT")


def part(bench, number):
    """Return what the hub reads of a part."""
    row = next(row for row in bench.books.rows("parts") if row["partNumber"] == number)
    return bench.read(ids=[f"part:{row['id']}"])[0]


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-')}.json", items)


@pytest.mark.row("ION-7")
def test_the_document_of_each_order_is_as_it_was(bench):
    for case in CASES:
        checked(case["case"], [bench.case(case["case"])])


@pytest.mark.row("ION-15", "ION-20")
@pytest.mark.parametrize("kind", ["inventory", "purchase_type"])
def test_the_document_of_each_part_is_as_it_was(open_bench, kind):
    bench = open_bench(part_type=kind)
    checked(f"parts as {kind.replace('_', ' ')}", [part(bench, number) for number in PARTS])


@pytest.mark.row("ION-32")
def test_quantities_in_the_unit_of_the_stock(open_bench):
    checked("five rolls in feet", [open_bench(units="stock").case("five rolls")])

"""Each kind of order and part as the document it becomes."""

from pathlib import Path

import pytest

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
CASES = (
    "a part", "every field", "an account by number", "a part with an account", "neither part nor account",
    "a class that is missing", "a supplier written otherwise", "euro", "a negative fee", "costs below a cent",
    "a total of its own", "two and a half", "five rolls", "no address", "a canceled line", "all canceled",
    "received in part", "a draft", "no lines", "a name with a colon", "case alone differs",
    "a name beyond every limit", "no stock",
)  # fmt: skip
PARTS = ("820412-001", "GLOVES-M", "CAD-SEAT")


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-')}.json", items)


@pytest.mark.row("ION-7")
def test_the_document_of_each_order_is_as_it_was(bench):
    for case in CASES:
        checked(case, [bench.case(case)])


@pytest.mark.row("ION-15", "ION-20")
@pytest.mark.parametrize("kind", ["inventory", "purchase_type"])
def test_the_document_of_each_part_is_as_it_was(open_bench, kind):
    bench = open_bench(part_type=kind)
    checked(f"parts as {kind.replace('_', ' ')}", [bench.part(number) for number in PARTS])


@pytest.mark.row("ION-32")
def test_quantities_in_the_unit_of_the_stock(open_bench):
    checked("five rolls in feet", [open_bench(units="stock").case("five rolls")])

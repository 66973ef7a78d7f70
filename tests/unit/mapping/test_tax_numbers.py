"""Organisation numbers of sources and of QuickBooks, compared."""

import pytest

from hub.mapping.index import Entry, RecordIndex
from hub.mapping.tax_numbers import NumberMatch, compare_numbers

WHOLE, END, NONE = NumberMatch.WHOLE, NumberMatch.END, NumberMatch.NONE


@pytest.mark.parametrize(
    ("number", "record_number", "fit"),
    [
        ("987654321", "987 654 321", WHOLE),
        ("NO 987 654 321 MVA", "987654321", WHOLE),
        ("987654321MVA", "NO987654321", WHOLE),
        ("12-3459875", "123459875", WHOLE),
        ("22aaaaa0000a1z5", "22AAAAA0000A1Z5", WHOLE),
        ("12-3459875", "XXXXXX9875", END),
        ("NO 987 654 321 MVA", "XXXXX4321", END),
        ("987654321", "XXXXX4322", NONE),
        ("987654321", "987654322", NONE),
        ("987654321", "54321", NONE),
        ("", "", NONE),
        ("1234", "1234", NONE),
        ("", "XXXXX1234", NONE),
        ("987654321", "", NONE),
    ],
)
def test_how_well_numbers_fit(number: str, record_number: str, fit: NumberMatch) -> None:
    assert compare_numbers(number, record_number) == fit


RECORDS = {
    "ends alike": {"tax_numbers": "XXXXX4321"},
    "whole": {"tax_numbers": "NO 987 654 321 MVA"},
    "both": {"tax_numbers": "XXXXX4321\n987654321"},
    "account number": {"number": "987654321"},
    "longer end": {"tax_numbers": "XXX54321"},
    "other": {"tax_numbers": "123456789"},
    "other end": {"tax_numbers": "XXXXX4322"},
    "inactive": {"tax_numbers": "987654321", "active": False},
    "none": {},
}


def test_records_with_a_number_are_found_those_that_show_all_of_it_first() -> None:
    index = RecordIndex(Entry(id=name, name=name, **facts) for name, facts in RECORDS.items())
    ids = [entry.id for entry in index.find_by_tax_number("NO987654321")]
    assert set(ids[:3]) == {"whole", "both", "account number"}
    assert set(ids[3:]) == {"ends alike", "longer end"}
    assert index.find_by_tax_number("") == index.find_by_tax_number("4321") == []


def test_records_are_found_by_their_own_name_whether_active_or_not() -> None:
    entries = (
        Entry(id="1", name="Acme", full_name="Parent:Acme"),
        Entry(id="2", name="ACME", active=False, stored_name="ACME (deleted)"),
        Entry(id="3", name="Acme (deleted)"),
    )
    index = RecordIndex(entries)
    assert [entry.id for entry in index.find_same_name(" acme ")] == ["1", "2"]
    assert [entry.id for entry in index.find_stored_name("acme (deleted)")] == ["2", "3"]
    assert index.find_same_name("Nobody") == []

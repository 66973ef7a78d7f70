"""Organisation numbers of sources and of QuickBooks, compared."""

import pytest

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

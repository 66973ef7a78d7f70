"""Dates in stored sentences are found by their form."""

import datetime as dt

import pytest

from hub.translations import dates


@pytest.mark.parametrize("month", range(1, 13))
def test_a_date_of_a_stored_sentence_is_recognized(month):
    text = dates.format_english_date(dt.date(2026, month, 2))
    assert dates.is_date(text)
    assert dates.dates_within(f"The books are closed up to {text}.") == (
        f"The books are closed up to {dates.date(dt.date(2026, month, 2))}."
    )

"""Money: Decimal in and out, to the smallest unit of its currency."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import BadDocument
from hub.money import format_amount, is_exact, money, precision, round_amount, sum_amounts
from tests.support.runs.tiers import SAME_EXAMPLES


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("12.50", "12.50"),
        (" 7 ", "7"),
        (3, "3"),
        (Decimal("0.1"), "0.1"),
        ("-0.00", "0"),
        ("1e2", "100"),
    ],
)
def test_an_amount_comes_from_text_or_a_whole_number(value, amount):
    assert money(value) == Decimal(amount)


@pytest.mark.parametrize(
    "value", [0.1, True, [], "12,50", "", "NaN", "Infinity", "-inf", "12.50 NOK", b"1"]
)
def test_a_value_that_is_no_amount_is_refused(value):
    with pytest.raises(BadDocument, match="is not an amount"):
        money(value)


def test_a_missing_amount_is_refused_in_a_sentence():
    with pytest.raises(BadDocument, match=r"The source sent nothing where an amount belongs\."):
        money(None)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("1.234", "1234"),
        ("1234,5", "1234.5"),
        ("-12.345.678,90", "-12345678.90"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        (" 7 ", "7"),
        (3, "3"),
        (Decimal("0.1"), "0.1"),
    ],
)
def test_an_amount_may_have_a_comma_before_its_decimals(value, amount):
    assert money(value, decimal_sign=",") == Decimal(amount)


@pytest.mark.parametrize(
    "value",
    [
        "1,234.56",
        "12.50",
        "0.125",
        "1.23.456",
        "1,2,3",
        "12,",
        ",5",
        "12,50-",
        "1e2",
        "",
        "NaN",
        0.1,
    ],
)
def test_an_amount_with_a_point_before_its_decimals_is_refused_where_a_comma_is_expected(value):
    with pytest.raises(BadDocument, match="is not an amount"):
        money(value, decimal_sign=",")


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("", 2), ("USD", 2), ("NOK", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2), ("ISK", 0)],
)
def test_each_currency_has_its_decimals(currency, decimals):
    assert precision(currency) == decimals


@pytest.mark.parametrize("currency", ["RSD", "ALL", "LBP", "AFN", "MMK", "IQD"])
def test_decimals_count_although_people_seldom_write_them(currency):
    assert is_exact(Decimal("1234.56"), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "USD", "1.01"),
        ("-1.005", "USD", "-1.01"),
        ("2.5", "JPY", "3"),
        ("0.0005", "KWD", "0.001"),
        ("7", "NOK", "7.00"),
        ("-0.004", "USD", "0.00"),
        ("-0", "JPY", "0"),
    ],
)
def test_halves_are_rounded_away_from_zero(amount, currency, rounded):
    assert str(round_amount(Decimal(amount), currency)) == rounded


@settings(derandomize=SAME_EXAMPLES)
@given(st.integers(-(10**12), 10**12))
def test_whole_cents_stay_as_they_are(cents):
    amount = Decimal(cents) / 100
    assert round_amount(amount, "USD") == amount
    assert is_exact(amount, "USD")


def test_a_fraction_of_a_cent_is_not_exact():
    assert not is_exact(Decimal("0.001"), "USD")
    assert is_exact(Decimal("0.001"), "KWD")


@settings(derandomize=SAME_EXAMPLES)
@given(st.lists(st.none() | st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100)))
def test_a_sum_is_exact_and_passes_over_what_is_not_there(amounts):
    assert sum_amounts(amounts) * 100 == sum(
        int(amount * 100) for amount in amounts if amount is not None
    )


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "NOK", "1,234,567.50 NOK"),
        ("1200", "JPY", "1,200 JPY"),
        ("-3.1", "USD", "-3.10 USD"),
        ("1234.56", "RSD", "1,234.56 RSD"),
        ("1.2345", "KWD", "1.235 KWD"),
        ("-0.00", "USD", "0.00 USD"),
    ],
)
def test_an_amount_is_shown_with_its_currency(amount, currency, text):
    assert format_amount(Decimal(amount), currency) == text

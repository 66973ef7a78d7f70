"""Rounding to the amounts that QuickBooks keeps, which has two decimals whatever the currency."""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from hub.money import ZERO, precision

AMOUNT_DECIMALS = 2
CENT = Decimal("0.01")


@cache
def smallest_amount(currency: str) -> Decimal:
    """Return the smallest amount that QuickBooks keeps of a currency: 0.01 for KWD, 1 for JPY."""
    decimals = min(precision(currency), AMOUNT_DECIMALS)
    return Decimal(1).scaleb(-decimals)


def round_computed(amount: Decimal, currency: str) -> Decimal:
    """Round an amount that the hub computes, such as one without tax; zero has no sign."""
    return amount.quantize(smallest_amount(currency), rounding=ROUND_HALF_UP) + ZERO

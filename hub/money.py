"""Decimal amounts: the precision of a currency, explicit rounding, exact sums."""

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Literal

from hub.errors import BadDocument, Sentence

ZERO = Decimal(0)
# The currencies of ISO 4217 whose smallest unit is not a hundredth. Unicode's data about currencies
# say how many decimals people usually write, which for some, such as RSD, are fewer than there are.
CURRENCIES_BY_DECIMALS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
USUAL_DECIMALS = 2
DECIMALS = {
    currency: decimals
    for decimals, currencies in CURRENCIES_BY_DECIMALS.items()
    for currency in currencies.split()
}
DECIMAL_COMMA = re.compile(r"[-+]?(\d+|[1-9]\d{0,2}([.\s]\d{3})+)(,\d+)?")  # 1234,5 and 1.234,56
TOO_LARGE = Decimal(10) ** 12  # no amount of a document is; more digits than this can be rounded


def money(value: object, *, decimal_sign: Literal[".", ","] = ".") -> Decimal:
    """Convert an amount that a source sent as text, int or Decimal.

    A float is refused, since its cents are not known. An amount in cents is `money(value) / 100`.
    If a source writes 1.234,56, pass `decimal_sign=","`: points and spaces then separate
    thousands. Without it 1.234 is a little more than one, and a comma is refused.
    """
    if value is None:
        raise BadDocument(Sentence("The source sent nothing where an amount belongs."))
    if isinstance(value, (float, bool)) or not isinstance(value, (str, int, Decimal)):
        raise BadDocument(
            f"{value!r} is not an amount; it must come as text, a whole number or a Decimal."
        )
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and decimal_sign == ",":
        if not DECIMAL_COMMA.fullmatch(text):
            raise BadDocument(Sentence("“%(text)s” is not an amount such as 1.234,56.", text=text))
        text = re.sub(r"[.\s]", "", text).replace(",", ".")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadDocument(Sentence("“%(text)s” is not an amount.", text=text)) from None
    if not amount.is_finite():
        raise BadDocument(Sentence("“%(text)s” is not an amount.", text=str(amount)))
    return amount


def find_currency_of_country(country: str) -> str:
    """Return the currency of a country by its code, such as "NO"; "" if there is no such country.

    Babel is loaded only for it, because few processes need it.
    """
    from babel.numbers import get_territory_currencies

    return next(iter(get_territory_currencies(country)), "")


def precision(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217: USD 2, JPY 0, KWD 3); two without one."""
    return DECIMALS.get(currency, USUAL_DECIMALS)


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the smallest unit of the currency; zero has no sign."""
    unit = _get_smallest_unit(currency)
    return amount.quantize(unit, rounding=ROUND_HALF_UP) + ZERO


@cache
def _get_smallest_unit(currency: str) -> Decimal:
    """Return the smallest unit of a currency: 0.01 for USD."""
    decimals = precision(currency)
    return Decimal(1).scaleb(-decimals)


def is_too_large(amount: Decimal) -> bool:
    """Return whether a number is too large to be an amount of money."""
    return abs(amount) >= TOO_LARGE


def is_exact(amount: Decimal, currency: str) -> bool:
    """Return whether the amount has no more decimals than its currency."""
    return round_amount(amount, currency) == amount


def sum_amounts(amounts: Iterable[Decimal | None]) -> Decimal:
    """Add up the amounts that are not None."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def format_amount(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency, as a person reads it."""
    rounded_amount = round_amount(amount, currency)
    return f"{rounded_amount:,f} {currency}"

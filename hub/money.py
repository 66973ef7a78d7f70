"""Decimal in, Decimal out: the precision of a currency, rounding on purpose, sums checked to the cent."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from types import ModuleType

from hub.errors import BadDocument

ZERO = Decimal(0)


def money(value: object) -> Decimal:
    """An amount from what a source sent: text, int or Decimal; a float is refused, for its cents are not known."""
    if isinstance(value, (float, bool)) or not isinstance(value, (str, int, Decimal)):
        raise BadDocument(
            f"{value!r} is not an amount; it must come as text, a whole number or a Decimal."
        )
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise BadDocument(f"{value!r} is not an amount.") from None
    if not amount.is_finite():
        raise BadDocument(f"{value!r} is not an amount.")
    return amount


@cache
def precision(currency: str) -> int:
    """How many decimals a currency has (ISO 4217: USD 2, JPY 0, KWD 3)."""
    return int(_babel().get_currency_precision(currency))


def to_cents(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up to the smallest unit of the currency."""
    return amount.quantize(_cent(currency), rounding=ROUND_HALF_UP)


@cache
def _cent(currency: str) -> Decimal:
    """The smallest unit of a currency."""
    return Decimal(1).scaleb(-precision(currency))


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no more decimals than its currency."""
    return to_cents(amount, currency) == amount


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of what is there."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def shown(amount: Decimal, currency: str) -> str:
    """The amount as a person reads it, with its currency."""
    return str(
        _babel().format_currency(
            amount, currency, "¤¤ #,##0.00", locale="en_US", currency_digits=True
        )
    )


@cache
def _babel() -> ModuleType:
    """Babel's tables, opened when the first amount asks: commands that show none start without them."""
    return import_module("babel.numbers")

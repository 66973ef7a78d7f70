"""Quantity and price of a line; QuickBooks requires that their product is the amount."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Line
from hub.errors import Sentence
from hub.money import is_too_large
from hub.payloads.builder import PayloadBuilder, clean
from hub.payloads.rounding import CENT

SMALLEST_PRICE_STEP = Decimal("0.0000001")
MAX_DESCRIPTION_LENGTH = 4000


def build_price_fields(line: Line, line_amount: Decimal) -> dict[str, Any]:
    """Return quantity and price, with a finer price if the stated one does not fit the amount."""
    if not line.quantity:
        return {}
    stated_price = _round_stated_price(line.unit_price)
    for candidate in (stated_price, _compute_fitting_price(line_amount, line.quantity)):
        if candidate is None:
            continue
        product = line.quantity * candidate
        if is_too_large(product):
            continue
        if product.quantize(CENT, rounding="ROUND_HALF_UP") == line_amount:
            return {"Qty": line.quantity, "UnitPrice": candidate}
    return {}


def _round_stated_price(price: Decimal | None) -> Decimal | None:
    """Return the price as it is stated, rounded if it has more than seven decimals."""
    if price is None or is_too_large(price):
        return price
    rounded_price = _round_price(price)
    return price if price == rounded_price else rounded_price


def _compute_fitting_price(line_amount: Decimal, quantity: Decimal) -> Decimal | None:
    """Return the price that yields the amount; None if it is too high."""
    exact = line_amount / quantity
    return None if is_too_large(exact) else _round_price(exact)


def _round_price(exact: Decimal) -> Decimal:
    """Round a price to seven decimals, without trailing zeros."""
    price = exact.quantize(SMALLEST_PRICE_STEP).normalize()
    if price == price.to_integral_value():
        return price.quantize(Decimal(1))  # 100, which was normalized to 1E+2
    return price


def build_description_with_price(
    builder: PayloadBuilder, line: Line, detail: dict[str, Any]
) -> str:
    """Return the description, with the quantity and price if they are not fields of the line."""
    if line.quantity is None:
        return build_description(builder, line)
    has_price = line.unit_price is None or detail.get("UnitPrice") == line.unit_price
    if "Qty" in detail and has_price:
        return build_description(builder, line)

    price_text = f"{line.quantity:f}"
    if line.unit_price is not None:
        price_text += f" x {line.unit_price:f}"
    suffix = f" ({price_text})"
    whole = build_description(builder, line, MAX_DESCRIPTION_LENGTH - len(suffix))
    return f"{whole}{suffix}" if whole else price_text


def build_description(
    builder: PayloadBuilder, line: Line, max_length: int = MAX_DESCRIPTION_LENGTH
) -> str:
    """Return the description of a line, cut to the length that QuickBooks accepts."""
    label = Sentence("Description of line %(line)s", line=line.id)
    return builder.fit(clean(line.description or ""), max_length, label)

"""Quantity and price of a line; QuickBooks requires that they come to the amount exactly."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Line
from hub.qbo.payloads.builder import clean

CENT = Decimal("0.01")
SMALLEST_PRICE_STEP = Decimal("0.0000001")
MAX_DESCRIPTION_LENGTH = 4000


def price(line: Line, line_amount: Decimal) -> dict[str, Any]:
    """Return quantity and price, with a finer price if the stated one does not fit the amount."""
    if not line.quantity:
        return {}
    for candidate in (line.unit_price, _fitting_price(line_amount, line.quantity)):
        if candidate is None:
            continue
        product = (line.quantity * candidate).quantize(CENT, rounding="ROUND_HALF_UP")
        if product == line_amount:
            return {"Qty": line.quantity, "UnitPrice": candidate}
    return {}


def _fitting_price(line_amount: Decimal, quantity: Decimal) -> Decimal:
    """Return the price that comes to the amount, without needless zeros."""
    exact = line_amount / quantity
    price = exact.quantize(SMALLEST_PRICE_STEP).normalize()
    if price == price.to_integral_value():
        return price.quantize(Decimal(1))  # 100, which was normalized to 1E+2
    return price


def text(line: Line, detail: dict[str, Any]) -> str:
    """Return the description, with the quantity and price if they are not fields of the line."""
    description = clean(line.description or "")
    if line.quantity is None:
        return description[:MAX_DESCRIPTION_LENGTH]
    has_price = line.unit_price is None or detail.get("UnitPrice") == line.unit_price
    if "Qty" in detail and has_price:
        return description[:MAX_DESCRIPTION_LENGTH]

    priced = f"{line.quantity:f}"
    if line.unit_price is not None:
        priced += f" x {line.unit_price:f}"
    if not description:
        return priced
    room = MAX_DESCRIPTION_LENGTH - len(priced) - 3  # for a space and brackets
    return f"{description[:room]} ({priced})"

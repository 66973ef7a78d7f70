"""Quantity and price of a line; QuickBooks takes them only if they come to the amount exactly."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Line
from hub.qbo.payloads.builder import clean

CENT, FINEST = Decimal("0.01"), Decimal("0.0000001")
LONGEST_DESCRIPTION = 4000


def price(line: Line, worth: Decimal) -> dict[str, Any]:
    """Return quantity and price, with a finer price if the stated one does not come to the amount."""
    if not line.quantity:
        return {}
    for one in (line.unit_price, _fitting(worth, line.quantity)):
        if (
            one is not None
            and (line.quantity * one).quantize(CENT, rounding="ROUND_HALF_UP") == worth
        ):
            return {"Qty": line.quantity, "UnitPrice": one}
    return {}


def _fitting(worth: Decimal, quantity: Decimal) -> Decimal:
    """Return the price that comes to the amount, without needless zeros."""
    price = (worth / quantity).quantize(FINEST).normalize()
    return price if price.as_tuple().exponent <= 0 else price.quantize(Decimal(1))  # type: ignore[operator]


def text(line: Line, detail: dict[str, Any]) -> str:
    """Return the description, with the quantity and price if they are not in a field of their own."""
    description = clean(line.description or "")
    if line.quantity is None:
        return description[:LONGEST_DESCRIPTION]
    has_price = line.unit_price is None or detail.get("UnitPrice") == line.unit_price
    if "Qty" in detail and has_price:
        return description[:LONGEST_DESCRIPTION]
    priced = f"{line.quantity:f}"
    if line.unit_price is not None:
        priced += f" x {line.unit_price:f}"
    if not description:
        return priced
    return f"{description[: LONGEST_DESCRIPTION - len(priced) - 3]} ({priced})"

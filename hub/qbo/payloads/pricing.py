"""Quantity and price beside an amount: QuickBooks takes them only where they come to it exactly."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Line
from hub.qbo.payloads.builder import clean

CENT, FINEST = Decimal("0.01"), Decimal("0.0000001")
LONGEST_DESCRIPTION = 4000


def price(line: Line, worth: Decimal) -> dict[str, Any]:
    """Quantity and price; a price that does not come to the amount is set, finely enough, so that it does."""
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
    """The price that comes to the amount, without needless zeros."""
    price = (worth / quantity).quantize(FINEST).normalize()
    return price if price.as_tuple().exponent <= 0 else price.quantize(Decimal(1))  # type: ignore[operator]


def text(line: Line, detail: dict[str, Any]) -> str:
    """The description; a quantity or price that stands nowhere else is said in it."""
    said = clean(line.description or "")
    told = line.unit_price is None or detail.get("UnitPrice") == line.unit_price
    if line.quantity is None or ("Qty" in detail and told):
        return said[:LONGEST_DESCRIPTION]
    priced = f"{line.quantity:f}" + ("" if line.unit_price is None else f" x {line.unit_price:f}")
    return f"{said[: LONGEST_DESCRIPTION - len(priced) - 3]} ({priced})" if said else priced

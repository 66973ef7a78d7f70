"""The total that a document states, as its lines are compared with it."""

from decimal import Decimal

from hub.money import round_amount
from hub.payloads.builder import PayloadBuilder


def round_stated_total(builder: PayloadBuilder, total: Decimal) -> Decimal:
    """Return the stated total with the decimals of its currency, to compare the lines with it.

    This is also done if QuickBooks keeps fewer decimals. Otherwise the tolerance would count twice:
    for the rounding of the total, and for the lines. A total that QuickBooks cannot keep is
    reported as a problem of its own; it is rounded like the lines, so that the same difference is
    not reported again.
    """
    exact = round_amount(total, builder.currency)
    rounded_total = builder.cents(exact)
    is_reported = abs(rounded_total - exact) > builder.document.tolerance
    return rounded_total if is_reported else exact

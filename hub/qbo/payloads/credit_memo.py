"""What a customer has to his credit."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import PayloadBuilder


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The credit memo as QuickBooks takes it; its amounts are positive."""
    return sales_lines.body(builder, PaymentMethodRef=builder.header("payment_method"))

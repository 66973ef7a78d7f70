"""A customer's credit memo."""

from typing import Any

from hub.payloads import sales_lines
from hub.payloads.builder import PayloadBuilder


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a credit memo; its amounts are positive."""
    method = builder.header_reference("payment_method")
    return sales_lines.build_body(builder, PaymentMethodRef=method)

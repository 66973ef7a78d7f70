"""A refund to a customer."""

from typing import Any

from hub.payloads import sales_lines
from hub.payloads.builder import PayloadBuilder, require_reference


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a refund; its amounts are positive, and leave the deposit account."""
    account = builder.mapped.header.get("deposit_account")
    return sales_lines.build_body(
        builder,
        DepositToAccountRef=require_reference("deposit_account", account, builder),
        PaymentMethodRef=builder.header_reference("payment_method"),
    )

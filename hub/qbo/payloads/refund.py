"""A refund to a customer."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import PayloadBuilder, required


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a refund; its amounts are positive, and leave the deposit account."""
    account = builder.mapped.header.get("deposit_account")
    return sales_lines.build_body(
        builder,
        DepositToAccountRef=required("deposit_account", account, builder),
        PaymentMethodRef=builder.header("payment_method"),
    )

"""What a customer gets back at once."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import PayloadBuilder, required


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The refund as QuickBooks takes it; its amounts are positive, and leave the account named."""
    paid_from = required("deposit_account", builder.mapped.header.get("deposit_account"), builder)
    method = builder.header("payment_method")
    return sales_lines.body(builder, DepositToAccountRef=paid_from, PaymentMethodRef=method)

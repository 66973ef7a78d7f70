"""What a customer gets back at once."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import Work, required


def body(work: Work) -> dict[str, Any]:
    """The refund as QuickBooks takes it; its amounts are positive, and leave the account named."""
    paid_from = required("deposit_account", work.mapped.header.get("deposit_account"), work)
    method = work.header("payment_method")
    return sales_lines.body(work, DepositToAccountRef=paid_from, PaymentMethodRef=method)

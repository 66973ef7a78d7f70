"""What a customer has to his credit."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import Work


def body(work: Work) -> dict[str, Any]:
    """The credit memo as QuickBooks takes it; its amounts are positive."""
    return sales_lines.body(work, PaymentMethodRef=work.header("payment_method"))

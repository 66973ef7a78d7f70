"""What a customer has to his credit."""

from typing import Any

from hub.qbo.payloads import selling
from hub.qbo.payloads.work import Work


def body(work: Work) -> dict[str, Any]:
    """The credit memo as QuickBooks takes it; its amounts are positive."""
    return selling.body(work, PaymentMethodRef=work.header("payment_method"))

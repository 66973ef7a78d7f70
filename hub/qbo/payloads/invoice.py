"""What a customer owes."""

from typing import Any

from hub.qbo.payloads import selling
from hub.qbo.payloads.work import Work, day


def body(work: Work) -> dict[str, Any]:
    """The invoice as QuickBooks takes it."""
    return selling.body(work, SalesTermRef=work.header("term"), DueDate=day(work.document.due))

"""What a customer owes."""

from typing import Any

from hub.qbo.payloads import sales_lines
from hub.qbo.payloads.builder import Work, day


def body(work: Work) -> dict[str, Any]:
    """The invoice as QuickBooks takes it."""
    return sales_lines.body(work, SalesTermRef=work.header("term"), DueDate=day(work.document.due))

"""A supplier's credit note."""

from typing import Any

from hub.qbo.payloads import buying, taxing
from hub.qbo.payloads.work import Work, given


def body(work: Work) -> dict[str, Any]:
    """The vendor credit as QuickBooks takes it; its amounts are positive."""
    document, lines = work.document, buying.lines(work)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        DepartmentRef=work.location(),
        TxnDate=document.date.isoformat() if document.date else None,
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        Line=lines,
    )
    return made | taxing.detail(work, lines) | {"PrivateNote": work.note()}

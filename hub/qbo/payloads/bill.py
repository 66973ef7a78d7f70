"""A supplier's bill."""

from typing import Any

from hub.qbo.payloads import buying, taxing
from hub.qbo.payloads.work import Work, day, given


def body(work: Work) -> dict[str, Any]:
    """The bill as QuickBooks takes it."""
    pairs = buying.lines(work)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        SalesTermRef=work.header("term"),
        DepartmentRef=work.location(),
        TxnDate=day(work.document.date),
        DueDate=day(work.document.due),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        LinkedTxn=buying.orders(work),
        Line=[line for _, line in pairs],
    )
    return made | taxing.detail(work, pairs) | {"PrivateNote": work.note()}

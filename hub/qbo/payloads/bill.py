"""A supplier's bill."""

from typing import Any

from hub.qbo.payloads import line_tax, purchase_lines
from hub.qbo.payloads.builder import Work, day, given


def body(work: Work) -> dict[str, Any]:
    """The bill as QuickBooks takes it."""
    pairs = purchase_lines.lines(work)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        SalesTermRef=work.header("term"),
        DepartmentRef=work.location(),
        TxnDate=day(work.document.date),
        DueDate=day(work.document.due),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        LinkedTxn=purchase_lines.orders(work),
        Line=[line for _, line in pairs],
    )
    return made | line_tax.detail(work, pairs) | {"PrivateNote": work.note()}

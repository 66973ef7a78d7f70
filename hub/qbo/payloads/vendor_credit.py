"""A supplier's credit note."""

from typing import Any

from hub.qbo.payloads import line_tax, purchase_lines
from hub.qbo.payloads.builder import Work, day, given


def body(work: Work) -> dict[str, Any]:
    """The vendor credit as QuickBooks takes it; its amounts are positive."""
    pairs = purchase_lines.lines(work)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        DepartmentRef=work.location(),
        TxnDate=day(work.document.date),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        Line=[line for _, line in pairs],
    )
    return made | line_tax.detail(work, pairs) | {"PrivateNote": work.note()}

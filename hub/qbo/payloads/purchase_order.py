"""What is ordered from a supplier."""

from typing import Any

from hub.qbo.payloads import line_tax, purchase_lines
from hub.qbo.payloads.builder import LONGEST_NOTE, Work, day, given
from hub.qbo.payloads.shared_fields import address, custom, mailing


def body(work: Work) -> dict[str, Any]:
    """The purchase order as QuickBooks takes it."""
    pairs = purchase_lines.lines(work)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        SalesTermRef=work.header("term"),
        DepartmentRef=work.location(),
        ClassRef=work.shared_class(),
        TxnDate=day(work.document.date),
        DueDate=day(work.document.due),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        ShipAddr=address(work.document.ship_to),
        Memo=work.message(LONGEST_NOTE),
        CustomField=custom(work, work.facts.order_fields),
        Line=[line for _, line in pairs],
        **mailing(work, "vendor", "POEmail"),
    )
    return made | line_tax.detail(work, pairs) | {"PrivateNote": work.note()}

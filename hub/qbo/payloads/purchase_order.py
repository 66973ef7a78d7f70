"""What is ordered from a supplier."""

from typing import Any

from hub.qbo.payloads import buying, taxing
from hub.qbo.payloads.parts import address, custom, mailing
from hub.qbo.payloads.work import LONGEST_NOTE, Work, day, given


def body(work: Work) -> dict[str, Any]:
    """The purchase order as QuickBooks takes it."""
    pairs = buying.lines(work)
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
    return made | taxing.detail(work, pairs) | {"PrivateNote": work.note()}

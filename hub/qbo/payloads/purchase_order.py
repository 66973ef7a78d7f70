"""What is ordered from a supplier."""

from typing import Any

from hub.qbo.payloads import line_tax, purchase_lines
from hub.qbo.payloads.builder import LONGEST_NOTE, PayloadBuilder, day, without_empty
from hub.qbo.payloads.shared_fields import address, custom, mailing


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The purchase order as QuickBooks takes it."""
    pairs = purchase_lines.lines(builder)
    made = without_empty(
        VendorRef=builder.header("vendor"),
        APAccountRef=builder.payable(),
        SalesTermRef=builder.header("term"),
        DepartmentRef=builder.location(),
        ClassRef=builder.shared_class(),
        TxnDate=day(builder.document.date),
        DueDate=day(builder.document.due),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        ShipAddr=address(builder.document.ship_to),
        Memo=builder.message(LONGEST_NOTE),
        CustomField=custom(builder, builder.facts.order_fields),
        Line=[line for _, line in pairs],
        **mailing(builder, "vendor", "POEmail"),
    )
    return made | line_tax.detail(builder, pairs) | {"PrivateNote": builder.note()}

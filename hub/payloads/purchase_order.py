"""A purchase order."""

from typing import Any

from hub.payloads import line_tax, purchase_lines
from hub.payloads.builder import PayloadBuilder, drop_empty, format_date
from hub.payloads.shared_fields import build_address, build_custom_fields, build_mailing_fields

MAX_MESSAGE_LENGTH = 4000  # longer than the message of a sales form


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a purchase order."""
    pairs = purchase_lines.build_lines(builder)
    fields = drop_empty(
        VendorRef=builder.header_reference("vendor"),
        APAccountRef=builder.payable_account(),
        SalesTermRef=builder.header_reference("term"),
        DepartmentRef=builder.location(),
        ClassRef=builder.shared_class(),
        TxnDate=format_date(builder.document.date),
        DueDate=format_date(builder.document.due),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        ShipAddr=build_address(builder, builder.document.ship_to),
        Memo=builder.message(MAX_MESSAGE_LENGTH),  # printed for the vendor; our memo is PrivateNote
        CustomField=build_custom_fields(builder, builder.facts.order_fields),
        Line=[line for _, line in pairs],
        **build_mailing_fields(builder, "vendor", "POEmail"),
    )
    return fields | line_tax.build_tax_detail(builder, pairs)

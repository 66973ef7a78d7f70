"""A supplier's bill."""

from typing import Any

from hub.payloads import line_tax, purchase_lines
from hub.payloads.builder import PayloadBuilder, drop_empty, format_date
from hub.payloads.shared_fields import put_texts_into_memo


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a bill."""
    pairs = purchase_lines.build_lines(builder)
    lines = [line for _, line in pairs]
    put_texts_into_memo(builder)
    fields = drop_empty(
        VendorRef=builder.header_reference("vendor"),
        APAccountRef=builder.payable_account(),
        SalesTermRef=builder.header_reference("term"),
        DepartmentRef=builder.location(),
        TxnDate=format_date(builder.document.date),
        DueDate=format_date(builder.document.due),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        LinkedTxn=purchase_lines.build_order_links(builder, lines),
        Line=lines,
    )
    return fields | line_tax.build_tax_detail(builder, pairs)

"""A supplier's credit note."""

from typing import Any

from hub.payloads import line_tax, purchase_lines
from hub.payloads.builder import PayloadBuilder, drop_empty, format_date
from hub.payloads.shared_fields import put_texts_into_memo


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a vendor credit; its amounts are positive."""
    pairs = purchase_lines.build_lines(builder)
    put_texts_into_memo(builder)
    fields = drop_empty(
        VendorRef=builder.header_reference("vendor"),
        APAccountRef=builder.payable_account(),
        DepartmentRef=builder.location(),
        TxnDate=format_date(builder.document.date),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        Line=[line for _, line in pairs],
    )
    return fields | line_tax.build_tax_detail(builder, pairs)

"""An invoice to a customer."""

from typing import Any

from hub.payloads import sales_lines
from hub.payloads.builder import PayloadBuilder, format_date


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of an invoice."""
    return sales_lines.build_body(
        builder,
        SalesTermRef=builder.header_reference("term"),
        DueDate=format_date(builder.document.due),
    )

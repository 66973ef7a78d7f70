"""A supplier."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import PayloadBuilder, details_of, without_empty
from hub.qbo.payloads.names import party


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a supplier."""
    details = details_of(builder.document, Party)
    fields = without_empty(
        TermRef=builder.header_reference("term"),
        APAccountRef=builder.header_reference("payable_account"),
    )
    return party(builder, details) | fields

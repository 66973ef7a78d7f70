"""A supplier."""

from typing import Any

from hub.contract.documents import Party
from hub.payloads.builder import PayloadBuilder, drop_empty, require_details
from hub.payloads.names import build_party_fields


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a supplier."""
    details = require_details(builder.document, Party)
    fields = drop_empty(
        TermRef=builder.header_reference("term"),
        APAccountRef=builder.header_reference("payable_account"),
    )
    return build_party_fields(builder, details, "TaxIdentifier") | fields

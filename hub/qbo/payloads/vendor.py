"""A supplier."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import PayloadBuilder, details_of, without_empty
from hub.qbo.payloads.names import party


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The vendor as QuickBooks takes it."""
    details = details_of(builder.document, Party)
    return party(builder, details) | without_empty(
        TermRef=builder.header("term"), APAccountRef=builder.header("payable_account")
    )

"""A supplier."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import Work, details_of, given
from hub.qbo.payloads.names import party


def body(work: Work) -> dict[str, Any]:
    """The vendor as QuickBooks takes it."""
    details = details_of(work.document, Party)
    return party(work, details) | given(
        TermRef=work.header("term"), APAccountRef=work.header("payable_account")
    )

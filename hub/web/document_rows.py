"""The rows of a list of documents: each with its main posting and its state."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session, joinedload

from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState
from hub.outbox.listing import select_documents_with_posting
from hub.web.document_filters import payment_state


def load_rows(session: Session, ids: Sequence[int]) -> list[Any]:
    """Return the documents with these ids with their main postings and states, in this order.

    A posted document that is paid in QuickBooks has the state "paid".
    """
    company = joinedload(SourceDocument.installation).joinedload(Installation.company)
    query = select_documents_with_posting().where(SourceDocument.id.in_(ids)).options(company)
    query = query.add_columns(TransactionHead.total, TransactionHead.balance)
    rows = {}
    for document, posting, state, total, balance in session.execute(query):
        kind = posting.kind if posting else document.kind
        shown_state = payment_state(state, kind, total, balance)
        rows[document.id] = (document, posting, shown_state)
    return [rows[document_id] for document_id in ids]


def describe(document: SourceDocument, posting: Posting | None, state: str) -> dict[str, Any]:
    """Return a row as files and the JSON API have it; what is gone from QuickBooks has no id."""
    is_there = posting is not None and state not in (DocumentState.REMOVED, DocumentState.MISSING)
    return {
        "id": document.id,
        "app": document.slug,
        "installation_id": document.installation_id,
        "company_id": document.company_id,
        "source_id": document.source_id,
        "kind": posting.kind if posting else document.kind,
        "number": document.number,
        "party": document.party,
        "date": document.date,
        "due": document.due,
        "total": document.total,
        "currency": document.currency,
        "state": state,
        "reason": posting.reason if posting else "",
        "quickbooks_id": posting.quickbooks_id if posting and is_there else None,
    }


def load_state_and_main_posting(
    session: Session, document: SourceDocument
) -> tuple[str, Posting | None]:
    """Return the state of a document and its main posting."""
    is_document = SourceDocument.id == document.id
    query = select_documents_with_posting().where(is_document)
    row = session.execute(query).one()
    _, main, state = row
    return state, main

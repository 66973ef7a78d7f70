"""The rows of a list of documents: each with its main posting and its state."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import case
from sqlalchemy.orm import Session

from hub.models import ConnectedCompany, Posting, SourceDocument, TransactionHead
from hub.outbox.currencies import currency_or_home
from hub.outbox.listing import STATE, select_documents_with_posting
from hub.outbox.states import DEPARTED
from hub.reasons.texts import join_reasons
from hub.web.lists.document_filters import find_payment_state


class ListedDocument(NamedTuple):
    """A document as lists show it, without its content and the settings of its app."""

    id: int
    installation_id: int
    company_id: int
    slug: str
    source_id: str
    kind: str
    number: str
    party: str
    date: dt.date | None
    due: dt.date | None
    total: Decimal | None
    currency: str
    unreadable: str
    company_name: str


class ListedPosting(NamedTuple):
    """The main posting of a document as lists show it."""

    kind: str
    reasons: list[Any]
    quickbooks_id: str | None

    @property
    def reason(self) -> str:
        """Return why it is held, waits or has ended, as it reads now; "" if nothing is to say."""
        return join_reasons(self.reasons)


ListedRow = tuple[ListedDocument, ListedPosting | None, str]
# A document without an amount, such as an item, has no currency unless its source states one.
_CURRENCY = case(
    (SourceDocument.total.is_(None), SourceDocument.currency),
    else_=currency_or_home(SourceDocument.currency),
)
_COMPUTED_COLUMNS = {"currency": _CURRENCY, "company_name": ConnectedCompany.display_name}
_DOCUMENT_COLUMNS = [
    _COMPUTED_COLUMNS.get(name, getattr(SourceDocument, name, None))
    for name in ListedDocument._fields
]
_POSTING_COLUMNS = [getattr(Posting, name) for name in ListedPosting._fields]
_OTHER_COLUMNS = (STATE, Posting.id, TransactionHead.total, TransactionHead.balance)


def load_rows(session: Session, ids: Sequence[int]) -> list[ListedRow]:
    """Return the documents with these ids with their main postings and states, in this order.

    A posted document that is paid in QuickBooks has the state "paid".
    """
    query = (
        select_documents_with_posting()
        .join(ConnectedCompany, ConnectedCompany.id == SourceDocument.company_id)
        .where(SourceDocument.id.in_(ids))
        .with_only_columns(*_OTHER_COLUMNS, *_POSTING_COLUMNS, *_DOCUMENT_COLUMNS)
    )
    rows = {}
    for state, posting_id, total, balance, *columns in session.execute(query):
        posting = ListedPosting._make(columns[: len(_POSTING_COLUMNS)]) if posting_id else None
        document = ListedDocument._make(columns[len(_POSTING_COLUMNS) :])
        kind = posting.kind if posting else document.kind
        rows[document.id] = document, posting, find_payment_state(state, kind, total, balance)
    return [rows[document_id] for document_id in ids]


def describe(document: ListedDocument, posting: ListedPosting | None, state: str) -> dict[str, Any]:
    """Return a row as files and the JSON API have it; what is gone from QuickBooks has no id.

    A document that cannot be read has no posting; its reason says why.
    """
    is_there = posting is not None and state not in DEPARTED
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
        "reason": posting.reason if posting else document.unreadable,
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

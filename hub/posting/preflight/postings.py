"""The columns of postings and documents that the checks look at, and the query that loads them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from hub.db.bulk import is_among
from hub.models import Posting, SourceDocument, TransactionSummary
from hub.models.enums import PostingState
from hub.outbox.states import SENDABLE


class CheckedDocumentRow(NamedTuple):
    """The columns of a document that the checks look at, without the cost of a model object."""

    slug: str
    source_id: str
    kind: str
    marker: str
    number: str
    party: str
    total: Decimal | None


class CheckedPostingRow(NamedTuple):
    """The columns of a posting that the checks look at, without the cost of a model object."""

    document: CheckedDocumentRow
    id: int
    document_id: int
    company_id: int
    installation_id: int
    kind: str
    part: str
    operation: str
    base: str
    overwrite_permitted: str
    summary: TransactionSummary
    currency: str
    rejected_ids: list[Any]


CheckedPosting = Posting | CheckedPostingRow  # a dry run checks postings that were just planned
_DOCUMENT_COLUMNS = CheckedDocumentRow._fields
_POSTING_COLUMNS = tuple(
    "stored_summary" if name == "summary" else name for name in CheckedPostingRow._fields[1:]
)
_postings = cast(Table, Posting.__table__)
_documents = cast(Table, SourceDocument.__table__)
_QUERY = (
    select(
        *(_documents.c[name] for name in _DOCUMENT_COLUMNS),
        *(Posting.__mapper__.columns[name] for name in _POSTING_COLUMNS),
    )
    .join_from(_postings, _documents, _postings.c.document_id == _documents.c.id)
    .where(
        is_among(_postings.c.id, "ids"), _postings.c.state.in_(bindparam("states", expanding=True))
    )
    .order_by(_postings.c.id)
)
_LOCKING_QUERY = _QUERY.with_for_update(of=_postings)


def load_postings(
    session: Session,
    ids: Sequence[int],
    states: Sequence[PostingState] = SENDABLE,
    *,
    for_update: bool = False,
) -> list[CheckedPostingRow]:
    """Return the columns of the postings that are in one of the states, read-only.

    With `for_update`, the postings are locked until the transaction ends, so that none gets other
    content before it is marked as checked.
    """
    query = _LOCKING_QUERY if for_update else _QUERY
    # The columns of the document come first in each row.
    parameters = {"ids": list(ids), "states": list(states)}
    width = len(_DOCUMENT_COLUMNS)
    names = CheckedPostingRow._fields[1:]
    postings = []
    for row in session.execute(query, parameters):
        document = CheckedDocumentRow(*row[:width])
        columns = dict(zip(names, row[width:], strict=True))
        summary = TransactionSummary.load(columns.pop("summary"))
        postings.append(CheckedPostingRow(document, summary=summary, **columns))
    return postings

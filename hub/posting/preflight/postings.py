"""The columns of postings and documents that the checks look at, and the query that loads them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from hub.db.bulk import among
from hub.models import Posting, SourceDocument, TransactionSummary
from hub.models.enums import PostingState


class CheckedDocument(Protocol):
    """What the checks look at of a document."""

    @property
    def slug(self) -> str: ...

    @property
    def source_id(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def marker(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def party(self) -> str: ...

    @property
    def total(self) -> Decimal | None: ...


class CheckedPosting(Protocol):
    """What the checks look at of a posting; `Posting` and `PostingRow` both fit."""

    @property
    def id(self) -> int: ...

    @property
    def document_id(self) -> int: ...

    @property
    def company_id(self) -> int: ...

    @property
    def installation_id(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def part(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def base(self) -> str: ...

    @property
    def summary(self) -> TransactionSummary: ...

    @property
    def currency(self) -> str: ...

    @property
    def rejected_ids(self) -> list[Any]: ...

    @property
    def document(self) -> CheckedDocument: ...


class DocumentRow(NamedTuple):
    """The columns of `CheckedDocument`, without the cost of a model object."""

    slug: str
    source_id: str
    kind: str
    marker: str
    number: str
    party: str
    total: Decimal | None


class PostingRow(NamedTuple):
    """The columns of `CheckedPosting`, without the cost of a model object."""

    document: DocumentRow
    id: int
    document_id: int
    company_id: int
    installation_id: int
    kind: str
    part: str
    operation: str
    base: str
    summary: TransactionSummary
    currency: str
    rejected_ids: list[Any]


UNPOSTED_STATES = (PostingState.READY, PostingState.REVIEW, PostingState.WAITING)
_DOCUMENT_COLUMNS = DocumentRow._fields
_POSTING_COLUMNS = tuple(
    "meaning" if name == "summary" else name for name in PostingRow._fields[1:]
)
_postings = cast(Table, Posting.__table__)
_documents = cast(Table, SourceDocument.__table__)
_QUERY = (
    select(
        *(_documents.c[name] for name in _DOCUMENT_COLUMNS),
        *(_postings.c[name] for name in _POSTING_COLUMNS),
    )
    .join_from(_postings, _documents, _postings.c.document_id == _documents.c.id)
    .where(among(_postings.c.id, "ids"), _postings.c.state.in_(bindparam("states", expanding=True)))
    .order_by(_postings.c.id)
)


def load_postings(
    session: Session, ids: Sequence[int], states: Sequence[PostingState] = UNPOSTED_STATES
) -> list[PostingRow]:
    """Load the columns of those of the postings that are in one of the states, read-only."""
    width = len(_DOCUMENT_COLUMNS)
    rows = session.execute(_QUERY, {"ids": list(ids), "states": list(states)})
    postings = []
    for row in rows:
        columns = dict(zip(PostingRow._fields[1:], row[width:], strict=True))
        columns["summary"] = TransactionSummary.load(columns["summary"])
        postings.append(PostingRow(DocumentRow(*row[:width]), **columns))
    return postings

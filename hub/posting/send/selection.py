"""Select the postings of a company that are unfinished, ready, or to be sent next."""

from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, select

from hub import outbox
from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session
from hub.models import Posting
from hub.models.enums import Operation, PostingState
from hub.outbox.conditions import IS_DOCUMENT_IN_FLIGHT, IS_OF_ACTIVE_APP
from hub.posting.outcome.batch_sizing import MAX_SINGLE_REQUESTS
from hub.posting.outcome.session import PostingSession

EXTRA_CANDIDATES = 20  # read beyond the limit, because a document may have several postings


def has_unfinished(company_id: int) -> bool:
    """Return whether a company has postings that may still change: unsent or in flight."""
    query = select(Posting.id).where(
        Posting.company_id == company_id, Posting.state.in_(outbox.UNFINISHED)
    )
    with read_only_session() as session:
        return session.scalar(query.limit(1)) is not None


def has_ready(posting_session: PostingSession) -> bool:
    """Return whether any posting is ready, even if something else still delays it."""
    query = select(Posting.id).where(
        *posting_session.own_postings(), Posting.state == PostingState.READY
    )
    with read_only_session() as session:
        return session.scalar(query.limit(1)) is not None


def select_ready(posting_session: PostingSession, limit: int) -> list[int]:
    """Return the next postings to send, one per document, those that have waited longest first.

    At most `MAX_SINGLE_REQUESTS` of them are sent singly.
    """
    query = _build_ready_query(of_installations=posting_session.installation_ids is not None)
    values = _build_query_values(posting_session) | {"limit": limit + EXTRA_CANDIDATES}
    first_by_document: dict[int, tuple[int, bool]] = {}
    with read_only_session() as session:
        for id, document_id, may_be_batched in session.execute(query, values):
            first_by_document.setdefault(document_id, (id, bool(may_be_batched)))
    candidates = list(first_by_document.values())
    single_ids = [id for id, may_be_batched in candidates if not may_be_batched]
    excess_ids = set(single_ids[MAX_SINGLE_REQUESTS:])
    return [id for id, _ in candidates if id not in excess_ids][:limit]


def count_ready(posting_session: PostingSession) -> int:
    """Return how many postings are to be sent."""
    ready = _build_ready_query(of_installations=posting_session.installation_ids is not None)
    query = select(func.count()).select_from(ready.limit(None).subquery())
    with read_only_session() as session:
        return session.scalar(query, _build_query_values(posting_session)) or 0


@cache
def _build_ready_query(*, of_installations: bool) -> Select[int, int, bool]:
    """Return a query for the postings that may be claimed, and whether they may go in a batch.

    They are checked and due, their apps may post, and no other posting of their document is in
    flight. Files of an app whose access leads to another account wait. With `of_installations`, it
    is limited to the installations in its parameter `installation_ids`. The statement is cached:
    building it takes longer than executing it.
    """
    conditions = [
        Posting.company_id == bindparam("company_id"),
        Posting.state == PostingState.READY,
        Posting.checked_at.is_not(None),
        outbox.is_due(bindparam("now"), bindparam("latest")),
        ~IS_DOCUMENT_IN_FLIGHT,
        outbox.IS_CURRENT,
        outbox.IS_FETCHABLE,
        IS_OF_ACTIVE_APP,
    ]
    if of_installations:
        conditions.append(
            Posting.installation_id.in_(bindparam("installation_ids", expanding=True))
        )
    may_be_batched = and_(
        Posting.operation == Operation.CREATE,
        Posting.generation == 0,
        Posting.kind.not_in(LIST_KINDS),
    )
    return (
        select(Posting.id, Posting.document_id, may_be_batched)
        .where(*conditions)
        .order_by(Posting.id)
        .limit(bindparam("limit", type_=Integer))
    )


def _build_query_values(posting_session: PostingSession) -> dict[str, Any]:
    now = posting_session.clock.now()
    values = {
        "company_id": posting_session.company_id,
        "now": now,
        "latest": now + outbox.MAX_PAUSE,
    }
    if posting_session.installation_ids is not None:
        values["installation_ids"] = list(posting_session.installation_ids)
    return values

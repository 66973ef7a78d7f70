"""Claim postings for sending: state, fence and attempts are stored before anything is sent.

A result is written only under the fence of its claim.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Integer, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from hub.db import bulk
from hub.models import Attempt, ConnectedCompany, Posting
from hub.models.enums import PostingState
from hub.outbox.approvals import LACKS_APPROVAL
from hub.outbox.conditions import IS_DOCUMENT_IN_FLIGHT, IS_OF_ACTIVE_APP
from hub.outbox.states import IN_FLIGHT
from hub.outbox.transitions import update_one


class BatchPlace(NamedTuple):
    """The place of a posting in a batch: the key of the batch, and its bId there."""

    batch: str = ""
    bid: str = ""


SENT_SINGLY = BatchPlace()


class ClaimedPosting(NamedTuple):
    """A posting claimed for sending: its payload, the key of its request, and its batch."""

    id: int
    kind: str
    operation: str
    generation: int
    requestid: str
    payload: bytes
    place: BatchPlace = SENT_SINGLY


Compose = Callable[[Sequence[ClaimedPosting]], Mapping[int, BatchPlace]]
CLAIMED_COLUMNS = ("id", "kind", "operation", "generation", "requestid", "payload")
_postings = cast(Table, Posting.__table__)
_newest_date = (
    select(ConnectedCompany.newest_date)
    .where(ConnectedCompany.id == _postings.c.company_id)
    .scalar_subquery()
)
_INSERT_ATTEMPTS = insert(cast(Table, Attempt.__table__))
_SELECT_READY = (
    select(
        _postings.c.id,
        _postings.c.document_id,
        _postings.c.revision,
        _postings.c.checked_at.is_not(None),
    )
    .where(
        bulk.is_among(_postings.c.id, "ids"),
        _postings.c.state == PostingState.READY,
        IS_OF_ACTIVE_APP,
        ~IS_DOCUMENT_IN_FLIGHT,
        ~LACKS_APPROVAL,
    )
    .order_by(_postings.c.id)
    .with_for_update(of=_postings)  # so that revision and bytes stay as they are read here
)
_CLAIM = (
    update(_postings)
    .where(bulk.is_among(_postings.c.id, "ids"), _postings.c.state == PostingState.READY)
    .values(
        state=PostingState.SENDING,
        fence=bindparam("_fence"),
        changed_at=bindparam("_now"),
        doubted_date=bindparam("_doubted_date"),
        sent_date=func.coalesce(_postings.c.sent_date, _newest_date),
        run_id=func.coalesce(bindparam("_run", type_=Integer), _postings.c.run_id),
    )
    .returning(*(_postings.c[name] for name in CLAIMED_COLUMNS))
)
_SELECT_FOR_UPDATE = (
    select(_postings.c.id, _postings.c.fence, _postings.c.state)
    .where(bulk.is_among(_postings.c.id, "ids"))
    .order_by(_postings.c.id)
    .with_for_update()
)


def claim(
    session: Session,
    posting_ids: Iterable[int],
    fence: str,
    now: dt.datetime,
    *,
    run_id: int | None = None,
    doubted_date: dt.datetime | None = None,
    compose: Compose | None = None,
    revisions: Mapping[int, int] | None = None,
) -> list[ClaimedPosting]:
    """Claim ready postings for sending, one per document, and store their attempts.

    - `doubted_date`: QuickBooks' date from which a doubt about this send counts.
    - `compose`: assigns the claimed postings to batches, so that batches are stored before the
      send.
    - `revisions`: claim only postings that are checked and still have these revisions.
    """
    values = {"_fence": fence, "_now": now, "_doubted_date": doubted_date, "_run": run_id}
    ids = _select_claimable_postings(session, list(posting_ids), revisions)
    if not ids:
        return []
    rows = session.connection().execute(_CLAIM, {**values, "ids": ids})
    claimed = sorted(ClaimedPosting(*row) for row in rows)
    if not claimed:
        return []
    if compose:
        places = compose(claimed)
        claimed = [
            posting._replace(place=places.get(posting.id, SENT_SINGLY)) for posting in claimed
        ]
    attempts = [_build_attempt_row(posting, fence, now) for posting in claimed]
    bulk.execute_each(session, _INSERT_ATTEMPTS, attempts)
    return claimed


def lock_claimed(session: Session, fences: Mapping[int, str]) -> set[int]:
    """Lock the postings in flight that are still claimed under these fences; return their ids."""
    rows = session.execute(_SELECT_FOR_UPDATE, {"ids": list(fences)})
    claimed_ids = set()
    for id, fence, state in rows:
        is_claimed = fence == fences[id] and state in IN_FLIGHT
        if is_claimed:
            claimed_ids.add(id)
    return claimed_ids


def store_result(
    session: Session, posting_id: int, fence: str, state: PostingState, **values: Any
) -> bool:
    """Store a result if the posting is still claimed under this fence; return whether it was."""
    is_claimed = (
        Posting.id == posting_id,
        Posting.fence == fence,
        Posting.state.in_(IN_FLIGHT),
    )
    return update_one(session, is_claimed, state=state, **values)


def _select_claimable_postings(
    session: Session, ids: list[int], revisions: Mapping[int, int] | None
) -> list[int]:
    """Return the first ready posting of each document, in the order of their ids.

    With `revisions`, postings that are unchecked or have another revision do not count.
    """
    first_by_document: dict[int, int] = {}
    rows = session.execute(_SELECT_READY, {"ids": ids})
    for id, document_id, revision, is_checked in rows:
        is_current = revisions is None or (is_checked and revisions[id] == revision)
        if is_current:
            first_by_document.setdefault(document_id, id)
    return list(first_by_document.values())


def _build_attempt_row(posting: ClaimedPosting, fence: str, now: dt.datetime) -> dict[str, Any]:
    """Return the row of an attempt: its key is that of the posting, or of its place in a batch."""
    batch, bid = posting.place
    return {
        "posting_id": posting.id,
        "generation": posting.generation,
        "requestid": f"{batch}{bid}" if batch else posting.requestid,
        "batch": batch,
        "fence": fence,
        "sent_at": now,
    }

"""Claim postings for sending: state, fence and attempts are stored before anything is sent.

A result is written only under the fence of its claim.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
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


class Claim(NamedTuple):
    """What a claim stores in each of its postings, and in their attempts.

    - `fence`: identifies the claim; only its holder writes the results.
    - `claimed_at`: the time of the hub.
    - `run_id`: the run that sends the postings.
    - `doubted_date`: QuickBooks' date from which a doubt about these sends counts.
    """

    fence: str
    claimed_at: dt.datetime
    run_id: int | None = None
    doubted_date: dt.datetime | None = None


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
    select(_postings.c.id, _postings.c.document_id, _postings.c.revision)
    .where(
        bulk.is_among(_postings.c.id, "ids"),
        _postings.c.state == PostingState.READY,
        _postings.c.checked_at.is_not(None),
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


def claim_postings(
    session: Session,
    revisions: Mapping[int, int],
    claim: Claim,
    compose: Compose | None = None,
) -> list[ClaimedPosting]:
    """Claim ready postings for sending, one per document, and store their attempts.

    Only those are claimed that are checked and still have these revisions. `compose` assigns them
    to batches, so that the batches are stored before the send.
    """
    values = {
        "_fence": claim.fence,
        "_now": claim.claimed_at,
        "_doubted_date": claim.doubted_date,
        "_run": claim.run_id,
    }
    ids = _select_claimable_postings(session, revisions)
    if not ids:
        return []
    rows = session.connection().execute(_CLAIM, {**values, "ids": ids})
    claimed_postings = sorted(ClaimedPosting(*row) for row in rows)
    if not claimed_postings:
        return []
    if compose:
        places = compose(claimed_postings)
        claimed_postings = [
            posting._replace(place=places.get(posting.id, SENT_SINGLY))
            for posting in claimed_postings
        ]
    attempts = [_build_attempt_row(posting, claim) for posting in claimed_postings]
    bulk.execute_each(session, _INSERT_ATTEMPTS, attempts)
    return claimed_postings


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


def _select_claimable_postings(session: Session, revisions: Mapping[int, int]) -> list[int]:
    """Return the first claimable posting of each document, in the order of their ids."""
    first_by_document: dict[int, int] = {}
    rows = session.execute(_SELECT_READY, {"ids": list(revisions)})
    for id, document_id, revision in rows:
        if revision == revisions[id]:
            first_by_document.setdefault(document_id, id)
    return list(first_by_document.values())


def _build_attempt_row(posting: ClaimedPosting, claim: Claim) -> dict[str, Any]:
    """Return the row of an attempt: its key is that of the posting, or of its place in a batch."""
    batch, bid = posting.place
    return {
        "posting_id": posting.id,
        "generation": posting.generation,
        "requestid": f"{batch}{bid}" if batch else posting.requestid,
        "batch": batch,
        "fence": claim.fence,
        "sent_at": claim.claimed_at,
    }

"""Everything that must stand before a posting is claimed: what to send, compared, complete, and from whom."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, select

from hub import outbox
from hub.db.engine import reading, transaction
from hub.models import Posting, TransactionHead, TransactionSummary
from hub.models.enums import CHANGE_OPERATIONS
from hub.outbox.conditions import IS_DOCUMENT_IN_FLIGHT
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.batch_sizing import MAX_SINGLE_REQUESTS
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide, is_batchable
from hub.posting.protocol.history import LIST_KINDS, Send
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.send import attachments as send_attachments
from hub.qbo import payloads, transaction_index
from hub.qbo.dependents import blocking_link

EXTRA_CANDIDATES = 20  # read beyond the limit, because a document may have several postings


@dataclass(frozen=True)
class Prepared:
    """A posting that may be claimed as it stands at this revision; `file` is what an upload carries.

    `shareable`: it may go in a batch. `snapshot` is its history where that stays so until its answer comes.
    """

    id: int
    revision: int
    app: str
    marker: str = ""
    file: bytes = b""
    is_batchable: bool = False
    snapshot: PostingSnapshot | None = None


def waiting(posting_session: PostingSession, limit: int) -> list[int]:
    """Return the next postings to send, one per document, those that have waited longest first.

    At most `MAX_SINGLE_REQUESTS` of them are sent singly.
    """
    first: dict[int, tuple[int, bool]] = {}
    oldest = _ready(posting_session.installation_ids is not None)
    values = _now(posting_session) | {"most": limit + EXTRA_CANDIDATES}
    with reading() as session:
        for id, document_id, batchable in session.execute(oldest, values):
            first.setdefault(document_id, (id, bool(batchable)))
    single = [id for id, batchable in first.values() if not batchable]
    beyond = set(single[MAX_SINGLE_REQUESTS:])
    return [id for id, _ in first.values() if id not in beyond][:limit]


def count(posting_session: PostingSession) -> int:
    """Return how many postings are to be sent."""
    ready = _ready(posting_session.installation_ids is not None).limit(None).subquery()
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(ready), _now(posting_session))
    return total or 0


def prepare(posting_session: PostingSession, ids: Sequence[int]) -> list[Prepared]:
    """Bring postings to where only the claim is left; take other steps that they need first."""
    prepared: list[Prepared] = []
    other_ids = []
    with reading() as session:
        for one in outcome_load.load_snapshots_for_send(session, posting_session, ids):
            if _goes_as_it_stands(one):
                prepared.append(replace(_as_it_stands(one), snapshot=one))
            else:
                other_ids.append(one.id)
        others = (
            outcome_load.load_snapshots(session, posting_session, other_ids) if other_ids else []
        )
    for one, step in recovery_resolve.advance_until_idle(posting_session, others):
        item = _prepared(posting_session, one, step)
        if item:
            prepared.append(item)
    return prepared


def _goes_as_it_stands(one: PostingSnapshot) -> bool:
    """Whether it is sent for the first time and nothing has to be looked at before."""
    return (
        one.history.operation == "create"
        and not one.posting.approved_payload
        and decide(one.history) == Send()
    )


def _as_it_stands(one: PostingSnapshot) -> Prepared:
    posting, row = one.posting, one.posting.document
    return Prepared(
        posting.id, posting.revision, row.slug, row.marker, is_batchable=is_batchable(one.history)
    )


@cache
def _ready(some: bool) -> Select[int, int, bool]:
    """Ready, checked and due, and whether it may go with others; none whose document has another posting under way.

    Of `some` installations or of all: a constant statement, for to make it takes longer than to carry it out.
    """
    mine = [Posting.company_id == bindparam("company_id")]
    if some:
        mine.append(Posting.installation_id.in_(bindparam("installation_ids", expanding=True)))
    due = outbox.is_due(bindparam("now"), bindparam("furthest"))
    checked = Posting.state == "ready", Posting.checked_at.is_not(None)
    ready = *checked, due, ~IS_DOCUMENT_IN_FLIGHT, outbox.IS_CURRENT
    fresh = and_(
        Posting.operation == "create", Posting.generation == 0, Posting.kind.not_in(LIST_KINDS)
    )
    found = select(Posting.id, Posting.document_id, fresh).where(*mine, *ready)
    return found.order_by(Posting.id).limit(bindparam("most", type_=Integer))


def _now(posting_session: PostingSession) -> dict[str, Any]:
    """The values of that statement."""
    now, some = posting_session.clock.now(), posting_session.installation_ids
    mine = {} if some is None else {"installation_ids": list(some)}
    return {
        "company_id": posting_session.company_id,
        "now": now,
        "furthest": now + outbox.MAX_PAUSE,
        **mine,
    }


def _prepared(posting_session: PostingSession, one: PostingSnapshot, step: Send) -> Prepared | None:
    posting = one.posting
    if step.renew:
        with transaction() as session:
            outcome_record.apply_step(session, posting_session, one, step)
        posting_session.counts["renewed"] += 1
        return None
    if not _approved(posting_session, posting):
        return None
    if posting.operation == "attach":
        file = send_attachments.fetch(posting_session, one)
        return (
            None
            if file is None
            else Prepared(posting.id, posting.revision, posting.document.slug, file=file)
        )
    if posting.operation in CHANGE_OPERATIONS and not (
        _is_free(posting_session, one) and _rebased(posting_session, one, step)
    ):
        return None
    return _as_it_stands(one)


def _approved(posting_session: PostingSession, posting: Posting) -> bool:
    """What was approved is what is posted, or it goes back to review."""
    approved = posting.approved_payload if posting.operation == "create" else None
    if not approved or approved == outbox.fingerprint(posting.payload):
        return True
    with transaction() as session:
        outcome_record.move(session, posting, "review", approved_by=None, approved_payload=None)
    posting_session.counts["review"] += 1
    return False


def _is_free(posting_session: PostingSession, one: PostingSnapshot) -> bool:
    """Whether nothing hangs on what is to be changed, as it was just read; else it is checked once more."""
    posting = one.posting
    if one.entity is None or posting.summary.is_closed:
        return True
    if not blocking_link(
        TransactionHead(
            **transaction_index.head_of(posting_session.company_id, posting.kind, one.entity)
        )
    ):
        return True
    with transaction() as session:
        outcome_record.move(session, posting, "ready", checked_at=None)
    posting_session.counts["rechecked"] += 1
    return False


def _rebased(posting_session: PostingSession, one: PostingSnapshot, step: Send) -> bool:
    """Writes a change against what was just read; bytes that may have left stay as they are."""
    posting, entity = one.posting, one.entity
    assert entity is not None
    base = f"{entity['Id']}:{entity['SyncToken']}"
    if step.resend and step.rebase is None:
        return True
    payload = payloads.encode(_body(posting, entity))
    if (payload, base) == (posting.payload, posting.base):
        return True
    key = posting_session.key(posting, base, posting.generation)
    with transaction() as session:
        return outcome_record.move(
            session, posting, "ready", payload=payload, base=base, requestid=key
        )


def _body(posting: Posting, entity: dict[str, Any]) -> dict[str, Any]:
    if posting.operation == "delete":
        return payloads.delete_body(entity["Id"], entity["SyncToken"])
    if posting.operation == "void":
        return payloads.void_body(entity["Id"], entity["SyncToken"])
    return payloads.for_update(
        json.loads(posting.payload, parse_float=Decimal), entity, _note_before(posting)
    )


def _note_before(posting: Posting) -> str:
    """The note of the document as it was last posted, to tell it from what a person wrote."""
    earlier = (
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.id < posting.id,
    )
    found = (
        select(Posting.meaning)
        .where(*earlier, Posting.state == "posted")
        .order_by(Posting.id.desc())
        .limit(1)
    )
    with reading() as session:
        return TransactionSummary.load(session.scalar(found)).note

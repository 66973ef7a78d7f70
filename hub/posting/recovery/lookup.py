"""Look up what QuickBooks holds of postings in doubt: single reads and complete searches."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import mapping
from hub.db.engine import reading, transaction
from hub.errors import ConnectionTrouble, Retry
from hub.models import Attempt, Posting, Proof, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, TransactionState
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.candidates import verdict
from hub.posting.protocol.decisions import OBJECT_NOT_FOUND
from hub.posting.protocol.history import FORGOTTEN, LIST_KINDS, Agreement, QuickBooksObject
from hub.qbo import payloads, search, transaction_index
from hub.qbo.responses import Answer

OVERLAP = dt.timedelta(minutes=10)  # clocks and indexes differ
ALONE = (*LIST_KINDS, "attachment")  # each is searched for by itself


# -- one object -------------------------------------------------------------------------------------------------------


def read(posting_session: PostingSession, snapshot: PostingSnapshot, id: str) -> PostingSnapshot:
    """Return the state of a posting with the object that QuickBooks has under this id."""
    kind = kind_of(snapshot)
    answer = posting_session.note(posting_session.client().read(kind, id))
    is_missing = answer.outcome == "refused" and answer.code == OBJECT_NOT_FOUND
    if not is_missing:
        check(answer)
    entity = answer.entity if answer.landed else None
    row = entity or {"Id": id, "status": "Deleted"}
    with transaction() as session:
        keep(session, posting_session, kind, [row])
    with reading() as session:
        current = (
            _listed(snapshot, row)
            if kind in ALONE
            else _head(session, posting_session, snapshot, id)
        )
        if snapshot.history.operation in CHANGE_OPERATIONS and answer.landed:
            current = replace(current, agreements=_compared(session, snapshot, row))
    history = replace(snapshot.history, current=current)
    return replace(snapshot, history=history, entity=entity)


def check(answer: Answer) -> Answer:
    """Raises what a call that brought nothing means: nothing may be concluded from it."""
    if answer.outcome == "unauthorised":
        raise ConnectionTrouble(answer.text, answer.after)
    if not answer.landed:
        raise Retry(answer.text, answer.after)
    return answer


def kind_of(snapshot: PostingSnapshot) -> str:
    """The kind of object that a posting makes."""
    return "attachment" if snapshot.history.operation == "attach" else snapshot.posting.kind


def keep(
    session: Session, posting_session: PostingSession, kind: str, entities: Sequence[dict[str, Any]]
) -> None:
    """Puts what QuickBooks showed into the mirror, and its newest date beside it."""
    transaction_index.absorb_all(session, posting_session.company_id, kind, entities)
    posting_session.store_date(session)


def _compared(
    session: Session, snapshot: PostingSnapshot, entity: dict[str, Any]
) -> frozenset[Agreement]:
    """Whether it is as we last left it, and whether it is as this change means it."""
    posting = snapshot.posting
    now = payloads.summarize(posting.kind, entity)
    before = select(Posting).where(
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.state == "posted",
        Posting.operation.in_(("create", "update")),
    )
    last = session.scalars(before.order_by(Posting.id.desc())).first()
    same = set()
    known = payloads.summarize(posting.kind, last.answer) if last and last.answer else None
    if known and posting.kind == "item":
        # People rename items, and the hub keeps the name that it finds.
        known = known._replace(name=now.name)
    if known and not payloads.differences(known, now):
        same.add(Agreement.AS_LAST_POSTED)
    if posting.operation == "update" and not payloads.differences(posting.summary, now):
        same.add(Agreement.AS_CHANGED)
    return frozenset(same)


# -- a complete look --------------------------------------------------------------------------------------------------


def together(snapshots: Iterable[PostingSnapshot]) -> list[list[PostingSnapshot]]:
    """The postings by what one search serves: all transactions of a kind, or one list entry or file."""
    groups: dict[tuple[str, int], list[PostingSnapshot]] = defaultdict(list)
    for snapshot in snapshots:
        kind = kind_of(snapshot)
        groups[kind, snapshot.id if kind in ALONE else 0].append(snapshot)
    return list(groups.values())


def look(
    posting_session: PostingSession, snapshots: list[PostingSnapshot]
) -> list[PostingSnapshot]:
    """Search for postings that one search serves, store the proof of each, and return their states."""
    kind = kind_of(snapshots[0])
    posting_session.collect_dates()
    start = posting_session.date or posting_session.clock.now()
    if kind in ALONE:
        states = [_listing(posting_session, kind, one) for one in snapshots]
    else:
        states = _heads(posting_session, kind, snapshots)
    with transaction() as session:
        session.add_all(proof(posting_session, one, start) for one in states)
        posting_session.store_date(session)
    return states


def mirrored(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot
) -> PostingSnapshot:
    """The posting, with what of its own marker the mirror holds."""
    found = _stored(session, posting_session, snapshot, kind_of(snapshot))
    return _with(
        snapshot,
        [one for one in found if one.marker and one.marker == snapshot.history.marker],
    )


def search_since(
    posting_session: PostingSession, kind: str, since: dt.datetime, markers: Container[str] = ()
) -> dict[str, dict[str, Any]]:
    """Reads everything of a kind created or deleted since then into the mirror; returns what carries these marks."""
    marked: dict[str, dict[str, Any]] = {}
    for page in search.created_since(posting_session.client(), kind, since):
        posting_session.collect_dates()
        with transaction() as session:
            keep(session, posting_session, kind, page)
        marked |= {
            str(row["Id"]): row
            for row in page
            if transaction_index.extract_marker(search.identify(row).note) in markers
        }
    now = posting_session.date or posting_session.clock.now()
    deleted = search.deleted_since(posting_session.client(), kind, max(since, remembered(now)), now)
    with transaction() as session:
        keep(session, posting_session, kind, deleted)
        for entity in deleted:
            mine = update(TransactionHead).where(
                TransactionHead.company_id == posting_session.company_id,
                TransactionHead.kind == kind,
            )
            mine = mine.where(
                TransactionHead.quickbooks_id == str(entity["Id"]),
                TransactionHead.created_at.is_(None),
            )
            session.execute(mine.values(updated_at=search.changed_at(entity)))
    return marked


def remembered(now: dt.datetime) -> dt.datetime:
    """From when on QuickBooks can tell what was deleted."""
    return now - search.CHANGE_RETENTION + OVERLAP


def _heads(
    posting_session: PostingSession, kind: str, snapshots: list[PostingSnapshot]
) -> list[PostingSnapshot]:
    """Search for transactions of a kind, and then by number for those that are still absent."""
    was_searched = bool(posting_session.company.restored_until)
    unsearched = [one for one in snapshots if one.history.sends or not was_searched]
    entities: dict[str, dict[str, Any]] = {}
    if unsearched:
        markers = {one.history.marker for one in snapshots}
        since = min(one.since for one in unsearched) - OVERLAP
        entities = search_since(posting_session, kind, since, markers)
    states = []
    with reading() as session:
        for one in snapshots:
            candidates = _stored(session, posting_session, one, kind)
            states.append(replace(_with(one, candidates), search_entities=entities))
    numbers = {one.history.number for one in states if verdict(one.history) == "absent"}
    numbers.discard("")
    numbered = search.find_by_number(posting_session.client(), kind, sorted(numbers))
    with transaction() as session:
        keep(session, posting_session, kind, numbered)
    with reading() as session:
        return [_with(one, _stored(session, posting_session, one, kind)) for one in states]


def _with(snapshot: PostingSnapshot, found: Sequence[QuickBooksObject]) -> PostingSnapshot:
    return replace(snapshot, history=replace(snapshot.history, search_results=tuple(found)))


def _stored(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, kind: str
) -> list[QuickBooksObject]:
    """Return the indexed transactions that may be the posting.

    They carry its marker or none, and are not older than the posting can be.
    """
    since = snapshot.since - OVERLAP
    marker = snapshot.history.marker
    rows = _head_rows(posting_session, kind)
    conditions = (
        (TransactionHead.created_at >= since, TransactionHead.marker == ""),
        (
            TransactionHead.state == "deleted",
            TransactionHead.created_at.is_(None),
            TransactionHead.updated_at >= since,
            TransactionHead.marker == "",
        ),
        (TransactionHead.marker == marker, TransactionHead.marker != ""),
    )
    unsorted_heads: set[TransactionHead] = set()
    for condition in conditions:
        unsorted_heads.update(session.scalars(rows.where(*condition)))
    heads = sorted(unsorted_heads, key=_by_creation)
    ids = [head.quickbooks_id for head in heads]
    owned = _owned(session, posting_session, snapshot, kind, ids)
    candidates = [_found(head, foreign=head.quickbooks_id in owned) for head in heads]
    if posting_session.date is not None and since < remembered(posting_session.date):
        candidates.append(FORGOTTEN)
    return candidates


def _by_creation(head: TransactionHead) -> tuple[dt.datetime, str]:
    return head.created_at or dt.datetime.min.replace(tzinfo=dt.UTC), head.quickbooks_id


def _head(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, id: str
) -> QuickBooksObject:
    kind = kind_of(snapshot)
    head = session.scalars(
        _head_rows(posting_session, kind).where(TransactionHead.quickbooks_id == id)
    ).one()
    return _found(head, foreign=bool(_owned(session, posting_session, snapshot, kind, [id])))


def _head_rows(posting_session: PostingSession, kind: str) -> Any:
    return select(TransactionHead).where(
        TransactionHead.company_id == posting_session.company_id, TransactionHead.kind == kind
    )


def _found(head: TransactionHead, foreign: bool) -> QuickBooksObject:
    unseen = head.state == "deleted" and head.created_at is None
    return QuickBooksObject(
        id=head.quickbooks_id,
        state=TransactionState(head.state),
        token=head.sync_token,
        marker=head.marker,
        number=head.number,
        party=head.party,
        total=head.total,
        foreign=foreign,
        content_known=not unseen,
    )


def _owned(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    kind: str,
    ids: list[str],
) -> set[str]:
    """Which of these are postings of other documents, or were answered to their sends."""
    own = (
        Posting.company_id == posting_session.company_id,
        Posting.kind == snapshot.posting.kind,
        Posting.id != snapshot.id,
    )
    makes = Posting.operation == ("attach" if kind == "attachment" else "create")
    posted = select(Posting.quickbooks_id).where(*own, makes, Posting.quickbooks_id.in_(ids))
    answered = select(Attempt.seen_id).join(Posting, Posting.id == Attempt.posting_id)
    landed = answered.where(*own, makes, Attempt.outcome == "landed", Attempt.seen_id.in_(ids))
    return {str(id) for id in [*session.scalars(posted), *session.scalars(landed)]}


# -- lists and files --------------------------------------------------------------------------------------------------


def _listing(
    posting_session: PostingSession, kind: str, snapshot: PostingSnapshot
) -> PostingSnapshot:
    client, posting = posting_session.client(), snapshot.posting
    if kind == "attachment":
        entities = search.find_files(client, posting.kind, posting.base)
    else:
        entities = search.find_by_name(client, kind, search.identify(_body(snapshot)).name)
        for page in search.created_since(client, kind, snapshot.since - OVERLAP):
            entities += page
    posting_session.collect_dates()
    found = {str(entity["Id"]): _listed(snapshot, entity) for entity in entities}
    if kind == "attachment":
        with reading() as session:
            owned = _owned(session, posting_session, snapshot, kind, list(found))
        found = {id: replace(one, foreign=id in owned) for id, one in found.items()}
    return _with(snapshot, list(found.values()))


def _listed(snapshot: PostingSnapshot, entity: dict[str, Any]) -> QuickBooksObject:
    """An entry or a file; only a vendor or customer carries our marker, and a file has its name."""
    if entity.get("status") == "Deleted":
        return QuickBooksObject(id=str(entity["Id"]), state=TransactionState.DELETED)
    theirs, meant = search.identify(entity), search.identify(_body(snapshot))
    file = snapshot.history.operation == "attach"
    name = meant.name or (
        snapshot.posting.number if file else ""
    )  # a file that was not fetched yet has no body to send
    equal = mapping.key(theirs.name) == mapping.key(name) and theirs.type in ("", meant.type)
    return QuickBooksObject(
        id=theirs.id,
        state=TransactionState.LIVE if theirs.active else TransactionState.INACTIVE,
        token=theirs.token,
        marker="" if file else transaction_index.extract_marker(theirs.note),
        agreements=frozenset(
            {Agreement.SAME_FILE if file else Agreement.SAME_NAME} if equal else ()
        ),
    )


def _body(snapshot: PostingSnapshot) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(snapshot.posting.payload or b"{}")
    return body


def proof(posting_session: PostingSession, snapshot: PostingSnapshot, until: dt.datetime) -> Proof:
    """What a look found, to be stored."""
    history = snapshot.history
    return Proof(
        posting_id=snapshot.id,
        generation=snapshot.posting.generation,
        at=posting_session.clock.now(),
        since=snapshot.since - OVERLAP,
        until=until,
        rows=len(history.search_results or ()),
        sends=len(history.sends),
        found=verdict(history),
        detail={"candidates": [found.id for found in history.search_results or ()][:20]},
    )

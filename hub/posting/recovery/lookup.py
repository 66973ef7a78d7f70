"""What QuickBooks holds that may be a posting: single reads, and complete looks shared by all that are in doubt."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import mapping
from hub.db.engine import reading, transaction
from hub.errors import ConnectionTrouble, Retry
from hub.models import Attempt, Head, Posting, Proof
from hub.posting.outcome.load import Past
from hub.posting.outcome.session import Worker
from hub.posting.protocol.decisions import CHANGES, MISSING, NAMES, verdict
from hub.posting.protocol.history import FORGOTTEN, Found, State
from hub.qbo import payloads, search, transaction_index
from hub.qbo.responses import Answer

OVERLAP = dt.timedelta(minutes=10)  # clocks and indexes differ
ALONE = (*NAMES, "attachment")  # each is searched for by itself


# -- one object -------------------------------------------------------------------------------------------------------


def read(worker: Worker, past: Past, id: str) -> Past:
    """The posting, with what stands in QuickBooks under this id."""
    kind = kind_of(past)
    answer = worker.note(worker.client().read(kind, id))
    if answer.outcome != "refused" or answer.code != MISSING:
        check(answer)
    shown = answer.entity if answer.landed and answer.entity else {"Id": id, "status": "Deleted"}
    with transaction() as session:
        keep(session, worker, kind, [shown])
    with reading() as session:
        found = _listed(past, shown) if kind in ALONE else _head(session, worker, past, id)
        if past.history.operation in CHANGES and answer.landed:
            found = replace(found, same=_compared(session, past, shown))
    entity = answer.entity if answer.landed else None
    return replace(past, history=replace(past.history, read=found), entity=entity)


def check(answer: Answer) -> Answer:
    """Raises what a call that brought nothing means: nothing may be concluded from it."""
    if answer.outcome == "unauthorised":
        raise ConnectionTrouble(answer.text, answer.after)
    if not answer.landed:
        raise Retry(answer.text, answer.after)
    return answer


def kind_of(past: Past) -> str:
    """The kind of object that a posting makes."""
    return "attachment" if past.history.operation == "attach" else past.posting.kind


def keep(session: Session, worker: Worker, kind: str, entities: Sequence[dict[str, Any]]) -> None:
    """Puts what QuickBooks showed into the mirror, and its newest date beside it."""
    transaction_index.absorb_all(session, worker.company_id, kind, entities)
    worker.keep_date(session)


def _compared(session: Session, past: Past, entity: dict[str, Any]) -> frozenset[str]:
    """Whether it is as we last left it, and whether it is as this change means it."""
    posting = past.posting
    now = payloads.meaning(posting.kind, entity)
    before = select(Posting).where(
        Posting.document_id == posting.document_id, Posting.part == posting.part, Posting.state == "posted",
        Posting.operation.in_(("create", "update")),
    )  # fmt: skip
    last = session.scalars(before.order_by(Posting.id.desc())).first()
    same = set()
    known = payloads.meaning(posting.kind, last.answer) if last and last.answer else None
    if known and posting.kind == "item":
        known["name"] = now["name"]  # people rename items, and the hub keeps the name that it finds
    if known and not payloads.differences(known, now):
        same.add("known")
    if posting.operation == "update" and not payloads.differences(posting.meaning, now):
        same.add("meant")
    return frozenset(same)


# -- a complete look --------------------------------------------------------------------------------------------------


def together(pasts: Iterable[Past]) -> list[list[Past]]:
    """The postings by what one search serves: all transactions of a kind, or one list entry or file."""
    groups: dict[tuple[str, int], list[Past]] = defaultdict(list)
    for past in pasts:
        kind = kind_of(past)
        groups[kind, past.id if kind in ALONE else 0].append(past)
    return list(groups.values())


def look(worker: Worker, pasts: list[Past]) -> list[Past]:
    """The postings that one search serves, each with all that it may be; each gets its proof."""
    kind = kind_of(pasts[0])
    worker.hear()
    start = worker.date or worker.clock.now()
    found = (
        [_listing(worker, kind, past) for past in pasts]
        if kind in ALONE
        else _heads(worker, kind, pasts)
    )
    with transaction() as session:
        session.add_all(proof(worker, past, start) for past in found)
        worker.keep_date(session)
    return found


def mirrored(session: Session, worker: Worker, past: Past) -> Past:
    """The posting, with what of its own marker the mirror holds."""
    found = _stored(session, worker, past, kind_of(past))
    return _with(past, [one for one in found if one.marker and one.marker == past.history.marker])


def search_since(
    worker: Worker, kind: str, since: dt.datetime, markers: Container[str] = ()
) -> dict[str, dict[str, Any]]:
    """Reads everything of a kind created or deleted since then into the mirror; returns what carries these marks."""
    marked: dict[str, dict[str, Any]] = {}
    for page in search.created_since(worker.client(), kind, since):
        worker.hear()
        with transaction() as session:
            keep(session, worker, kind, page)
        marked |= {
            str(row["Id"]): row
            for row in page
            if transaction_index.extract_marker(search.identify(row).note) in markers
        }
    now = worker.date or worker.clock.now()
    deleted = search.deleted_since(worker.client(), kind, max(since, remembered(now)), now)
    with transaction() as session:
        keep(session, worker, kind, deleted)
        for entity in deleted:
            mine = update(Head).where(Head.company_id == worker.company_id, Head.kind == kind)
            mine = mine.where(Head.quickbooks_id == str(entity["Id"]), Head.created_at.is_(None))
            session.execute(mine.values(updated_at=search.changed_at(entity)))
    return marked


def remembered(now: dt.datetime) -> dt.datetime:
    """From when on QuickBooks can tell what was deleted."""
    return now - search.CHANGES_KEPT + OVERLAP


def _heads(worker: Worker, kind: str, pasts: list[Past]) -> list[Past]:
    until = worker.company.restored_until
    unsearched = [past for past in pasts if past.history.sends or not until]
    marked: dict[str, dict[str, Any]] = {}
    if unsearched:
        markers = {past.history.marker for past in pasts}
        marked = search_since(
            worker, kind, min(past.since for past in unsearched) - OVERLAP, markers
        )
    with reading() as session:
        found = [
            replace(_with(past, _stored(session, worker, past, kind)), shown=marked)
            for past in pasts
        ]
    absent = {past.history.number for past in found if verdict(past.history) == "absent"} - {""}
    entities = search.find_by_number(worker.client(), kind, sorted(absent))
    with transaction() as session:
        keep(session, worker, kind, entities)
    with reading() as session:
        return [_with(past, _stored(session, worker, past, kind)) for past in found]


def _with(past: Past, found: Sequence[Found]) -> Past:
    return replace(past, history=replace(past.history, looked=tuple(found)))


def _stored(session: Session, worker: Worker, past: Past, kind: str) -> list[Found]:
    """Those in the mirror that no other identity has marked, and that are not older than the posting can be."""
    since, marker, mine = past.since - OVERLAP, past.history.marker, _head_rows(worker, kind)
    made = Head.created_at >= since, Head.marker == ""
    deleted = (
        Head.state == "deleted",
        Head.created_at.is_(None),
        Head.updated_at >= since,
        Head.marker == "",
    )
    ways = made, deleted, (Head.marker == marker, Head.marker != "")
    heads = sorted(
        {head for way in ways for head in session.scalars(mine.where(*way))}, key=_by_creation
    )
    owned = _owned(session, worker, past, kind, [head.quickbooks_id for head in heads])
    found = [_found(head, foreign=head.quickbooks_id in owned) for head in heads]
    old = worker.date is not None and since < remembered(worker.date)
    return [*found, FORGOTTEN] if old else found


def _by_creation(head: Head) -> tuple[dt.datetime, str]:
    return head.created_at or dt.datetime.min.replace(tzinfo=dt.UTC), head.quickbooks_id


def _head(session: Session, worker: Worker, past: Past, id: str) -> Found:
    kind = kind_of(past)
    head = session.scalars(_head_rows(worker, kind).where(Head.quickbooks_id == id)).one()
    return _found(head, foreign=bool(_owned(session, worker, past, kind, [id])))


def _head_rows(worker: Worker, kind: str) -> Any:
    return select(Head).where(Head.company_id == worker.company_id, Head.kind == kind)


def _found(head: Head, foreign: bool) -> Found:
    unseen = head.state == "deleted" and head.created_at is None
    return Found(
        id=head.quickbooks_id,
        state=cast(State, head.state),
        token=head.sync_token,
        marker=head.marker,
        number=head.number,
        party=head.party,
        total=head.total,
        foreign=foreign,
        seen=not unseen,
    )


def _owned(session: Session, worker: Worker, past: Past, kind: str, ids: list[str]) -> set[str]:
    """Which of these are postings of other documents, or were answered to their sends."""
    own = (
        Posting.company_id == worker.company_id,
        Posting.kind == past.posting.kind,
        Posting.id != past.id,
    )
    makes = Posting.operation == ("attach" if kind == "attachment" else "create")
    posted = select(Posting.quickbooks_id).where(*own, makes, Posting.quickbooks_id.in_(ids))
    answered = select(Attempt.seen_id).join(Posting, Posting.id == Attempt.posting_id)
    landed = answered.where(*own, makes, Attempt.outcome == "landed", Attempt.seen_id.in_(ids))
    return {str(id) for id in [*session.scalars(posted), *session.scalars(landed)]}


# -- lists and files --------------------------------------------------------------------------------------------------


def _listing(worker: Worker, kind: str, past: Past) -> Past:
    client, posting = worker.client(), past.posting
    if kind == "attachment":
        entities = search.find_files(client, posting.kind, posting.base)
    else:
        entities = search.find_by_name(client, kind, search.identify(_body(past)).name)
        for page in search.created_since(client, kind, past.since - OVERLAP):
            entities += page
    worker.hear()
    found = {str(entity["Id"]): _listed(past, entity) for entity in entities}
    if kind == "attachment":
        with reading() as session:
            owned = _owned(session, worker, past, kind, list(found))
        found = {id: replace(one, foreign=id in owned) for id, one in found.items()}
    return _with(past, list(found.values()))


def _listed(past: Past, entity: dict[str, Any]) -> Found:
    """An entry or a file; only a vendor or customer carries our marker, and a file has its name."""
    if entity.get("status") == "Deleted":
        return Found(id=str(entity["Id"]), state="deleted")
    theirs, meant = search.identify(entity), search.identify(_body(past))
    file = past.history.operation == "attach"
    name = meant.name or (
        past.posting.number if file else ""
    )  # a file that was not fetched yet has no body to send
    equal = mapping.key(theirs.name) == mapping.key(name) and theirs.type in ("", meant.type)
    return Found(
        id=theirs.id,
        state="live" if theirs.active else "inactive",
        token=theirs.token,
        marker="" if file else transaction_index.extract_marker(theirs.note),
        same=frozenset({"file" if file else "name"} if equal else ()),
    )


def _body(past: Past) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(past.posting.payload or b"{}")
    return body


def proof(worker: Worker, past: Past, until: dt.datetime) -> Proof:
    """What a look found, to be stored."""
    history = past.history
    return Proof(
        posting_id=past.id,
        generation=past.posting.generation,
        at=worker.clock.now(),
        since=past.since - OVERLAP,
        until=until,
        rows=len(history.looked or ()),
        sends=len(history.sends),
        found=verdict(history),
        detail={"candidates": [found.id for found in history.looked or ()][:20]},
    )

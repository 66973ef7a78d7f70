"""What QuickBooks shows now of what we posted: read in pages and by hundreds, one alone only where those miss it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select

from hub.db.engine import reading, transaction
from hub.models import Posting, TransactionHead
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import OBJECT_NOT_FOUND
from hub.posting.protocol.history import LIST_KINDS
from hub.posting.reconcile import markers, posted_documents
from hub.posting.recovery import lookup
from hub.qbo import search

FEW = 20  # that may be asked for one by one
AT_ONCE = 5000
Shown = dict[tuple[str, str], dict[str, Any]]


def fetch_current(posting_session: PostingSession, wanted: Mapping[str, Iterable[str]]) -> Shown:
    """The objects of these ids by kind and id, without those that are no longer there."""
    found: Shown = {}
    for kind, ids in wanted.items():
        left = list(dict.fromkeys(ids))
        found |= {
            (kind, str(entity["Id"])): entity
            for entity in search.find_by_ids(posting_session.client(), kind, left)
        }
        for id in left:
            # A query does not know yet what was posted a moment ago, so its silence proves nothing.
            if (kind, id) not in found and (entity := _alone(posting_session, kind, id)):
                found[kind, id] = entity
    posting_session.collect_dates()
    return found


def refresh(posting_session: PostingSession) -> None:
    """Brings the head of every posting to what QuickBooks shows now; what it no longer shows is deleted.

    One page of a thousand after the other, in the order of creation: ours, and any other that carries a mark of ours.
    """
    done = 0
    for kind, since in _kinds(posting_session):
        seen: set[str] = set()
        for page in search.created_since(posting_session.client(), kind, since - lookup.OVERLAP):
            posting_session.collect_dates()
            with transaction() as session:
                lookup.keep(session, posting_session, kind, page)
            seen.update(str(row["Id"]) for row in page)
            done += len(page)
            posting_session.report_progress("reading", done, 0)
        _others(posting_session, kind, seen)


def _kinds(posting_session: PostingSession) -> list[tuple[str, dt.datetime]]:
    """The kinds that were posted, and since when."""
    first = func.min(func.coalesce(Posting.sent_date, Posting.created_at))
    made = posted_documents.made(posting_session.company_id)
    with reading() as session:
        found = session.execute(select(Posting.kind, first).where(*made).group_by(Posting.kind))
        return [(kind, since) for kind, since in found if kind not in LIST_KINDS]


def _others(posting_session: PostingSession, kind: str, seen: set[str]) -> None:
    """What the pages did not show though we know it: older ones that were taken over, brand-new and deleted ones."""
    with reading() as session:
        heads = session.scalars(
            markers.foreign(posting_session.company_id).where(TransactionHead.kind == kind)
        ).all()
    _ask(
        posting_session,
        kind,
        [head.quickbooks_id for head in heads if head.quickbooks_id not in seen],
    )
    last = 0
    while True:
        with reading() as session:
            known = (
                select(Posting.id, Posting.quickbooks_id)
                .outerjoin(TransactionHead, posted_documents.SAME_HEAD)
                .where(
                    *posted_documents.made(posting_session.company_id),
                    Posting.kind == kind,
                    Posting.id > last,
                    or_(TransactionHead.state.is_(None), TransactionHead.state != "deleted"),
                )
            )
            rows = session.execute(known.order_by(Posting.id).limit(AT_ONCE)).all()
        if not rows:
            return
        last = rows[-1][0]
        _ask(posting_session, kind, [id for _, id in rows if id and id not in seen])


def _ask(posting_session: PostingSession, kind: str, ids: list[str]) -> None:
    if not ids:
        return
    gone = _deleted(posting_session, kind) & set(ids) if len(ids) > FEW else set()
    shown = fetch_current(posting_session, {kind: [id for id in ids if id not in gone]})
    entities = [shown.get((kind, id), {"Id": id, "status": "Deleted"}) for id in ids]
    with transaction() as session:
        lookup.keep(session, posting_session, kind, entities)


def _deleted(posting_session: PostingSession, kind: str) -> set[str]:
    """What QuickBooks remembers of deletions; many at once need not be asked for one by one."""
    now = posting_session.date or posting_session.clock.now()
    found = search.deleted_since(posting_session.client(), kind, lookup.remembered(now), now)
    return {str(entity["Id"]) for entity in found}


def _alone(posting_session: PostingSession, kind: str, id: str) -> dict[str, Any] | None:
    answer = posting_session.note(posting_session.client().read(kind, id))
    if answer.outcome == "refused" and answer.code == OBJECT_NOT_FOUND:
        return None
    return lookup.check(answer).entity

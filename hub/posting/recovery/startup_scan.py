"""Looks, before a process's first create of a kind, for what is in QuickBooks under our marks and not known as done."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import and_, select

from hub import context as hub_context
from hub import outbox
from hub.db.engine import reading, transaction
from hub.models import Company, Head, Posting, SourceDocument
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome.load import Past
from hub.posting.outcome.session import Worker
from hub.posting.protocol.decisions import NAMES
from hub.posting.protocol.history import Quiet
from hub.posting.recovery import lookup, restore
from hub.posting.recovery import resolve as recovery_resolve


def look(worker: Worker) -> None:
    """One search by creation time for each kind that is about to be created and was not searched by this process."""
    kinds = [
        kind for kind in _kinds(worker) if (worker.company_id, kind) not in worker.memory.scanned
    ]
    since = _bound(worker)
    for kind in kinds:
        lookup.search_since(worker, kind, since - lookup.OVERLAP)
        adopt(worker, kind)
        worker.memory.scanned.add((worker.company_id, kind))


def after_restore(worker: Worker) -> None:
    """The same from the newest posting known at a restore, for every kind that may have been posted."""
    company = worker.company
    if not company.restored_since or company.restored_until or restore.left(worker) > 0:
        return
    worker.ping()
    start = worker.date
    for kind in sorted(_posted_kinds()):
        lookup.search_since(worker, kind, company.restored_since - lookup.OVERLAP)
        adopt(worker, kind)
    with transaction() as session:
        session.get_one(Company, worker.company_id).restored_until = start
    worker.reload()


def adopt(worker: Worker, kind: str) -> None:
    """Postings whose mark stands in QuickBooks though nothing says that they were sent."""
    marked = and_(
        Head.company_id == SourceDocument.company_id, Head.marker == SourceDocument.marker, Head.kind == kind,
        Head.state == "live",
    )  # fmt: skip
    open_ = Posting.state.in_((*outbox.UNSENT, "withdrawn"))
    mine = (
        Posting.company_id == worker.company_id,
        Posting.kind == kind,
        Posting.operation == "create",
        open_,
    )
    stands = select(Head.marker).where(
        marked, SourceDocument.id == Posting.document_id, Head.marker != ""
    )
    with reading() as session:
        ids = list(session.scalars(select(Posting.id).where(*mine, stands.exists())))
        pasts = outcome_load.load(session, worker, ids)
        seen = [lookup.mirrored(session, worker, one) for one in pasts]
    recovery_resolve.carry(worker, [_as_found(one) for one in seen if one.history.looked])


def _as_found(one: Past) -> Past:
    """As if it were in doubt and nothing could land any more: what carries its mark is there already."""
    history = replace(
        one.history, state="unknown", sends=(), kept=None, quiet=Quiet(mine=True, here=math.inf)
    )
    return replace(one, history=history)


def _kinds(worker: Worker) -> list[str]:
    ready = select(Posting.kind).where(
        *worker.mine(), Posting.state == "ready", Posting.operation == "create"
    )
    with reading() as session:
        return [kind for kind in session.scalars(ready.distinct()) if kind not in NAMES]


def _bound(worker: Worker) -> dt.datetime:
    """The newest posting known when this process first posted for the company."""
    known = worker.memory.bounds.get(worker.company_id)
    if known is None:
        with reading() as session:
            known = restore.newest(session, worker.company_id) or worker.company.connected_at
        worker.memory.bounds[worker.company_id] = known
    return known


def _posted_kinds() -> Iterable[str]:
    apps = hub_context.current().plugins.apps.values()
    return {kind for app in apps for kind in app.posts} - set(NAMES)

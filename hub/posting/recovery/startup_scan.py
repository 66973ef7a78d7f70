"""Search QuickBooks for marked transactions that no posting accounts for."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import and_, select

from hub import context as hub_context
from hub import outbox
from hub.db.engine import reading, transaction
from hub.models import Company, Posting, SourceDocument, TransactionHead
from hub.models.enums import PostingState
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import LIST_KINDS, QuietPeriod
from hub.posting.recovery import lookup, restore
from hub.posting.recovery import resolve as recovery_resolve


def look(posting_session: PostingSession) -> None:
    """One search by creation time for each kind that is about to be created and was not searched by this process."""
    kinds = [
        kind
        for kind in _kinds(posting_session)
        if (posting_session.company_id, kind) not in posting_session.memory.scanned
    ]
    since = _bound(posting_session)
    for kind in kinds:
        lookup.search_since(posting_session, kind, since - lookup.OVERLAP)
        adopt(posting_session, kind)
        posting_session.memory.scanned.add((posting_session.company_id, kind))


def after_restore(posting_session: PostingSession) -> None:
    """The same from the newest posting known at a restore, for every kind that may have been posted."""
    company = posting_session.company
    if (
        not company.restored_since
        or company.restored_until
        or restore.seconds_left(posting_session) > 0
    ):
        return
    posting_session.fetch_date()
    start = posting_session.date
    for kind in sorted(_posted_kinds()):
        lookup.search_since(posting_session, kind, company.restored_since - lookup.OVERLAP)
        adopt(posting_session, kind)
    with transaction() as session:
        session.get_one(Company, posting_session.company_id).restored_until = start
    posting_session.reload()


def adopt(posting_session: PostingSession, kind: str) -> None:
    """Postings whose mark stands in QuickBooks though nothing says that they were sent."""
    marked = and_(
        TransactionHead.company_id == SourceDocument.company_id,
        TransactionHead.marker == SourceDocument.marker,
        TransactionHead.kind == kind,
        TransactionHead.state == "live",
    )
    open_ = Posting.state.in_((*outbox.UNSENT, "withdrawn"))
    mine = (
        Posting.company_id == posting_session.company_id,
        Posting.kind == kind,
        Posting.operation == "create",
        open_,
    )
    stands = select(TransactionHead.marker).where(
        marked, SourceDocument.id == Posting.document_id, TransactionHead.marker != ""
    )
    with reading() as session:
        ids = list(session.scalars(select(Posting.id).where(*mine, stands.exists())))
        snapshots = outcome_load.load_snapshots(session, posting_session, ids)
        seen = [lookup.mirrored(session, posting_session, one) for one in snapshots]
    recovery_resolve.advance_until_idle(
        posting_session, [_as_found(one) for one in seen if one.history.search_results]
    )


def _as_found(one: PostingSnapshot) -> PostingSnapshot:
    """As if it were in doubt and nothing could land any more: what carries its mark is there already."""
    history = replace(
        one.history,
        state=PostingState.UNKNOWN,
        sends=(),
        recorded_id=None,
        quiet_period=QuietPeriod(is_own_call=True, local_seconds=math.inf),
    )
    return replace(one, history=history)


def _kinds(posting_session: PostingSession) -> list[str]:
    ready = select(Posting.kind).where(
        *posting_session.own_postings(), Posting.state == "ready", Posting.operation == "create"
    )
    with reading() as session:
        return [kind for kind in session.scalars(ready.distinct()) if kind not in LIST_KINDS]


def _bound(posting_session: PostingSession) -> dt.datetime:
    """The newest posting known when this process first posted for the company."""
    known = posting_session.memory.bounds.get(posting_session.company_id)
    if known is None:
        with reading() as session:
            known = (
                restore.newest(session, posting_session.company_id)
                or posting_session.company.connected_at
            )
        posting_session.memory.bounds[posting_session.company_id] = known
    return known


def _posted_kinds() -> Iterable[str]:
    apps = hub_context.current().plugins.apps.values()
    return {kind for app in apps for kind in app.posts} - set(LIST_KINDS)

"""Claim prepared postings: commit keys, bytes and batches before the first byte leaves."""

import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Table, bindparam, update

from hub import outbox
from hub.db.engine import transaction
from hub.models import Company
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.session import PostingSession
from hub.posting.recovery import restore
from hub.posting.send.prepare import Prepared
from hub.posting.send.requests import SendJob

_companies = cast(Table, Company.__table__)
_COUNTED = (
    update(_companies)
    .where(_companies.c.id == bindparam("_company"))
    .values(sends=_companies.c.sends + bindparam("_claimed"))
    .returning(_companies.c.sends)
)


def claim_prepared(posting_session: PostingSession, prepared: Sequence[Prepared]) -> list[SendJob]:
    """Commits keys, bytes, what goes together, and QuickBooks' date before the first byte leaves."""
    if not prepared:
        return []
    fence = uuid.uuid4().hex
    started = posting_session.clock.monotonic()
    about = {one.id: one for one in prepared}
    apps = {one.id: one.app for one in prepared if one.is_batchable}
    places: dict[int, outbox.BatchPlace] = {}

    def compose(claimed: Sequence[outbox.ClaimedPosting]) -> Mapping[int, outbox.BatchPlace]:
        places.update(batch_sizing.compose(claimed, apps, posting_session.batch_sizer))
        return places

    with transaction() as session:
        posting_session.store_date(session)
        claimed = outbox.claim(
            session,
            about,
            fence,
            posting_session.clock.now(),
            run_id=posting_session.run_id,
            doubted=posting_session.latest(),
            compose=compose,
            revisions={one.id: one.revision for one in prepared},
        )
        if not claimed:
            return []
        counted = {"_company": posting_session.company_id, "_claimed": len(claimed)}
        total = session.connection().execute(_COUNTED, counted).scalar_one()
    restore.count(posting_session, total)
    return [
        _job(posting, fence, started, about[posting.id], places.get(posting.id))
        for posting in claimed
    ]


def _job(
    posting: outbox.ClaimedPosting,
    fence: str,
    started: float,
    about: Prepared,
    place: outbox.BatchPlace | None,
) -> SendJob:
    batch, bid = place or ("", "")
    return SendJob(
        posting,
        fence,
        started,
        about.app,
        about.file,
        about.marker,
        batch,
        bid,
        about.snapshot,
    )

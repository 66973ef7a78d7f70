"""Claim prepared postings: commit keys, bytes and batches before the first byte leaves."""

import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Table, bindparam, update

from hub.db import lease_rows
from hub.db.engine import transaction
from hub.models import ConnectedCompany
from hub.posting import claims
from hub.posting.claims import BatchPlace, ClaimedPosting
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.session import PostingSession
from hub.posting.recovery import restore
from hub.posting.send.prepare import PreparedPosting
from hub.posting.send.requests import SendJob

_companies = cast(Table, ConnectedCompany.__table__)
_ADD_TO_CLAIM_COUNT = (
    update(_companies)
    .where(_companies.c.id == bindparam("_company"))
    .values(sends=_companies.c.sends + bindparam("_claimed"))
    .returning(_companies.c.sends)
)


def claim_prepared(
    posting_session: PostingSession, prepared: Sequence[PreparedPosting]
) -> list[SendJob]:
    """Commit keys, bytes, batches and QuickBooks' date, and return the jobs that may be sent."""
    if not prepared:
        return []
    fence = uuid.uuid4().hex
    started = posting_session.clock.monotonic()
    prepared_by_id = {posting.id: posting for posting in prepared}
    apps = {posting.id: posting.app for posting in prepared if posting.is_batchable}
    places: dict[int, BatchPlace] = {}

    def compose(claimed: Sequence[ClaimedPosting]) -> Mapping[int, BatchPlace]:
        places.update(batch_sizing.compose_batches(claimed, apps, posting_session.batch_sizer))
        return places

    with transaction() as session:
        lease_rows.confirm_all(session)
        posting_session.store_date(session)
        claimed = claims.claim(
            session,
            prepared_by_id,
            fence,
            posting_session.clock.now(),
            run_id=posting_session.run_id,
            doubted_date=posting_session.latest_date(),
            compose=compose,
            revisions={posting.id: posting.revision for posting in prepared},
        )
        if not claimed:
            return []
        values = {"_company": posting_session.company_id, "_claimed": len(claimed)}
        claim_count = session.connection().execute(_ADD_TO_CLAIM_COUNT, values).scalar_one()
    restore.store_claim_count(posting_session, claim_count)
    return [
        _build_job(posting, fence, started, prepared_by_id[posting.id], places.get(posting.id))
        for posting in claimed
    ]


def _build_job(
    posting: ClaimedPosting,
    fence: str,
    started: float,
    prepared: PreparedPosting,
    place: BatchPlace | None,
) -> SendJob:
    return SendJob(
        posting=posting,
        fence=fence,
        started=started,
        app=prepared.app,
        file=prepared.file,
        marker=prepared.marker,
        batch=place.batch if place else "",
        bid=place.bid if place else "",
        snapshot=prepared.snapshot,
    )

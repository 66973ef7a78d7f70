"""Claim prepared postings: commit keys, bytes and batches before the first byte is sent."""

import uuid
from collections.abc import Sequence
from functools import partial
from typing import cast

from sqlalchemy import Table, bindparam, update

from hub.db import lease_rows
from hub.db.engine import transaction
from hub.models import ConnectedCompany
from hub.posting.claims import Claim, ClaimedPosting, claim_postings
from hub.posting.outcome.batch_sizing import compose_batches
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
    posting_session: PostingSession, prepared_postings: Sequence[PreparedPosting]
) -> list[SendJob]:
    """Commit keys, bytes, batches and QuickBooks' date, and return the jobs that may be sent."""
    if not prepared_postings:
        return []
    fence = uuid.uuid4().hex
    start = posting_session.clock.monotonic()
    prepared_by_id = {posting.id: posting for posting in prepared_postings}
    apps = {posting.id: posting.app for posting in prepared_postings if posting.is_batchable}
    with transaction() as session:
        lease_rows.confirm_all(session)
        posting_session.store_date(session)
        claim = Claim(
            fence=fence,
            claimed_at=posting_session.clock.now(),
            run_id=posting_session.run_id,
            doubted_date=posting_session.latest_possible_date(),
        )
        revisions = {posting.id: posting.revision for posting in prepared_postings}
        compose = partial(compose_batches, apps=apps, batch_sizer=posting_session.batch_sizer)
        claimed_postings = claim_postings(session, revisions, claim, compose)
        if not claimed_postings:
            return []
        values = {"_company": posting_session.company_id, "_claimed": len(claimed_postings)}
        claim_count = session.connection().execute(_ADD_TO_CLAIM_COUNT, values).scalar_one()
    restore.store_claim_count(posting_session, claim_count)
    return [
        _build_job(posting, fence, start, prepared_by_id[posting.id])
        for posting in claimed_postings
    ]


def _build_job(
    posting: ClaimedPosting, fence: str, start: float, prepared_posting: PreparedPosting
) -> SendJob:
    return SendJob(
        posting=posting,
        fence=fence,
        started=start,
        app=prepared_posting.app,
        file=prepared_posting.file,
        marker=prepared_posting.marker,
        snapshot=prepared_posting.snapshot,
    )

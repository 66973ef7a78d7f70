"""Detect that an older database was restored, and limit the period that it may lack."""

import datetime as dt
import os
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import bulk
from hub.db.database_identity import Identity, IdentityDifference, compare, read
from hub.db.engine import transaction
from hub.errors import FolderUnavailable
from hub.models import Attempt, ConnectedCompany, Posting
from hub.models.enums import PostingState, SendOutcome
from hub.outbox.states import FINAL
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import QuietPeriod

# The time from noticing a restore until it is settled: then QuickBooks' index is complete, and no
# request from before the restore is in progress.
SETTLING_TIME = dt.timedelta(hours=1)
MAX_NEWEST_POSTINGS = 500  # the newest date is searched among these


def store_claim_count(posting_session: PostingSession, count: int) -> None:
    """Store in a file next to the database how many claims there were.

    Call this after a claim is committed and before its postings are sent.
    """
    realm = posting_session.company.realm
    path = _get_counter_path(realm)
    draft = path.with_suffix(".draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w") as file:
            file.write(str(max(count, _read_stored_claim_count(realm))))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise FolderUnavailable(path, error) from error


def detect_restore(posting_session: PostingSession) -> None:
    """Detect a restore: more was sent than the database records, or it is another database."""
    company = posting_session.company
    if _read_stored_claim_count(company.realm) > company.sends:
        _note_restore(posting_session, company.database_identity)
    if posting_session.config.is_distributed:
        _compare_identity(posting_session)
    note_first_date(posting_session)


def note_first_date(posting_session: PostingSession) -> None:
    """Store QuickBooks' date when a restore is first seen, unless it is stored or not known.

    Only what is found after this date proves an absence, so it must be from before the search.
    """
    company = posting_session.company
    if company.restored_since is None or company.restored_seen is not None:
        return
    posting_session.fetch_date()
    with transaction() as session:
        company_row = session.get_one(ConnectedCompany, company.id)
        company_row.restored_seen = posting_session.latest_possible_date()
    posting_session.reload()


def has_restarted(posting_session: PostingSession) -> bool:
    """Return whether the server of the database was started again, and nothing else happened.

    A restore of the whole machine looks the same. The result stays True until `store_identity` is
    called.
    """
    if not posting_session.config.is_distributed:
        return False
    identity = posting_session.company.database_identity
    return identity is not None and compare(identity, read()) == IdentityDifference.RESTARTED


def store_identity(posting_session: PostingSession, identity: Identity) -> None:
    """Store which database this is."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, posting_session.company_id)
        company.database_identity = dict(identity)
    posting_session.reload()


def declare_restore() -> None:
    """Record that a person restored the database, so that its unposted postings are in doubt."""
    with transaction() as session:
        for company in session.scalars(select(ConnectedCompany)):
            _mark_restored(session, company)


def find_newest_posting_date(session: Session, company_id: int) -> dt.datetime | None:
    """Return QuickBooks' date of the newest posting that the database has.

    The date may be somewhat earlier, but never later.
    """
    newest_ids = (
        select(Posting.id)
        .where(Posting.company_id == company_id, Posting.state == PostingState.POSTED)
        .order_by(Posting.id.desc())
        .limit(MAX_NEWEST_POSTINGS)
    )
    query = select(func.max(Attempt.quickbooks_date)).where(
        Attempt.posting_id.in_(newest_ids), Attempt.outcome == SendOutcome.LANDED
    )
    return session.scalar(query)


def compute_seconds_left(posting_session: PostingSession) -> float:
    """Return the seconds until no request from before the restore can still be carried out.

    Return 0 if there was no restore, or if QuickBooks was searched since.
    """
    company = posting_session.company
    if not company.restored_since or company.restored_until:
        return 0.0
    now = posting_session.clock.monotonic()
    key = (0, f"restore {company.id} {company.restored_seen}")
    first_seen = posting_session.memory.first_seen.setdefault(key, now)
    remote_seconds = None
    if posting_session.newest_date and company.restored_seen:
        remote_seconds = (posting_session.newest_date - company.restored_seen).total_seconds()
    period = QuietPeriod(
        local_seconds=now - first_seen,
        remote_seconds=remote_seconds,
        deadline_seconds=posting_session.config.deadline_seconds,
        quiet_seconds=posting_session.config.quiet_seconds,
    )
    return period.seconds_left()


def is_search_due(posting_session: PostingSession) -> bool:
    """Return whether QuickBooks is to be searched for what the database may have forgotten.

    A search is due when no request from before the restore can still be carried out, and once more
    after the settling time.
    """
    company = posting_session.company
    if not company.restored_until:
        return compute_seconds_left(posting_session) <= 0
    return not company.restore_settled and _is_settling_time_over(posting_session)


def _is_settling_time_over(posting_session: PostingSession) -> bool:
    """Return whether the settling time is over by QuickBooks' date.

    The date is read only if the settling time is over by the clock of this computer.
    """
    if posting_session.company.restored_seen is None:
        return False
    ends_at = posting_session.company.restored_seen + SETTLING_TIME
    if posting_session.newest_date is None and posting_session.clock.now() >= ends_at:
        posting_session.fetch_date()
    return posting_session.newest_date is not None and posting_session.newest_date >= ends_at


def store_search(posting_session: PostingSession, began_at: dt.datetime | None) -> None:
    """Store that QuickBooks was searched completely after a restore.

    The restore is settled if the search began, by QuickBooks' date, after the settling time.
    Postings that were checked before the search are checked again, because the search may have
    found transactions that the checks compare them with.
    """
    is_own = Posting.company_id == posting_session.company_id
    is_checked = Posting.checked_at.is_not(None) & Posting.state.not_in(FINAL)
    is_chosen = bulk.is_locked_in_order(Posting.id, is_own, is_checked)
    with transaction() as session:
        session.execute(update(Posting).where(is_chosen).values(checked_at=None))
        company = session.get_one(ConnectedCompany, posting_session.company_id)
        company.restored_until = company.restored_until or began_at
        if began_at and company.restored_seen and began_at >= company.restored_seen + SETTLING_TIME:
            company.restore_settled = began_at
    posting_session.reload()


def _mark_restored(session: Session, company: ConnectedCompany) -> None:
    """Mark a company as restored: more may have been posted than its database contains.

    The date of an earlier restore is kept if it is older and QuickBooks was not searched since.
    """
    since = find_newest_posting_date(session, company.id) or company.first_connected_at
    if company.restored_since and not company.restored_until:
        since = min(since, company.restored_since)
    company.restored_since = since
    company.restored_seen = None
    company.restored_until = None
    company.restore_settled = None
    claim_count = _read_stored_claim_count(company.realm)
    company.sends = max(company.sends, claim_count)


def _compare_identity(posting_session: PostingSession) -> None:
    """Notice a restore by the identity of the database.

    An identity that cannot be read counts as a restore, except while another restore is being
    resolved.
    """
    company = posting_session.company
    identity = read()
    difference = compare(company.database_identity, identity)
    if difference == IdentityDifference.REPLACED:
        is_repeated = company.database_identity == identity
        is_in_progress = company.restored_since and not company.restored_until
        if not (is_repeated and is_in_progress):
            _note_restore(posting_session, identity)
    elif company.database_identity is None:
        store_identity(posting_session, identity)


def _note_restore(posting_session: PostingSession, identity: Identity | None) -> None:
    """Mark the company of a session as restored, and store the identity of its database."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, posting_session.company_id)
        _mark_restored(session, company)
        company.database_identity = dict(identity) if identity is not None else None
    posting_session.reload()


def _get_counter_path(realm: str) -> Path:
    """Return the file in the data folder that holds the number of claims of a company."""
    return current_hub().config.data / "sends" / realm


def _read_stored_claim_count(realm: str) -> int:
    """Return the number of claims in the file next to the database; 0 if it cannot be read."""
    try:
        return int(_get_counter_path(realm).read_text() or 0)
    except (OSError, ValueError):
        return 0

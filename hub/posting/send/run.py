"""Post everything of a company that may be posted: resolve doubts, check, and send."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, or_, select

from hub.context import Progress
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, Sentence, WorkInterrupted
from hub.models import NAMES_ONLY, Installation, Posting
from hub.models.display_names import format_posting_name
from hub.models.enums import ConnectionState, PostingState
from hub.outbox import approvals
from hub.posting import receipts, releases, unposted_receipts
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.run import check
from hub.posting.recovery import resolve, restore, startup_scan
from hub.posting.send import creations, selection
from hub.posting.send.pipeline import deliver
from hub.qbo import connection

MAX_ROUNDS = 50  # each may release postings that waited for those of the round before
# Consecutive pauses without progress, after which a run ends.
MAX_FRUITLESS_PAUSES = 6
# A run waits this long for the limits of calls; a longer pause ends it.
MAX_LIMIT_PAUSE_SECONDS = 180.0
# Between two lines of the countdown while a run waits; the page of a run is renewed as often.
STEP_SECONDS = 2.0
# Documents that QuickBooks has not answered about for longer than this are named in the result.
MAX_UNANSWERED_TIME = dt.timedelta(hours=1)
# The pauses before a failed look-up of doubts is repeated.
RETRY_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class DrainResult:
    """The result of a drain: the steps taken, by name, the doubts left, and the requests.

    - `stop_reason`: why nothing more can be sent; empty if nothing stopped the drain.
    - `unanswered_documents`: names the documents about which QuickBooks has not answered for long;
      empty if there are none.
    """

    counts: dict[str, int] = field(default_factory=dict)
    in_doubt: int = 0
    writes: int = 0
    reads: int = 0
    stop_reason: str = ""
    unanswered_documents: str = ""


def drain(
    company_id: int,
    *,
    installation_ids: Sequence[int] | None = None,
    run_id: int | None = None,
    progress: Progress | None = None,
    wait_for_doubts: bool = False,
    planned_at: dt.datetime | None = None,
) -> DrainResult:
    """Resolve doubts, check and send until nothing is left to send.

    With `wait_for_doubts`, continue until no doubt is left either. `planned_at` is when the matches
    were read by which the postings are planned: once a person decides about a code after that,
    nothing more is sent.
    """
    posting_session = PostingSession(company_id, installation_ids, run_id, progress, planned_at)
    obstacle = _find_obstacle(posting_session)
    if obstacle:
        return _build_result(posting_session, obstacle)
    restore.detect_restore(posting_session)
    resolve.mark_interrupted_as_unknown(posting_session)
    seconds_left = _run_with_pauses(posting_session)
    if wait_for_doubts:
        _wait_for_doubts(posting_session, seconds_left)
    reported_ids = _load_installation_ids(posting_session)
    unposted_receipts.queue_unposted(reported_ids)
    with transaction() as session:
        posting_session.store_date(session)
        receipts.queue_still_posted(session, reported_ids)
    return _build_result(posting_session, posting_session.stop_reason)


def resolve_only(
    company_id: int,
    installation_ids: Sequence[int],
    *,
    run_id: int | None = None,
    progress: Progress | None = None,
) -> DrainResult:
    """Resolve the postings in doubt, and send nothing.

    This is for apps that may not post now: their earlier sends must not stay in doubt.
    """
    posting_session = PostingSession(company_id, installation_ids, run_id, progress)
    obstacle = _find_obstacle(posting_session)
    if not obstacle:
        restore.detect_restore(posting_session)
        resolve.mark_interrupted_as_unknown(posting_session)
        _catch_errors(posting_session, resolve.resolve_doubts)
        with transaction() as session:
            posting_session.store_date(session)
    return _build_result(posting_session, obstacle or posting_session.stop_reason)


def _build_result(posting_session: PostingSession, stop_reason: str) -> DrainResult:
    """Return the counts of a session so far, and why it stopped."""
    in_doubt = _count_doubts(posting_session)
    return DrainResult(
        counts=dict(posting_session.counts),
        in_doubt=in_doubt,
        writes=posting_session.writes,
        reads=posting_session.reads,
        stop_reason=stop_reason,
        unanswered_documents=_describe_unanswered(posting_session, in_doubt),
    )


def _find_obstacle(posting_session: PostingSession) -> str:
    """Return why nothing may be sent now; "" if there is no reason, or only a short pause."""
    company = posting_session.company
    if company.state == ConnectionState.DISCONNECTED:
        return company.state_reason or Sentence("The company is disconnected.")
    trouble = connection.find_trouble(company, writes=True)
    if trouble is None:
        return ""
    is_short = connection.get_short_pause(posting_session.company_id) is not None
    return "" if is_short else trouble.text


def _run_with_pauses(posting_session: PostingSession) -> float | None:
    """Run rounds until nothing more can be done now, and wait for short pauses.

    Return the seconds until a doubt may continue; None if there is none.
    """
    _catch_errors(posting_session, _run_rounds)
    fruitless_pauses = 0
    while posting_session.stop_reason and fruitless_pauses < MAX_FRUITLESS_PAUSES:
        pause = _compute_seconds_to_wait(posting_session)
        if pause is None:
            break
        progress_before = posting_session.count_progress()
        _count_down(posting_session, pause, "pause")
        posting_session.resume()
        _catch_errors(posting_session, _run_rounds)
        if posting_session.count_progress() > progress_before:
            fruitless_pauses = 0
        else:
            fruitless_pauses += 1
    return resolve.compute_seconds_until_next(posting_session)


def _compute_seconds_to_wait(posting_session: PostingSession) -> float | None:
    """Return the seconds to wait before the next attempt; None if the run does not wait."""
    pause = posting_session.pause
    if pause is not None and pause <= MAX_LIMIT_PAUSE_SECONDS:
        return pause
    return connection.get_short_pause(posting_session.company_id)


def _catch_errors(posting_session: PostingSession, work: Callable[[PostingSession], None]) -> None:
    """Do some work of the session; if it fails, report the error and stop the session."""
    try:
        work(posting_session)
    except WorkInterrupted:
        raise
    except HubError as error:
        posting_session.report_error(error)
        posting_session.stop(error.text)


def _run_rounds(posting_session: PostingSession) -> None:
    """Resolve, release, check and send, until a round changes nothing or nothing is unfinished."""
    startup_scan.scan_after_restore(posting_session)
    startup_scan.scan_after_restart(posting_session)
    company_id = posting_session.company_id
    has_sent = True  # held postings are checked again after what was read or posted
    for _ in range(MAX_ROUNDS):
        if not selection.has_unfinished(company_id):
            return
        progress_before = posting_session.count_progress()
        resolve.resolve_doubts(posting_session)
        startup_scan.scan_refused_kinds(posting_session)
        now = posting_session.clock.now()
        with transaction() as session:
            releases.withdraw_superseded(session, company_id)
        releases.release_waiting(company_id, now)
        check(posting_session, include_held=has_sent)
        if creations.schedule(posting_session):
            # Resumed creations are unchecked. If the check holds one, others may become unneeded.
            check(posting_session, include_held=False)
            creations.schedule(posting_session)
        has_sent = _send_ready(posting_session) > 0
        is_idle = not has_sent and posting_session.count_progress() == progress_before
        if posting_session.stop_reason or is_idle:
            return


def _send_ready(posting_session: PostingSession) -> int:
    """Send the postings that are ready; return the number of sends that made progress."""
    if posting_session.stop_reason or not selection.has_ready(posting_session):
        return 0
    if startup_scan.scan(posting_session):
        check(posting_session, include_held=False)
    if posting_session.stop_reason:
        return 0
    with transaction() as session:
        returned_count = approvals.return_unapproved_to_review(session, posting_session.company_id)
    if returned_count:
        posting_session.counts["review"] += returned_count
    return deliver(posting_session)


def _wait_for_doubts(posting_session: PostingSession, seconds_left: float | None) -> None:
    """Wait until no doubt is left, or until several look-ups in a row have failed."""
    failures = 0
    while seconds_left is not None and not posting_session.stop_reason:
        if failures == len(RETRY_SECONDS):
            return
        progress_before = posting_session.count_progress()
        is_due = seconds_left <= 0
        pause = RETRY_SECONDS[failures] if is_due else seconds_left
        _count_down(posting_session, pause)
        seconds_left = _run_with_pauses(posting_session)
        is_unchanged = posting_session.count_progress() == progress_before
        if is_due and is_unchanged:
            failures += 1
        else:
            failures = 0


def _count_down(posting_session: PostingSession, seconds: float, phase: str = "wait") -> None:
    """Sleep, and report the elapsed time every `STEP_SECONDS`."""
    clock = posting_session.clock
    end = clock.monotonic() + seconds
    while True:
        seconds_left = end - clock.monotonic()
        if seconds_left <= 0:
            return
        elapsed_seconds = seconds - seconds_left
        posting_session.report_progress(phase, int(elapsed_seconds), int(seconds))
        clock.sleep(min(STEP_SECONDS, seconds_left))


def _count_doubts(posting_session: PostingSession) -> int:
    query = (
        select(func.count())
        .select_from(Posting)
        .where(*posting_session.own_postings(), Posting.state == PostingState.UNKNOWN)
    )
    with read_only_session() as session:
        return session.scalar(query) or 0


def _describe_unanswered(posting_session: PostingSession, in_doubt: int) -> str:
    """Name the documents that have waited long for an answer of QuickBooks; "" if none has."""
    if not in_doubt and not posting_session.unread_ids:
        return ""
    problem = posting_session.last_error
    doubts = _load_old_names(posting_session, Posting.state == PostingState.UNKNOWN)
    if len(doubts) == 1:
        return Sentence(
            "%(name)s is in doubt: QuickBooks does not answer whether it arrived. %(problem)s",
            name=doubts[0],
            problem=problem,
        )
    if doubts:
        return Sentence(
            "%(count)s documents, %(name)s among them, are in doubt: QuickBooks does not answer"
            " whether they arrived. %(problem)s",
            count=len(doubts),
            name=doubts[0],
            problem=problem,
        )
    is_unread = Posting.id.in_(posting_session.unread_ids)
    unread = _load_old_names(posting_session, Posting.state == PostingState.READY, is_unread)
    if not unread:
        return ""
    return Sentence(
        "%(name)s cannot be sent: QuickBooks does not answer what it has of the document."
        " %(problem)s",
        name=unread[0],
        problem=problem,
    )


def _load_old_names(posting_session: PostingSession, *conditions: ColumnElement[bool]) -> list[str]:
    """Return the names of the selected postings that are unchanged since `MAX_UNANSWERED_TIME`.

    A change dated in the future was made before the clock was set back.
    """
    now = posting_session.clock.now()
    is_old = or_(Posting.changed_at <= now - MAX_UNANSWERED_TIME, Posting.changed_at > now)
    query = (
        select(Posting)
        .where(*posting_session.own_postings(), *conditions, is_old)
        .order_by(Posting.id)
        .options(*NAMES_ONLY)
    )
    with read_only_session() as session:
        return [format_posting_name(posting) for posting in session.scalars(query)]


def _load_installation_ids(posting_session: PostingSession) -> list[int]:
    """Return the installations that the drain is limited to, or all of the company."""
    chosen_ids = posting_session.installation_ids
    if chosen_ids is not None:
        return list(chosen_ids)
    query = select(Installation.id).where(Installation.company_id == posting_session.company_id)
    with read_only_session() as session:
        return list(session.scalars(query))

"""The door of posting: takes everything of a company that may be posted to where it rests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from hub import outbox
from hub.db.engine import reading, transaction
from hub.errors import HubError
from hub.models import Installation, Posting
from hub.models.enums import ConnectionState
from hub.posting import receipts
from hub.posting.outcome.session import PostingSession, Progress
from hub.posting.preflight import run as preflight_run
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.recovery import restore, startup_scan
from hub.posting.send import creations
from hub.posting.send.pipeline import deliver
from hub.qbo import connection

MOST_ROUNDS = 50  # one for each posting that waits for another one's, and so on
MAX_PAUSES_IN_VAIN = (
    6  # pauses of a refused connection that a run waits for without sending anything
)
STEP_SECONDS = 1.0  # of the countdown while doubts are waited for
PAUSES = (
    0.0,
    1.0,
    2.0,
    4.0,
    8.0,
)  # seconds after which it is asked again what QuickBooks did not answer


@dataclass(frozen=True)
class DrainResult:
    """What a drain did: how often each step was taken, what stays in doubt, and what it cost; `stopped` says why."""

    counts: dict[str, int] = field(default_factory=dict)
    in_doubt: int = 0
    writes: int = 0
    reads: int = 0
    stopped: str = ""


def drain(
    company_id: int,
    *,
    installation_ids: Sequence[int] | None = None,
    run_id: int | None = None,
    progress: Progress | None = None,
    wait: bool = False,
) -> DrainResult:
    """Settles doubts, checks, sends until nothing is left to send; with `wait` until no doubt is left either."""
    posting_session = PostingSession(company_id, installation_ids, run_id, progress)
    if why := _obstacle(posting_session):
        return DrainResult(stopped=why, in_doubt=_in_doubt(posting_session))
    restore.notice(posting_session)
    recovery_resolve.mark_interrupted_unknown(posting_session)
    left = _round(posting_session)
    if wait:
        _wait(posting_session, left)
    with transaction() as session:
        posting_session.store_date(session)
        receipts.tell_open(session, _installations(posting_session))
    return DrainResult(
        dict(posting_session.counts),
        _in_doubt(posting_session),
        posting_session.writes,
        posting_session.reads,
        posting_session.stopped,
    )


def _obstacle(posting_session: PostingSession) -> str:
    """Return why nothing may be sent now; a short pause is no reason, because it is waited for."""
    if posting_session.company.state == ConnectionState.DISCONNECTED:
        return posting_session.company.why or "The company is disconnected."
    trouble = connection.trouble(posting_session.company, writes=True)
    is_short = trouble and connection.short_pause(posting_session.company_id) is not None
    return trouble.text if trouble and not is_short else ""


def _round(posting_session: PostingSession) -> float | None:
    """Everything that can be done now; seconds until a doubt may go on, None when there is none."""
    _attempt(posting_session)
    in_vain = 0
    while posting_session.stopped and in_vain < MAX_PAUSES_IN_VAIN:
        seconds = connection.short_pause(posting_session.company_id)
        if seconds is None:
            break
        before = posting_session.counts.total()
        _count_down(posting_session, seconds, "pause")
        posting_session.resume()
        _attempt(posting_session)
        in_vain = 0 if posting_session.counts.total() > before else in_vain + 1
    return recovery_resolve.seconds_until_next(posting_session)


def _attempt(posting_session: PostingSession) -> None:
    try:
        _go(posting_session)
    except HubError as error:
        posting_session.trouble(error)
        posting_session.stop(error.text)


def _go(posting_session: PostingSession) -> None:
    startup_scan.after_restore(posting_session)
    sent = 1
    for _ in range(MOST_ROUNDS):
        before = posting_session.counts.total()
        recovery_resolve.resolve_doubts(posting_session)
        with transaction() as session:
            outbox.withdraw_superseded(session, posting_session.company_id)
            outbox.release_waiting(session, posting_session.company_id, posting_session.clock.now())
        preflight_run.check(posting_session, include_held=sent > 0)
        if creations.schedule(posting_session):
            preflight_run.check(posting_session, include_held=False)
            creations.schedule(posting_session)
        sent = _send(posting_session)
        if posting_session.stopped or (not sent and posting_session.counts.total() == before):
            return


def _send(posting_session: PostingSession) -> int:
    """Sends what is ready; how many were sent."""
    if not posting_session.stopped:
        startup_scan.look(posting_session)
    return 0 if posting_session.stopped else deliver(posting_session)


def _wait(posting_session: PostingSession, left: float | None) -> None:
    """Until no doubt is left; also where QuickBooks could not be asked what became of one, but not for ever."""
    vain = 0
    while left is not None and not posting_session.stopped and vain < len(PAUSES):
        before = posting_session.counts.total()
        _count_down(posting_session, left if left > 0 else PAUSES[vain])
        could, left = left <= 0, _round(posting_session)
        vain = vain + 1 if could and posting_session.counts.total() == before else 0


def _count_down(posting_session: PostingSession, seconds: float, phase: str = "wait") -> None:
    until = posting_session.clock.monotonic() + seconds
    while (left := until - posting_session.clock.monotonic()) > 0:
        posting_session.report_progress(phase, int(seconds - left), int(seconds))
        posting_session.clock.sleep(min(STEP_SECONDS, left))


def _in_doubt(posting_session: PostingSession) -> int:
    with reading() as session:
        doubts = (
            select(func.count())
            .select_from(Posting)
            .where(*posting_session.own_postings(), Posting.state == "unknown")
        )
        return session.scalar(doubts) or 0


def _installations(posting_session: PostingSession) -> list[int]:
    if posting_session.installation_ids is not None:
        return list(posting_session.installation_ids)
    with reading() as session:
        return list(
            session.scalars(
                select(Installation.id).where(Installation.company_id == posting_session.company_id)
            )
        )

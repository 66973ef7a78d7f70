"""The door of posting: takes everything of a company that may be posted to where it rests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from hub import outbox
from hub.db.engine import reading, transaction
from hub.errors import HubError
from hub.models import Installation, Posting
from hub.posting import receipts
from hub.posting.outcome.session import Progress, Worker
from hub.posting.preflight import run as preflight_run
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.recovery import restore, startup_scan
from hub.posting.send import creations
from hub.posting.send.pipeline import deliver
from hub.qbo import connection
from hub.qbo.connection import ConnectionState

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
class Drained:
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
) -> Drained:
    """Settles doubts, checks, sends until nothing is left to send; with `wait` until no doubt is left either."""
    worker = Worker(company_id, installation_ids, run_id, progress)
    if why := _obstacle(worker):
        return Drained(stopped=why, in_doubt=_in_doubt(worker))
    restore.notice(worker)
    recovery_resolve.leftovers(worker)
    left = _round(worker)
    if wait:
        _wait(worker, left)
    with transaction() as session:
        worker.keep_date(session)
        receipts.tell_open(session, _installations(worker))
    return Drained(
        dict(worker.counts), _in_doubt(worker), worker.writes, worker.reads, worker.stopped
    )


def _obstacle(worker: Worker) -> str:
    """Return why nothing may be sent now; a short pause is no reason, because it is waited for."""
    if worker.company.state == ConnectionState.DISCONNECTED:
        return worker.company.why or "The company is disconnected."
    trouble = connection.trouble(worker.company, writes=True)
    is_short = trouble and connection.short_pause(worker.company_id) is not None
    return trouble.text if trouble and not is_short else ""


def _round(worker: Worker) -> float | None:
    """Everything that can be done now; seconds until a doubt may go on, None when there is none."""
    _attempt(worker)
    in_vain = 0
    while worker.stopped and in_vain < MAX_PAUSES_IN_VAIN:
        seconds = connection.short_pause(worker.company_id)
        if seconds is None:
            break
        before = worker.counts.total()
        _count_down(worker, seconds, "pause")
        worker.resume()
        _attempt(worker)
        in_vain = 0 if worker.counts.total() > before else in_vain + 1
    return recovery_resolve.remaining(worker)


def _attempt(worker: Worker) -> None:
    try:
        _go(worker)
    except HubError as error:
        worker.trouble(error)
        worker.stop(error.text)


def _go(worker: Worker) -> None:
    startup_scan.after_restore(worker)
    sent = 1
    for _ in range(MOST_ROUNDS):
        before = worker.counts.total()
        recovery_resolve.doubts(worker)
        with transaction() as session:
            outbox.spare(session, worker.company_id)
            outbox.wake(session, worker.company_id, worker.clock.now())
        preflight_run.check(worker, held=sent > 0)
        if creations.schedule(worker):
            preflight_run.check(worker, held=False)
            creations.schedule(worker)
        sent = _send(worker)
        if worker.stopped or (not sent and worker.counts.total() == before):
            return


def _send(worker: Worker) -> int:
    """Sends what is ready; how many were sent."""
    if not worker.stopped:
        startup_scan.look(worker)
    return 0 if worker.stopped else deliver(worker)


def _wait(worker: Worker, left: float | None) -> None:
    """Until no doubt is left; also where QuickBooks could not be asked what became of one, but not for ever."""
    vain = 0
    while left is not None and not worker.stopped and vain < len(PAUSES):
        before = worker.counts.total()
        _count_down(worker, left if left > 0 else PAUSES[vain])
        could, left = left <= 0, _round(worker)
        vain = vain + 1 if could and worker.counts.total() == before else 0


def _count_down(worker: Worker, seconds: float, phase: str = "wait") -> None:
    until = worker.clock.monotonic() + seconds
    while (left := until - worker.clock.monotonic()) > 0:
        worker.tell(phase, int(seconds - left), int(seconds))
        worker.clock.sleep(min(STEP_SECONDS, left))


def _in_doubt(worker: Worker) -> int:
    with reading() as session:
        doubts = (
            select(func.count())
            .select_from(Posting)
            .where(*worker.mine(), Posting.state == "unknown")
        )
        return session.scalar(doubts) or 0


def _installations(worker: Worker) -> list[int]:
    if worker.installation_ids is not None:
        return list(worker.installation_ids)
    with reading() as session:
        return list(
            session.scalars(
                select(Installation.id).where(Installation.company_id == worker.company_id)
            )
        )

"""One run: collect, post, report, each step going on when another fails; and the runs of the night."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select, update

from hub import outbox, sources
from hub.collect import match_changes, requested
from hub.collect import run as collect_run
from hub.context import Ending, current
from hub.db.engine import reading, transaction
from hub.errors import HubError, NotNow, OtherFolderActive, ReconnectNeeded, Retry
from hub.models import Company, Installation, Run
from hub.posting import receipts
from hub.posting.preflight import recheck
from hub.posting.reconcile import drift
from hub.posting.send import run as send_run
from hub.qbo import changes, connection, records
from hub.qbo.connection import ConnectionState
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_expiry
from hub.scheduling import folder_lock, run_log, run_result, summary
from hub.scheduling.leases import company_lock, lease
from hub.scheduling.run_log import Logbook, Progress
from hub.sources import outage

T = TypeVar("T")
MAX_ROUNDS = 3  # of posting in one run: each may create what releases more documents
SCHEDULED = "schedule"  # who asks for a run whose time has come
# Who asks for runs at moments that nobody chose: those do not try a refused connection.
AUTOMATIC = (run_log.ENGINE, run_log.WEBHOOK)
log = logging.getLogger("hub")


class Steps:
    """The steps of one run: what stops one of them is written down, and the next goes on."""

    def __init__(self, book: Logbook, wait: bool, asked_by: str, ids: tuple[str, ...] = ()) -> None:
        self.book, self.wait, self.asked_by, self.ids = book, wait, asked_by, ids
        self.errors: list[str] = []
        self.counts: dict[str, Any] = {}
        self.before: tuple[int, run_result.Snapshot] | None = None

    def step(self, phase: str, work: Callable[[], T]) -> T | None:
        self.book.progress(phase)
        try:
            return work()
        except HubError as error:
            text = error.text
        except Exception as error:
            log.exception("run %s, %s", self.book.run_id, phase)
            told = " ".join(str(error).split())[:200]
            text = f"{phase.capitalize()} met a defect ({type(error).__name__}: {told}); the log has the details."
        self.errors.append(text)
        self.book.line(text, "error")
        return None

    def watch(self, installation_id: int) -> None:
        """Note how the app stands, so that the end of the run can tell what it did."""
        with reading() as session:
            self.before = installation_id, run_result.snapshot(session, installation_id)

    def end(self, error: str = "", *, again: bool = False) -> Run:
        """Close the run with what it did."""
        if self.before:
            with reading() as session:
                self.counts["result"] = run_result.changes(session, *self.before)
        return self.book.end(self.counts, error or " ".join(self.errors), again=again)


def sync(
    installation_id: int,
    *,
    asked_by: str,
    progress: Progress | None = None,
    wait: bool = False,
    run_id: int | None = None,
    ids: Sequence[str] = (),
) -> Run:
    """Collects, posts until nothing is left to send, and reports; `wait` also waits for doubts and other processes.

    With `ids` exactly these documents are read, whether or not the source would offer them.
    """
    return _run("sync", installation_id, asked_by, progress, wait, run_id, ids)


def post(
    installation_id: int, *, asked_by: str, progress: Progress | None = None, wait: bool = False
) -> Run:
    """The same without collect_run."""
    return _run("post", installation_id, asked_by, progress, wait)


def company(
    kind: str,
    company_id: int,
    *,
    asked_by: str,
    progress: Progress | None = None,
    wait: bool = False,
) -> Run:
    """A run of a whole company: lists, reconcile, changes or tokens."""
    return _run(kind, company_id, asked_by, progress, wait)


def execute(run_id: int) -> None:
    """Does a run that waits; raises Busy, and leaves it waiting, while another process works on the same."""
    with reading() as session:
        run = session.get_one(Run, run_id)
    if run.ended_at is not None or run.started_at is not None:
        return
    try:
        _run(
            run.kind, run.installation_id or run.company_id or 0, run.asked_by, None, False, run_id
        )
    except NotNow as error:
        Logbook(run_id).end({}, error.text)


def exit_code(runs: Iterable[Run]) -> int:
    """What a command ends with: 1 a run could not be done, 4 some in doubt, 3 some held or in review, 0; also files."""
    ended = list(runs)
    if any(run.outcome != "done" for run in ended):
        return 1
    last = {(run.company_id, run.installation_id): run.counts for run in ended}.values()
    left = {state for counts in last for state in _left(counts)}
    return 4 if "unknown" in left else 3 if left else 0


def _left(counts: Mapping[str, Any]) -> list[str]:
    files = counts.get("files", {})
    return [
        state for state in ("held", "review", "unknown") if counts.get(state) or files.get(state)
    ]


def _run(
    kind: str,
    subject_id: int,
    asked_by: str,
    tell: Progress | None,
    wait: bool,
    run_id: int | None = None,
    ids: Sequence[str] = (),
) -> Run:
    work, of_installation = KINDS[kind]
    subject = _installation(subject_id) if of_installation else _company(subject_id)
    company_id = subject.id if isinstance(subject, Company) else subject.company_id
    said = (lambda text: tell(text, 0, 0)) if tell else None
    own = lease(run_log.lease_of(kind, subject_id), _called(subject), wait=wait, waits=said)
    with folder_lock.of_process().held(wait=wait, waits=said), own:
        book = run_log.begin(kind, subject, asked_by, run_id, tell)
        steps = Steps(book, wait, asked_by, tuple(ids))
        try:
            if of_installation:
                steps.watch(subject_id)
            if asked_by not in AUTOMATIC:
                oauth_connect.try_once(company_id)
            work(steps, subject)
        except OtherFolderActive as error:
            steps.end(error.text, again=True)
            raise
        except BaseException as error:
            steps.end(run_log.INTERRUPTED, again=isinstance(error, Ending))
            raise
        done = steps.end()
        if kind == "sync":
            outage.report(subject_id)
        return done


# -- what the kinds of run do ----------------------------------------------------------------------------------------


def _sync(steps: Steps, installation: Installation) -> None:
    book = steps.book
    collected = steps.step(
        "collect",
        lambda: collect_run.collect(
            installation.id, ids=steps.ids, run_id=book.run_id, progress=book.progress
        ),
    )
    if collected:
        steps.counts["collected"] = collected.counts
        book.line(f"Collected: {_listed(collected.counts)}.")
        for note in collected.notes:
            book.line(note)
    _post(steps, installation)
    if installation.mode == "once" and not steps.errors:
        _pause(installation)


def _post(steps: Steps, installation: Installation) -> None:
    """Post, and go on with what a record that was just created or matched releases."""
    if requested.are_waiting(installation.id):
        steps.step("plan", lambda: requested.plan(installation.id, steps.book.run_id))
    for _ in range(MAX_ROUNDS):
        before = match_changes.match_state(installation)
        steps.step("post", lambda: _drain(steps, installation))
        is_unchanged = match_changes.match_state(installation) == before
        if steps.errors or is_unchanged or not match_changes.has_unsent(installation):
            break
        steps.step("match", lambda: _match(steps, installation))
    if not steps.errors:
        _sync_apps_that_share_matches(installation)
    told = steps.step("report", lambda: receipts.deliver(installation.id))
    with reading() as session:
        steps.counts |= outbox.counts(session, installation.id)
        steps.counts["files"] = outbox.files(session, installation.id)
    if told:
        steps.book.line(f"Reported back: {told}.")


def _match(steps: Steps, installation: Installation) -> None:
    found = collect_run.collect_matched(installation.id, run_id=steps.book.run_id)
    if found.counts:
        steps.book.line(f"Released by new matches: {_listed(found.counts)}.")


def _sync_apps_that_share_matches(installation: Installation) -> None:
    """Request a sync of each app of the same plugin whose documents a match has released."""
    for installation_id in match_changes.apps_to_sync(installation):
        run_log.ask("sync", installation_id, run_log.ENGINE)


def _drain(steps: Steps, installation: Installation) -> None:
    book, company_id = steps.book, installation.company_id
    with company_lock(company_id, wait=True, waits=book.progress):
        drained = send_run.drain(
            company_id,
            installation_ids=[installation.id],
            run_id=book.run_id,
            progress=book.progress,
            wait=steps.wait,
        )
    requests = steps.counts.setdefault("requests", {"writes": 0, "reads": 0})
    requests["writes"] += drained.writes
    requests["reads"] += drained.reads
    if drained.counts:
        book.line(f"Posted: {_listed(drained.counts)}.")
    if drained.stopped:
        _say_why(steps, installation, drained.stopped)


def _say_why(steps: Steps, installation: Installation, why: str) -> None:
    """Why nothing more could be sent; a connection that has ended was said by the step before, if there was one."""
    company = _company(installation.company_id)
    if company.state == ConnectionState.CONNECTED:
        raise Retry(f"{why.rstrip('.')}.")
    if not steps.errors:
        trouble = connection.trouble(company, writes=True)
        raise trouble or ReconnectNeeded(company.name or company.realm, why.rstrip("."))


def _lists(steps: Steps, company: Company) -> None:
    steps.step("lists", lambda: records.refresh(company.id))
    steps.step("check what waits", lambda: _check_again(steps, company))
    for installation in _enabled(company):
        if current().plugins.has(installation.slug, "hub_records"):
            steps.step(f"lists to {installation.slug}", partial(sources.push_lists, installation))
        steps.step(f"check {installation.slug}", partial(sources.check, installation))


def _check_again(steps: Steps, company: Company) -> None:
    with company_lock(company.id, wait=True, waits=steps.book.progress):
        recheck.check(company.id)


def _reconcile(steps: Steps, company: Company) -> None:
    from hub.posting.reconcile import run as reconcile_run

    work = partial(reconcile_run.reconcile, company.id, steps.book.progress)
    steps.counts = steps.step("reconcile", work) or {}
    if steps.counts:
        steps.book.line(
            f"{reconcile_run.told(steps.counts)}.",
            "warning" if steps.counts["troubles"] else "info",
        )


def _changes(steps: Steps, company: Company) -> None:
    if steps.asked_by != SCHEDULED or changes.is_due(company.id):
        steps.step("changes", lambda: changes.poll(company.id))
    if found := steps.step("changes to what was posted", lambda: drift.watch(company.id)):
        steps.counts["noticed"] = dict(found)
        steps.book.line(f"Noticed in QuickBooks: {summary.noticed(found)}.")
    for installation in _enabled(company):
        steps.step(f"report to {installation.slug}", partial(receipts.deliver, installation.id))


def _tokens(steps: Steps, company: Company) -> None:
    steps.step("tokens", lambda: token_expiry.look_after(company.id))


KINDS: dict[str, tuple[Callable[[Steps, Any], None], bool]] = {
    "sync": (_sync, True),
    "post": (_post, True),
    "lists": (_lists, False),
    "reconcile": (_reconcile, False),
    "changes": (_changes, False),
    "tokens": (_tokens, False),
}


# -- what they work on -----------------------------------------------------------------------------------------------


def _installation(installation_id: int) -> Installation:
    with reading() as session:
        found = session.get_one(Installation, installation_id)
    name = _called(found)
    if not found.enabled or found.mode == "paused":
        raise NotNow(
            f"{name} is {'paused' if found.enabled else 'disabled'}; set its mode to auto or review first."
        )
    return found


def _company(company_id: int) -> Company:
    with reading() as session:
        return session.get_one(Company, company_id)


def _enabled(company: Company) -> list[Installation]:
    mine = select(Installation).where(Installation.company_id == company.id, Installation.enabled)
    with reading() as session:
        return list(
            session.scalars(mine.where(Installation.mode != "paused").order_by(Installation.id))
        )


def _listed(counts: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing new"
    )


def _called(subject: Installation | Company) -> str:
    if isinstance(subject, Company):
        return subject.name or f"Company {subject.realm}"
    app = current().plugins.apps.get(subject.slug)
    return f"{app.name if app else subject.slug} of {subject.company.name or subject.company.realm}"


def _pause(installation: Installation) -> None:
    with transaction() as session:
        session.execute(
            update(Installation).where(Installation.id == installation.id).values(mode="paused")
        )

"""Execute one run: collect, post and report, or one of the nightly jobs of a company.

A step that fails is recorded, and the next one continues.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from hub import outbox
from hub.cases import failing_runs
from hub.collect import match_changes, replanning, requested, settings_check
from hub.collect import run as collect_run
from hub.collect.commit import CollectResult
from hub.context import Ending, Progress, current_hub
from hub.db.engine import read_only_session
from hub.errors import (
    DatabaseUnavailable,
    LeaseLost,
    NotNow,
    OtherFolderActive,
    ReconnectNeeded,
    Retry,
    Sentence,
)
from hub.models import ConnectedCompany, Installation, Run
from hub.models.enums import ConnectionState, InstallationMode, RunKind
from hub.posting.reconcile import drift
from hub.posting.reconcile import run as reconcile_run
from hub.posting.send import run as send_run
from hub.qbo import changes, connection
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_expiry
from hub.scheduling import activity, folder_lock, pending_work, reporting, run_log, summary
from hub.scheduling.exit_codes import ASKED_TO_WAIT, CONTINUES_READING
from hub.scheduling.leases import company_lock, lease
from hub.scheduling.list_run import process_lists
from hub.scheduling.run_log import RunRecorder
from hub.scheduling.steps import Steps
from hub.scheduling.subjects import (
    format_subject,
    list_active_installations,
    load_company,
    load_installation,
    load_to_post,
    pause_after_once,
    subject_fields,
)
from hub.sources import outage
from hub.telemetry import log_context
from hub.translations.messages import gettext_noop

MAX_ROUNDS = 3  # rounds of posting in one run: each may create what releases more documents
# Texts of the log in place of names of counts that would be misread there.
COUNT_WORDS = {
    "pending": gettext_noop("not final yet"),
    "unknown": gettext_noop("removed before being read"),
    "none": gettext_noop("with nothing to post"),
}
ONE_DOCUMENT = gettext_noop("document")
# Nobody chose the time of the runs that these request, so they do not try a refused connection.
UNATTENDED_REQUESTERS = (run_log.ENGINE, run_log.WEBHOOK)


def sync(
    installation_id: int,
    *,
    requested_by: str,
    progress: Progress | None = None,
    wait: bool = False,
    run_id: int | None = None,
    ids: Sequence[str] = (),
) -> Run:
    """Collect, post until nothing is left to send, and report.

    With `wait`, wait for other processes that work on the app or its company, and until no posting
    is in doubt. With `ids`, read exactly these documents, whether or not the source lists them.
    """
    return _run(
        RunKind.SYNC,
        installation_id,
        requested_by=requested_by,
        progress=progress,
        wait=wait,
        run_id=run_id,
        ids=ids,
    )


def post(
    installation_id: int, *, requested_by: str, progress: Progress | None = None, wait: bool = False
) -> Run:
    """Post and report without collecting; the arguments are those of `sync`."""
    return _run(
        RunKind.POST, installation_id, requested_by=requested_by, progress=progress, wait=wait
    )


def run_company_job(
    kind: str,
    company_id: int,
    *,
    requested_by: str,
    progress: Progress | None = None,
    wait: bool = False,
) -> Run:
    """Run a job of a whole company: lists, reconcile, changes or tokens."""
    return _run(kind, company_id, requested_by=requested_by, progress=progress, wait=wait)


def execute(run_id: int) -> None:
    """Execute a waiting run.

    Raise Busy, and leave it waiting, while another process works on the same subject.
    """
    with read_only_session() as session:
        run = session.get_one(Run, run_id)
    if run.ended_at is not None or run.started_at is not None:
        return
    subject_id = run_log.get_subject_id(run)
    try:
        _run(run.kind, subject_id, requested_by=run.requested_by, run_id=run_id)
    except NotNow as error:
        RunRecorder(run_id).end({}, error.text)


def _run(
    kind: str,
    subject_id: int,
    *,
    requested_by: str,
    progress: Progress | None = None,
    wait: bool = False,
    run_id: int | None = None,
    ids: Sequence[str] = (),
) -> Run:
    """Start a run, or the waiting run of this id, and do its work under the lease of its subject.

    Raise Busy if another process works on the subject, unless `wait` says to wait for it.
    """
    definition = KINDS_OF_RUNS[kind]
    subject = definition.load_subject(subject_id)
    on_wait = (lambda text: progress(text, 0, 0)) if progress else None
    lease_name = run_log.format_lease_name(kind, subject_id)
    run_lease = lease(lease_name, format_subject(subject), wait=wait, on_wait=on_wait)
    with folder_lock.process_lock().use(wait=wait, on_wait=on_wait), run_lease:
        recorder = run_log.start(kind, subject, requested_by, run_id, progress)
        steps = Steps(recorder, requested_by=requested_by, wait=wait, ids=tuple(ids))
        with log_context.bind(run_id=recorder.run_id, kind=kind, **subject_fields(subject)):
            return _do_work(steps, definition.work, subject)


def _do_work(
    steps: Steps, work: Callable[[Steps, Any], None], subject: Installation | ConnectedCompany
) -> Run:
    """Do the work of a run that was started, and close the run also after an error."""
    installation_id = subject.id if isinstance(subject, Installation) else None
    company_id = subject.company_id if isinstance(subject, Installation) else subject.id
    try:
        if installation_id is not None:
            steps.remember_states(installation_id)
        if steps.requested_by not in UNATTENDED_REQUESTERS:
            oauth_connect.try_once(company_id, has_writes=pending_work.has_writes(company_id))
        work(steps, subject)
    except (OtherFolderActive, LeaseLost) as error:
        steps.end(error.text, again=True)
        raise
    except BaseException as error:
        again = isinstance(error, Ending | DatabaseUnavailable)
        steps.end(run_log.INTERRUPTION_MESSAGE, again=again)
        raise
    run = steps.end(again=steps.is_database_lost)
    if run.kind == RunKind.SYNC and installation_id is not None:
        outage.report(installation_id)
    if not steps.is_database_lost:
        _report_failure(run, steps)
    return run


def _report_failure(run: Run, steps: Steps) -> None:
    """Update the case about runs that keep failing.

    A source that asks for pauses is read further with each run, so none of these has failed.
    """
    has_read_on = run.counts.get(ASKED_TO_WAIT) and run.counts.get("result")
    if not has_read_on:
        failing_runs.report(run, only_source_failed=steps.only_source_failed)


# -- what the kinds of run do --


def _sync(steps: Steps, installation: Installation) -> None:
    """Collect and post; pause an app whose mode is "once" if nothing of either is left."""
    recorder = steps.recorder
    result = steps.step(
        "collect",
        lambda: collect_run.collect(installation.id, ids=steps.ids, progress=recorder.progress),
    )
    if result:
        steps.counts["collected"] = result.counts
        recorder.line(Sentence("Collected: %(counts)s.", counts=_format_counts(result.counts)))
        _follow_collect(steps, result)
    if steps.continue_after is not None:
        steps.counts[CONTINUES_READING] = True
    _post(steps, installation)
    is_complete = not steps.errors and steps.continue_after is None
    if installation.mode == InstallationMode.ONCE and is_complete:
        pause_after_once(installation.id)


def _post(steps: Steps, installation: Installation) -> None:
    """Post and report; repeat it for documents that a new record or match has released."""
    installation_id = installation.id
    if not activity.may_post(installation):
        steps.step("post", lambda: _send(steps, installation))
        if not steps.errors:
            steps.step("post", lambda: activity.note_inactivity(steps.recorder, installation))
        return
    for _ in range(MAX_ROUNDS):
        before = match_changes.load_match_state(installation)
        steps.step("post", lambda: _send(steps, installation))
        after = match_changes.load_match_state(installation)
        if steps.errors or after == before or not activity.may_post(installation):
            break
        if not match_changes.has_unsent(installation):
            break
        steps.step("match", lambda: _replan_matched(steps, installation))
    if not steps.errors:
        steps.step("report", lambda: _sync_apps_that_share_matches(installation))
    deliver = partial(reporting.wait_and_deliver, installation, steps.recorder.progress)
    reported_count = steps.step("report", deliver)
    with read_only_session() as session:
        steps.counts |= outbox.count_documents(session, installation_id)
        steps.counts["files"] = outbox.count_files(session, installation_id)
        steps.counts["postponed"] = outbox.count_postponed_changes(session, installation_id)
    if reported_count:
        steps.recorder.line(Sentence("Reported back: %(count)s.", count=reported_count))
    activity.note_inactivity(steps.recorder, installation)


def _replan_matched(steps: Steps, installation: Installation) -> None:
    """Plan again what new matches release."""
    result = collect_run.collect_matched(installation.id)
    if result.counts:
        counts = _format_counts(result.counts)
        steps.recorder.line(Sentence("Released by new matches: %(counts)s.", counts=counts))
    _follow_collect(steps, result)


def _follow_collect(steps: Steps, result: CollectResult) -> None:
    """Write the notes of a collect to the log, and remember when the rest may be read."""
    for note in result.notes:
        steps.recorder.line(note)
    if result.continue_after is not None:
        steps.continue_after = result.continue_after


def _sync_apps_that_share_matches(installation: Installation) -> None:
    """Request a sync of each app of the same plugin whose documents a match has released.

    Apps of other plugins never share matches.
    """
    for other in list_active_installations(installation.company_id):
        if match_changes.has_released(installation, other):
            run_log.request(RunKind.SYNC, other.id, run_log.ENGINE)


def _send(steps: Steps, installation: Installation) -> None:
    """Send the postings of the app that are ready, and count the requests.

    For an app that is paused, disabled or without its plugin, only resolve its doubts.
    """
    with company_lock(installation.company_id, steps.recorder.progress):
        if activity.may_post(installation):
            result = _replan_and_drain(steps, installation)
        else:
            result = send_run.resolve_only(
                installation.company_id,
                [installation.id],
                run_id=steps.recorder.run_id,
                progress=steps.recorder.progress,
            )
    requests = steps.counts.setdefault("requests", {"writes": 0, "reads": 0})
    requests["writes"] += result.writes
    requests["reads"] += result.reads
    if result.stop_reason:
        _raise_reason(steps, installation, result.stop_reason)
    if result.unanswered_documents:
        raise Retry(result.unanswered_documents)


def _replan_and_drain(steps: Steps, installation: Installation) -> send_run.DrainResult:
    """Plan outdated documents again, and send everything that is ready.

    The time of the plans is taken before they are made, so that a match of a person meanwhile stops
    the sending.
    """
    planned_at = current_hub().clock.now()
    settings_check.wait_for_changes(installation.id)
    _replan(steps, installation.id)
    return send_run.drain(
        installation.company_id,
        installation_ids=[installation.id],
        run_id=steps.recorder.run_id,
        progress=steps.recorder.progress,
        wait_for_doubts=steps.wait,
        planned_at=planned_at,
    )


def _replan(steps: Steps, installation_id: int) -> None:
    """Plan documents again that a person requested, or that are older than the newest match."""
    if requested.has_requests(installation_id):
        steps.step("plan", lambda: requested.replan_requested(installation_id))
    if replanning.has_stale(installation_id):
        steps.step("plan", lambda: replanning.replan_stale_of(installation_id))


def _raise_reason(steps: Steps, installation: Installation, reason: str) -> None:
    """Raise the reason why sending stopped, unless an earlier step has reported the connection."""
    company = load_company(installation.company_id)
    reason = reason.rstrip(".")
    if company.state == ConnectionState.CONNECTED:
        raise Retry("%(reason)s.", reason=reason)
    if steps.errors:
        return
    trouble = connection.find_trouble(company, writes=True)
    if company.is_disconnected:
        raise connection.build_disconnection(company)
    raise trouble or ReconnectNeeded(company.display_name, reason)


def _reconcile(steps: Steps, company: ConnectedCompany) -> None:
    """Compare what was posted with QuickBooks; the run stores the result as its counts."""
    reconcile = partial(reconcile_run.reconcile, company.id, steps.recorder.progress)
    result = steps.step("reconcile", reconcile)
    if result is None:
        steps.counts = {}
        return
    steps.counts = result.dump()
    level = "warning" if result.troubles or result.unread else "info"
    steps.recorder.line(f"{result.summary}.", level)


def _process_changes(steps: Steps, company: ConnectedCompany) -> None:
    """Read what changed in QuickBooks, record changes of posted documents, and report them.

    A scheduled run reads the changes only if they are due, which may be less often.
    """
    if steps.requested_by != run_log.SCHEDULE or changes.is_due(company.id):
        steps.step("changes", lambda: changes.poll(company.id))
    drift_counts = steps.step("changes to what was posted", lambda: drift.watch(company.id))
    if drift_counts:
        steps.counts["noticed"] = dict(drift_counts)
        texts = summary.format_changes(drift_counts)
        steps.recorder.line(Sentence("Noticed in QuickBooks: %(changes)s.", changes=texts))
    for installation in list_active_installations(company.id):
        deliver = partial(reporting.deliver_if_free, installation)
        steps.step(f"report to {installation.slug}", deliver)


def _renew_tokens(steps: Steps, company: ConnectedCompany) -> None:
    """Keep the connection of a company alive, and warn before it ends."""
    steps.step("tokens", lambda: token_expiry.keep_alive(company.id))


class KindOfRun(NamedTuple):
    """The work of a kind of run, and the function that loads its installation or company."""

    work: Callable[[Steps, Any], None]
    load_subject: Callable[[int], Any]


KINDS_OF_RUNS: dict[str, KindOfRun] = {
    RunKind.SYNC: KindOfRun(_sync, load_installation),
    RunKind.POST: KindOfRun(_post, load_to_post),
    RunKind.LISTS: KindOfRun(process_lists, load_company),
    RunKind.RECONCILE: KindOfRun(_reconcile, load_company),
    RunKind.CHANGES: KindOfRun(_process_changes, load_company),
    RunKind.TOKENS: KindOfRun(_renew_tokens, load_company),
}


def _format_counts(counts: Mapping[str, int]) -> str:
    """Return counts as text, such as "4 documents, 3 new, 1 held", without those that are 0."""
    texts: list[str] = []
    for name, number in sorted(counts.items(), key=lambda count: count[0] != "documents"):
        if number:
            texts.append(f"{number} {_get_count_word(name, number)}")
    return ", ".join(texts) or "nothing new"


def _get_count_word(name: str, number: int) -> str:
    """Return the word for a count in the log."""
    if name == "documents" and number == 1:
        return ONE_DOCUMENT
    return COUNT_WORDS.get(name, name)

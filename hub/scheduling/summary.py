"""Summarize runs: counts, sums and open cases of each app, for programs and for people."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import NotFound
from hub.models import Case, ConnectedCompany, Installation, Run, RunLine
from hub.models.enums import DocumentState, PostingState, RunKind, RunOutcome, RunState
from hub.money import ZERO, round_amount
from hub.posting.reconcile import result as reconcile_result
from hub.scheduling import exit_codes, open_cases
from hub.scheduling import run_result as results
from hub.security.rights import Condition
from hub.translations import reasons, stored
from hub.translations.messages import gettext, ngettext

COUNT_NAMES = ("documents", *outbox.COUNTED_STATES)
MAX_CASES = 20
STATE_LABELS: dict[str, str] = {
    DocumentState.REVIEW: "to approve",
    DocumentState.UNKNOWN: "in doubt",
    DocumentState.MISSING: "missing in QuickBooks",
}
FILE_LABELS: dict[str, str] = {
    PostingState.HELD: "held",
    PostingState.UNKNOWN: "in doubt",
    PostingState.WAITING: "not sent yet",  # such as one that the source could not deliver
}
CHANGE_LABELS = {
    "differs": "changed",
    "missing": "gone",
    "part_paid": "paid in part",
    "posted": "no longer paid",
    "corrected": "as posted again",
}


def summarize_runs(
    runs: Sequence[Run], visible_cases: Condition = (), *, max_cases: int | None = None
) -> dict[str, Any]:
    """Return counts and sums of the runs' apps, the requests of these runs, and open cases.

    `visible_cases` is the condition of the cases that a person may see. With `max_cases` only the
    oldest are returned, and how many others there are.
    """
    apps: dict[str, Any] = {}
    with read_only_session() as session:
        for row in _list_installations(session, runs):
            app = apps.setdefault(row.slug, _build_empty_result())
            _add_installation(app, session, row, _list_runs(row, runs))
        selected = _select_open_cases(runs, visible_cases)
        oldest = session.scalars(selected.order_by(Case.id).limit(max_cases)).all()
        cases = open_cases.load(session, oldest)
        summary: dict[str, Any] = {"apps": apps, "cases": cases}
        if max_cases is not None:
            count = session.scalar(selected.with_only_columns(func.count(Case.id))) or 0
            summary["unlisted"] = count - len(oldest)
    for app in apps.values():
        sums_by_currency = app["sums"]
        for currency, sums in sums_by_currency.items():
            sums_by_currency[currency] = _format_in_cents(sums, currency)
    return summary


def format_summary(summary: dict[str, Any], runs: Sequence[Run]) -> str:
    """Return the summary of `summarize_runs` as text, with the reason of each case."""
    results_by_app = _sum_results_by_app(runs)
    remaining_work_by_app = _format_remaining_work_by_app(runs)
    output: list[str] = []
    for slug, app in summary["apps"].items():
        output += _format_app_lines(slug, app, results_by_app[slug])
        output += remaining_work_by_app[slug]
    cases = summary["cases"]
    if cases:
        output += _format_case_lines(cases, summary.get("unlisted", 0))
    return "\n".join(output)


def _sum_results_by_app(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Add up what the runs did, by the slug of their app."""
    run_results: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with read_only_session() as session:
        for row in _list_installations(session, runs):
            for run in _list_runs(row, runs):
                result = run.counts.get("result", {})
                run_results[row.slug].append(result)
    return {slug: results.combine(of_app) for slug, of_app in run_results.items()}


def _format_remaining_work_by_app(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the lines about what is left for the next sync, by the slug of their app."""
    unread = exit_codes.describe_unread(runs)
    postponed_counts: Counter[str] = Counter()
    lines: dict[str, list[str]] = defaultdict(list)
    with read_only_session() as session:
        rows = _list_installations(session, runs)
        has_several = len({row.company_id for row in rows}) > 1
        for row in rows:
            postponed_counts[row.slug] += _list_runs(row, runs)[-1].counts.get("postponed", 0)
            if row.id in unread:
                company = f"{row.company.display_name}: " if has_several else ""
                lines[row.slug].append(f"  {company}{unread[row.id]}")
    for slug, count in postponed_counts.items():
        if count:
            lines[slug].append(f"  Read again by the next sync: {count:,}.")
    return lines


def _format_app_lines(slug: str, app: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """Return the lines about one app: its documents by state, files, this run, and sums."""
    counts: list[str] = []
    for name in outbox.COUNTED_STATES:
        if app[name]:
            counts.append(f"{app[name]} {STATE_LABELS.get(name, name)}")
    detail = f": {', '.join(counts)}" if counts else ""

    documents = ngettext("%(count)s document", "%(count)s documents", app["documents"])
    output = [f"{_get_app_name(slug)}: {documents}{detail}."]
    for line in _format_file_lines(app["files"]):
        output.append(f"  {line}.")
    output.append(f"  This run: {results.format_result(result)}.")
    for currency, sums in sorted(app["sums"].items()):
        output.append(f"  {currency}: {_format_sums(sums)}")
    return output


def _format_case_lines(cases: list[dict[str, Any]], unlisted_count: int) -> list[str]:
    """Return two lines for each of the first cases: what is wrong, and what to do."""
    output = ["", "To do:"]
    has_several = len({case["realm"] for case in cases}) > 1
    for case in cases[:MAX_CASES]:
        title = case["title"].rstrip(".")
        problem = f"{title}. {case['reason']}".rstrip()
        company = f"{case['company']}: " if has_several and case["company"] else ""
        output.append(f"  {company}{problem}")
        output.append(f"    {case['do']}")
    remaining = max(len(cases) - MAX_CASES, 0) + unlisted_count
    if remaining > 0:
        output.append(f"  and {remaining} more; `hub cases` lists them.")
    return output


def list_recent_runs(limit: int, visible: Condition = ()) -> list[dict[str, Any]]:
    """Return the newest runs, newest first, as `hub runs --json` prints them.

    `visible` is the condition of the runs that a person may see.
    """
    query = (
        select(Run, Installation.slug, ConnectedCompany.name, ConnectedCompany.realm)
        .outerjoin(Installation, Installation.id == Run.installation_id)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == Run.company_id)
        .where(*visible)
        .order_by(Run.id.desc())
        .limit(limit)
    )
    with read_only_session() as session:
        rows = session.execute(query)
        return [_build_run_entry(run, slug, name or realm or "") for run, slug, name, realm in rows]


def get_display_state(run: Run) -> str:
    """Return the state of a run for people: `differs` for a reconciliation that found something."""
    if run.outcome == RunOutcome.DONE and run.kind == RunKind.RECONCILE:
        return RunState.DIFFERS if reconcile_result.needs_attention(run) else run.state
    return run.state


def has_differences() -> ColumnElement[bool]:
    """Match the reconciliations that found something."""
    troubles = func.coalesce(Run.counts[reconcile_result.TROUBLES_KEY].as_integer(), 0)
    return (Run.kind == RunKind.RECONCILE) & (troubles > 0)


def describe_result(run: Run) -> str:
    """Summarize in a few words what a run did, and why it stopped; "" while it is running."""
    if not run.ended_at:
        return stored.translate(run.error)
    text = _format_result(run)
    if not run.error:
        return text
    error = stored.translate(run.error)
    if text in ("", gettext(results.NOTHING_NEW)):
        return error
    return gettext("%(error)s Before that: %(result)s.", error=error, result=text)


def _format_result(run: Run) -> str:
    """Describe what a run did; "" for kinds of runs that only report errors."""
    counts = run.counts
    result = reconcile_result.load_result(run)
    if result is not None:
        return reasons.translate_sentence(result.summary)
    if run.kind == RunKind.CHANGES:
        noticed_counts = counts.get("noticed", {})
        return stored.translate(format_changes(noticed_counts)) or gettext(results.NOTHING_NEW)
    if "result" in counts:
        return results.format_result(counts["result"])
    return ""


def format_changes(changes: Mapping[str, int]) -> str:
    """Return the counts of what others changed in QuickBooks, as text."""
    texts: list[str] = []
    for name, number in changes.items():
        if number:
            label = CHANGE_LABELS.get(name, name)
            texts.append(f"{number:,} {label}")
    return ", ".join(texts)


def load_log_lines(run_id: int) -> list[dict[str, Any]]:
    """Return the log lines of a run, oldest first; raise NotFound if there is no such run."""
    query = select(RunLine).where(RunLine.run_id == run_id).order_by(RunLine.id)
    lines: list[dict[str, Any]] = []
    with read_only_session() as session:
        if session.get(Run, run_id) is None:
            raise NotFound("run", str(run_id))
        for line in session.scalars(query):
            lines.append({"at": line.at, "level": line.level, "text": line.text})
    return lines


def _build_empty_result() -> dict[str, Any]:
    return {
        **dict.fromkeys(COUNT_NAMES, 0),
        "files": dict.fromkeys(outbox.COUNTED_FILE_STATES, 0),
        "requests": {"writes": 0, "reads": 0},
        "sums": {},
    }


def _list_installations(session: Session, runs: Iterable[Run]) -> list[Installation]:
    """Return the installations of the runs, each once."""
    ids = dict.fromkeys(run.installation_id for run in runs)
    return [session.get_one(Installation, id) for id in ids]


def _list_runs(installation: Installation, runs: Iterable[Run]) -> list[Run]:
    """Return the runs of an installation."""
    own_runs: list[Run] = []
    for run in runs:
        if run.installation_id == installation.id:
            own_runs.append(run)
    return own_runs


def _add_installation(
    app: dict[str, Any], session: Session, installation: Installation, runs: Iterable[Run]
) -> None:
    """Add the counts and sums of an installation to those of its app.

    An app has an installation in each company.
    """
    counts = outbox.count_documents(session, installation.id)
    for name in COUNT_NAMES:
        app[name] += counts.get(name, 0)
    files = app["files"]
    for state, number in outbox.count_all_files(session, installation.id).items():
        files[state] += number
    requests = app["requests"]
    for run in runs:
        for name, number in run.counts.get("requests", {}).items():
            requests[name] += number
    for currency, row in outbox.sum_posted_by_currency(session, installation.id).items():
        sums = app["sums"].setdefault(currency, dict.fromkeys(outbox.SIDES, ZERO))
        for name in outbox.SIDES:
            sums[name] += row[name]


def _format_in_cents(sums: dict[str, Decimal], currency: str) -> dict[str, str]:
    """Return sums as text, in cents if their currency is known."""
    texts: dict[str, str] = {}
    for name in outbox.SIDES:
        amount = sums[name]
        if currency:
            amount = round_amount(amount, currency)
        texts[name] = str(amount)
    return texts


def _select_open_cases(runs: Iterable[Run], visible: Condition) -> Select[Case]:
    """Return the query for the open cases of the apps of runs, and of their companies."""
    installation_ids = {run.installation_id for run in runs if run.installation_id}
    company_ids = {run.company_id for run in runs if run.company_id}
    is_of_company = Case.installation_id.is_(None) & Case.company_id.in_(company_ids)
    is_theirs = Case.installation_id.in_(installation_ids) | is_of_company
    return select(Case).where(Case.closed_at.is_(None), is_theirs, *visible)


def _get_app_name(slug: str | None) -> str:
    """Return the name of an app, or its slug if its plugin is not installed."""
    if not slug:
        return "QuickBooks"
    app = current_hub().plugins.apps.get(slug)
    return app.name if app else slug


def _format_file_lines(counts: Mapping[str, int]) -> list[str]:
    """Report how many files are held, in doubt, or not sent yet."""
    lines: list[str] = []
    for state, label in FILE_LABELS.items():
        number = counts.get(state)
        if number:
            noun = "file" if number == 1 else "files"
            lines.append(f"{number:,} {noun} {label}")
    return lines


def _format_sums(sums: dict[str, str]) -> str:
    if len(set(sums.values())) == 1:
        return f"{sums['posted']} at the source, as posted, and in QuickBooks"
    return ", ".join(
        f"{sums[name]} {where}"
        for name, where in zip(
            outbox.SIDES, ("at the source", "as posted", "in QuickBooks now"), strict=True
        )
    )


def _build_run_entry(run: Run, slug: str | None, company: str) -> dict[str, Any]:
    """Return a run as `hub runs --json` prints it."""
    return {
        "id": run.id,
        "kind": run.kind,
        "app": slug,
        "company": company,
        "asked_by": run.requested_by,
        "started": run.started_at,
        "ended": run.ended_at,
        "outcome": run.outcome or (RunState.RUNNING if run.started_at else RunState.QUEUED),
        "state": get_display_state(run),
        "result": run.counts.get("result", {}),
        "text": describe_result(run),
    }

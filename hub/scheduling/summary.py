"""Summarize runs: counts, sums and open cases of each app, for programs and for people."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current
from hub.db.engine import reading
from hub.errors import NotFound
from hub.models import Case, Company, Installation, Posting, Run, RunLine, case_posting
from hub.models.enums import Operation, RunKind
from hub.money import to_cents
from hub.posting.reconcile import run as reconcile_run
from hub.scheduling import run_result as results

COUNT_NAMES = ("documents", *outbox.COUNTED_STATES)
MAX_CASES = 20
FILE_COUNTS = ("posted", "held", "waiting", "unknown", "skipped", "withdrawn")
STATE_LABELS = {"review": "to review", "unknown": "in doubt", "missing": "missing in QuickBooks"}
SUM_NAMES = ("source", "posted", "quickbooks")
CHANGE_LABELS = {
    "differs": "changed",
    "missing": "gone",
    "part_paid": "paid in part",
    "posted": "no longer paid",
}


def summarize_runs(runs: Sequence[Run]) -> dict[str, Any]:
    """Return counts and sums of the runs' apps, the requests of these runs, and open cases."""
    apps: dict[str, Any] = {}
    with reading() as session:
        for row in _installations(session, runs):
            app = apps.setdefault(row.slug, _empty())
            _add_installation(app, session, row, _runs_of(row, runs))
        cases = _case_summaries(session, runs)
    for app in apps.values():
        for currency, sums in app["sums"].items():
            app["sums"][currency] = _in_cents(sums, currency)
    return {"apps": apps, "cases": cases}


def _case_summaries(session: Session, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the open cases of the apps and companies of the runs."""
    installation_ids = [run.installation_id for run in runs if run.installation_id]
    company_ids = [run.company_id for run in runs if run.company_id]
    rows = _cases(session, installation_ids, company_ids)
    return [_case(session, row) for row in rows]


def format_summary(summary: dict[str, Any], runs: Sequence[Run]) -> str:
    """Return the summary of `summarize_runs` as text, with the reason of each case."""
    results_by_app = _results_by_app(runs)
    output = []
    for slug, app in summary["apps"].items():
        output += _app_lines(slug, app, results_by_app[slug])
    if summary["cases"]:
        output += _case_lines(summary["cases"])
    return "\n".join(output)


def _results_by_app(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Add up what the runs did, by the slug of their app."""
    combined: dict[str, dict[str, Any]] = {}
    with reading() as session:
        for row in _installations(session, runs):
            run_results = [run.counts.get("result", {}) for run in _runs_of(row, runs)]
            combined[row.slug] = results.combine([combined.get(row.slug, {}), *run_results])
    return combined


def _app_lines(slug: str, app: dict[str, Any], result: dict[str, Any]) -> list[str]:
    counts = [f"{app[name]} {_state_label(name)}" for name in COUNT_NAMES[1:] if app[name]]
    detail = f": {', '.join(counts)}" if counts else ""
    output = [f"{_app_name(slug)}: {app['documents']} documents{detail}."]
    output += [f"  {line}." for line in _file_lines(app["files"])]
    output.append(f"  This run: {results.format_result(result)}.")
    for currency, sums in sorted(app["sums"].items()):
        output.append(f"  {currency}: {_sums_text(sums)}")
    return output


def _case_lines(cases: list[dict[str, Any]]) -> list[str]:
    output = ["", "To do:"]
    for case in cases[:MAX_CASES]:
        output.append(f"  {case['title'].rstrip('.')}. {case['reason']}".rstrip())
        output.append(f"    {case['do']}")
    if len(cases) > MAX_CASES:
        output.append(f"  and {len(cases) - MAX_CASES} more; `hub cases` lists them.")
    return output


def open_cases(realm: str | None) -> list[dict[str, Any]]:
    """Return every open case, oldest first."""
    query = select(Case).where(Case.closed_at.is_(None)).order_by(Case.id)
    if realm is not None:
        query = query.join(Company, Company.id == Case.company_id).where(Company.realm == realm)
    with reading() as session:
        return [
            _case(session, row) | {"id": row.id, "opened": row.opened_at}
            for row in session.scalars(query)
        ]


def recent_runs(limit: int) -> list[dict[str, Any]]:
    """Return the newest runs."""
    with reading() as session:
        rows = session.execute(
            select(Run, Installation.slug, Company.name)
            .outerjoin(Installation, Installation.id == Run.installation_id)
            .outerjoin(Company, Company.id == Run.company_id)
            .order_by(Run.id.desc())
            .limit(limit)
        )
        return [_run_json(run, slug, company or "") for run, slug, company in rows]


def describe_result(run: Run) -> str:
    """Say in a few words what a run did, and why it stopped; "" while it goes on."""
    if not run.ended_at:
        return run.error
    text = _result_text(run)
    if run.error:
        return (
            f"{run.error} Before that: {text}." if text not in ("", results.NOTHING) else run.error
        )
    return text


def _result_text(run: Run) -> str:
    if run.kind == RunKind.RECONCILE and run.counts.get("proved_at"):
        return reconcile_run.sentence(run.counts)
    if run.kind == RunKind.CHANGES:
        return format_changes(run.counts.get("noticed", {})) or results.NOTHING
    if "result" in run.counts:
        return results.format_result(run.counts["result"])
    return ""


def format_changes(changes: Mapping[str, int]) -> str:
    """Return the counts of what others changed in QuickBooks, as text."""
    return ", ".join(
        f"{number:,} {CHANGE_LABELS.get(name, name)}" for name, number in changes.items() if number
    )


def log_lines(run_id: int) -> list[dict[str, Any]]:
    """Return the log lines of a run, oldest first; raise NotFound if there is no such run."""
    with reading() as session:
        if session.get(Run, run_id) is None:
            raise NotFound("run", str(run_id))
        rows = session.scalars(select(RunLine).where(RunLine.run_id == run_id).order_by(RunLine.id))
        return [{"at": line.at, "level": line.level, "text": line.text} for line in rows]


def _empty() -> dict[str, Any]:
    return {
        **dict.fromkeys(COUNT_NAMES, 0),
        "files": dict.fromkeys(FILE_COUNTS, 0),
        "requests": {"writes": 0, "reads": 0},
        "sums": {},
    }


def _installations(session: Session, runs: Iterable[Run]) -> list[Installation]:
    """Return the installations of the runs, each once."""
    return [
        session.get_one(Installation, id)
        for id in dict.fromkeys(run.installation_id for run in runs)
    ]


def _runs_of(installation: Installation, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.installation_id == installation.id]


def _add_installation(
    app: dict[str, Any], session: Session, installation: Installation, runs: Iterable[Run]
) -> None:
    counts = outbox.counts(session, installation.id)
    for name in COUNT_NAMES:
        app[name] += counts.get(name, 0)
    for state, number in _file_counts(session, installation.id).items():
        app["files"][state] += number
    for run in runs:
        for name, number in run.counts.get("requests", {}).items():
            app["requests"][name] += number
    for currency, row in outbox.sums(session, installation.id).items():
        sums = app["sums"].setdefault(currency, dict.fromkeys(SUM_NAMES, Decimal(0)))
        for name in SUM_NAMES:
            sums[name] += row[name]


def _file_counts(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files of an installation by state.

    Files that are ready or being sent count as waiting.
    """
    is_own_file = Posting.installation_id == installation_id, Posting.operation == Operation.ATTACH
    counts = dict.fromkeys(FILE_COUNTS, 0)
    rows = select(Posting.state, func.count()).where(*is_own_file).group_by(Posting.state)
    for state, number in session.execute(rows):
        counts[state if state in counts else "waiting"] += number
    return counts


def _in_cents(row: dict[str, Decimal], currency: str) -> dict[str, str]:
    return {
        name: str(row[name] if not currency else to_cents(row[name], currency))
        for name in SUM_NAMES
    }


def _cases(
    session: Session, installations: Iterable[int], companies: Iterable[int]
) -> Iterable[Case]:
    is_theirs = Case.installation_id.in_(installations) | (
        Case.installation_id.is_(None) & Case.company_id.in_(companies)
    )
    return session.scalars(
        select(Case).where(Case.closed_at.is_(None), is_theirs).order_by(Case.id)
    )


def _case(session: Session, case: Case) -> dict[str, Any]:
    slug = session.scalar(select(Installation.slug).where(Installation.id == case.installation_id))
    posting_ids = select(case_posting.c.posting_id).where(case_posting.c.case_id == case.id)
    postings = list(session.scalars(posting_ids.order_by(case_posting.c.posting_id)))
    return {
        "app": slug,
        "cause": case.cause,
        "title": case.title,
        "reason": case.reason,
        "postings": postings,
        "do": case.instruction,
    }


def _app_name(slug: str | None) -> str:
    app = current().plugins.apps.get(slug or "")
    return app.name if app else slug or "QuickBooks"


def _state_label(name: str) -> str:
    return STATE_LABELS.get(name, name)


def _file_lines(counts: Mapping[str, int]) -> list[str]:
    return [
        f"{number:,} {'file' if number == 1 else 'files'} {_state_label(state)}"
        for state, number in counts.items()
        if number and state in ("held", "unknown")
    ]


def _sums_text(sums: dict[str, str]) -> str:
    if len(set(sums.values())) == 1:
        return f"{sums['posted']} at the source, as posted, and in QuickBooks"
    return ", ".join(
        f"{sums[name]} {where}"
        for name, where in zip(
            SUM_NAMES, ("at the source", "as posted", "in QuickBooks now"), strict=True
        )
    )


def _run_json(run: Run, slug: str | None, company: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "app": slug,
        "company": company,
        "asked_by": run.requested_by,
        "started": run.started_at,
        "ended": run.ended_at,
        "outcome": run.outcome or ("running" if run.started_at else "queued"),
        "result": run.counts.get("result", {}),
        "text": describe_result(run),
    }

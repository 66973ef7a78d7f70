"""What a sync tells: counts, sums and open cases of each app, as programs and as people read it."""

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
from hub.money import to_cents
from hub.posting.reconcile import run as reconcile_run
from hub.scheduling import run_result as results

COUNTS = ("documents", *outbox.DOCUMENT_STATES)
MOST = 20
FILE_COUNTS = ("posted", "held", "waiting", "unknown", "skipped", "withdrawn")
WORDS = {"review": "to review", "unknown": "in doubt", "missing": "missing in QuickBooks"}
SUMS = ("source", "posted", "quickbooks")
NOTICED = {
    "differs": "changed",
    "missing": "gone",
    "part_paid": "paid in part",
    "posted": "no longer paid",
}


def of_runs(runs: Sequence[Run]) -> dict[str, Any]:
    """The counts and sums of the runs' apps as they stand now, the requests of these runs, and the open cases."""
    apps: dict[str, Any] = {}
    with reading() as session:
        for row in _installations(session, runs):
            _add(
                apps.setdefault(row.slug, _empty()),
                session,
                row,
                [run for run in runs if run.installation_id == row.id],
            )
        ids = [run.installation_id for run in runs if run.installation_id]
        companies = [run.company_id for run in runs if run.company_id]
        told = {
            "apps": apps,
            "cases": [_case(session, row) for row in _cases(session, ids, companies)],
        }
    for app in apps.values():
        app["sums"] = {currency: _in_cents(row, currency) for currency, row in app["sums"].items()}
    return told


def text(told: dict[str, Any], runs: Sequence[Run]) -> str:
    """Return the summary of `of_runs` as text, with the reason of each case."""
    of_app: dict[str, dict[str, Any]] = {}
    with reading() as session:
        for row in _installations(session, runs):
            own = [run.counts.get("result", {}) for run in runs if run.installation_id == row.id]
            of_app[row.slug] = results.combined([of_app.get(row.slug, {}), *own])
    lines = []
    for slug, app in told["apps"].items():
        counted = ", ".join(f"{app[name]} {_word(name)}" for name in COUNTS[1:] if app[name])
        lines.append(
            f"{_name(slug)}: {app['documents']} documents" + (f": {counted}." if counted else ".")
        )
        lines += [f"  {file}." for file in _files(app["files"])]
        lines.append(f"  This run: {results.text(of_app[slug])}.")
        lines += [f"  {currency}: {_sums(sums)}" for currency, sums in sorted(app["sums"].items())]
    if told["cases"]:
        lines += ["", "To do:"]
        for case in told["cases"][:MOST]:
            lines.append(f"  {case['title'].rstrip('.')}. {case['reason']}".rstrip())
            lines.append(f"    {case['do']}")
        if len(told["cases"]) > MOST:
            lines.append(f"  and {len(told['cases']) - MOST} more; `hub cases` lists them.")
    return "\n".join(lines)


def open_cases(realm: str | None) -> list[dict[str, Any]]:
    """Every open case, oldest first."""
    wanted = select(Case).where(Case.closed_at.is_(None)).order_by(Case.id)
    if realm is not None:
        wanted = wanted.join(Company, Company.id == Case.company_id).where(Company.realm == realm)
    with reading() as session:
        return [
            _case(session, row) | {"id": row.id, "opened": row.opened_at}
            for row in session.scalars(wanted)
        ]


def recent(limit: int) -> list[dict[str, Any]]:
    """The newest runs."""
    with reading() as session:
        found = session.execute(
            select(Run, Installation.slug, Company.name)
            .outerjoin(Installation, Installation.id == Run.installation_id)
            .outerjoin(Company, Company.id == Run.company_id)
            .order_by(Run.id.desc())
            .limit(limit)
        )
        return [_told(run, slug, company or "") for run, slug, company in found]


def result(run: Run) -> str:
    """Say in a few words what a run did, and why it stopped; "" while it goes on."""
    if not run.ended_at:
        return run.error
    said = _said(run)
    if run.error:
        return (
            f"{run.error} Before that: {said}." if said not in ("", results.NOTHING) else run.error
        )
    return said


def _said(run: Run) -> str:
    if run.kind == "reconcile" and run.counts.get("proved_at"):
        return reconcile_run.told(run.counts)
    if run.kind == "changes":
        return noticed(run.counts.get("noticed", {})) or results.NOTHING
    if "result" in run.counts:
        return results.text(run.counts["result"])
    return ""


def noticed(seen: Mapping[str, int]) -> str:
    """What others did in QuickBooks, counted."""
    return ", ".join(
        f"{number:,} {NOTICED.get(name, name)}" for name, number in seen.items() if number
    )


def lines(run_id: int) -> list[dict[str, Any]]:
    """Return the log lines of a run, oldest first; raise NotFound if there is no such run."""
    with reading() as session:
        if session.get(Run, run_id) is None:
            raise NotFound("run", str(run_id))
        found = session.scalars(
            select(RunLine).where(RunLine.run_id == run_id).order_by(RunLine.id)
        )
        return [{"at": line.at, "level": line.level, "text": line.text} for line in found]


def _empty() -> dict[str, Any]:
    return {
        **dict.fromkeys(COUNTS, 0),
        "files": dict.fromkeys(FILE_COUNTS, 0),
        "requests": {"writes": 0, "reads": 0},
        "sums": {},
    }


def _installations(session: Session, runs: Iterable[Run]) -> list[Installation]:
    """Those that the runs were of, each once though it ran several times."""
    return [
        session.get_one(Installation, id)
        for id in dict.fromkeys(run.installation_id for run in runs)
    ]


def _add(
    app: dict[str, Any], session: Session, installation: Installation, runs: Iterable[Run]
) -> None:
    counts = outbox.counts(session, installation.id)
    for name in COUNTS:
        app[name] += counts.get(name, 0)
    for state, number in _file_counts(session, installation.id).items():
        app["files"][state] += number
    for run in runs:
        for name, number in run.counts.get("requests", {}).items():
            app["requests"][name] += number
    for currency, row in outbox.sums(session, installation.id).items():
        sums = app["sums"].setdefault(currency, dict.fromkeys(SUMS, Decimal(0)))
        for name in SUMS:
            sums[name] += row[name]


def _file_counts(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files of an installation by state; what is ready or being sent counts as waiting."""
    mine = Posting.installation_id == installation_id, Posting.operation == "attach"
    counts = dict.fromkeys(FILE_COUNTS, 0)
    rows = select(Posting.state, func.count()).where(*mine).group_by(Posting.state)
    for state, number in session.execute(rows):
        counts[state if state in counts else "waiting"] += number
    return counts


def _in_cents(row: dict[str, Decimal], currency: str) -> dict[str, str]:
    return {
        name: str(row[name] if not currency else to_cents(row[name], currency)) for name in SUMS
    }


def _cases(
    session: Session, installations: Iterable[int], companies: Iterable[int]
) -> Iterable[Case]:
    theirs = Case.installation_id.in_(installations) | (
        Case.installation_id.is_(None) & Case.company_id.in_(companies)
    )
    return session.scalars(select(Case).where(Case.closed_at.is_(None), theirs).order_by(Case.id))


def _case(session: Session, case: Case) -> dict[str, Any]:
    slug = session.scalar(select(Installation.slug).where(Installation.id == case.installation_id))
    stopped = select(case_posting.c.posting_id).where(case_posting.c.case_id == case.id)
    postings = list(session.scalars(stopped.order_by(case_posting.c.posting_id)))
    return {
        "app": slug,
        "cause": case.cause,
        "title": case.title,
        "reason": case.reason,
        "postings": postings,
        "do": case.do,
    }


def _name(slug: str | None) -> str:
    app = current().plugins.apps.get(slug or "")
    return app.name if app else slug or "QuickBooks"


def _word(name: str) -> str:
    return WORDS.get(name, name)


def _files(counts: Mapping[str, int]) -> list[str]:
    return [
        f"{number:,} {'file' if number == 1 else 'files'} {_word(state)}"
        for state, number in counts.items()
        if number and state in ("held", "unknown")
    ]


def _sums(sums: dict[str, str]) -> str:
    if len(set(sums.values())) == 1:
        return f"{sums['posted']} at the source, as posted, and in QuickBooks"
    return ", ".join(
        f"{sums[name]} {where}"
        for name, where in zip(
            SUMS, ("at the source", "as posted", "in QuickBooks now"), strict=True
        )
    )


def _told(run: Run, slug: str | None, company: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "app": slug,
        "company": company,
        "asked_by": run.asked_by,
        "started": run.started_at,
        "ended": run.ended_at,
        "outcome": run.outcome or ("running" if run.started_at else "queued"),
        "result": run.counts.get("result", {}),
        "text": result(run),
    }

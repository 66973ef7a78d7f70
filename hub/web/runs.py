"""The history of runs, a run's log, and its progress while it is running."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased
from werkzeug import Response as Redirect

from hub import outbox
from hub.context import current_hub
from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Posting, Run, RunLine, Schedule
from hub.models.enums import Operation, PostingState, RunKind, RunOutcome, RunState
from hub.posting.reconcile.result import load_result
from hub.scheduling import pending_work, run_log, run_result, summary
from hub.sources import outage
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication.access import ANYWHERE, load_scope, may_here, require_role
from hub.web.frame import viewer
from hub.web.frame.app_filter import list_installation_choices
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.moments import use_zone_of
from hub.web.frame.names import app_name
from hub.web.frame.paging import build_first_address, drop_unset, is_past_end, load_page
from hub.web.frame.run_kinds import RUN_KIND_LABELS
from hub.web.lists import exports
from hub.web.reconcile.reconciliation_summary import summarize
from hub.web.request import row_ids

# Kinds that keep the hub up to date; the list hides those that nobody asked for and that worked.
HOUSEKEEPING_KINDS = (RunKind.LISTS, RunKind.CHANGES, RunKind.TOKENS)
ALL_KINDS = "all"  # the choice of the filter that shows housekeeping, too
# The steps of a run of a company that are about one of its apps, without its slug.
PHASES_OF_APPS = {
    "lists to": gettext_noop("lists to %(app)s"),
    "check": gettext_noop("check of %(app)s"),
    "report to": gettext_noop("report to %(app)s"),
}
MAX_LINES = 200  # of the log on one page
EXPORT_COLUMNS = (
    "id",
    "run",
    "company",
    "kind",
    "state",
    "started",
    "ended",
    "requested_by",
    "result",
)
pages = Blueprint("runs", __name__, url_prefix="/runs")


@dataclass(frozen=True)
class RunSubjects:
    """The apps and companies of some runs, read in two queries for all."""

    installations: Mapping[int, Installation]
    companies: Mapping[int, ConnectedCompany]

    @classmethod
    def of(cls, session: Session, runs: Sequence[Run]) -> "RunSubjects":
        """Read the apps and companies of runs."""
        installation_ids = {run.installation_id for run in runs}
        company_ids = {run.company_id for run in runs}
        installations = select(Installation).where(Installation.id.in_(installation_ids))
        apps = {}
        for installation in session.scalars(installations):
            apps[installation.id] = installation
            company_ids.add(installation.company_id)
        companies = select(ConnectedCompany).where(ConnectedCompany.id.in_(company_ids))
        return cls(apps, {company.id: company for company in session.scalars(companies)})

    def title(self, run: Run) -> str:
        """Return the kind of a run and its app or company."""
        what = gettext(RUN_KIND_LABELS.get(run.kind, run.kind.capitalize()))
        installation = self.installations.get(run.installation_id or 0)
        if installation is not None:
            return f"{what} · {app_name(installation.slug)}"
        company = self.company(run)
        if company is not None:
            return f"{what} · {company.display_name}"
        return what

    def company(self, run: Run) -> ConnectedCompany | None:
        """Return the company of a run, or of its app; None for a run of the whole hub."""
        installation = self.installations.get(run.installation_id or 0)
        company_id = installation.company_id if installation is not None else run.company_id
        return self.companies.get(company_id or 0)


@pages.app_template_filter("duration")
def format_duration(run: Run) -> str:
    """Return how long a run took, such as "4.5 s"; "" before it has ended."""
    if run.started_at is None or run.ended_at is None:
        return ""
    seconds = Decimal(str((run.ended_at - run.started_at).total_seconds()))
    return f"{viewer.number_format().amount(seconds, 1)} s"


@pages.app_template_filter("phase")
def format_phase(text: str) -> str:
    """Return what a run is doing; an app, which its step has by its slug, is named."""
    what, _, slug = text.rpartition(" ")
    if what in PHASES_OF_APPS:
        return gettext(PHASES_OF_APPS[what], app=app_name(slug))
    return gettext(text)


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def index() -> str | Redirect:
    """List runs, newest first."""
    filters = _parse_filters()
    query = _select_runs(filters)
    with read_only_session() as session:
        runs = load_page(session, query, order_by=[Run.id])
        if is_past_end(runs):
            return redirect(build_first_address())
        subjects = RunSubjects.of(session, runs.rows)
        rows = []
        for run in runs.rows:
            result = summary.describe_result(run)
            of_app = subjects.company(run) if run.installation_id else None
            rows.append((run, subjects.title(run), of_app, summary.get_display_state(run), result))
        installations = list_installation_choices(session, filters["installation"])
    context = {
        "page": runs,
        "rows": rows,
        "filters": filters,
        "active_filters": drop_unset(filters),
        "kind_labels": RUN_KIND_LABELS,
        "installations": installations,
    }
    return render_template("runs.html", **context)


@pages.get("/export")
@require_role("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the runs that the filters choose, newest first."""
    rows = exports.read_in_chunks(_select_runs(_parse_filters()), [Run.id], _export_rows)
    return exports.download("runs", EXPORT_COLUMNS, rows)


def _parse_filters() -> dict[str, str]:
    """Return the filters of the address; those that it lacks are empty."""
    return {name: request.args.get(name, "") for name in ("kind", "installation", "state")}


def _select_runs(filters: Mapping[str, str]) -> Select[Any]:
    """Return the query for the runs that the person may see and the filters choose."""
    query = select(Run).where(*load_scope().runs())
    if filters["kind"] in RUN_KIND_LABELS:
        query = query.where(Run.kind == filters["kind"])
    elif filters["kind"] != ALL_KINDS:
        query = query.where(_is_of_interest())
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        query = query.where(Run.installation_id == installation_id)
    if filters["state"] in (RunState.DONE, RunState.DIFFERS):
        query = query.where(Run.outcome == RunOutcome.DONE)
        differs = summary.has_differences()
        query = query.where(differs if filters["state"] == RunState.DIFFERS else ~differs)
    elif filters["state"] == RunState.STOPPED:
        query = query.where(Run.outcome == RunOutcome.STOPPED)
    elif filters["state"] == RunState.RUNNING:
        query = query.where(Run.ended_at.is_(None))
    return query


def _is_of_interest() -> ColumnElement[bool]:
    """Return the condition that hides housekeeping, unless it stopped or a person asked for it."""
    return or_(
        Run.kind.not_in(HOUSEKEEPING_KINDS),
        Run.outcome == RunOutcome.STOPPED,
        Run.requested_by.not_in(run_log.AUTOMATIC_REQUESTERS),
    )


def _export_rows(session: Session, runs: Sequence[Run]) -> Iterator[exports.Row]:
    """Yield runs as a file has them."""
    subjects = RunSubjects.of(session, runs)
    for run in runs:
        company = subjects.company(run)
        yield {
            "id": run.id,
            "run": subjects.title(run),
            "company": company.display_name if company else "",
            "kind": run.kind,
            "state": summary.get_display_state(run),
            "started": run.started_at,
            "ended": run.ended_at,
            "requested_by": run.requested_by,
            "result": summary.describe_result(run),
        }


@pages.get("/<int:run_id>")
@require_role("viewer")
def one(run_id: int) -> str | Redirect:
    """Show one run: its progress, result and log."""
    context = _build_context(run_id)
    if is_past_end(context["log_page"]):
        return redirect(build_first_address())
    return render_template("run.html", **context)


@pages.get("/<int:run_id>/progress")
@require_role("viewer")
def progress(run_id: int) -> tuple[str, int]:
    """Render the part that a run in progress renews every two seconds.

    Status 286 tells htmx that the run is over.
    """
    context = _build_context(run_id)
    is_over = context["run"].ended_at is not None
    part = render_template("progress.html", is_part=True, **context)
    return part, 286 if is_over else 200


def _build_context(run_id: int) -> dict[str, Any]:
    """Return the values of the page of a run."""
    with read_only_session() as session:
        run = get_row_or_404(session, Run, run_id)
        installation = None
        if run.installation_id:
            installation = session.get(Installation, run.installation_id)
        use_zone_of(installation)
        reconciliation_summary = None
        result = load_result(run)
        if result is not None:
            reconciliation_summary = summarize(run, result)
        has_ended = run.ended_at is not None
        subjects = RunSubjects.of(session, [run])
        company = subjects.company(run)
        may_undo = may_here("operator") and not (company and company.is_disconnected)
        return {
            "run": run,
            "title": subjects.title(run),
            "company": company,
            "state": run.state,
            "badge_state": summary.get_display_state(run),
            "result": run.counts.get("result"),
            "figures": run_result.label_counts(run.counts.get("result", {})),
            "result_text": summary.describe_result(run),
            "reconciliation": result,
            "reconciliation_summary": reconciliation_summary,
            **_load_log(session, run_id),
            "installation": installation,
            "next_try": _load_next_try_time(session, run, installation),
            "apps": _load_apps(session, run),
            "has_posted": _has_posted(session, run),
            "can_undo": may_undo and has_ended and _has_created(session, run),
            "runs_url": url_for("runs.index"),
        }


def _load_log(session: Session, run_id: int) -> dict[str, Any]:
    """Return a page of the log of a run, oldest line first, and the number of all lines.

    Without a place in the address it is the page of the newest lines.
    """
    lines = select(RunLine).where(RunLine.run_id == run_id)
    page = load_page(session, lines, order_by=[RunLine.id], size=MAX_LINES)
    page = replace(page, newer=_link_log(run_id, page.newer), older=_link_log(run_id, page.older))
    count = len(page.rows)
    if page.newer or page.older:
        all_lines = select(func.count()).select_from(RunLine).where(RunLine.run_id == run_id)
        count = session.scalar(all_lines) or 0
    return {"log_page": page, "log_lines": page.rows[::-1], "log_count": count}


def _link_log(run_id: int, address: str) -> str:
    """Return the address of a page of the log within the page of its run; "" for none.

    The address of the part that is renewed would show this part alone.
    """
    if not address:
        return ""
    arguments = parse_qs(urlsplit(address).query)
    places: dict[str, Any] = {name: arguments.get(name) for name in ("before", "after")}
    return url_for("runs.one", run_id=run_id, _anchor="log", **places)


def _load_next_try_time(
    session: Session, run: Run, installation: Installation | None
) -> dt.datetime | None:
    """Return when a run that stopped is tried again, if that is known."""
    if run.outcome != RunOutcome.STOPPED:
        return None
    if run.kind == RunKind.POST:
        return pending_work.find_next_attempt(session, run)
    if installation is not None:
        return outage.find_next_attempt(session, installation)
    query = select(Schedule.next_due).where(
        Schedule.company_id == run.company_id, Schedule.kind == run.kind, Schedule.enabled
    )
    due = session.scalar(query)
    return due if due and due > current_hub().clock.now() else None


def _has_posted(session: Session, run: Run, *conditions: ColumnElement[bool]) -> bool:
    """Return whether a run posted something that the conditions fit."""
    query = select(Posting.id).where(
        Posting.run_id == run.id, Posting.state == PostingState.POSTED, *conditions
    )
    return session.scalar(query.limit(1)) is not None


def _has_created(session: Session, run: Run) -> bool:
    """Return whether a run created a transaction that is still posted, so that it can be undone."""
    later = aliased(Posting)
    is_superseded = exists().where(
        later.document_id == Posting.document_id,
        later.part == Posting.part,
        later.id > Posting.id,
        later.state == PostingState.POSTED,
        later.operation.in_((Operation.CREATE, *outbox.REMOVALS)),
    )
    is_transaction = Posting.kind.not_in(LIST_KINDS)
    is_creation = Posting.operation == Operation.CREATE
    return _has_posted(session, run, is_creation, is_transaction, ~is_superseded)


def _load_apps(session: Session, run: Run) -> list[Installation]:
    """Return the apps that a run of a whole company serves."""
    if run.installation_id or not run.company_id:
        return []
    of_company = select(Installation).where(
        Installation.company_id == run.company_id, *load_scope().installations()
    )
    return list(session.scalars(of_company))

"""Runs in the API: what each did, with the lines of its log; syncs and reconciliations start."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from sqlalchemy import func, select

from hub.db.engine import read_only_session
from hub.installations import full_reading
from hub.models import ConnectedCompany, Installation, Run, RunLine
from hub.models.enums import RunKind, RunState
from hub.scheduling import run_log, summary
from hub.web.api import problems
from hub.web.api.resources import (
    PREFIX,
    PageQuery,
    Resource,
    build_choice_field,
    build_id_field,
    list_of,
    operation,
    to_list,
)
from hub.web.apps import enabled_apps
from hub.web.authentication.access import ANYWHERE, load_scope, person_name
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import load_page

MAX_LINES = 200  # of a log in one answer
PAUSED_MESSAGE = "The app is disabled or paused. Set its mode to auto or review first."
DISCONNECTED_MESSAGE = "The company is disconnected. An owner has to connect it again first."
resource = Resource("api_runs", __name__, url_prefix=PREFIX, description="syncs and other runs")


class RunSchema(Schema):
    """A run."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    state = fields.String(
        required=True, metadata={"description": "queued, running, done or stopped"}
    )
    company_id = fields.Integer(required=True, allow_none=True)
    installation_id = fields.Integer(required=True, allow_none=True)
    requested_by = fields.String(required=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    result = fields.String(required=True, metadata={"description": "what the run did, in words"})
    error = fields.String(required=True)


class RunLineSchema(Schema):
    """A line of a run's log."""

    at = fields.AwareDateTime(required=True)
    text = fields.String(required=True)


class RunWithLinesSchema(RunSchema):
    """A run with the newest lines of its log."""

    line_count = fields.Integer(
        required=True, metadata={"description": "how many lines the whole log has"}
    )
    lines = fields.List(
        fields.Nested(RunLineSchema),
        required=True,
        metadata={"description": f"the newest {MAX_LINES}, oldest first"},
    )


class RunQuery(PageQuery):
    """The filters of the list of runs."""

    kind = build_choice_field([str(kind) for kind in RunKind])
    state = build_choice_field(
        [RunState.DONE, RunState.STOPPED, RunState.RUNNING],
        "`running` lists those that are queued, too",
    )
    installation = build_id_field("the id of an installation")


@operation(
    resource, "/runs/", role="viewer", of=ANYWHERE, query=RunQuery, response=list_of(RunSchema)
)
def index(query: dict[str, Any]) -> Any:
    """List runs, the newest first."""
    runs = select(Run).where(*load_scope().runs())
    if "kind" in query:
        runs = runs.where(Run.kind == query["kind"])
    state = query.get("state")
    if state == RunState.RUNNING:
        runs = runs.where(Run.ended_at.is_(None))
    elif state:
        runs = runs.where(Run.outcome == state)
    if "installation" in query:
        runs = runs.where(Run.installation_id == query["installation"])
    with read_only_session() as session:
        page = load_page(session, runs, order_by=[Run.id])
        return to_list(page, map(_describe, page.rows))


@operation(resource, "/runs/<int:run_id>", role="viewer", response=RunWithLinesSchema)
def one(run_id: int) -> Any:
    """Return a run with the newest lines of its log, oldest first, and the number of all lines."""
    is_of_run = RunLine.run_id == run_id
    with read_only_session() as session:
        run = get_row_or_404(session, Run, run_id)
        newest = select(RunLine).where(is_of_run).order_by(RunLine.id.desc()).limit(MAX_LINES)
        lines = list(session.scalars(newest))
        lines.reverse()
        count = session.scalar(select(func.count()).select_from(RunLine).where(is_of_run))
        return _describe(run) | {"line_count": count, "lines": lines}


@operation(
    resource,
    "/runs/<int:run_id>/lines/",
    role="viewer",
    query=PageQuery,
    response=list_of(RunLineSchema),
)
def lines(run_id: int, query: dict[str, Any]) -> Any:
    """List all lines of the log of a run, oldest first."""
    with read_only_session() as session:
        get_row_or_404(session, Run, run_id)
        log = select(RunLine).where(RunLine.run_id == run_id)
        page = load_page(session, log, order_by=[RunLine.id], is_descending=False, size=MAX_LINES)
        return to_list(page, page.rows)


@operation(
    resource,
    "/installations/<int:installation_id>/runs/",
    method="POST",
    role="operator",
    status=202,
    response=RunSchema,
)
def start_sync(installation_id: int) -> Any:
    """Start a sync now, or return the one that waits already."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    problem = _find_problem(installation)
    if problem is not None:
        return problem
    return _start(RunKind.SYNC, installation_id)


@operation(
    resource,
    "/installations/<int:installation_id>/runs/from-start",
    method="POST",
    role="app-owner",
    status=202,
    response=RunSchema,
)
def start_over(installation_id: int) -> Any:
    """Start a sync that reads everything again; what is posted is not posted twice."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    enabled_apps.check_right(installation)
    problem = _find_problem(installation)
    if problem is not None:
        return problem
    full_reading.start_over(installation_id, person_name())
    return _start(RunKind.SYNC, installation_id)


@operation(
    resource,
    "/companies/<int:company_id>/reconciliations/",
    role="viewer",
    query=PageQuery,
    response=list_of(RunSchema),
)
def reconciliations(company_id: int, query: dict[str, Any]) -> Any:
    """List the reconciliations of a company, the newest first."""
    of_company = Run.company_id == company_id, Run.kind == RunKind.RECONCILE
    with read_only_session() as session:
        get_row_or_404(session, ConnectedCompany, company_id)
        runs = select(Run).where(*of_company, *load_scope().runs())
        page = load_page(session, runs, order_by=[Run.id])
        return to_list(page, map(_describe, page.rows))


@operation(
    resource,
    "/companies/<int:company_id>/reconciliations/",
    method="POST",
    role="operator",
    status=202,
    response=RunSchema,
)
def start_reconciliation(company_id: int) -> Any:
    """Reconcile a company now, or return the run that waits already."""
    with read_only_session() as session:
        company = get_row_or_404(session, ConnectedCompany, company_id)
    if company.is_disconnected:
        return problems.build_problem(409, DISCONNECTED_MESSAGE)
    return _start(RunKind.RECONCILE, company_id)


def _find_problem(installation: Installation) -> Response | None:
    """Return why no run of an app can start; None if one can."""
    if not installation.is_active:
        return problems.build_problem(409, PAUSED_MESSAGE)
    if not installation.can_run:
        return problems.build_problem(409, DISCONNECTED_MESSAGE)
    return None


def _start(kind: RunKind, subject_id: int) -> dict[str, Any]:
    """Request a run and return it."""
    run_id = run_log.request(kind, subject_id, person_name())
    with read_only_session() as session:
        return _describe(session.get_one(Run, run_id))


def _describe(run: Run) -> dict[str, Any]:
    """Return a run as the API answers it."""
    return {
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "company_id": run.company_id,
        "installation_id": run.installation_id,
        "requested_by": run.requested_by,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "result": summary.describe_result(run),
        "error": run.error,
    }

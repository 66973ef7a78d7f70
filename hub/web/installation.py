"""An app of one company: how it stands, run it now, download the lists, pause or disable it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.context import current
from hub.db.engine import reading
from hub.errors import HubError
from hub.installations import early_documents, enable
from hub.models import (
    AuditEntry,
    Case,
    Installation,
    Posting,
    Run,
    Schedule,
    SeenCode,
    SourceDocument,
)
from hub.models.enums import InstallationMode, PostingState, RunKind
from hub.scheduling import run_log
from hub.web.access import needs, who
from hub.web.case_titles import subjects
from hub.web.counts import counts
from hub.web.layout import app_name
from hub.web.paging import row_or_404

pages = Blueprint("installation", __name__, url_prefix="/installations/<int:installation_id>")


@pages.get("/")
@needs("viewer")
def show(installation_id: int) -> str:
    """Show the state of an installation."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        return render_template(
            "installation.html", **tabs(session, installation), **_about(session, installation)
        )


@pages.post("/run")
@needs("operator")
def run(installation_id: int) -> Response:
    """Start a sync now."""
    return start(installation_id, RunKind.SYNC, installation_id)


@pages.post("/lists")
@needs("operator")
def lists(installation_id: int) -> Response:
    """Download the master data: read the lists of QuickBooks and push them into the source."""
    with reading() as session:
        company_id = row_or_404(session, Installation, installation_id).company_id
    return start(installation_id, RunKind.LISTS, company_id)


def tabs(session: Session, installation: Installation) -> dict[str, Any]:
    """Return what the head of every page of an installation shows."""
    app = current().plugins.apps.get(installation.slug)
    company = installation.company
    return {
        "installation": installation,
        "app": app,
        "company_name": company.name or company.realm,
        "has_lists": bool(app) and current().plugins.has(installation.slug, "hub_records"),
        "to_review": session.scalar(
            select(func.count()).select_from(Posting).where(*in_review(installation.id))
        ),
        "crumbs": [
            ("Apps", url_for("marketplace.show")),
            (app_name(installation.slug), _app_page(installation)),
        ],
    }


def in_review(installation_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of postings that wait for a person's approval."""
    return Posting.installation_id == installation_id, Posting.state == PostingState.REVIEW


def left_out(session: Session, installation_id: int) -> int:
    """Count the documents that are excluded because of the start date."""
    counted = select(func.count()).select_from(SourceDocument)
    return session.scalar(counted.where(*early_documents.excluded(installation_id))) or 0


def _app_page(installation: Installation) -> str:
    """Render the page of an installation."""
    is_installed = installation.slug in current().plugins.apps
    return (
        url_for("marketplace.one", slug=installation.slug)
        if is_installed
        else url_for("marketplace.show")
    )


def start(installation_id: int, kind: str, subject_id: int) -> Response:
    """Request a run and redirect to it; a paused app only shows a message."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    if not installation.enabled or installation.mode == InstallationMode.PAUSED:
        flash("It is paused. Set its mode to automatic or review first, under Settings.", "error")
        return redirect(url_for("installation.show", installation_id=installation_id))
    try:
        return redirect(url_for("runs.one", run_id=run_log.request(kind, subject_id, who())))
    except HubError as error:
        flash(error.text, "error")
        return redirect(url_for("installation.show", installation_id=installation_id))


def _about(session: Session, installation: Installation) -> dict[str, Any]:
    """Return what the page of an installation shows."""
    is_own = Run.installation_id == installation.id
    since = or_(Run.started_at.is_(None), Run.started_at >= installation.created_at)
    lists = (Run.company_id == installation.company_id, Run.kind == RunKind.LISTS, since)
    newest = select(Run).order_by(Run.id.desc())
    newest_cases = select(Case).where(
        Case.installation_id == installation.id, Case.closed_at.is_(None)
    )
    cases = list(session.scalars(newest_cases.order_by(Case.id.desc()).limit(5)))
    codes = (
        select(func.count())
        .select_from(SeenCode)
        .where(SeenCode.installation_id == installation.id)
    )
    planned = select(Schedule).where(
        Schedule.installation_id == installation.id, Schedule.kind == RunKind.SYNC
    )
    return {
        "counts": counts(session, installation.id),
        "sums": outbox.sums(session, installation.id),
        "runs": list(session.scalars(newest.where(is_own).limit(5))),
        "lists_run": session.scalar(newest.where(*lists).limit(1)),
        "lists_put": session.scalar(_lists_put(installation)),
        "cases": cases,
        "subjects": subjects(session, cases),
        "codes": session.scalar(codes),
        "schedule": session.scalar(planned),
        "left_out": left_out(session, installation.id),
        "mine": request.args.get("mine", ""),
    }


def _lists_put(installation: Installation) -> Select[AuditEntry]:
    """Return the query for the audit entry of the lists that enabling pushed."""
    here = AuditEntry.what == enable.LISTS, AuditEntry.subject == enable.subject(installation)
    return select(AuditEntry).where(*here).order_by(AuditEntry.id.desc()).limit(1)

"""An app of one company: its state, and the buttons to run, refresh, pause or disable it."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.installations import act_log, early_documents, full_reading
from hub.models import (
    AuditEntry,
    Case,
    Installation,
    Posting,
    Run,
    SeenCode,
    SourceDocument,
)
from hub.models.enums import RunKind
from hub.outbox import approvals
from hub.scheduling import run_log
from hub.scheduling.next_runs import load_next_runs
from hub.translations.messages import gettext, translate
from hub.web.apps import enabled_apps, setting_history
from hub.web.authentication.access import may_open_run, person_name, require_role
from hub.web.frame import environment_badge
from hub.web.frame.kind_labels import count_kinds
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.names import app_name
from hub.web.lists import case_list
from hub.web.lists.counts import count_documents, count_in_review

pages = Blueprint("installation", __name__, url_prefix="/installations/<int:installation_id>")


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str:
    """Show the state of an installation."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        head = build_tabs(session, installation)
        about = _build_page_values(session, installation)
        return render_template("installation.html", **head, **about)


@pages.post("/run")
@require_role("operator")
def run(installation_id: int) -> Response:
    """Start a sync now."""
    return start(installation_id, RunKind.SYNC, installation_id)


@pages.post("/lists")
@require_role("operator")
def lists(installation_id: int) -> Response:
    """Download the master data: read the lists of QuickBooks and push them into the source."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    return start(installation_id, RunKind.LISTS, installation.company_id)


@pages.post("/from-start")
@require_role("app-owner")
def start_over(installation_id: int) -> Response:
    """Let the next sync read everything again, and start it.

    Without a tick in the form's box nothing happens.
    """
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    enabled_apps.check_right(installation)
    if request.form.get("sure") == "1" and installation.can_run:
        full_reading.start_over(installation_id, person_name())
        flash(gettext("The next sync reads everything again."), "success")
    elif installation.can_run:
        return redirect(url_for("installation.show", installation_id=installation_id))
    return start(installation_id, RunKind.SYNC, installation_id)


def build_tabs(session: Session, installation: Installation) -> dict[str, Any]:
    """Return the values of the head of every page of an installation.

    The app is None if its plugin is not installed. `review_count` is the number of documents to
    approve, and `review_part_count` that of the transactions that these become.
    """
    plugins = current_hub().plugins
    app = plugins.apps.get(installation.slug)
    company = installation.company
    waiting = (
        select(func.count(Posting.document_id.distinct()), func.count())
        .select_from(Posting)
        .where(*approvals.build_review_conditions(installation.id))
    )
    review_count, review_part_count = session.execute(waiting).one()
    return {
        "installation": installation,
        "app": app,
        "company_name": company.display_name,
        "source_badge": environment_badge.build_source_badge(app, installation),
        "has_lists": bool(app) and plugins.has(installation.slug, "hub_records"),
        "has_webhook": bool(app) and plugins.has(installation.slug, "hub_webhook"),
        "review_count": review_count,
        "review_part_count": review_part_count,
        "crumbs": [
            (gettext("Apps"), url_for("marketplace.show")),
            (app_name(installation.slug), _get_app_page(installation)),
        ],
    }


def count_before_start(session: Session, installation_id: int) -> int:
    """Count the documents that are excluded because of the start date."""
    is_excluded = early_documents.match_excluded(installation_id)
    query = select(func.count()).select_from(SourceDocument).where(*is_excluded)
    return session.scalar(query) or 0


def _get_app_page(installation: Installation) -> str:
    """Return the address of the app's page, or of the list if its plugin is not installed."""
    if installation.slug not in current_hub().plugins.apps:
        return url_for("marketplace.show")
    return url_for("marketplace.one", slug=installation.slug)


def start(installation_id: int, kind: str, subject_id: int) -> Response:
    """Request a run and redirect to it; an app that cannot run only shows a message."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    app_page = url_for("installation.show", installation_id=installation_id)
    if not installation.can_run:
        flash(_explain_inactivity(installation), "error")
        return redirect(app_page)
    try:
        run_id = run_log.request(kind, subject_id, person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(app_page)
    with read_only_session() as session:
        if may_open_run(session.get(Run, run_id)):
            return redirect(url_for("runs.one", run_id=run_id))
    flash(gettext("The lists of the company are being read."), "success")
    return redirect(app_page)


def _explain_inactivity(installation: Installation) -> str:
    """Return why no run of an app is started: it is inactive, or its company is disconnected."""
    if not installation.enabled:
        return gettext("It is disabled. Enable it first, under Settings.")
    if installation.is_active:
        return gettext(
            "%(company)s is disconnected. An owner connects it again under Companies.",
            company=installation.company.display_name,
        )
    return gettext("It is paused. Set its mode to automatic or review first, under Settings.")


def _build_page_values(session: Session, installation: Installation) -> dict[str, Any]:
    """Return the values of the page of an installation."""
    is_of_app = Run.installation_id == installation.id
    is_lists_run = (
        Run.company_id == installation.company_id,
        Run.kind == RunKind.LISTS,
        or_(Run.started_at.is_(None), Run.started_at >= installation.created_at),
    )
    newest = select(Run).order_by(Run.id.desc())
    newest_cases = (
        select(Case)
        .where(Case.installation_id == installation.id, Case.closed_at.is_(None), inbox.is_awake())
        .order_by(Case.id.desc())
        .limit(5)
    )
    cases = list(session.scalars(newest_cases))
    codes = (
        select(func.count())
        .select_from(SeenCode)
        .where(SeenCode.installation_id == installation.id)
    )
    next_runs = load_next_runs(session, [installation.id], current_hub().clock.now())
    return {
        "counts": count_documents(session, installation.id),
        "review_text": count_kinds(count_in_review(session, installation.id)),
        "sums": _load_sums(session, installation.id),
        "runs": list(session.scalars(newest.where(is_of_app).limit(5))),
        "lists_run": session.scalar(newest.where(*is_lists_run).limit(1)),
        "lists_entry": _find_lists_entry(session, installation),
        "cases": case_list.build_rows(session, cases),
        "snoozed_count": case_list.count_snoozed(session, {"installation": str(installation.id)}),
        "code_count": session.scalar(codes),
        "next_run": next_runs.get(installation.id),
        "early_count": count_before_start(session, installation.id),
    }


def _find_lists_entry(session: Session, installation: Installation) -> AuditEntry | None:
    """Return the audit entry of the lists that enabling pushed last; None if it pushed none."""
    acts = [act_log.LISTS_PUSHED_ACTION]
    entries = setting_history.load_entries(session, installation, acts, limit=1)
    return entries[0] if entries else None


def _load_sums(session: Session, installation_id: int) -> list[tuple[str, str, dict[str, Decimal]]]:
    """Return kind, currency and sums of the posted documents; a payment is no further invoice."""
    by_kind = outbox.sum_posted_by_kind(session, installation_id)
    return [(*key, by_kind[key]) for key in sorted(by_kind)]

"""The page that lists everything that would stop the documents of an app."""

from flask import Blueprint, render_template

from hub.db.engine import read_only_session
from hub.models import Installation
from hub.scheduling import readiness_report
from hub.scheduling.readiness_report import ReadinessReport
from hub.web.apps.installation import build_tabs
from hub.web.authentication.access import require_role
from hub.web.frame import viewer
from hub.web.frame.kind_labels import count_kinds
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.source_view import format_sums

pages = Blueprint("ready", __name__, url_prefix="/installations/<int:installation_id>/readiness")


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str:
    """Show the company's set-up and what stops documents, with what to do about each."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        context = build_tabs(session, installation)
        report: ReadinessReport | None = None
        if context["app"]:
            with viewer.translate_reasons():
                report = readiness_report.report(session, installation, context["app"])
        return render_template(
            "readiness.html",
            report=report,
            ready_text=count_kinds(report.ready) if report and report.ready else "",
            format_sums=format_sums,
            **context,
        )

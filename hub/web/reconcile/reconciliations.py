"""The reconciliations of a company, or all: what differs from QuickBooks; page, file, PDF."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases.discrepancies import Discrepancy
from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Run
from hub.models.enums import RunKind, RunOutcome
from hub.posting.reconcile.result import load_result
from hub.qbo import deep_links
from hub.scheduling import summary
from hub.web.authentication.access import (
    ANYWHERE,
    company_id_of_address,
    load_scope,
    may,
    person_name,
    require_role,
)
from hub.web.frame import viewer
from hub.web.frame.company_choice import find_chosen_or_only_company
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.moments import use_zone_of
from hub.web.frame.paging import ListPage, build_address_with, load_page
from hub.web.lists import exports
from hub.web.reconcile import all_reconciliations
from hub.web.reconcile.reconciliation_report import (
    TOTAL_COLUMNS,
    ReconciliationReport,
    ReportedDifference,
    describe_difference,
    describe_line,
    format_requester,
)
from hub.web.reconcile.reconciliation_summary import (
    ReconciliationSummary,
    load_newest_reconciliations,
    load_newest_runs,
)
from hub.web.request import row_ids
from hub.web.transactions.transaction_facts import get_environment_with_pages

ROWS_PER_PAGE = 100
HISTORY_ROWS = 10
DIFFERENCE_COLUMNS = (
    "document",
    "app",
    "kind",
    "number",
    "party",
    "date",
    "currency",
    "source",
    "posted",
    "quickbooks",
    "difference",
    "state",
    "accepted",
    "reason",
    "quickbooks_id",
    "case",
)
pages = Blueprint("reconciliations", __name__, url_prefix="/reconciliations")
pages.add_app_template_filter(format_requester, "reconciliation_requester")


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def index() -> str:
    """Show the newest reconciliation of the chosen company, or of each of several."""
    with read_only_session() as session:
        company = find_chosen_or_only_company(session)
        if company is None:
            return all_reconciliations.render(session)
        run = None
        if load_scope().has_company(company.id):
            newest = load_newest_runs(session, [company.id], RunKind.RECONCILE, RunOutcome.DONE)
            run = newest.get(company.id)
        return _render(session, company, run)


@pages.get("/export")
@require_role("viewer", of=ANYWHERE)
def export_all() -> Response:
    """Download the newest reconciliation of each company."""
    return all_reconciliations.download()


@pages.get("/<int:run_id>")
@require_role("viewer")
def show(run_id: int) -> str:
    """Show one reconciliation: what differs, and on request all control totals."""
    with read_only_session() as session:
        run = get_row_or_404(session, Run, run_id)
        company = session.get(ConnectedCompany, run.company_id) if run.company_id else None
        if company is None or run.kind != RunKind.RECONCILE:
            abort(404)
        return _render(session, company, run)


@pages.get("/<int:run_id>/export")
@require_role("viewer")
def export(run_id: int) -> Response:
    """Download the documents that differ, or the control totals."""
    with read_only_session() as session:
        report = _load_report_or_404(session, run_id)
        if request.args.get("list") == "totals":
            rows = map(describe_line, report.lines)
            return exports.download(f"control-totals-{run_id}", TOTAL_COLUMNS, rows)
        differences = list(report.with_cases(session, load_scope(), report.differences))
    rows = map(describe_difference, differences)
    return exports.download(f"differences-{run_id}", DIFFERENCE_COLUMNS, rows)


@pages.get("/<int:run_id>/report.pdf")
@require_role("viewer")
def pdf(run_id: int) -> Response:
    """Download a reconciliation as a PDF for an auditor."""
    # Imported here: most processes never write a PDF, and its library takes long to import.
    from hub.web.reconcile import reconciliation_pdf

    with read_only_session() as session:
        report = _load_report_or_404(session, run_id)
        use_zone_of(_find_first_app(session, report.company))
        now = current_hub().clock.now()
    with viewer.translate_reasons():
        content = reconciliation_pdf.render(report, printed_by=person_name(), printed_at=now)
    headers = {"Content-Disposition": f"attachment; filename=reconciliation-{run_id}.pdf"}
    return Response(content, mimetype=reconciliation_pdf.MIME, headers=headers)


def _load_report_or_404(session: Session, run_id: int) -> ReconciliationReport:
    """Return the result of a reconciliation that has ended, of all apps or the chosen one."""
    run = get_row_or_404(session, Run, run_id)
    company = session.get(ConnectedCompany, run.company_id) if run.company_id else None
    report = _load_report(company, run) if company is not None else None
    return report or abort(404)


def _load_report(company: ConnectedCompany, run: Run | None) -> ReconciliationReport | None:
    """Return the result of a run for the chosen app; None if it stored none."""
    result = load_result(run) if run is not None else None
    if run is None or result is None:
        return None
    report = ReconciliationReport(run, result, company, request.args.get("app", ""))
    if report.slug and report.slug not in report.slugs:
        return ReconciliationReport(run, result, company, "")
    return report


def _render(session: Session, company: ConnectedCompany, run: Run | None) -> str:
    """Render the page of a company: one of its reconciliations, and the earlier ones."""
    use_zone_of(_find_first_app(session, company))
    report = _load_report(company, run)
    is_visible = load_scope().has_company(company.id)
    context: dict[str, Any] = {}
    if report is not None:
        context = _build_report_values(session, report)
    return render_template(
        "reconciliations.html",
        company=company,
        is_company_named=company_id_of_address() is not None,
        run=run,
        report=report,
        is_visible=is_visible,
        newest=_load_summary_if_newest(session, company, run) if is_visible else None,
        history=_load_history(session, company) if is_visible else ListPage([]),
        may_start=may("operator", company.id),
        show_all=request.args.get("show") == "all",
        **context,
    )


def _load_summary_if_newest(
    session: Session, company: ConnectedCompany, run: Run | None
) -> ReconciliationSummary | None:
    """Return the newest result of a company, which may be old; None if the run has an earlier one.

    What an earlier reconciliation found is shown as it was.
    """
    newest = load_newest_reconciliations(session, [company.id]).get(company.id)
    return newest if newest and run and newest.run_id == run.id else None


def _build_report_values(session: Session, report: ReconciliationReport) -> dict[str, Any]:
    """Return the rows of the tables: the totals, and one page of the differences.

    An address may name a page that the newest reconciliation has no more: then it is the first one.
    """
    start = row_ids.parse(request.args.get("from", "")) or 0
    start = start if start < len(report.differences) else 0
    chunk = report.differences[start : start + ROWS_PER_PAGE]
    rows = list(report.with_cases(session, load_scope(), chunk))
    previous = build_address_with(**{"from": max(start - ROWS_PER_PAGE, 0)}) if start else ""
    has_more = start + ROWS_PER_PAGE < len(report.differences)
    following = build_address_with(**{"from": start + ROWS_PER_PAGE}) if has_more else ""
    return {"differences": ListPage(rows, previous, following), "page_urls": _build_page_urls(rows)}


def _build_page_urls(differences: Sequence[ReportedDifference]) -> dict[int, str]:
    """Return where the transactions open in QuickBooks, by posting; none for a stand-in."""
    page_urls: dict[int, str] = {}
    environment = get_environment_with_pages()
    if not environment:
        return page_urls
    for difference in differences:
        address = deep_links.build_page_address(
            difference.kind, difference.quickbooks_id, environment
        )
        if address and difference.quickbooks_id and difference.discrepancy != Discrepancy.MISSING:
            page_urls[difference.posting_id] = address
    return page_urls


def _load_history(session: Session, company: ConnectedCompany) -> ListPage:
    """Return a page of the company's reconciliations, the newest first."""
    query = select(Run).where(Run.company_id == company.id, Run.kind == RunKind.RECONCILE)
    runs = load_page(session, query, order_by=[Run.id], size=HISTORY_ROWS)
    rows = [
        (run, summary.get_display_state(run), summary.describe_result(run)) for run in runs.rows
    ]
    return ListPage(rows, runs.newer, runs.older)


def _find_first_app(session: Session, company: ConnectedCompany) -> Installation | None:
    """Return the app whose zone the times of a company have."""
    of_company = select(Installation).where(Installation.company_id == company.id)
    return session.scalar(of_company.order_by(Installation.id).limit(1))

"""The home page: what waits and its amounts, open cases, and the health of companies and apps."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import inbox
from hub.context import current_hub
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.models import Access, Case, ConnectedCompany, Installation, Run, Token
from hub.models.enums import RunKind, RunOutcome
from hub.qbo.oauth.token_expiry import count_days_left
from hub.scheduling import folder_lock, summary
from hub.scheduling.next_runs import load_next_runs
from hub.security.rights import Subject
from hub.web.administration import checklist
from hub.web.authentication.access import ANYWHERE, load_rights, load_scope, require_role
from hub.web.frame import company_choice
from hub.web.frame.kind_labels import count_kinds
from hub.web.frame.moments import zone
from hub.web.frame.paging import load_page
from hub.web.lists import case_list, figures
from hub.web.lists.figures import PostedFigures
from hub.web.reconcile.reconciliation_summary import (
    ReconciliationSummary,
    load_newest_reconciliations,
)
from hub.web.reporting import posted_chart

COMPANIES_PER_PAGE = 20
pages = Blueprint("home", __name__)
pages.add_app_template_filter(checklist.describe_responsible_people, "responsible_people")


@dataclass(frozen=True)
class AppLine:
    """An app of a company: the state of its documents, its runs, and what it posted lately."""

    installation: Installation
    counts: dict[str, int]
    last_run: Run | None
    next_run: dt.datetime | None
    posted: PostedFigures


class AccessRequest(NamedTuple):
    """A request for access to an app that nobody has decided on."""

    requested_by: str
    app: App
    company_name: str


@dataclass
class CompanyHealth:
    """A company as the home page shows it."""

    company: ConnectedCompany
    token: Token | None
    days_left: int | None
    is_whole: bool  # the person may see everything of the company
    reconciliation: ReconciliationSummary | None
    apps: list[AppLine] = field(default_factory=list)


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """Show the next step, the newest cases, and the state of each company and its apps."""
    standby = folder_lock.process_lock().other_folder()
    with read_only_session() as session:
        is_listed = Case.closed_at.is_(None), inbox.is_awake(), *load_scope().cases()
        newest = select(Case).where(*is_listed).order_by(Case.id.desc()).limit(5)
        cases = list(session.scalars(newest))
        visible = select(ConnectedCompany).where(*load_scope().companies())
        order = company_choice.problems_first()
        companies = load_page(
            session, visible, order_by=order, is_descending=False, size=COMPANIES_PER_PAGE
        )
        snoozed_count = case_list.count_snoozed(session)
        open_documents = figures.open_figures(session, _select_visible_installations())
        records = figures.count_records_in_review(session, _select_visible_installations())
        return render_template(
            "home.html",
            standby=standby,
            access_requests=_load_access_requests(session),
            cases=case_list.build_rows(session, cases),
            snoozed_count=snoozed_count,
            checklist=checklist.read_if_shown(session),
            has_posted=checklist.has_posted(session, load_scope()),
            page=companies,
            companies=_load_health(session, companies.rows),
            figures=open_documents,
            records_to_approve=count_kinds(records) if records else "",
            attention=figures.sum_attention(
                session,
                _select_visible_installations(),
                open_documents,
                has_snoozed=bool(snoozed_count),
            ),
            last_reconciliation=_load_newest_reconciliation(session),
            differing_count=_count_differing_companies(session),
            has_whole_company=load_scope().is_everything or bool(load_scope().whole_company_ids),
            chart=posted_chart.read(session, load_scope()),
        )


def _select_visible_installations() -> Select[Any]:
    """Return the query for the installations that the person may see."""
    return select(Installation.id).where(*load_scope().installations())


def _load_access_requests(session: Session) -> list[AccessRequest]:
    """Return the open requests for access to apps on which the person may decide."""
    query = (
        select(Access, ConnectedCompany)
        .join(ConnectedCompany, ConnectedCompany.id == Access.company_id)
        .where(Access.granted_at.is_(None))
        .order_by(Access.requested_at)
    )
    plugins = current_hub().plugins
    requests = []
    for access, company in session.execute(query):
        app = plugins.apps.get(access.slug)
        if app and load_rights().may("owner", Subject(company.id, access.slug)):
            requests.append(AccessRequest(access.requested_by, app, company.display_name))
    return requests


def _load_newest_reconciliation(session: Session) -> Run | None:
    """Return the newest reconciliation that was done and that the person may see."""
    query = select(Run).where(
        Run.kind == RunKind.RECONCILE, Run.outcome == RunOutcome.DONE, *load_scope().runs()
    )
    return session.scalar(query.order_by(Run.id.desc()).limit(1))


def _count_differing_companies(session: Session) -> int:
    """Return how many of all visible companies differ in their newest reconciliation."""
    newest = (
        select(Run.id)
        .where(
            Run.company_id == ConnectedCompany.id,
            Run.kind == RunKind.RECONCILE,
            Run.outcome == RunOutcome.DONE,
        )
        .order_by(Run.id.desc())
        .limit(1)
        .correlate(ConnectedCompany)
    )
    of_companies = select(newest.scalar_subquery()).select_from(ConnectedCompany)
    of_companies = of_companies.where(*load_scope().companies())
    is_newest = Run.id.in_(of_companies), summary.has_differences(), *load_scope().runs()
    return session.scalar(select(func.count()).select_from(Run).where(*is_newest)) or 0


def _load_health(session: Session, companies: Sequence[ConnectedCompany]) -> list[CompanyHealth]:
    """Return the connection of each company, its last reconciliation, and the state of its apps.

    A reconciliation is about all apps, so only people with a role for the whole company see it.
    """
    ids = [company.id for company in companies]
    whole_ids = [company_id for company_id in ids if load_scope().has_company(company_id)]
    tokens = select(Token).where(Token.company_id.in_(ids))
    tokens_by_company = {token.company_id: token for token in session.scalars(tokens)}
    reconciliations = load_newest_reconciliations(session, whole_ids)
    healths = {}
    for company in companies:
        token = tokens_by_company.get(company.id)
        healths[company.id] = CompanyHealth(
            company=company,
            token=token,
            days_left=count_days_left(company, token),
            is_whole=company.id in whole_ids,
            reconciliation=reconciliations.get(company.id),
        )
    _add_apps(session, healths)
    return list(healths.values())


def _add_apps(session: Session, healths: Mapping[int, CompanyHealth]) -> None:
    """Add the apps of companies with their counts and last runs, in a few queries for all."""
    query = (
        select(Installation)
        .where(Installation.company_id.in_(healths), *load_scope().installations())
        .order_by(Installation.id)
    )
    installations = list(session.scalars(query))
    ids = [installation.id for installation in installations]
    counts = outbox.count_documents_of_each(session, ids)
    last_runs = _load_last_runs(session, ids)
    next_runs = load_next_runs(session, ids, current_hub().clock.now())
    posted_figures = figures.load_posted_figures(session, ids, *_compute_period_starts())
    for installation in installations:
        health = healths[installation.company_id]
        health.apps.append(
            AppLine(
                installation=installation,
                counts=counts[installation.id],
                last_run=last_runs.get(installation.id),
                next_run=next_runs.get(installation.id),
                posted=posted_figures[installation.id],
            )
        )


def _load_last_runs(session: Session, installation_ids: Collection[int]) -> dict[int, Run]:
    """Return the newest sync of each installation; the index is entered once for each."""
    newest = (
        select(func.max(Run.id))
        .where(Run.installation_id == Installation.id)
        .correlate(Installation)
        .scalar_subquery()
    )
    ids = session.scalars(select(newest).where(Installation.id.in_(installation_ids)))
    runs = session.scalars(select(Run).where(Run.id.in_(list(ids))))
    return {run.installation_id: run for run in runs if run.installation_id is not None}


def _compute_period_starts() -> tuple[dt.datetime, dt.datetime]:
    """Return when today and this month began, in the zone of the page.

    Where clocks are set back to midnight, a day begins with the first of its two midnights.
    """
    now = current_hub().clock.now().astimezone(ZoneInfo(zone()))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return today, today.replace(day=1)

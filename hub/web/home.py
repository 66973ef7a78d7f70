"""The home page: open cases first, then the health of each company and counts of each app."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pygal
from flask import Blueprint, Response, abort, render_template
from pygal.style import Style
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current
from hub.db.engine import reading
from hub.models import Case, Company, Installation, Posting, Run, SourceDocument, Token
from hub.models.enums import Operation
from hub.models.postings import POSTED
from hub.posting.protocol.history import LIST_KINDS
from hub.qbo.oauth.token_expiry import days_left
from hub.scheduling import folder_lock
from hub.security.rights import Scope
from hub.web import checklist, reconciliation
from hub.web.access import ANYWHERE, may, needs, scope
from hub.web.case_titles import subjects
from hub.web.layout import app_name
from hub.web.paging import page, pairs

DAYS = 14
COMPANIES_PER_PAGE = 20
LEGEND = 4  # apps in a row of the legend
LINE = {"guide_stroke_color": "#dde3e9", "guide_stroke_dasharray": "1,0"}
STYLE = Style(
    background="#fff",
    plot_background="#fff",
    foreground="#51606f",
    foreground_strong="#1b2733",
    foreground_subtle="#dde3e9",
    colors=("#0b6358", "#d98a00", "#1d4f8c", "#97201a", "#6b4fa0", "#4a7a1f", "#51606f"),
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    opacity="1",
    **LINE,
    **{f"major_{name}": value for name, value in LINE.items()},
)
pages = Blueprint("home", __name__)
pages.add_app_template_filter(checklist.who_can)


@dataclass
class Health:
    """A company as the home page shows it."""

    company: Company
    token: Token | None
    days: int | None
    is_whole: bool  # the person may see everything of the company
    proved: reconciliation.ReconciliationSummary | None
    apps: list[tuple[Installation, dict[str, int], Run | None]] = field(default_factory=list)


@pages.get("/")
@needs("viewer", of=ANYWHERE)
def show() -> str:
    """Show what a person should know first."""
    standby = folder_lock.process_lock().standby()
    with reading() as session:
        is_open = Case.closed_at.is_(None)
        newest = select(Case).where(is_open, *scope().cases()).order_by(Case.id.desc()).limit(5)
        cases = list(session.scalars(newest))
        visible = select(Company).where(*scope().companies())
        by_name = [Company.name, Company.id]
        companies = page(session, visible, by=by_name, down=False, size=COMPANIES_PER_PAGE)
        return render_template(
            "home.html",
            standby=standby,
            cases=cases,
            subjects=subjects(session, cases),
            checklist=checklist.read(session) if _sees_checklist() else None,
            has_posted=checklist.has_posted(session, scope()),
            page=companies,
            companies=_health(session, companies.rows),
            posted=_posted_by_day(session, scope()),
        )


def _sees_checklist() -> bool:
    """Tell whether to show the set-up, which is about the hub as a whole."""
    return may("viewer") and not current().is_demo


@pages.get("/charts/posted.svg")
@needs("viewer", of=ANYWHERE)
def chart() -> Response:
    """Draw the documents posted on each of the last days, by app; answer 404 if there are none."""
    with reading() as session:
        posted = _posted_by_day(session, scope())
    if not posted:
        abort(404)
    days, apps = _days(), sorted({slug for slug, _ in posted})
    rows = math.ceil(len(apps) / LEGEND) if len(apps) > 1 else 0
    not_full = rows * LEGEND > len(apps)  # pygal forgets the room for such a last row
    drawing = pygal.StackedBar(
        js=[],
        style=STYLE,
        height=260 + 20 * rows + 20 * bool(rows),
        width=900,
        show_legend=rows > 0,
        spacing=6,
        legend_at_bottom=True,
        legend_at_bottom_columns=LEGEND,
        truncate_legend=24,
        truncate_label=12,
        margin_bottom=8 + 22 * not_full,
        show_y_guides=True,
        margin=8,
        rounded_bars=2,
        formatter=lambda value: f"{value:,.0f}",
        y_labels=_steps(max(_by_day(posted).values(), default=1)),
    )
    drawing.add_xml_filter(_without_scripts)
    drawing.x_labels = [f"{day.day} {day:%b}" for day in days]
    for slug in apps:
        drawing.add(app_name(slug), [posted.get((slug, day), 0) for day in days])
    return Response(drawing.render(), mimetype="image/svg+xml")


def _without_scripts(root: Any) -> Any:
    """Remove the script that pygal adds for tooltips, which the policy would refuse."""
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).endswith("script"):
                parent.remove(child)
    return root


def _health(session: Session, companies: Sequence[Company]) -> list[Health]:
    """Return the connection of each company, its last reconciliation, and the state of its apps.

    A reconciliation is about all apps, so it needs a role for the whole company.
    """
    ids = [company.id for company in companies]
    whole_ids = [company_id for company_id in ids if scope().has_company(company_id)]
    tokens = select(Token).where(Token.company_id.in_(ids))
    tokens_by_company = {token.company_id: token for token in session.scalars(tokens)}
    reconciled = reconciliation.newest_of_each(session, whole_ids)
    healths = {}
    for company in companies:
        token = tokens_by_company.get(company.id)
        healths[company.id] = Health(
            company=company,
            token=token,
            days=days_left(token),
            is_whole=company.id in whole_ids,
            proved=reconciled.get(company.id),
        )
    _add_apps(session, healths)
    return list(healths.values())


def _add_apps(session: Session, healths: Mapping[int, Health]) -> None:
    """Add the apps of companies with their counts and last runs, in a few queries for all."""
    query = (
        select(Installation)
        .where(Installation.company_id.in_(healths), *scope().installations())
        .order_by(Installation.id)
    )
    installations = list(session.scalars(query))
    ids = [installation.id for installation in installations]
    counts = outbox.counts_of_each(session, ids)
    last_runs = _last_runs(session, ids)
    for installation in installations:
        health = healths[installation.company_id]
        last_run = last_runs.get(installation.id)
        health.apps.append((installation, counts[installation.id], last_run))


def _last_runs(session: Session, installation_ids: Collection[int]) -> dict[int, Run]:
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


def _days() -> list[dt.date]:
    """Return the days of the chart, oldest first."""
    today = current().clock.now().date()
    first = today - dt.timedelta(days=DAYS - 1)
    return [first + dt.timedelta(days=number) for number in range(DAYS)]


def _steps(highest: int) -> list[int]:
    """Return at most five round numbers, from zero to the highest value or just above."""
    sizes = [size * 10**power for power in range(9) for size in (1, 2, 5)]
    step = next(size for size in sizes if size * 4 >= highest)
    steps = math.ceil(highest / step)
    return [number * step for number in range(steps + 1)]


def _by_day(posted: Counter[tuple[str, dt.date]]) -> Counter[dt.date]:
    """Sum the posted documents of all apps by day; `posted` counts them by app and day."""
    days: Counter[dt.date] = Counter()
    for key, count in posted.items():
        _, day = key
        days[day] += count
    return days


def _posted_by_day(session: Session, visible: Scope) -> Counter[tuple[str, dt.date]]:
    """Count the documents posted by app and day.

    The index holds all columns that are read, and the days bound it. Only of suppliers, customers
    and items the document is looked up: those made for codes do not count.
    """
    first_day = _days()[0]
    since = dt.datetime.combine(first_day, dt.time(), dt.UTC)
    made_for = (
        select(SourceDocument.made_for)
        .where(SourceDocument.id == Posting.document_id)
        .scalar_subquery()
    )
    # The day is the first column of the groups: SQLite would else take the index of installations.
    counts_by_day = (
        select(func.date(Posting.changed_at).label("day"), Posting.installation_id, func.count())
        .where(
            text(f"posting.{POSTED}"),
            Posting.part == "",
            Posting.operation == Operation.CREATE,
            Posting.changed_at >= since,
            or_(Posting.kind.not_in(LIST_KINDS), made_for == ""),
            *visible.postings(),
        )
        .group_by("day", Posting.installation_id)
    )
    rows = session.execute(counts_by_day).all()
    installation_ids = {installation_id for _, installation_id, _ in rows}
    slugs = _slugs(session, installation_ids)
    posted: Counter[tuple[str, dt.date]] = Counter()
    for date, installation_id, count in rows:
        posted[slugs[installation_id], dt.date.fromisoformat(str(date))] += count
    return posted


def _slugs(session: Session, installation_ids: Collection[int]) -> dict[int, str]:
    """Return the slug of the app of each installation."""
    slugs = select(Installation.id, Installation.slug)
    return pairs(session, slugs.where(Installation.id.in_(installation_ids)))

"""The home page: open cases first, then the health of each company and counts of each app."""

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pygal
from flask import Blueprint, Response, render_template
from pygal.style import Style
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.context import current
from hub.db.engine import reading
from hub.models import Case, Company, Installation, Posting, Run, SourceDocument, Token
from hub.models.enums import Operation
from hub.models.postings import POSTED
from hub.qbo.oauth.token_expiry import days_left
from hub.scheduling import folder_lock
from hub.security.rights import Scope
from hub.web import checklist, reconciliation
from hub.web.access import ANYWHERE, may, needs, scope
from hub.web.case_titles import subjects
from hub.web.counts import counts
from hub.web.layout import app_name

DAYS = 14
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
        companies = select(Company).where(*scope().companies()).order_by(Company.name)
        return render_template(
            "home.html",
            standby=standby,
            cases=cases,
            subjects=subjects(session, cases),
            checklist=checklist.read(session) if _sees_checklist() else None,
            has_posted=checklist.has_posted(session, scope()),
            companies=[_health(session, company) for company in session.scalars(companies)],
            posted=_posted_by_day(session, scope()),
        )


def _sees_checklist() -> bool:
    """Tell whether to show the set-up, which is about the hub as a whole."""
    return may("viewer") and not current().is_demo


@pages.get("/charts/posted.svg")
@needs("viewer", of=ANYWHERE)
def chart() -> Response:
    """Draw the documents posted on each of the last days, by app."""
    with reading() as session:
        posted = _posted_by_day(session, scope())
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


def _health(session: Session, company: Company) -> Health:
    """Return the connection of a company, its last reconciliation, and the state of its apps.

    A reconciliation is about all apps, so it needs a role for the whole company.
    """
    token = session.get(Token, company.id)
    installations = (
        select(Installation)
        .where(Installation.company_id == company.id, *scope().installations())
        .order_by(Installation.id)
    )
    is_whole = scope().has_company(company.id)
    health = Health(
        company=company,
        token=token,
        days=days_left(token),
        is_whole=is_whole,
        proved=reconciliation.newest(session, company.id) if is_whole else None,
    )
    for installation in session.scalars(installations):
        states = counts(session, installation.id)
        last_run = _last_run(session, installation.id)
        health.apps.append((installation, states, last_run))
    return health


def _last_run(session: Session, installation_id: int) -> Run | None:
    """Return the newest sync of an installation."""
    of_installation = select(Run).where(Run.installation_id == installation_id)
    newest = of_installation.order_by(Run.id.desc()).limit(1)
    return session.scalar(newest)


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
    """Count the documents posted by app and day."""
    first_day = _days()[0]
    since = dt.datetime.combine(first_day, dt.time(), dt.UTC)
    day = func.date(Posting.changed_at)
    counts_by_day = (
        select(Installation.slug, day, func.count())
        .join(Installation, Installation.id == Posting.installation_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            text(f"posting.{POSTED}"),
            Posting.part == "",
            Posting.operation == Operation.CREATE,
            Posting.changed_at >= since,
            SourceDocument.made_for == "",
            *visible.installations(),
        )
        .group_by(Installation.slug, day)
    )
    posted: Counter[tuple[str, dt.date]] = Counter()
    for slug, date, count in session.execute(counts_by_day):
        posted[slug, dt.date.fromisoformat(str(date))] += count
    return posted

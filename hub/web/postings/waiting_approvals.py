"""The apps with documents to approve; with a single one, its review."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Posting, SourceDocument
from hub.models.enums import PostingState
from hub.web.authentication.access import ANYWHERE, load_scope, require_role
from hub.web.frame.paging import load_page
from hub.web.postings.review_rows import CurrencySums

pages = Blueprint("to_approve", __name__, url_prefix="/to-approve")


@dataclass
class WaitingApp:
    """An app and what waits for approval there: how much, its sums, and the earliest due date."""

    installation: Installation
    count: int = 0
    sums: CurrencySums = field(default_factory=CurrencySums)
    due: dt.date | None = None


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def index() -> str | Response:
    """List the apps with something to approve by company; redirect to a single one."""
    in_review = (
        select(Posting.id)
        .where(Posting.installation_id == Installation.id, Posting.state == PostingState.REVIEW)
        .exists()
    )
    query = (
        select(Installation)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(in_review, *load_scope().installations())
    )
    with read_only_session() as session:
        listed = load_page(
            session, query, order_by=[ConnectedCompany.name, Installation.id], is_descending=False
        )
        if len(listed.rows) == 1 and not (listed.newer or listed.older):
            return redirect(url_for("review.show", installation_id=listed.rows[0].id))
        apps = _load_waiting_apps(session, listed.rows)
        return render_template("waiting_approvals.html", page=listed, apps=apps)


def _load_waiting_apps(session: Session, installations: Sequence[Installation]) -> list[WaitingApp]:
    """Return what waits in each of these apps, in one query."""
    apps = {installation.id: WaitingApp(installation) for installation in installations}
    columns = Posting.installation_id, Posting.kind, Posting.operation, Posting.currency
    query = (
        select(*columns, func.count(), func.sum(Posting.total), func.min(SourceDocument.due))
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(Posting.state == PostingState.REVIEW, Posting.installation_id.in_(apps))
        .group_by(*columns)
    )
    for installation_id, kind, operation, currency, count, total, due in session.execute(query):
        app = apps[installation_id]
        app.count += count
        app.sums.add(kind, operation, currency, total)
        if due:
            app.due = min(app.due, due) if app.due else due
    return list(apps.values())

"""The apps with documents to approve; with a single one, its review."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Posting, SourceDocument
from hub.models.enums import PostingState
from hub.web.authentication.access import ANYWHERE, load_scope, require_role
from hub.web.frame.kind_labels import count_kinds
from hub.web.frame.paging import load_page
from hub.web.lists.counts import has_review
from hub.web.postings.review_rows import CurrencySums

pages = Blueprint("to_approve", __name__, url_prefix="/to-approve")


@dataclass
class WaitingApp:
    """An app and what waits for approval there: how much, its sums, and the earliest due date.

    Suppliers, customers and items that documents need are counted apart, by kind, as on Home.
    """

    installation: Installation
    count: int = 0
    made_records: Counter[str] = field(default_factory=Counter)
    sums: CurrencySums = field(default_factory=CurrencySums)
    due: dt.date | None = None

    @property
    def records(self) -> str:
        """Return how many records that documents need are to be approved, "" without any."""
        return count_kinds(self.made_records) if self.made_records else ""


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def index() -> str | Response:
    """List the apps with something to approve by company; redirect to a single one."""
    query = (
        select(Installation)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(has_review(), *load_scope().installations())
    )
    with read_only_session() as session:
        page = load_page(
            session, query, order_by=[ConnectedCompany.name, Installation.id], is_descending=False
        )
        if len(page.rows) == 1 and not (page.newer or page.older):
            return redirect(url_for("review.show", installation_id=page.rows[0].id))
        apps = _load_waiting_apps(session, page.rows)
        return render_template("waiting_approvals.html", page=page, apps=apps)


def _load_waiting_apps(session: Session, installations: Sequence[Installation]) -> list[WaitingApp]:
    """Return these apps with the sums that wait in each, in two queries for all."""
    apps = {installation.id: WaitingApp(installation) for installation in installations}
    is_made = case((SourceDocument.made_for != "", 1), else_=0)
    columns = Posting.installation_id, is_made, Posting.kind, Posting.operation, Posting.currency
    sums = func.sum(Posting.total), func.min(SourceDocument.due)
    query = _select_waiting(apps, *columns, func.count(), *sums).group_by(*columns)
    for installation_id, is_record, kind, operation, currency, count, total, due in session.execute(
        query
    ):
        app = apps[installation_id]
        if is_record:
            app.made_records[kind] += count
        app.sums.add(kind, operation, currency, total)
        if due:
            app.due = min(app.due, due) if app.due else due
    documents = func.count(Posting.document_id.distinct())
    of_documents = _select_waiting(apps, Posting.installation_id, documents).where(
        SourceDocument.made_for == ""
    )
    for installation_id, count in session.execute(of_documents.group_by(Posting.installation_id)):
        apps[installation_id].count = count
    return list(apps.values())


def _select_waiting(installation_ids: Collection[int], *columns: Any) -> Select[Any]:
    """Select from the postings in review of some installations, and their documents."""
    return (
        select(*columns)
        .select_from(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(Posting.state == PostingState.REVIEW, Posting.installation_id.in_(installation_ids))
    )

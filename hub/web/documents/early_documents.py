"""Documents from before an app's start date, with their sum; some or all can be included."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.installations import early_documents
from hub.models import ConnectedCompany, Installation, SourceDocument
from hub.models.enums import RunKind
from hub.outbox.currencies import currency_or_home
from hub.scheduling import run_log
from hub.translations.messages import gettext, ngettext
from hub.web.apps.installation import build_tabs
from hub.web.authentication.access import person_name, require_role
from hub.web.frame import listed_rows
from hub.web.frame.app_rights import may_configure
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import build_first_address, is_past_end, load_page
from hub.web.frame.source_view import format_sums

MAX_INCLUDED = 20_000  # documents included at once, so that their list fits into a form
MAX_LISTED = 500  # rows on the page that asks for confirmation
pages = Blueprint("earlier", __name__, url_prefix="/installations/<int:installation_id>/earlier")


class EarlyDocument(NamedTuple):
    """A document that is left out, as a list shows it."""

    id: int
    kind: str
    number: str
    source_id: str
    party: str
    date: dt.date | None
    due: dt.date | None
    total: Decimal | None
    currency: str

    @property
    def seal(self) -> str:
        """Return the digest of what the list shows, to notice a later change."""
        content = repr(tuple(self))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def pair(self) -> str:
        """Return the document in this version, for a tick box."""
        return listed_rows.format_pair(self.id, self.seal)


COLUMNS = (
    SourceDocument.id,
    SourceDocument.kind,
    SourceDocument.number,
    SourceDocument.source_id,
    SourceDocument.party,
    SourceDocument.date,
    SourceDocument.due,
    SourceDocument.total,
    currency_or_home(SourceDocument.currency),
)


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str | Response:
    """List what the start date leaves out, newest first."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        query = _select_excluded(installation_id, *COLUMNS)
        documents = load_page(session, query, order_by=[SourceDocument.id])
        if is_past_end(documents):
            return redirect(build_first_address())
        rows = [EarlyDocument(*row) for row in documents.rows]
        count, sums = sum_early_documents(session, installation_id)
        seals = {row.id: row.seal for row in rows}
        return render_template(
            "early_documents.html",
            page=documents,
            rows=rows,
            ticked=listed_rows.split_ticked(listed_rows.read_ticked(), seals),
            count=count,
            sums=sums,
            **build_tabs(session, installation),
        )


@pages.get("/include")
@require_role("app-owner")
def confirm(installation_id: int) -> str | Response:
    """List what is about to be included with its sum, and ask for confirmation."""
    with read_only_session() as session:
        installation = _require_installation(session, installation_id)
        is_for_all = request.args.get("which") == "all"
        seals = None if is_for_all else listed_rows.read_ticked()
        excluded_rows = _list_excluded(session, installation_id, seals)
        rows = []
        for row in excluded_rows:
            if seals is None or listed_rows.is_unchanged(seals.get(row.id), row.seal):
                rows.append(row)
        count = sum_early_documents(session, installation_id).document_count
        about = build_tabs(session, installation)
    if seals:
        _flash_not_included(len(excluded_rows) - len(rows), len(seals) - len(excluded_rows))
    elif seals is not None:
        flash(gettext("Select at least one document."), "look")
    if not rows:
        return redirect(url_for("earlier.show", installation_id=installation_id))
    return render_template(
        "include_documents.html",
        rows=rows[:MAX_LISTED],
        count=len(rows),
        sums=_format_sums(rows),
        unlisted_count=len(rows[MAX_LISTED:]),
        remaining_count=count - len(rows) if is_for_all else 0,
        listed_rows=listed_rows.encode({row.id: row.seal for row in rows}),
        ticked=listed_rows.encode_some(seals) if seals else None,
        **about,
    )


@pages.post("/include")
@require_role("app-owner")
def include(installation_id: int) -> Response:
    """Include exactly what was listed; what has changed since then stays left out."""
    listed_seals = listed_rows.decode(request.form.get("listed", ""))
    with transaction() as session:
        installation = _require_installation(session, installation_id)
        seals = {row.id: row.seal for row in _list_excluded(session, installation_id, listed_seals)}
        ids = [id for id, seal in seals.items() if listed_rows.is_unchanged(listed_seals[id], seal)]
        count = len(early_documents.include(session, installation, ids, who=person_name()))
    if count:
        if installation.can_run:
            run_log.request(RunKind.SYNC, installation_id, person_name())
        flash(_describe_inclusion(installation, count), "success")
    _flash_not_included(len(seals) - count, len(listed_seals) - len(seals))
    return redirect(url_for("earlier.show", installation_id=installation_id))


def _describe_inclusion(installation: Installation, count: int) -> str:
    """Return how many documents were included, and when they are read."""
    if installation.can_run:
        return ngettext(
            "Included %(count)s document. It is read with the next sync.",
            "Included %(count)s documents. They are read with the next sync.",
            count,
        )
    if installation.is_active:
        return ngettext(
            "Included %(count)s document. It is read once the company is connected again.",
            "Included %(count)s documents. They are read once the company is connected again.",
            count,
        )
    return ngettext(
        "Included %(count)s document. It is read once the app is enabled and not paused.",
        "Included %(count)s documents. They are read once the app is enabled and not paused.",
        count,
    )


def _flash_not_included(changed_count: int, settled_count: int) -> None:
    """Report how many of the listed documents changed, and how many are not left out any more."""
    if changed_count:
        flash(
            ngettext(
                "%(count)s document changed since it was listed and is still left out.",
                "%(count)s documents changed since they were listed and are still left out.",
                changed_count,
            ),
            "look",
        )
    if settled_count:
        flash(
            ngettext(
                "%(count)s document is no longer left out: it was included or changed meanwhile.",
                "%(count)s documents are no longer left out: they were included or changed"
                " meanwhile.",
                settled_count,
            ),
            "look",
        )


class EarlySums(NamedTuple):
    """How many documents the start date leaves out, and their sums by currency, as text."""

    document_count: int
    sums: list[str]


def sum_early_documents(session: Session, installation_id: int) -> EarlySums:
    """Return how many documents the start date leaves out, and their sums by currency."""
    columns = SourceDocument.kind, currency_or_home(SourceDocument.currency)
    totals = _select_excluded(
        installation_id, *columns, func.count(), func.sum(SourceDocument.total)
    )
    by_kind_and_currency = totals.group_by(*columns)
    count = 0
    sums = defaultdict[str, Decimal](Decimal)
    for kind, currency, number, total in session.execute(by_kind_and_currency):
        count += number
        sums[currency] += outbox.apply_sign(kind, total)
    return EarlySums(count, format_sums(sums))


def _require_installation(session: Session, installation_id: int) -> Installation:
    """Return the installation; abort unless the person may change its settings.

    To include documents is an exception to the start date, which is a setting.
    """
    installation: Installation = get_row_or_404(session, Installation, installation_id)
    return installation if may_configure(installation) else abort(403)


def _list_excluded(
    session: Session, installation_id: int, seals: Mapping[int, str] | None
) -> list[EarlyDocument]:
    """Return the excluded documents, newest first; with `seals` only those."""
    query: Any = _select_excluded(installation_id, *COLUMNS)
    query = query.order_by(SourceDocument.id.desc()).limit(MAX_INCLUDED)
    if seals is not None:
        query = query.where(SourceDocument.id.in_(seals))
    return [EarlyDocument(*row) for row in session.execute(query)]


def _select_excluded(installation_id: int, *columns: Any) -> Select[Any]:
    """Select from the documents that are left out, and their company."""
    return (
        select(*columns)
        .select_from(SourceDocument)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == SourceDocument.company_id)
        .where(*early_documents.match_excluded(installation_id))
    )


def _format_sums(rows: Iterable[EarlyDocument]) -> list[str]:
    """Return the total of each currency as text."""
    sums = defaultdict[str, Decimal](Decimal)
    for row in rows:
        sums[row.currency] += outbox.apply_sign(row.kind, row.total)
    return format_sums(sums)

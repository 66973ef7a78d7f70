"""The matching page: each code that documents used, its match, and what fits if it has none."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, exists, literal, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import spreadsheets
from hub.db.engine import reading
from hub.errors import HubError
from hub.installations.matches import export_csv, import_csv
from hub.models import Case, Installation, Match, SeenCode
from hub.models.enums import MatchMethod, RunKind
from hub.qbo import records
from hub.web import matches
from hub.web.access import needs, who
from hub.web.installation import start, tabs
from hub.web.layout import may_configure
from hub.web.paging import page, row_or_404

ORDER = (SeenCode.field, SeenCode.name, SeenCode.id)
SHOW = {"open": "Not matched", "decided": "Decided", "": "All"}
pages = Blueprint("matching", __name__, url_prefix="/installations/<int:installation_id>/matching")


@pages.get("/")
@needs("viewer")
def show(installation_id: int) -> str:
    """List codes by name, with the match of each."""
    filters = {name: request.args.get(name, "").strip() for name in ("show", "field", "q")}
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        fields = matches.fields_of(installation)
        codes = page(
            session,
            _filtered(installation, filters, list(fields)),
            by=ORDER,
            down=False,
        )
        book = matches.book_of(session, installation)
        rows = [
            matches.view(session, installation, source_code, fields[source_code.field], book)
            for source_code in codes.rows
        ]
        context = tabs(session, installation)
    return render_template(
        "matching.html",
        page=codes,
        rows=rows,
        filters=filters,
        fields=fields,
        shows=SHOW,
        **context,
    )


@pages.get("/code")
@needs("viewer")
def one(installation_id: int) -> str:
    """Show one code, with a search in all records that fit its role."""
    return _code_page(installation_id)


@pages.post("/code")
@needs("operator")
def decide(installation_id: int) -> Response | tuple[str, int]:
    """Store or take back the choice for a code; without a choice show the form again."""
    field, code = request.form.get("field", ""), request.form.get("code", "")
    try:
        if "forget" in request.form:
            message = matches.forget(installation_id, field, code, who())
        else:
            choice = request.form.get("record", "")
            message = matches.decide(installation_id, field, code, choice, who())
    except HubError as error:
        return _code_page(installation_id, wrong=error.text), 400
    flash(message, "success")
    filters: dict[str, Any] = {
        name: request.form.get(name) or None for name in ("show", "before", "after", "q")
    }
    return redirect(url_for("matching.show", installation_id=installation_id, **filters))


@pages.post("/apply")
@needs("operator")
def apply(installation_id: int) -> Response:
    """Run the app, so that documents held by codes that are matched now go on."""
    return start(installation_id, RunKind.SYNC, installation_id)


@pages.get("/matches.csv")
@needs("viewer")
def export(installation_id: int) -> Response:
    """Export every match as a file for a spreadsheet."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    name = f"attachment; filename=matches-{installation.slug}-{installation.company.realm}.csv"
    content, _ = export_csv(installation)
    return Response(content, mimetype=spreadsheets.MIME, headers={"Content-Disposition": name})


@pages.post("/import")
@needs("app-owner")
def take(installation_id: int) -> Response:
    """Import decisions from such a file; check every row before saving the first."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    if not may_configure(installation):
        abort(403)
    file = request.files.get("file")
    try:
        count = import_csv(installation, file.read() if file else b"", who=who())
        flash(f"Kept {count:,} matches.", "success")
    except HubError as error:
        flash(error.text, "error")
    return redirect(url_for("matching.show", installation_id=installation_id, show=""))


def _code_page(installation_id: int, wrong: str = "") -> str:
    """Draw the page of one code; `wrong` says beside the choice why it was not stored."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        context = _code(session, installation) | tabs(session, installation)
        return render_template("code.html", wrong=wrong, **context)


def _code(session: Session, installation: Installation) -> dict[str, Any]:
    """Return what the page of one code shows."""
    fields = matches.fields_of(installation)
    name, code = request.values.get("field", ""), request.values.get("code", "")
    field = fields.get(name) or next(iter(fields.values()))
    source_code = matches.seen_code(session, installation.id, name, code)
    index = records.index(session, installation.company_id, field.role)
    query = request.args.get("q", "").strip()
    one = matches.view(
        session, installation, source_code, field, matches.book_of(session, installation)
    )
    return {
        "one": one,
        "found": matches.choices(index.by_id.values(), query, one.suggestions),
        "query": query,
        "size": len(index),
    }


def _filtered(
    installation: Installation, filters: dict[str, str], fields: list[str]
) -> Select[Any]:
    """Return the query for the codes that fit the filters of the page."""
    query = select(SeenCode).where(
        SeenCode.installation_id == installation.id, SeenCode.field.in_(fields)
    )
    if filters["field"]:
        query = query.where(SeenCode.field == filters["field"])
    if filters["q"]:
        columns = (SeenCode.name, SeenCode.code, SeenCode.number)
        query = query.where(
            or_(*(column.icontains(filters["q"], autoescape=True) for column in columns))
        )
    if filters["show"] == "open":
        cause = literal(f"match:{installation.id}:") + SeenCode.field + ":" + SeenCode.code
        query = query.where(exists().where(Case.cause == cause, Case.closed_at.is_(None)))
    if filters["show"] == "decided":
        is_installation = (
            Match.company_id == installation.company_id,
            Match.tenant == (installation.tenant or ""),
        )
        decided = exists().where(
            *is_installation,
            Match.field == SeenCode.field,
            Match.code == SeenCode.code,
            Match.match_method == MatchMethod.DECIDED,
        )
        query = query.where(decided)
    return query

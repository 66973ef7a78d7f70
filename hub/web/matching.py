"""The matching page: every code that documents used, what it is in QuickBooks, and what fits where nobody said."""

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
    """Codes by name, with what each is."""
    asked = {name: request.args.get(name, "").strip() for name in ("show", "field", "q")}
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        fields = matches.fields_of(installation)
        found = page(
            session,
            _filtered(installation, asked, list(fields)),
            by=ORDER,
            down=False,
        )
        book = matches.book_of(session, installation)
        rows = [
            matches.view(session, installation, seen, fields[seen.field], book)
            for seen in found.rows
        ]
        about = tabs(session, installation)
    return render_template(
        "matching.html", page=found, rows=rows, asked=asked, fields=fields, shows=SHOW, **about
    )


@pages.get("/code")
@needs("viewer")
def one(installation_id: int) -> str:
    """One code, with a search in all records that fit its role."""
    return _code_page(installation_id)


@pages.post("/code")
@needs("operator")
def decide(installation_id: int) -> Response | tuple[str, int]:
    """Store what a person chose for a code, or take it back; without a choice show the form again."""
    field, code = request.form.get("field", ""), request.form.get("code", "")
    try:
        if "forget" in request.form:
            said = matches.forget(installation_id, field, code, who())
        else:
            choice = request.form.get("record", "")
            said = matches.decide(installation_id, field, code, choice, who())
    except HubError as error:
        return _code_page(installation_id, wrong=error.text), 400
    flash(said, "success")
    back: dict[str, Any] = {
        name: request.form.get(name) or None for name in ("show", "before", "after", "q")
    }
    return redirect(url_for("matching.show", installation_id=installation_id, **back))


@pages.post("/apply")
@needs("operator")
def apply(installation_id: int) -> Response:
    """Runs the app, so that what was held by the codes matched now goes on."""
    return start(installation_id, "sync", installation_id)


@pages.get("/matches.csv")
@needs("viewer")
def export(installation_id: int) -> Response:
    """Every match as a file for a spreadsheet."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    name = f"attachment; filename=matches-{installation.slug}-{installation.company.realm}.csv"
    content, _ = export_csv(installation)
    return Response(content, mimetype=spreadsheets.MIME, headers={"Content-Disposition": name})


@pages.post("/import")
@needs("app-owner")
def take(installation_id: int) -> Response:
    """Takes decisions from such a file; every row is checked before the first is kept."""
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
        about = _code(session, installation) | tabs(session, installation)
        return render_template("code.html", wrong=wrong, **about)


def _code(session: Session, installation: Installation) -> dict[str, Any]:
    """Return what the page of one code shows."""
    fields = matches.fields_of(installation)
    name, code = request.values.get("field", ""), request.values.get("code", "")
    field = fields.get(name) or next(iter(fields.values()))
    seen = matches.seen_code(session, installation.id, name, code)
    index = records.index(session, installation.company_id, field.role)
    query = request.args.get("q", "").strip()
    one = matches.view(session, installation, seen, field, matches.book_of(session, installation))
    return {
        "one": one,
        "found": matches.offered(index.by_id.values(), query, one.suggestions),
        "query": query,
        "size": len(index),
    }


def _filtered(installation: Installation, asked: dict[str, str], fields: list[str]) -> Select[Any]:
    wanted = select(SeenCode).where(
        SeenCode.installation_id == installation.id, SeenCode.field.in_(fields)
    )
    if asked["field"]:
        wanted = wanted.where(SeenCode.field == asked["field"])
    if asked["q"]:
        columns = (SeenCode.name, SeenCode.code, SeenCode.number)
        wanted = wanted.where(
            or_(*(column.icontains(asked["q"], autoescape=True) for column in columns))
        )
    if asked["show"] == "open":
        cause = literal(f"match:{installation.id}:") + SeenCode.field + ":" + SeenCode.code
        wanted = wanted.where(exists().where(Case.cause == cause, Case.closed_at.is_(None)))
    if asked["show"] == "decided":
        same = (
            Match.company_id == installation.company_id,
            Match.tenant == (installation.tenant or ""),
        )
        decided = exists().where(
            *same,
            Match.field == SeenCode.field,
            Match.code == SeenCode.code,
            Match.how == "decided",
        )
        wanted = wanted.where(decided)
    return wanted

"""Matches as files: downloaded with what waits for each code, and uploaded with a preview."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response as Redirect

from hub.cases.causes import build_match_cause
from hub.contract.chunks import iter_chunks
from hub.db.engine import read_only_session
from hub.errors import HubError, Refused, Sentence
from hub.installations.match_files import COLUMNS, ImportRow, export_lines, import_rows, plan_import
from hub.mapping import NEW
from hub.models import Case, Installation, SeenCode
from hub.translations.messages import gettext, ngettext, translate
from hub.web.apps.installation import build_tabs
from hub.web.authentication.access import person_name, require_role
from hub.web.cases import continuation
from hub.web.codes import code_decisions, code_facts, code_lookup
from hub.web.frame.app_rights import may_configure
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists import exports, xlsx
from hub.web.lists.case_list import CaseRow

WAITING_COLUMNS = ("documents_waiting", "amount_waiting", "currency_waiting")
MAX_LISTED = 500  # rows of each kind that the preview shows
# Bytes of the changes that the form of the preview carries. It is sent as multipart/form-data,
# which does not lengthen them.
MAX_CONTENT = 800_000
VALUES_PER_CHANGE = 5  # in the form, for each change: field, code, name, record, version before
pages = Blueprint(
    "match_files", __name__, url_prefix="/installations/<int:installation_id>/matching"
)


@pages.get("/matches.xlsx")
@require_role("viewer")
def export(installation_id: int) -> Response:
    """Download every match and code; those that documents wait for come first."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        lines = export_lines(installation)
        waits = _load_waiting_documents(session, installation, lines)
    rows = []
    for line in lines:
        rows.append(_build_cells(line, waits.get((line["field"], line["code"]))))
    rows.sort(key=lambda cells: -(cells[len(COLUMNS)] or 0))
    content = xlsx.stream_file("matches", (*COLUMNS, *WAITING_COLUMNS), rows)
    name = f"matches-{installation.slug}-{installation.company.realm}.xlsx"
    return exports.build_download(name, content, xlsx.MIME)


@pages.post("/import")
@require_role("app-owner")
def preview(installation_id: int) -> str | Redirect:
    """Show what a file would change, and the rows that cannot be used; store nothing."""
    installation = _require_configurable(installation_id)
    file = request.files.get("file")
    content = file.read() if file else b""
    try:
        import_rows = _refuse_impossible_creations(installation, plan_import(installation, content))
        encoded_changes = _write_changes(import_rows)
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _redirect_to_list(installation_id)
    changes = [_translate_records(change) for change in import_rows if change.is_change]
    problems = [change for change in import_rows if change.problem]
    with read_only_session() as session:
        context = build_tabs(session, get_row_or_404(session, Installation, installation_id))
    return render_template(
        "match_import.html",
        changes=changes,
        problems=problems,
        unchanged_count=len(import_rows) - len(changes) - len(problems),
        encoded_changes=encoded_changes,
        max_listed=MAX_LISTED,
        fields=code_lookup.load_fields_by_name(installation),
        **context,
    )


@pages.post("/import/confirm")
@require_role("app-owner")
def confirm(installation_id: int) -> Redirect:
    """Store the changes that the preview showed, or none if a decision changed since then."""
    installation = _require_configurable(installation_id)
    rows = _read_changes() or abort(400)
    try:
        count = import_rows(installation, rows, who=person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _redirect_to_list(installation_id)
    message = ngettext("Imported %(count)s match.", "Imported %(count)s matches.", count)
    decisions = {
        (field, code): code_decisions.get_case_decision(record)
        for field, code, _, record, _ in rows
    }
    message += continuation.continue_decided(installation_id, decisions)
    flash(message, "success")
    return _redirect_to_list(installation_id)


def _require_configurable(installation_id: int) -> Installation:
    """Return an installation whose matches the person may import; abort otherwise."""
    with read_only_session() as session:
        installation: Installation = get_row_or_404(session, Installation, installation_id)
    if not may_configure(installation):
        abort(403)
    return installation


def _refuse_impossible_creations(
    installation: Installation, import_rows: list[ImportRow]
) -> list[ImportRow]:
    """Return the rows of a file, with a problem in those whose record cannot be created.

    A sync would hold the documents that wait for it again.
    """
    with read_only_session() as session:
        source_codes = _list_codes_to_create(session, installation, import_rows)
        problems: dict[tuple[str, str], str] = {}
        if source_codes:
            problems = code_decisions.list_creation_problems(session, installation, source_codes)
    rows = []
    for row in import_rows:
        problem = problems.get((row.field, row.code), "") if row.is_change else ""
        rows.append(replace(row, is_change=False, problem=problem) if problem else row)
    return rows


def _list_codes_to_create(
    session: Session, installation: Installation, import_rows: list[ImportRow]
) -> list[SeenCode]:
    """Return the codes that get a new record by a file and that documents may wait for."""
    open_cases = (Case.installation_id == installation.id, Case.closed_at.is_(None))
    causes = set(session.scalars(select(Case.cause).where(*open_cases)))
    source_codes = []
    for row in import_rows:
        cause = build_match_cause(installation.id, row.field, row.code)
        if row.is_change and row.record == NEW and cause in causes:
            source_codes.append(SeenCode(field=row.field, code=row.code, name=row.name))
    return source_codes


def _translate_records(change: ImportRow) -> ImportRow:
    """Translate what stands in place of a record; the name of a record stays as it is."""
    texts = []
    for text in (change.before, change.after):
        texts.append(translate(text) if isinstance(text, Sentence) else text)
    return replace(change, before=texts[0], after=texts[1])


def _redirect_to_list(installation_id: int) -> Redirect:
    return redirect(url_for("matching.show", installation_id=installation_id, show=""))


def _write_changes(import_rows: list[ImportRow]) -> str:
    """Return the changes as the form of the preview carries them."""
    rows = [
        (change.field, change.code, change.name, change.record, change.version)
        for change in import_rows
        if change.is_change
    ]
    text = json.dumps(rows, ensure_ascii=False)
    if len(text.encode()) > MAX_CONTENT:
        raise Refused(gettext("The file changes too much at once. Split it and try again."))
    return text


def _read_changes() -> list[tuple[str, ...]]:
    """Return the changes that the form carries; none if it was edited into something else."""
    try:
        rows = json.loads(request.form.get("changes", ""))
    except (ValueError, RecursionError):
        return []
    if not isinstance(rows, list):
        return []
    changes = []
    for row in rows:
        if not isinstance(row, list) or len(row) != VALUES_PER_CHANGE:
            return []
        if not all(isinstance(value, str) for value in row):
            return []
        changes.append(tuple(row))
    return changes


def _load_waiting_documents(
    session: Session, installation: Installation, lines: list[dict[str, str]]
) -> dict[tuple[str, str], CaseRow]:
    """Return the documents that wait for codes, by field and code."""
    waits: dict[tuple[str, str], CaseRow] = {}
    for chunk in iter_chunks(lines, code_lookup.CODES_PER_QUERY):
        causes = {}
        for line in chunk:
            key = line["field"], line["code"]
            causes[build_match_cause(installation.id, *key)] = key
        for cause, row in code_facts.load_waiting_documents(session, causes).items():
            waits[causes[cause]] = row
    return waits


def _build_cells(line: dict[str, str], waiting: CaseRow | None) -> list[Any]:
    """Return a row of the file; several currencies are written into one cell."""
    cells: list[Any] = [line[column] for column in COLUMNS]
    if waiting is None:
        return [*cells, None, None, None]
    return [*cells, waiting.documents, *_iter_amount_cells(waiting.amounts)]


def _iter_amount_cells(amounts: dict[str, Decimal]) -> Iterator[Any]:
    """Yield an amount and its currency; if there are several, nothing and a text with all."""
    if len(amounts) == 1:
        ((currency, amount),) = amounts.items()
        yield amount
        yield currency
        return
    yield None
    yield ", ".join(f"{amount:f} {currency}" for currency, amount in sorted(amounts.items()))

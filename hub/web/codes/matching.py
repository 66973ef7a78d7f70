"""The matching page: each code that documents used, its match, and what fits if it has none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import sources, spreadsheets
from hub.cases import inbox
from hub.cases.causes import build_match_cause
from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.installations.match_files import export_csv
from hub.models import Installation, SeenCode
from hub.models.enums import CaseDecision, RunKind
from hub.translations.messages import gettext, ngettext, translate
from hub.web.apps.installation import build_tabs, start
from hub.web.authentication.access import person_name, require_role
from hub.web.cases import case_acts, continuation
from hub.web.codes import (
    code_decisions,
    code_facts,
    code_filters,
    code_lookup,
    code_view,
    match_versions,
    record_creation,
    suggestion_scores,
)
from hub.web.codes.code_lookup import CODE_ORDER
from hub.web.codes.code_view import CodeState
from hub.web.codes.record_form import Invalid
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import build_first_address, is_past_end, load_page
from hub.web.lists import exports
from hub.web.lists.case_list import CaseRow
from hub.web.request import row_ids

LIST_ARGUMENTS = ("show", "field", "q", "before", "after")
SCORE_THRESHOLDS = (100, 95, 90, 80)  # percent by which a suggestion has to fit to be accepted
MAX_ACCEPTED = 500  # codes that one act matches
MAX_COMPARED = 2000  # codes that one act compares with the records


class AcceptableSuggestion(NamedTuple):
    """A code with the record to match it to, and the version of the decision about it."""

    field: str
    code: str
    record: str
    version: str


class AcceptableSuggestions(NamedTuple):
    """The suggestions that are accepted together.

    `left_count` is the number of open codes without one. `hint` says what to do about codes that
    were not checked, "" if there are none.
    """

    rows: list[AcceptableSuggestion]
    left_count: int
    hint: str = ""


pages = Blueprint("matching", __name__, url_prefix="/installations/<int:installation_id>/matching")


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str | Response:
    """List codes by name, with the match of each; those that documents wait for come first."""
    filters = {name: request.args.get(name, "").strip() for name in ("show", "field", "q")}
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        fields = code_lookup.load_fields_by_name(installation)
        match_index = code_lookup.load_match_index(session, installation)
        query = code_filters.select_codes(session, installation, filters, fields, match_index)
        waiting_first = case((code_filters.is_waited_for(installation), 0), else_=1)
        order = CODE_ORDER if filters["show"] else (waiting_first, *CODE_ORDER)
        codes = load_page(session, query, order_by=order, is_descending=False)
        if is_past_end(codes):
            return redirect(build_first_address())
        rows, suggestions = [], {}
        for source_code in codes.rows:
            field = fields[source_code.field]
            view = code_view.view_code(session, installation, source_code, field, match_index)
            rows.append(view)
            entries = match_index.records(field.role).by_id
            suggestions[field.name, view.code] = suggestion_scores.build_suggestions(view, entries)
        waiting_rows = _load_waiting_documents(session, installation, codes.rows)
        waiting_code_count = 0 if filters["show"] else _count_waiting_codes(session, installation)
        context = build_tabs(session, installation)
    return render_template(
        "matching.html",
        waiting_code_count=waiting_code_count,
        waiting_rows=waiting_rows,
        thresholds=SCORE_THRESHOLDS,
        page=codes,
        rows=rows,
        suggestions=suggestions,
        filters=filters,
        fields=fields,
        code_lists=code_filters.CODE_LISTS,
        list_query=_encode_list(request.args),
        **context,
    )


@pages.get("/code")
@require_role("viewer")
def one(installation_id: int) -> str:
    """Show one code, with a search in all records that fit its role."""
    return _render_code_page(installation_id)


@pages.post("/code")
@require_role("operator")
def decide(installation_id: int) -> Response | tuple[str, int]:
    """Store or take back the choice for a code; without a choice show the form again."""
    field = request.form.get("field", "")
    code = request.form.get("code", "")
    shown_version = request.form.get(match_versions.FORM_FIELD)
    try:
        if "forget" in request.form:
            message = code_decisions.forget(
                installation_id, field, code, person_name(), shown_version
            )
        else:
            choice = request.form.get("record", "")
            message = _decide(
                installation_id,
                field,
                code,
                code_decisions.get_case_decision(choice),
                lambda: code_decisions.decide(
                    installation_id, field, code, choice, person_name(), shown_version=shown_version
                ),
            )
    except HubError as error:
        return _render_code_page(installation_id, problem=translate(error.sentence)), 400
    flash(message, "success")
    return redirect(_list_address(installation_id))


@pages.post("/create")
@require_role("operator")
def create(installation_id: int) -> Response | tuple[str, int]:
    """Have the record of a code created as the form says; show the form again with its errors."""
    field = request.form.get("field", "")
    code = request.form.get("code", "")
    try:
        message = _decide(
            installation_id,
            field,
            code,
            CaseDecision.CREATED,
            lambda: record_creation.create(
                installation_id, field, code, request.form, person_name()
            ),
        )
    except Invalid as error:
        return _render_code_page(installation_id, invalid=error), 400
    except HubError as error:
        return _render_code_page(installation_id, problem=translate(error.sentence)), 400
    flash(message, "success")
    return redirect(_list_address(installation_id))


@pages.post("/accept")
@require_role("operator")
def accept(installation_id: int) -> Response:
    """Match each open code of the list that has a single best suggestion above a threshold."""
    threshold = row_ids.parse(request.form.get("threshold", ""))
    if threshold not in SCORE_THRESHOLDS:
        abort(400)
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        filters = {**_read_list_arguments(), "show": "open"}
        acceptable = _list_acceptable_suggestions(session, installation, threshold, filters)
    left_count = acceptable.left_count
    matched_codes: list[tuple[str, str]] = []
    for field, code, record, version in acceptable.rows:
        try:
            code_decisions.decide(
                installation_id, field, code, record, person_name(), shown_version=version
            )
        except HubError as error:
            flash(translate(error.sentence), "error")
            left_count += 1
        else:
            matched_codes.append((field, code))
    if matched_codes:
        message = ngettext(
            "Matched %(count)s code.", "Matched %(count)s codes.", len(matched_codes)
        )
        message += continuation.continue_decided(
            installation_id, dict.fromkeys(matched_codes, CaseDecision.MATCHED)
        )
        flash(message, "success")
    else:
        flash(gettext("No code was matched."), "look")
    if left_count:
        flash(
            ngettext(
                "%(count)s code was left: no record fits it by %(threshold)s %%, or several do.",
                "%(count)s codes were left: no record fits them by %(threshold)s %%, or several"
                " do.",
                left_count,
                threshold=threshold,
            ),
            "look",
        )
    if acceptable.hint:
        flash(acceptable.hint, "look")
    return redirect(_list_address(installation_id))


def _encode_list(arguments: Mapping[str, str]) -> str:
    """Return the filters and the page of the list as one text, "" for the first page of all."""
    return urlencode({name: arguments[name] for name in LIST_ARGUMENTS if arguments.get(name)})


def _list_address(installation_id: int) -> str:
    """Return the address of the list from which the form of this request was opened."""
    arguments = _encode_list(_read_list_arguments())
    address = url_for("matching.show", installation_id=installation_id)
    return f"{address}?{arguments}" if arguments else address


def _read_list_arguments() -> dict[str, str]:
    """Return the filters and the page of the list from which the form of this request was sent."""
    arguments = parse_qsl(request.args.get("list", ""))
    return {name: value.strip() for name, value in arguments}


def _decide(
    installation_id: int, field: str, code: str, decision: CaseDecision, work: Callable[[], str]
) -> str:
    """Do what a person decided about a code; a sync continues with the documents of its case.

    Return the sentence that confirms it; what `work` raises is passed on.
    """
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        cause = build_match_cause(installation.id, field, code)
        case = inbox.find_open(session, cause)
    if case is None:
        return work()
    is_asked = code_decisions.waits_for_answer(installation_id, field, code, decision)
    return case_acts.carry_out(case.id, work, decision, syncs=not is_asked)


@pages.post("/apply")
@require_role("operator")
def apply(installation_id: int) -> Response:
    """Run the app, so that documents held by codes that are matched now continue."""
    return start(installation_id, RunKind.SYNC, installation_id)


@pages.get("/matches.csv")
@require_role("viewer")
def export(installation_id: int) -> Response:
    """Export every match as a file for a spreadsheet."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    content, _ = export_csv(installation)
    name = f"matches-{installation.slug}-{installation.company.realm}.csv"
    return exports.build_download(name, content, spreadsheets.MIME)


def _load_waiting_documents(
    session: Session, installation: Installation, codes: Sequence[SeenCode]
) -> dict[tuple[str, str], CaseRow]:
    """Return the documents that wait for codes, by field and code."""
    causes = {build_match_cause(installation.id, code.field, code.code): code for code in codes}
    waiting = code_facts.load_waiting_documents(session, causes)
    return {(causes[cause].field, causes[cause].code): row for cause, row in waiting.items()}


def _count_waiting_codes(session: Session, installation: Installation) -> int:
    """Return how many codes documents wait for, by their open cases."""
    query = select(func.count()).where(*code_filters.build_waiting_conditions(installation))
    return session.scalar(query) or 0


def _list_acceptable_suggestions(
    session: Session, installation: Installation, threshold: int, filters: Mapping[str, str]
) -> AcceptableSuggestions:
    """Return the suggestions to accept among the open codes, in the order of the list."""
    fields = code_lookup.load_fields_by_name(installation)
    match_index = code_lookup.load_match_index(session, installation)
    query = code_filters.select_codes(session, installation, filters, fields, match_index)
    source_codes = session.scalars(query.order_by(*CODE_ORDER).limit(MAX_COMPARED + 1)).all()
    rows: list[AcceptableSuggestion] = []
    left_count = 0
    for source_code in source_codes[:MAX_COMPARED]:
        if len(rows) == MAX_ACCEPTED:
            hint = gettext("More codes are open. Press Accept again to match those, too.")
            return AcceptableSuggestions(rows, left_count, hint)
        field = fields[source_code.field]
        view = code_view.view_code(session, installation, source_code, field, match_index)
        if view.state != CodeState.OPEN:
            continue
        entries = match_index.records(field.role).by_id
        suggestions = suggestion_scores.build_suggestions(view, entries)
        suggestion = suggestion_scores.find_best(suggestions, threshold)
        if suggestion is None:
            left_count += 1
        else:
            record = suggestion.ref.id
            rows.append(AcceptableSuggestion(field.name, view.code, record, view.version))
    if len(source_codes) <= MAX_COMPARED:
        return AcceptableSuggestions(rows, left_count)
    hint = gettext(
        "Only the first %(count)s codes were looked at. Filter the list for the others.",
        count=MAX_COMPARED,
    )
    return AcceptableSuggestions(rows, left_count, hint)


def _render_code_page(
    installation_id: int, problem: str = "", invalid: Invalid | None = None
) -> str:
    """Render the page of one code.

    `problem` says beside the choice why it was not stored, `invalid` in the form of a new record.
    """
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        form = _build_code_values(session, installation, invalid)
        head = build_tabs(session, installation)
        list_query = request.args.get("list", "")
        return render_template("code.html", problem=problem, list_query=list_query, **form, **head)


def _build_code_values(
    session: Session, installation: Installation, invalid: Invalid | None
) -> dict[str, Any]:
    """Return the values of the page of one code."""
    fields = code_lookup.load_fields_by_name(installation)
    name = request.values.get("field", "")
    code = request.values.get("code", "")
    field = fields.get(name) if name else next(iter(fields.values()), None)
    if field is None:
        sources.get_app(installation)  # raises the reason if its plugin is not loaded
        abort(404)
    source_code = code_lookup.find_code_as_used(session, installation.id, name, code)
    query = request.args.get("q", "").strip()
    app_code = code_lookup.AppCode(installation, source_code, field)
    return record_creation.build_code_form(session, app_code, query, invalid)

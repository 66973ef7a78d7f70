"""Create a record in QuickBooks for a code, with what a person entered in the form."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hub.contract.codec import load
from hub.contract.documents import Code, Document, Item, Party
from hub.contract.types import Field
from hub.db.engine import read_only_session
from hub.errors import Refused, Sentence
from hub.mapping import NEW, MatchIndex
from hub.models import Attempt, Case, Installation, Posting, SeenCode, SourceDocument, case_posting
from hub.models.enums import Holder, Operation, PostingState
from hub.payloads.item import ACCOUNT_ROLES
from hub.posting.preflight.name_checks import is_name_planned
from hub.qbo import company as qbo_company
from hub.qbo import records
from hub.web.codes import (
    code_decisions,
    code_facts,
    code_lookup,
    code_view,
    match_versions,
    record_form,
    record_schemas,
    record_search,
    suggestion_scores,
)
from hub.web.codes.code_lookup import AppCode
from hub.web.codes.code_view import CodeState
from hub.web.codes.record_form import Invalid, RecordForm

NAME_TAKEN = "6240"  # the code of QuickBooks for a name of another record, such as an employee's


def find_code_of_case(session: Session, case: Case) -> AppCode | None:
    """Return the code that a case is about, also if QuickBooks refused to create its record."""
    code = code_lookup.find_code_of_case(session, case)
    if code is not None:
        return code
    posting = _find_refused_creation(session, case)
    if posting is None:
        return None
    row = posting.document
    field = code_lookup.load_fields_by_name(row.installation).get(row.made_for)
    if field is None:
        return None
    name = {"name": row.party}
    source_code = code_lookup.find_code_as_used(
        session, row.installation_id, field.name, row.source_id, name
    )
    return AppCode(row.installation, source_code, field)


def build_code_form(
    session: Session, code: AppCode, query: str, invalid: Invalid | None
) -> dict[str, Any]:
    """Return the values of the page of a code: records to match, and the form for a new one.

    `invalid` is what was entered before and could not be created.
    """
    match_index = code_lookup.load_match_index(session, code.installation)
    form = _build_match_form(session, code, query, match_index)
    used = _load_used_code(session, code.installation, code.source_code)
    is_unmatched = form["code"].state in (CodeState.OPEN, CodeState.NEW)
    creation = None
    if is_unmatched and _may_be_created(code.field, used):
        creation = _build_form(session, code, used, match_index, invalid)
    return form | {"creation": creation}


def _build_match_form(
    session: Session, code: AppCode, query: str, match_index: MatchIndex
) -> dict[str, Any]:
    """Return the values of the form that matches a code: its view, and records to choose from."""
    installation, source_code, field = code
    view = code_view.view_code(session, installation, source_code, field, match_index)
    index = records.load_index(session, installation.company_id, field.role)
    choices = record_search.find_choices(index.by_id.values(), query, view.suggestions)
    return {
        "code": view,
        "query": query,
        "records": choices.records,
        "record_count": index.count_active(),
        "hit_count": choices.hit_count,
        "suggestions": suggestion_scores.build_suggestions(view, index.by_id),
        "source": code_facts.list_source_facts(
            session,
            installation,
            source_code,
            field.role,
            code_lookup.find_code_of_documents(session, installation, source_code),
        ),
    }


def create(
    installation_id: int, field_name: str, code: str, form: MultiDict[str, str], who: str
) -> str:
    """Store what a person entered for the new record of a code; the next sync creates it.

    Return the sentence that confirms it. Raise Invalid with the errors of the fields.
    """
    with read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
        field = code_lookup.load_fields_by_name(installation).get(field_name)
        source_code = code_lookup.find_code_as_used(session, installation_id, field_name, code)
        used = _load_used_code(session, installation, source_code)
        if field is None or not _may_be_created(field, used):
            raise Refused("%(name)s cannot be created from here.", name=source_code.name or code)
        schema = _build_schema(session, installation, field)
        details = record_form.read(schema, form, _load_details(used))
        match_index = code_lookup.load_match_index(session, installation)
        errors = _find_errors(session, installation, field, details, match_index)
    if errors:
        entries = {name: form.get(name, "") for name in schema.fields}
        raise Invalid(entries, errors)
    shown_version = form.get(match_versions.FORM_FIELD)
    return code_decisions.decide(
        installation_id, field_name, code, NEW, who, details, shown_version
    )


def _build_form(
    session: Session,
    code: AppCode,
    used: Code | str | None,
    match_index: MatchIndex,
    invalid: Invalid | None,
) -> RecordForm:
    """Return the form, filled in with what was entered, or else with the facts of the source."""
    installation, source_code, field = code
    name = source_code.name or source_code.code
    is_refused = _is_name_refused(session, installation, source_code)
    errors: Mapping[str, Sequence[str]] = {}
    if invalid is None:
        details = _load_entered_before(match_index, source_code) or _load_details(used)
        proposed_name = record_form.cut_name(field.role, details.name if details else name)
        is_planned = is_name_planned(session, installation.company_id, field.role, proposed_name)
        is_taken = is_refused or is_planned
        free_name = record_form.find_free_name(
            match_index, field.role, proposed_name, is_taken=is_taken
        )
        accounts = _find_accounts(installation, details)
        values = record_form.build_values(details, free_name, accounts)
        name = proposed_name
    else:
        values, errors = dict(invalid.values), invalid.errors

    def choices(role: str) -> list[tuple[str, str]]:
        """Return the accounts that a role may take."""
        return _list_choices(session, installation, role)

    collisions = record_form.find_collisions(match_index, field.role, name)
    schema = _build_schema(session, installation, field)
    return RecordForm(
        noun=record_form.KIND_NOUNS[field.role],
        inputs=record_form.build_form_inputs(schema, values, choices, errors),
        collisions=collisions,
        is_name_refused=is_refused,
        is_open=bool(errors or collisions or is_refused),
    )


def _build_schema(session: Session, installation: Installation, field: Field) -> Any:
    """Return the fields of the record of a code."""
    facts = qbo_company.load_facts(session, installation.company_id)
    return record_schemas.build_schema(field.role, has_currencies=facts.multicurrency)


def _find_errors(
    session: Session,
    installation: Installation,
    field: Field,
    details: Party | Item,
    match_index: MatchIndex,
) -> dict[str, list[str]]:
    """Return errors that QuickBooks would report of a new record, by field."""
    errors = {}
    collisions = record_form.find_collisions(match_index, field.role, details.name)
    if collisions:
        errors["name"] = [collisions[0].error]
    codes = details.codes if isinstance(details, Item) else {}
    for role in ACCOUNT_ROLES:
        choice = codes.get(role)
        ids = {id for id, _ in _list_choices(session, installation, role)} if choice else set()
        if choice and choice not in ids:
            problem = Sentence("QuickBooks has no such account that may be used there.")
            errors[role] = [problem]
    return errors


def _list_choices(session: Session, installation: Installation, role: str) -> list[tuple[str, str]]:
    """Return the records that a role may take, with their names."""
    rows = records.list_choices(session, installation.company_id, role)  # type: ignore[arg-type]
    return [(row.quickbooks_id, f"{row.number} {row.full_name}".strip()) for row in rows]


def _find_accounts(installation: Installation, details: Party | Item | None) -> dict[str, str]:
    """Return the accounts of a new item: those of its source, or else those of the settings."""
    accounts: dict[str, str] = {}
    if isinstance(details, Item) and details.codes:
        for role in ACCOUNT_ROLES:
            code = details.codes.get(role)
            if isinstance(code, Code):
                code = code.quickbooks_id or code.id
            if code:
                accounts[role] = code
        return accounts
    for role in ACCOUNT_ROLES:
        account = installation.settings.get(role)
        if account:
            accounts[role] = str(account)
    return accounts


def _load_entered_before(match_index: MatchIndex, source_code: SeenCode) -> Party | Item | None:
    """Return the details that a person entered for a code before, if any."""
    decision = match_index.matches.get((source_code.field, source_code.code))
    return decision.details if decision else None


def _load_details(used: Code | str | None) -> Party | Item | None:
    """Return the facts that the source has of a new record."""
    return used.create if isinstance(used, Code) else None


def _may_be_created(field: Field, used: Code | str | None) -> bool:
    """Return whether a record can be created for a code.

    A plain code may be the id of a record that QuickBooks has. If no document uses the code now, a
    record can be created if the field creates records.
    """
    if field.role not in record_form.KIND_NOUNS:
        return False
    if used is None:
        return field.missing == "create"
    return isinstance(used, Code) and not used.hold


def _load_used_code(
    session: Session, installation: Installation, source_code: SeenCode
) -> Code | str | None:
    """Return a code as documents use it, or else as its record is going to be created."""
    used = code_lookup.find_code_of_documents(session, installation, source_code)
    if used is not None:
        return used
    row = session.scalar(
        select(SourceDocument).where(*_build_record_conditions(installation, source_code))
    )
    if row is None or not row.body:
        return None
    details = load(Document, row.body).details
    return Code(id=source_code.code, name=source_code.name or row.party or None, create=details)


def _build_record_conditions(installation: Installation, source_code: SeenCode) -> tuple[Any, ...]:
    """Return the conditions of the row of the record that is created for a code."""
    return (
        SourceDocument.company_id == installation.company_id,
        SourceDocument.slug == installation.slug,
        SourceDocument.tenant == installation.tenant,
        SourceDocument.source_id == source_code.code,
        SourceDocument.made_for == source_code.field,
    )


def _find_refused_creation(session: Session, case: Case) -> Posting | None:
    """Return the creation of a record that a case is about, None if it is about another posting."""
    if case.closed_at is not None:
        return None
    query = (
        select(Posting)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            case_posting.c.case_id == case.id,
            Posting.operation == Operation.CREATE,
            Posting.state == PostingState.HELD,
            SourceDocument.made_for != "",
        )
        .limit(2)
    )
    postings = session.scalars(query).all()
    return postings[0] if len(postings) == 1 else None


def _is_name_refused(session: Session, installation: Installation, source_code: SeenCode) -> bool:
    """Return whether QuickBooks refused the newest creation because its name is taken.

    A creation that a person has asked for again since may have another name.
    """
    query = (
        select(Attempt.code)
        .join(Posting, Posting.id == Attempt.posting_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            *_build_record_conditions(installation, source_code),
            Posting.state == PostingState.HELD,
            Posting.held_by == Holder.QUICKBOOKS,
        )
        .order_by(Attempt.id.desc())
        .limit(1)
    )
    return session.scalar(query) == NAME_TAKEN

"""One code of the source and its record in QuickBooks: the match, suggestions and search hits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import sources
from hub.collect import cases
from hub.collect.match_index import add_created_records, build_match_index
from hub.context import current_hub
from hub.contract.codec import load
from hub.contract.document_kinds import CUSTOMER_KINDS
from hub.contract.documents import Code, Document, Item, Party, Role
from hub.contract.types import Field
from hub.db.engine import transaction
from hub.errors import Refused
from hub.installations import matches, shared_matches
from hub.mapping import EMPTY, NEW, Create, Decision, MatchIndex, Missing, Ref, find
from hub.mapping.suggestions import get_organisation_number
from hub.models import (
    Case,
    Installation,
    Match,
    Posting,
    SeenCode,
    SourceDocument,
    case_posting,
)
from hub.models.enums import MatchOrigin, Operation, PostingState
from hub.outbox.states import UNDER_WAY
from hub.qbo import records
from hub.security import audit
from hub.translations.messages import gettext, gettext_noop
from hub.web.codes import code_facts, match_messages, match_versions, record_search
from hub.web.codes.code_view import CodeState, CodeView

CREATED_LATER = gettext_noop("created in QuickBooks when it is used next")
LEAVE_OUT = "none"  # what a form sends to leave a code out; no choice at all is the empty text
REQUIRED_ROLES = {"vendor", "item", "account"}  # roles that a document cannot do without


def load_fields_by_name(installation: Installation) -> dict[str, Field]:
    """Return the code fields of an app by name; none when its plugin is missing.

    Policies that name a setting have the value of that setting.
    """
    if installation.slug not in current_hub().plugins.apps:
        return {}
    fields = sources.load_fields_as_set(installation)
    return {field.name: field for field in fields}


def load_match_index(session: Session, installation: Installation) -> MatchIndex:
    """Return the records and matches of an installation, without the records created for codes."""
    if installation.slug not in current_hub().plugins.apps:
        return MatchIndex({}, {})
    return build_match_index(session, installation)


def view_code(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    field: Field,
    match_index: MatchIndex,
) -> CodeView:
    """Return a code with its match, or why it has none and what may fit."""
    match = session.scalar(_select_match(installation, source_code.field, source_code.code))
    used = find_code_of_documents(session, installation, source_code)
    view = CodeView(
        installation_id=installation.id,
        field=field,
        code=source_code.code,
        name=source_code.name,
        number=source_code.number,
        state=CodeState.OPEN,
        organisation_number=get_organisation_number(used),
        match=match,
        is_required=field.role in _list_required_roles(installation),
    )
    plain = Code(
        id=source_code.code,
        name=source_code.name or None,
        number=source_code.number or None,
        quickbooks_id=source_code.quickbooks_id,
    )
    _add_created(session, installation, field, source_code, match_index)
    result = find(field, used or plain, match_index)
    if isinstance(result, Ref):
        return replace(view, state=_get_matched_state(match), record=result.name)
    if isinstance(result, Create):
        return replace(view, state=CodeState.NEW, record=_describe_later_creation(match))
    if isinstance(result, str):
        return replace(view, state=CodeState.LEFT_OUT, problem=result)
    if result is None:
        text = gettext("left out, as decided")
        return replace(view, state=CodeState.LEFT_OUT, record=text)

    creation = _describe_expected_creation(session, installation, source_code, match, used)
    if creation is not None:
        return replace(view, state=CodeState.NEW, record=creation)
    return replace(
        view,
        problem=result.problem,
        missing=result,
        suggestions=result.suggestions,
        exact_id=result.exact,
    )


def _describe_expected_creation(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    match: Match | None,
    used: Code | str | None,
) -> str | None:
    """State when the record that a code lacks is created; None if a person has to choose one."""
    if used is None and match and match.record == NEW:
        return _describe_later_creation(match)
    state = _load_state_of_creation(session, installation, source_code)
    if state is None:
        return None
    if state == PostingState.REVIEW:
        return gettext("created in QuickBooks once it is approved in Review")
    return _describe_later_creation(match)


def _load_state_of_creation(
    session: Session, installation: Installation, source_code: SeenCode
) -> PostingState | None:
    """Return the state of the posting that creates the record of a code; None if there is none."""
    planned = (
        select(Posting.state)
        .join(SourceDocument)
        .where(
            SourceDocument.installation_id == installation.id,
            SourceDocument.made_for == source_code.field,
            SourceDocument.source_id == source_code.code,
            Posting.operation == Operation.CREATE,
            Posting.state.in_(UNDER_WAY),
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    state = session.scalar(planned)
    return PostingState(state) if state else None


def _get_matched_state(match: Match | None) -> CodeState:
    """Return how a code with a record was matched: by a stored match, or by a rule."""
    if match and match.match_method in tuple(MatchOrigin):
        return CodeState(match.match_method)
    return CodeState.RULE


def _describe_later_creation(match: Match | None) -> str:
    """State when a record is created, and under which name if a person entered one."""
    details = records.load_entered_details(match.role, match.details) if match else None
    if details is None:
        return gettext(CREATED_LATER)
    return gettext("created in QuickBooks as %(name)s when it is used next", name=details.name)


def find_code_of_documents(
    session: Session, installation: Installation, source_code: SeenCode
) -> Code | str | None:
    """Return a code as the newest document gives it that the code holds; None if it holds none.

    Only a document contains the facts of a party by which it is also matched, such as its e-mail
    address.
    """
    document = find_held_document(session, installation, source_code)
    if document is None:
        return None
    return code_facts.find_code(document, source_code.field, source_code.code)


def find_held_document(
    session: Session, installation: Installation, source_code: SeenCode
) -> Document | None:
    """Return the newest document that is held because a code has no match, or None."""
    cause = cases.build_match_cause(installation, source_code.field, source_code.code)
    holding = (
        select(SourceDocument.body)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.cause == cause, Case.closed_at.is_(None), SourceDocument.made_for == "")
        .order_by(Posting.id.desc())
        .limit(1)
    )
    body = session.scalar(holding)
    return load(Document, body) if body else None


def _add_created(
    session: Session,
    installation: Installation,
    field: Field,
    source_code: SeenCode,
    match_index: MatchIndex,
) -> None:
    """Add the records that were created for a code, or for its namesakes, to an index."""
    namesakes = [
        entry.id for entry in match_index.records(field.role).find_by_name(source_code.name)
    ]
    which = or_(
        SourceDocument.source_id == source_code.code,
        Posting.quickbooks_id.in_(namesakes),
    )
    add_created_records(session, installation, [field], match_index, which)


def _list_required_roles(installation: Installation) -> set[str]:
    """Return the roles without which no document of the app can be posted."""
    app = current_hub().plugins.apps.get(installation.slug)
    needs_customer = app is not None and any(kind in CUSTOMER_KINDS for kind in app.posts)
    if needs_customer:
        return REQUIRED_ROLES | {"customer"}
    return REQUIRED_ROLES


def find_code_of_case(session: Session, case: Case) -> tuple[Installation, SeenCode, Field] | None:
    """Return the code that a case is about; None when it is about something else."""
    name = case.details.get("field")
    code = case.details.get("code")
    if case.action != "match" or not (name and code and case.installation_id):
        return None
    installation = session.get_one(Installation, case.installation_id)
    field = load_fields_by_name(installation).get(name)
    if field is None:
        return None
    source_code = find_code_as_used(session, installation.id, name, code, case.details)
    return installation, source_code, field


def build_match_form(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    field: Field,
    query: str,
    match_index: MatchIndex,
) -> dict[str, Any]:
    """Return the values of the form that matches a code: its view, and records to choose from."""
    code = view_code(session, installation, source_code, field, match_index)
    index = records.load_index(session, installation.company_id, field.role)
    return {
        "code": code,
        "query": query,
        "records": record_search.list_choices(index.by_id.values(), query, code.suggestions),
        "record_count": len(index),
        "suggestions": code_facts.build_suggestions(code, index.by_id),
        "source": code_facts.list_source_facts(
            session,
            installation,
            source_code,
            field.role,
            find_code_of_documents(session, installation, source_code),
        ),
    }


def find_code_as_used(
    session: Session,
    installation_id: int,
    field: str,
    code: str,
    details: Mapping[str, Any] | None = None,
) -> SeenCode:
    """Return the code as documents used it; if none did, as it is named."""
    is_code = (
        SeenCode.installation_id == installation_id,
        SeenCode.field == field,
        SeenCode.code == code,
    )
    names_of_code = {name: str((details or {}).get(name) or "") for name in ("name", "number")}
    return session.scalar(select(SeenCode).where(*is_code)) or SeenCode(
        installation_id=installation_id, field=field, code=code, **names_of_code
    )


def decide(
    installation_id: int,
    field: str,
    code: str,
    choice: str,
    who: str,
    details: Party | Item | None = None,
    seen: str | None = None,
) -> str:
    """Store what a person chose for a code; return the sentence that confirms it.

    `details` is what the person entered for a record to create, `seen` the version of the decision
    that the page showed.
    """
    if not choice:
        raise Refused(gettext("Choose a record."))
    record = EMPTY if choice == LEAVE_OUT else choice
    with transaction() as session:
        installation = shared_matches.lock_apps(session, installation_id)
        source_code = find_code_as_used(session, installation_id, field, code)
        name = source_code.name
        stored = session.scalar(_select_match(installation, field, code))
        match_versions.require_unchanged(session, stored, seen, record, name or code)
        if record == NEW:
            _check_new(session, installation, source_code, details)
        match = matches.store_decision(
            session, installation, field, code, record, who=who, name=name, details=details
        )
        index = records.load_index(session, installation.company_id, cast(Role, match.role))
        entry = index.get_active(record)
    title = name or code
    if record == EMPTY:
        return gettext("%(code)s is left out.", code=title)
    if record == NEW:
        return match_messages.explain_later_creation(details.name if details else title)
    return match_messages.describe_match(
        title, match_messages.build_title(entry) if entry else record
    )


def _check_new(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    details: Party | Item | None,
) -> None:
    """Raise Refused if the record cannot be created.

    Its name may be used, or neither a person nor the source has entered what a new record needs.
    """
    field = load_fields_by_name(installation).get(source_code.field)
    used = find_code_of_documents(session, installation, source_code)
    if field is None or used is None:
        return
    title = source_code.name or source_code.code
    if isinstance(used, str) or (used.create is None and details is None):
        raise Refused(match_messages.explain_lacking_data(title))
    match_index = load_match_index(session, installation)
    match_index.matches = {
        **match_index.matches,
        (source_code.field, source_code.code): Decision(
            record=NEW, match_method=MatchOrigin.DECIDED, details=details
        ),
    }
    result = find(field, used, match_index)
    if isinstance(result, Missing):
        raise Refused(match_messages.explain_name_in_use(title, result.problem))


def forget(installation_id: int, field: str, code: str, who: str, seen: str | None = None) -> str:
    """Take a decision back, so that the field's rules decide again."""
    with transaction() as session:
        installation = shared_matches.lock_apps(session, installation_id)
        match = session.scalar(_select_match(installation, field, code))
        if match is not None:
            match_versions.require_unchanged(session, match, seen, EMPTY, match.name or code)
            session.delete(match)
            shared_matches.mark_for_reread(session, installation)
            audit.record(
                session,
                who,
                "match removed",
                f"{installation.slug} {field} {code}",
                record=match.record,
                installation=installation_id,
            )
    return gettext("The decision is taken back; the rules decide again.")


def get_plugin_name(installation: Installation) -> str:
    """Return the plugin that shares its matches, or "" if the app is not installed."""
    plugins = current_hub().plugins
    if installation.slug not in plugins.apps:
        return ""
    return plugins.get_plugin_name(installation.slug)


def _select_match(installation: Installation, field: str, code: str) -> Any:
    """Return the query for the stored match of a code."""
    return select(Match).where(
        Match.company_id == installation.company_id,
        Match.tenant == (installation.tenant or ""),
        Match.scope == get_plugin_name(installation),
        Match.field == field,
        Match.code == code,
    )

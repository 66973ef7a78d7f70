"""A code of the source as pages show it: whether it is matched, and what is suggested."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.collect.match_index import add_created_records
from hub.context import current_hub
from hub.contract.codec import load
from hub.contract.document_kinds import CUSTOMER_KINDS
from hub.contract.documents import Code, Document
from hub.contract.types import Field
from hub.errors import Sentence
from hub.installations import match_versions
from hub.mapping import (
    NEW,
    MatchIndex,
    MatchResult,
    Missing,
    NewRecord,
    Ref,
    find,
    has_separator,
)
from hub.mapping.suggestions import get_organisation_number
from hub.models import Installation, Match, Posting, SeenCode, SourceDocument
from hub.models.enums import Holder, MatchOrigin, Operation, PostingState
from hub.outbox.states import UNDER_WAY
from hub.qbo import records
from hub.translations.messages import gettext, gettext_noop
from hub.web.codes import code_lookup

CREATED_LATER = gettext_noop("created in QuickBooks when it is used next")
CREATION_STOPPED = Sentence("its creation is stopped.")
CREATION_SKIPPED = Sentence("its creation was skipped.")
CREATION_ASKED = Sentence("a case in the inbox asks about its creation. Answer that first.")
REQUIRED_ROLES = {"vendor", "item", "account"}  # roles that a document cannot do without


class CodeState(StrEnum):
    """The state of the match of a code."""

    DECIDED = MatchOrigin.DECIDED
    LINK = MatchOrigin.LINK
    RULE = "rule"
    NEW = "new"  # its record is created when it is used next
    LEFT_OUT = "left out"
    OPEN = "open"


@dataclass(frozen=True)
class CodeView:
    """A code as the matching page and a case show it."""

    installation_id: int
    field: Field
    code: str
    name: str
    number: str
    state: CodeState
    organisation_number: str = ""
    match: Match | None = None
    is_decision_outdated: bool = False  # a person decided, but the decision no longer counts
    is_of_other_list: bool = False  # its match was made for another list than its field has now
    record: str = ""  # its name, or when it is created
    problem: str = ""
    missing: Missing | None = None
    suggestions: tuple[Ref, ...] = ()
    exact_id: str = ""  # the record that a form may preselect
    is_required: bool = False

    @property
    def version(self) -> str:
        """Return a text that differs for each decision about the code."""
        return match_versions.build_version(self.match)

    @property
    def explanation(self) -> str:
        """Explain why the code has no record, and what to do if none fits."""
        return self.missing.explanation if self.missing else self.problem

    @property
    def may_be_left_out(self) -> bool:
        """Return whether a document can do without it."""
        if not self.is_required or self.state == CodeState.LEFT_OUT:
            return True
        return self.field.missing == "warn"


def view_code(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    field: Field,
    match_index: MatchIndex,
) -> CodeView:
    """Return a code with its match, or why it has none and what may fit."""
    query = code_lookup.select_match(installation, source_code.field, source_code.code)
    match = session.scalar(query)
    used = code_lookup.find_code_of_documents(session, installation, source_code)
    view = CodeView(
        installation_id=installation.id,
        field=field,
        code=source_code.code,
        name=source_code.name,
        number=source_code.number,
        state=CodeState.OPEN,
        organisation_number=get_organisation_number(used),
        match=match,
        is_decision_outdated=_is_decision_outdated(match, field, match_index),
        is_of_other_list=match is not None and not records.is_same_list(match.role, field.role),
        is_required=field.role in _list_required_roles(installation),
    )
    plain = Code(
        id=source_code.code,
        name=source_code.name or None,
        number=source_code.number or None,
        quickbooks_id=source_code.quickbooks_id,
    )
    if view.is_of_other_list:
        match = None  # it has no effect
    _add_created(session, installation, field, source_code, match_index)
    creation = _load_creation(session, installation, source_code)
    result = find(field, used or plain, match_index)
    if isinstance(result, Ref) and used is None and creation:
        # The source's other facts, such as the e-mail address, may tell the code from a namesake.
        result = find(field, _add_details(plain, creation), match_index)
    return _view_result(view, result, match, used, creation)


def _view_result(
    view: CodeView,
    result: MatchResult,
    match: Match | None,
    used: Code | str | None,
    creation: Posting | None,
) -> CodeView:
    """Return a code with its record, or why it has none and what may fit."""
    stop = _explain_stop(creation, match)
    if isinstance(result, Ref):
        return replace(view, state=_get_matched_state(match), record=result.name)
    if isinstance(result, NewRecord) and stop:
        return replace(view, problem=stop)
    if isinstance(result, NewRecord):
        return replace(view, state=CodeState.NEW, record=_describe_later_creation(match))
    if isinstance(result, str):
        return replace(view, state=CodeState.LEFT_OUT, problem=result)
    if result is None:
        text = gettext("left out, as decided")
        return replace(view, state=CodeState.LEFT_OUT, record=text)

    promise = None if stop else _describe_expected_creation(match, used, creation)
    if promise is not None:
        return replace(view, state=CodeState.NEW, record=promise)
    view = _add_suggestions(view, result)
    if stop is CREATION_ASKED:
        return replace(view, problem=stop)
    return replace(view, problem=result.problem, missing=result)


def _add_suggestions(view: CodeView, missing: Missing) -> CodeView:
    """Return a code with the records that may fit, without those whose names cannot be used."""
    usable = [ref for ref in missing.suggestions if not has_separator(view.field, ref.name)]
    exact_id = missing.exact if missing.exact in [ref.id for ref in usable] else ""
    return replace(view, suggestions=tuple(usable), exact_id=exact_id)


def _is_decision_outdated(match: Match | None, field: Field, match_index: MatchIndex) -> bool:
    """Return whether a match is the decision of a person that no longer counts."""
    if match is None or match.match_method != MatchOrigin.DECIDED:
        return False
    return code_lookup.is_outdated(match, field, match_index)


def _describe_expected_creation(
    match: Match | None, used: Code | str | None, creation: Posting | None
) -> str | None:
    """State when the record that a code lacks is created; None if a person has to choose one."""
    if used is None and match and match.record == NEW:
        return _describe_later_creation(match)
    if creation is None or creation.state not in UNDER_WAY:
        return None
    if creation.state == PostingState.REVIEW:
        return gettext("created in QuickBooks once it is approved in Review")
    return _describe_later_creation(match)


def _load_creation(
    session: Session, installation: Installation, source_code: SeenCode
) -> Posting | None:
    """Return the newest posting that creates the record of a code; None if there is none."""
    query = (
        select(Posting)
        .join(SourceDocument)
        .where(
            SourceDocument.installation_id == installation.id,
            SourceDocument.made_for == source_code.field,
            SourceDocument.source_id == source_code.code,
            Posting.operation == Operation.CREATE,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def _add_details(code: Code, creation: Posting) -> Code:
    """Return a code with the facts of the record that was to be created for it."""
    body = creation.document.body
    return replace(code, create=load(Document, body).details) if body else code


def _explain_stop(creation: Posting | None, match: Match | None) -> Sentence | None:
    """Return why a creation is not carried out, as a person has decided it too; else None.

    No decision about the code releases what was skipped or refused since, or what asks a question.
    """
    if creation is None:
        return None
    if creation.state == PostingState.SKIPPED:
        return CREATION_SKIPPED
    if creation.state != PostingState.HELD:
        return None
    if creation.held_by == Holder.PERSON:
        return CREATION_ASKED
    if creation.held_by == Holder.QUICKBOOKS:
        return CREATION_STOPPED
    is_decided = match is not None and match.at >= (creation.planned_at or creation.changed_at)
    return None if is_decided else CREATION_STOPPED


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

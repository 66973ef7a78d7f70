"""Store what a person decides about a code: the record to match it to, or the rules again."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy.orm import Session

from hub.contract.documents import Code, Item, Party, Role
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.installations import matches
from hub.mapping import EMPTY, NEW, Decision, Missing, find
from hub.models import Installation, SeenCode
from hub.models.enums import CaseDecision, MatchOrigin
from hub.posting.actions import record_creations
from hub.qbo import records
from hub.security import audit
from hub.sources import shared_matches
from hub.translations.messages import gettext
from hub.web.codes import code_lookup, match_messages, match_versions

LEAVE_OUT = "none"  # what a form sends to leave a code out; no choice at all is the empty text


def get_case_decision(choice: str) -> CaseDecision:
    """Return the decision about the case of a code for which a person has chosen this."""
    if choice == NEW:
        return CaseDecision.CREATED
    return CaseDecision.LEFT_OUT if choice in (LEAVE_OUT, EMPTY) else CaseDecision.MATCHED


def waits_for_answer(installation_id: int, field: str, code: str, decision: CaseDecision) -> bool:
    """Return whether nothing continues after this decision until a question is answered."""
    if decision != CaseDecision.CREATED:
        return False
    with read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
        return record_creations.is_asked(session, installation, field, code)


def decide(
    installation_id: int,
    field: str,
    code: str,
    choice: str,
    who: str,
    details: Party | Item | None = None,
    shown_version: str | None = None,
) -> str:
    """Store what a person chose for a code; return the sentence that confirms it.

    `details` is what the person entered for a record to create, `shown_version` the version of
    the decision that the page showed.
    """
    if not choice:
        raise Refused(gettext("Choose a record."))
    record = EMPTY if choice == LEAVE_OUT else choice
    with transaction() as session:
        installation = shared_matches.lock_apps(session, installation_id)
        source_code = code_lookup.find_code_as_used(session, installation_id, field, code)
        name = source_code.name
        stored_match = session.scalar(code_lookup.select_match(installation, field, code))
        match_versions.require_unchanged(session, stored_match, shown_version, record, name or code)
        if record == NEW:
            _check_new(session, installation, source_code, details)
        match = matches.store_decision(
            session, installation, field, code, record, who=who, name=name, details=details
        )
        index = records.load_index(session, installation.company_id, cast(Role, match.role))
        entry = index.get_active(record)
        is_asked = record_creations.is_asked(session, installation, field, code)
    title = name or code
    if record == EMPTY:
        return gettext("%(code)s is left out.", code=title)
    if record == NEW:
        new_name = details.name if details else title
        if is_asked:
            return match_messages.explain_question(new_name)
        return match_messages.explain_later_creation(new_name)
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
    problems = list_creation_problems(session, installation, [source_code], details)
    for problem in problems.values():
        raise Refused(problem)


def list_creation_problems(
    session: Session,
    installation: Installation,
    source_codes: Sequence[SeenCode],
    details: Party | Item | None = None,
) -> dict[tuple[str, str], str]:
    """Return why documents would not continue if the records of codes were to be created.

    The keys are fields and codes; those for which no document waits have no problem. `details` is
    what a person entered for the records.
    """
    fields = code_lookup.load_fields_by_name(installation)
    match_index = code_lookup.load_match_index(session, installation)
    decision = Decision(record=NEW, match_method=MatchOrigin.DECIDED, details=details)
    keys = [(source_code.field, source_code.code) for source_code in source_codes]
    match_index.matches = {**match_index.matches, **dict.fromkeys(keys, decision)}
    used_codes = code_lookup.load_codes_of_documents(session, installation, source_codes)
    problems = {}
    for key, source_code in zip(keys, source_codes, strict=True):
        field = fields.get(source_code.field)
        used = used_codes.get(key)
        if field is None or used is None:
            continue
        title = source_code.name or source_code.code
        if _lacks_data(used, details):
            problems[key] = match_messages.explain_lacking_data(title)
            continue
        result = find(field, used, match_index)
        if isinstance(result, Missing):
            problems[key] = match_messages.explain_name_in_use(title, result.problem)
    return problems


def _lacks_data(used: Code | str, details: Party | Item | None) -> bool:
    """Return whether neither the source nor a person has entered what a new record needs."""
    return isinstance(used, str) or (used.create is None and details is None)


def forget(
    installation_id: int, field: str, code: str, who: str, shown_version: str | None = None
) -> str:
    """Take a decision back, so that the field's rules decide again."""
    with transaction() as session:
        installation = shared_matches.lock_apps(session, installation_id)
        match = session.scalar(code_lookup.select_match(installation, field, code))
        if match is not None:
            match_versions.require_unchanged(
                session, match, shown_version, None, match.name or code
            )
            session.delete(match)
            shared_matches.mark_for_reread(session, installation)
            shared_matches.forget_case_decisions(session, installation, field, code)
            audit.record(
                session,
                who,
                "match removed",
                f"{installation.slug} {field} {code}",
                record=match.record,
                installation=installation_id,
            )
    return gettext("The decision is taken back; the rules decide again.")

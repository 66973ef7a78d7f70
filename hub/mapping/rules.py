"""Find the record of one code: by its match, then the rules of its field, default and policy."""

from collections.abc import Callable

from hub.contract.documents import Code, Party, Role
from hub.contract.types import Field
from hub.errors import Sentence
from hub.mapping.index import (
    EMPTY,
    NEW,
    Decision,
    Entry,
    MatchIndex,
    RecordIndex,
    has_other_email,
    to_ref,
)
from hub.mapping.mapped import Create, Missing, Ref
from hub.mapping.suggestions import find_suggestions, is_exact
from hub.models.enums import MatchOrigin

# A record, one to create, what is missing, a warning, or None where the code is left out.
MatchResult = Ref | Create | Missing | str | None


def find(field: Field, code: Code | str, index: MatchIndex) -> MatchResult:
    """Return the record of a code, one to create, what is missing, or a warning as text.

    Return None if a person chose to leave the code out.
    """
    key = _build_cache_key(field, code)
    if key not in index.cache:
        result = _find(field, code, index)
        index.cache[key] = _require_no_separator(field, code, result, index)
    return index.cache[key]  # type: ignore[return-value]


def find_setting(role: Role, id: str, index: MatchIndex) -> Ref | Missing:
    """Return the record whose QuickBooks id a setting holds."""
    entry = index.records(role).get_active(id)
    if entry:
        return to_ref(role, entry)
    return Missing(
        field=role,
        label=role.replace("_", " ").capitalize(),
        role=role,
        code=id,
        solution="settings",
        problem=_find_unusable_reason(id, index, role),
    )


def find_existing_record(field: Field, code: Code, index: MatchIndex) -> Ref | Missing | None:
    """Return the record of a code by its match, its link or the rules.

    Return None if a record would be created for it, or if it is left out.
    """
    decision = _find_current_decision(field, code, index)
    if decision is None:
        return _find_by_rules(field, code, index, is_plain=False)
    if decision.record == NEW:
        return None
    result = _find_decided_record(field, code, decision, index)
    if isinstance(result, Ref | Missing):
        return result
    return None


def format_code_name(code: Code | str) -> str:
    """Return the name of a code for people."""
    if isinstance(code, str):
        return code
    return code.name or code.number or code.id


def has_separator(field: Field, name: str) -> bool:
    """Return whether a name in QuickBooks holds the separator that the source uses."""
    return bool(field.separator) and field.separator in name


def explain_separator(field: Field, name: str) -> str:
    """Explain why a record cannot be used whose name holds the source's separator."""
    return Sentence(
        "its name in QuickBooks, %(name)s, holds “%(separator)s”, which separates"
        " nothing there. Rename it in QuickBooks and refresh the lists.",
        name=name,
        separator=field.separator,
    )


def _build_cache_key(field: Field, code: Code | str) -> tuple[object, ...]:
    """Return the key of a result in the cache: everything that it depends on."""
    if isinstance(code, str):
        return field.name, code
    details = None
    if code.create:
        details = (
            code.create.name,
            getattr(code.create, "email", None),
            getattr(code.create, "number", None),
        )
    return field.name, code.id, code.name, code.number, code.quickbooks_id, code.hold, details


def _find(field: Field, raw_code: Code | str, index: MatchIndex) -> MatchResult:
    """Find the record of a code by its match, then the rules, then the policy of its field."""
    is_plain = isinstance(raw_code, str)
    code = _parse_code(raw_code)
    if code.hold:
        return _build_missing_result(field, code, index, code.hold, solution="source")
    decision = _find_current_decision(field, code, index)
    if decision and decision.record != NEW:
        return _find_decided_record(field, code, decision, index)
    if decision:
        return _apply_policy(field, decision.complete(code), index, is_confirmed=True)
    record = _find_by_rules(field, code, index, is_plain=is_plain)
    if record:
        return record
    return _apply_policy(field, code, index, is_confirmed=False)


def _parse_code(code: Code | str) -> Code:
    """Return a plain code as one that may be an id, a name or a number."""
    if isinstance(code, Code):
        return code
    return Code(id=code, name=code, number=code)


def _require_no_separator(
    field: Field, code: Code | str, result: MatchResult, index: MatchIndex
) -> MatchResult:
    """Return the result, or a missing code if the record's name holds the source's separator."""
    if not isinstance(result, Ref) or not has_separator(field, result.name):
        return result
    if isinstance(code, str):
        code = Code(id=code, name=code)
    entry = index.records(field.role).by_id[result.id]
    return _build_missing_result(field, code, index, explain_separator(field, result.name), [entry])


def _find_current_decision(field: Field, code: Code, index: MatchIndex) -> Decision | None:
    """Return the match or link of a code, unless the document itself names another record.

    An empty id in the document means that the code is linked to nothing.
    """
    decision = index.matches.get((field.name, code.id))
    if decision is None or decision.match_method != MatchOrigin.LINK:
        return decision
    if code.quickbooks_id in (None, decision.record):
        return decision
    return None


def _find_decided_record(
    field: Field, code: Code, decision: Decision, index: MatchIndex
) -> MatchResult:
    """Return the record of a match or link; None if a person chose to leave the code out.

    Return what is missing if the record has become inactive or is gone.
    """
    if decision.record == EMPTY:
        return None
    entry = index.records(field.role).get_active(decision.record)
    if entry:
        return to_ref(field.role, entry)
    reason = _find_unusable_reason(decision.record, index, field.role)
    problem = Sentence("it is linked to a record that cannot be used: %(why)s", why=reason)
    if decision.match_method == MatchOrigin.DECIDED:
        problem = Sentence("it was matched to a record that cannot be used: %(why)s", why=reason)
    return _build_missing_result(field, code, index, problem)


def _find_by_rules(
    field: Field, code: Code, index: MatchIndex, *, is_plain: bool
) -> Ref | Missing | None:
    """Try the rules of a field in turn; None if no record fits by any of them."""
    records = index.records(field.role)
    for rule in field.match:
        if rule == "id" and _has_unusable_id(records, code):
            reason = _find_unusable_reason(code.quickbooks_id or "", index, field.role)
            return _build_missing_result(field, code, index, reason)
        hits = _RULES[rule](records, code, is_plain)
        if rule == "words":
            hits = _exclude_records_of_others(field, code, hits, index)
        if hits:
            return _require_one_record(field, code, index, rule, hits)
    return None


def _has_unusable_id(records: RecordIndex, code: Code) -> bool:
    """Return whether a code names a record in QuickBooks that cannot be used."""
    return bool(code.quickbooks_id) and not records.get_active(code.quickbooks_id or "")


def _require_one_record(
    field: Field, code: Code, index: MatchIndex, rule: str, hits: list[Entry]
) -> Ref | Missing:
    """Return the one record that a rule has found; else why it cannot be used or chosen."""
    if rule == "name" and _are_all_other_parties(field, code, hits, index):
        reason = Sentence(
            "QuickBooks has that name with another e-mail address or code: %(record)s.",
            record=_format_entry(hits[0]),
        )
        return _build_missing_result(field, code, index, reason, hits)
    if len(hits) == 1:
        return to_ref(field.role, hits[0])
    names = sorted(entry.qualified_name for entry in hits)
    reason = Sentence("several records in QuickBooks fit: %(names)s.", names=", ".join(names))
    return _build_missing_result(field, code, index, reason, hits)


def _get_party_email(code: Code) -> str:
    """Return the e-mail address that the source has of a party; "" for none, and for items."""
    if not isinstance(code.create, Party):
        return ""
    return code.create.email or ""


def _is_created_for_another(field: Field, code: Code, entry: Entry, index: MatchIndex) -> bool:
    """Return whether a record was created for another code of the source."""
    return index.created_for.get((field.name, entry.id), code.id) != code.id


def _exclude_records_of_others(
    field: Field, code: Code, hits: list[Entry], index: MatchIndex
) -> list[Entry]:
    """Return the records that were not created for another code of the source."""
    return [hit for hit in hits if not _is_created_for_another(field, code, hit, index)]


def _are_all_other_parties(field: Field, code: Code, hits: list[Entry], index: MatchIndex) -> bool:
    """Return whether all records of the same name are other parties, by their e-mail addresses."""
    if "email" not in field.match:
        return False
    return all(_is_other_party(field, code, hit, index) for hit in hits)


def _is_other_party(field: Field, code: Code, entry: Entry, index: MatchIndex) -> bool:
    """Return whether a record of the same name has another address or belongs to another code."""
    if has_other_email(_get_party_email(code), entry.email):
        return True
    return _is_created_for_another(field, code, entry, index)


def _find_by_id(records: RecordIndex, code: Code, is_plain: bool) -> list[Entry]:
    """Find the record whose QuickBooks id a code names; a plain code may be the id itself."""
    id = code.quickbooks_id
    if is_plain and not id:
        id = code.id
    entry = records.get_active(id or "")
    return [entry] if entry else []


_RULES: dict[str, Callable[[RecordIndex, Code, bool], list[Entry]]] = {
    "id": _find_by_id,
    "number": lambda records, code, is_plain: records.find_by_number(code.number or ""),
    "name": lambda records, code, is_plain: records.find_by_name(code.name or ""),
    "email": lambda records, code, is_plain: records.find_by_email(_get_party_email(code)),
    "words": lambda records, code, is_plain: records.find_by_words(code.name or ""),
}


def _apply_policy(
    field: Field, code: Code, index: MatchIndex, *, is_confirmed: bool
) -> MatchResult:
    """Return the result for a code that no record fits, by the policy of its field."""
    if not is_confirmed:
        if field.default:
            return _find_default_record(field, code, field.default, index)
        if field.name in index.confirm_first and len(index.records(field.role)):
            reason = Sentence(
                "nothing fits it; match it or confirm it as new before the first posting."
            )
            return _build_missing_result(field, code, index, reason)
    may_create = field.missing == "create" or is_confirmed
    if code.create and may_create:
        return _plan_creation(field, code, code.create.name, index, is_confirmed=is_confirmed)
    if field.missing == "warn":
        return Sentence(
            "%(label)s %(code)s is not in QuickBooks; posted without it.",
            label=field.label,
            code=repr(format_code_name(code)),
        )
    reason = Sentence("nothing in QuickBooks fits it.")
    if code.quickbooks_id == "":
        reason = Sentence("it is not linked to anything in QuickBooks.")
    return _build_missing_result(field, code, index, reason)


def _plan_creation(
    field: Field, code: Code, name: str, index: MatchIndex, *, is_confirmed: bool
) -> Create | Missing:
    """Return the record to create for a code, or why a person must decide about its name."""
    assert code.create
    namesakes = [entry for _, entry in index.find_namesakes(field.role, name)]
    if namesakes:
        title = _format_entry(namesakes[0])
        reason = Sentence("the name is taken in QuickBooks: %(record)s.", record=title)
        return _build_missing_result(field, code, index, reason, namesakes)
    if not is_confirmed and field.role != "item":
        near_names = index.records(field.role).find_near_names(name)
        if near_names:
            reason = Sentence(
                "it would be created, but QuickBooks has a similar name: %(record)s.",
                record=_format_entry(near_names[0]),
            )
            return _build_missing_result(field, code, index, reason, near_names)
    return Create(field=field.name, role=field.role, code=code.id, details=code.create)


def _format_entry(entry: Entry) -> str:
    """Return the name of a record for people, who need to know if it is inactive."""
    if entry.active:
        return entry.qualified_name
    return Sentence("%(record)s (inactive)", record=entry.qualified_name)


def _find_default_record(
    field: Field, code: Code, default: str, index: MatchIndex
) -> Ref | Missing:
    """Return the record that a field takes for all codes which no record fits.

    If that record cannot be used, return that the settings must name another one.
    """
    entry = index.records(field.role).get_active(default)
    if entry:
        return to_ref(field.role, entry)
    why = _find_unusable_reason(default, index, field.role)
    problem = Sentence(
        "nothing fits it, and the settings' default cannot be used: %(why)s", why=why
    )
    return _build_missing_result(field, code, index, problem, solution="settings")


def _find_unusable_reason(id: str, index: MatchIndex, role: Role) -> str:
    """Return why a record that is not active in its list cannot be used."""
    entry = index.records(role).by_id.get(id)
    if entry:
        return Sentence("%(record)s is inactive in QuickBooks.", record=entry.qualified_name)
    kind = role.replace("_", " ")
    return Sentence("QuickBooks has no %(kind)s with the id %(id)s.", kind=kind, id=id)


def _build_missing_result(
    field: Field,
    code: Code,
    index: MatchIndex,
    problem: str,
    hits: list[Entry] | None = None,
    solution: str = "match",
) -> Missing:
    """Return a code as missing, with the records that it may stand for."""
    suggestions = find_suggestions(code, index.records(field.role), hits or [])
    return Missing(
        field=field.name,
        label=field.label,
        role=field.role,
        code=code.id,
        name=code.name or "",
        number=code.number or "",
        problem=problem,
        solution=solution,
        suggestions=tuple(to_ref(field.role, entry) for entry in suggestions),
        exact=_find_certain_id(field, code, suggestions, index),
        new_name=code.create.name if code.create else "",
    )


def _find_certain_id(field: Field, code: Code, suggestions: list[Entry], index: MatchIndex) -> str:
    """Return the id of the one suggestion that is certain; "" if there is none or several."""
    certain_ids = []
    for entry in suggestions:
        if is_exact(code, entry) and not _is_other_party(field, code, entry, index):
            certain_ids.append(entry.id)
    return certain_ids[0] if len(certain_ids) == 1 else ""

"""Find the record of one code: by its match, then the rules of its field, default and policy."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.contract.document_kinds import words_of
from hub.contract.documents import Code, Role
from hub.contract.types import Field
from hub.contract.unicode_forms import compose
from hub.errors import Sentence
from hub.mapping.index import (
    EMPTY,
    NEW,
    Decision,
    Entry,
    MatchIndex,
    RecordIndex,
    to_ref,
)
from hub.mapping.mapped import Missing, NewRecord, Ref
from hub.mapping.separators import explain_separator, has_separator
from hub.mapping.suggestions import (
    find_suggestions,
    get_organisation_number,
    get_party_email,
    is_exact,
)
from hub.mapping.tax_numbers import NumberMatch, normalize_number
from hub.models.enums import MatchOrigin

# A record, one to create, what is missing, a warning, or None where the code is left out.
MatchResult = Ref | NewRecord | Missing | str | None


def find(field: Field, code: Code | str, index: MatchIndex) -> MatchResult:
    """Return the record of a code, one to create, what is missing, or a warning as text.

    Return None if a person chose to leave the code out.
    """
    key = _build_cache_key(field, code)
    if key not in index.cache:
        index.cache[key] = _CodeSearch.of(field, code, index).find()
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
    return _CodeSearch(field, code, index).find_existing()


def format_code_name(code: Code | str) -> str:
    """Return the name of a code for people."""
    if isinstance(code, str):
        return code
    return code.name or code.number or code.id


@dataclass(frozen=True)
class _CodeSearch:
    """The search for the record of one code in the lists and matches of a company."""

    field: Field
    code: Code
    index: MatchIndex
    is_plain: bool = False  # the source gives one text, which may be an id, a name or a number

    @classmethod
    def of(cls, field: Field, code: Code | str, index: MatchIndex) -> "_CodeSearch":
        """Return the search for a code, or for the plain text that stands for one."""
        if isinstance(code, Code):
            return cls(field, code, index)
        return cls(field, Code(id=code, name=code, number=code), index, is_plain=True)

    @property
    def records(self) -> RecordIndex:
        """Return the list of QuickBooks that has the records of the field."""
        return self.index.records(self.field.role)

    def find(self) -> MatchResult:
        """Find the record, unless its name holds the source's separator."""
        result = self._find_by_match_rules_or_policy()
        if not isinstance(result, Ref) or not has_separator(self.field, result.name):
            return result
        search = self
        if self.is_plain:
            search = replace(self, code=Code(id=self.code.id, name=self.code.id))
        entry = self.records.by_id[result.id]
        return search._build_missing(explain_separator(self.field, result.name), [entry])

    def find_existing(self) -> Ref | Missing | None:
        """Find the record without creating one; None if it would be created or is left out."""
        decision = self._find_current_decision()
        if decision is None:
            return self._find_by_rules()
        if decision.record == NEW:
            return None
        result = self._find_decided_record(decision)
        if isinstance(result, Ref | Missing):
            return result
        return None

    def _find_by_match_rules_or_policy(self) -> MatchResult:
        """Find the record by the match of the code, then the rules, then the policy."""
        if self.code.hold:
            return self._build_missing(self.code.hold, solution="either")
        decision = self._find_current_decision()
        if decision and decision.record != NEW:
            return self._find_decided_record(decision)
        if decision:
            confirmed_search = replace(self, code=decision.complete(self.code))
            return confirmed_search._apply_policy(is_confirmed=True)
        return self._find_by_rules() or self._apply_policy(is_confirmed=False)

    # -- by a match -------------------------------------------------------------------------------

    def _find_current_decision(self) -> Decision | None:
        """Return the match or link of the code, unless the document itself names another record.

        An empty id in the document means that the code is linked to nothing.
        """
        decision = self.index.find_decision(self.field.name, self.code.id)
        if decision is None or decision.match_method != MatchOrigin.LINK:
            return decision
        if self.code.quickbooks_id in (None, decision.record):
            return decision
        return None

    def _find_decided_record(self, decision: Decision) -> Ref | Missing | None:
        """Return the record of a match or link; None if a person chose to leave the code out.

        Return what is missing if the record has become inactive or is gone.
        """
        if decision.record == EMPTY:
            return None
        entry = self.records.get_active(decision.record)
        if entry:
            return to_ref(self.field.role, entry)
        why = _find_unusable_reason(decision.record, self.index, self.field.role)
        problem = Sentence("it is linked to a record that cannot be used: %(why)s", why=why)
        if decision.match_method == MatchOrigin.DECIDED:
            problem = Sentence("it was matched to a record that cannot be used: %(why)s", why=why)
        return self._build_missing(problem)

    # -- by the rules -----------------------------------------------------------------------------

    def _find_by_rules(self) -> Ref | Missing | None:
        """Try the rules of the field in turn; None if no record fits by any of them."""
        for rule in self.field.match:
            if rule == "id" and self._has_unusable_id():
                id = self.code.quickbooks_id or ""
                return self._build_missing(_find_unusable_reason(id, self.index, self.field.role))
            hits = _RULES[rule](self)
            if self._distinguishes_codes(rule):
                hits = self._exclude_records_of_others(rule, hits)
            if hits:
                return self._require_one_record(rule, hits)
        return None

    def _has_unusable_id(self) -> bool:
        """Return whether the code names a record in QuickBooks that cannot be used."""
        id = self.code.quickbooks_id
        return bool(id) and not self.records.get_active(id or "")

    def _require_one_record(self, rule: str, hits: list[Entry]) -> Ref | Missing:
        """Return the only record that a rule has found, or else why it cannot be used or chosen."""
        if rule == "name" and all(map(self._has_other_number, hits)):
            reason = Sentence(
                "QuickBooks has that name with another organisation number: %(record)s.",
                record=_format_entry(hits[0]),
            )
            return self._build_missing(reason, hits)
        if rule == "name" and self._are_all_other_parties(hits):
            reason = Sentence(
                "QuickBooks has that name with another e-mail address or code: %(record)s.",
                record=_format_entry(hits[0]),
            )
            return self._build_missing(reason, hits)
        if len(hits) == 1:
            return to_ref(self.field.role, hits[0])
        names = sorted(entry.qualified_name for entry in hits)
        reason = Sentence("several records in QuickBooks fit: %(names)s.", names=", ".join(names))
        return replace(self._build_missing(reason, hits), fits_several=True)

    def _distinguishes_codes(self, rule: str) -> bool:
        """Return whether a rule leaves out records that were created for other codes of the source.

        It must if codes are found by whole words: two codes may then differ in one character, such
        as the numbers of two parts, or only in case, which QuickBooks ignores.
        """
        return rule in ("name", "words") and "words" in self.field.match

    def _exclude_records_of_others(self, rule: str, hits: list[Entry]) -> list[Entry]:
        """Return the records that were not created for another code, or have exactly its name."""
        remaining = []
        for hit in hits:
            has_same_name = rule == "name" and compose(hit.name) == compose(self.code.name or "")
            if has_same_name or not self._is_created_for_another(hit):
                remaining.append(hit)
        return remaining

    def _are_all_other_parties(self, hits: list[Entry]) -> bool:
        """Return whether all records of the same name are other parties, by their addresses."""
        if "email" not in self.field.match:
            return False
        return all(self._is_other_party(hit) for hit in hits)

    def _is_other_party(self, entry: Entry) -> bool:
        """Return whether a record of the same name has another address or is for another code."""
        email = get_party_email(self.code)
        if email and entry.email:
            has_same_email = RecordIndex([entry]).find_by_email(email)
            if not has_same_email:
                return True
        return self._is_created_for_another(entry)

    def _has_other_number(self, entry: Entry) -> bool:
        """Return whether a record was created for another code, with another organisation number.

        The source then has two parties of one name. A record that a person entered may have a
        number of another kind.
        """
        number = normalize_number(get_organisation_number(self.code))
        if not number or not entry.tax_numbers or not self._is_created_for_another(entry):
            return False
        return entry.compare_number(number) == NumberMatch.NONE

    def _is_created_for_another(self, entry: Entry) -> bool:
        """Return whether a record was created for another code of the source."""
        code_id = self.index.created_for.get((self.field.name, entry.id), self.code.id)
        return compose(code_id) != compose(self.code.id)

    # -- by the policy ----------------------------------------------------------------------------

    def _apply_policy(self, *, is_confirmed: bool) -> MatchResult:
        """Return the result for a code that no record fits, by the policy of its field.

        A person may have confirmed that its record is new.
        """
        field, code = self.field, self.code
        if not is_confirmed:
            if field.default:
                return self._find_default_record(field.default)
            if field.name in self.index.confirm_first and len(self.records):
                reason = Sentence(
                    "nothing fits it; match it or confirm it as new before the first posting."
                )
                return self._build_missing(reason)
        may_create = field.missing == "create" or is_confirmed
        if code.create and may_create:
            return self._plan_creation(code.create.name, is_confirmed=is_confirmed)
        if field.missing == "warn":
            return Sentence(
                "%(label)s “%(code)s” is not in QuickBooks; posted without it.",
                label=field.label,
                code=format_code_name(code),
            )
        reason = Sentence("nothing in QuickBooks fits it.")
        if code.quickbooks_id == "":
            reason = Sentence("it is not linked to anything in QuickBooks.")
        return self._build_missing(reason)

    def _find_default_record(self, default: str) -> Ref | Missing:
        """Return the default record of the field, for codes that no record fits.

        If that record cannot be used, return that the settings must name another one.
        """
        entry = self.records.get_active(default)
        if entry:
            return to_ref(self.field.role, entry)
        why = _find_unusable_reason(default, self.index, self.field.role)
        problem = Sentence(
            "nothing fits it, and the settings' default cannot be used: %(why)s", why=why
        )
        return self._build_missing(problem, solution="settings")

    def _plan_creation(self, name: str, *, is_confirmed: bool) -> NewRecord | Missing:
        """Return the record to create, or why a person must decide about its name."""
        field, code = self.field, self.code
        assert code.create
        namesakes = [entry for _, entry in self.index.find_namesakes(field.role, name)]
        if namesakes:
            title = _format_entry(namesakes[0])
            reason = Sentence("the name is taken in QuickBooks: %(record)s.", record=title)
            return self._build_missing(reason, namesakes)
        if not is_confirmed and field.role != "item":
            near_names = self.records.find_near_names(name)
            if near_names:
                reason = Sentence(
                    "it would be created, but QuickBooks has a similar name: %(record)s.",
                    record=_format_entry(near_names[0]),
                )
                return self._build_missing(reason, near_names)
        return NewRecord(field=field.name, role=field.role, code=code.id, details=code.create)

    # -- what is missing --------------------------------------------------------------------------

    def _build_missing(
        self, problem: str, hits: list[Entry] | None = None, *, solution: str = "match"
    ) -> Missing:
        """Return the code as missing, with the records that it may stand for."""
        field, code = self.field, self.code
        suggestions = find_suggestions(code, self.records, hits or [])
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
            exact=self._find_certain_id(suggestions),
            new_name=code.create.name if code.create else "",
        )

    def _find_certain_id(self, suggestions: list[Entry]) -> str:
        """Return the id of the one suggestion that is certain; "" if there is none or several."""
        certain_ids = []
        for entry in suggestions:
            if is_exact(self.code, entry) and not self._is_other_party(entry):
                certain_ids.append(entry.id)
        return certain_ids[0] if len(certain_ids) == 1 else ""


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


def _find_unusable_reason(id: str, index: MatchIndex, role: Role) -> str:
    """Return why a record that is not active in its list cannot be used."""
    entry = index.records(role).by_id.get(id)
    if entry:
        return Sentence("%(record)s is inactive in QuickBooks.", record=entry.qualified_name)
    kind = words_of(role)
    return Sentence("QuickBooks has no %(kind)s with the id %(id)s.", kind=kind, id=id)


def _format_entry(entry: Entry) -> str:
    """Return the name of a record for people, who need to know if it is inactive."""
    if entry.active:
        return entry.qualified_name
    return Sentence("%(record)s (inactive)", record=entry.qualified_name)


def _find_by_id(search: _CodeSearch) -> list[Entry]:
    """Find the record whose QuickBooks id a code names; a plain code may be the id itself."""
    id = search.code.quickbooks_id
    if search.is_plain and not id:
        id = search.code.id
    entry = search.records.get_active(id or "")
    return [entry] if entry else []


def _find_by_email(search: _CodeSearch) -> list[Entry]:
    """Find the records with the address of a code, without jobs that only inherited it.

    A job of a customer with the same address counts only if it has the name of the code.
    """
    hits = search.records.find_by_email(get_party_email(search.code))
    names = {hit.qualified_name for hit in hits}
    namesakes = search.records.find_by_name(search.code.name or "")
    return [hit for hit in hits if hit in namesakes or not hit.is_below_any(names)]


_RULES: dict[str, Callable[[_CodeSearch], list[Entry]]] = {
    "id": _find_by_id,
    "number": lambda search: search.records.find_by_number(search.code.number or ""),
    "name": lambda search: search.records.find_by_name(search.code.name or ""),
    "email": _find_by_email,
    "words": lambda search: search.records.find_by_words(search.code.name or ""),
}

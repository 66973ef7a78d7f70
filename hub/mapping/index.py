"""The records of a company, indexed for matching, and the matches of its codes."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import Literal

from hub.contract.documents import Code, Item, Party, Role
from hub.contract.unicode_forms import list_forms
from hub.contract.value_object import value_object
from hub.mapping.mapped import Ref
from hub.mapping.names import (
    fold_name,
    have_different_numbers,
    simplify_key,
    simplify_name,
    split_addresses,
)
from hub.mapping.tax_numbers import (
    NumberMatch,
    compare_numbers,
    get_shown_end,
    normalize_number,
)

EMPTY = ""  # the record of a match that leaves the code out
NEW = "+"  # the record of a match that creates one
# Kinds of records with a name in QuickBooks: those that codes may stand for, and employees.
NameOwner = Role | Literal["employee"]
# Whose names a new record of a role cannot have. QuickBooks has one name space for all three.
NAME_SHARING: dict[Role, tuple[NameOwner, ...]] = {
    "vendor": ("customer", "employee"),
    "customer": ("vendor", "employee"),
}
MAX_SUGGESTIONS = 3
MIN_NEAR_NAME_SCORE = 88
MIN_SUGGESTION_SCORE = 60
# Scored per text, before inactive records and those with other numbers are left out.
SUGGESTION_CANDIDATES = 8


@value_object
class Entry:
    """A record of a QuickBooks list, with the facts by which it is found.

    `stored_name` is the name that QuickBooks stores, if it differs: QuickBooks adds a suffix to the
    name of a record that becomes inactive.
    """

    id: str
    name: str
    full_name: str = ""
    number: str = ""
    email: str = ""
    tax_numbers: str = ""  # one a line
    type: str = ""
    currency: str = ""
    active: bool = True
    stored_name: str = ""

    def compare_number(self, number: str) -> NumberMatch:
        """Return how well an organisation number fits; an account number may contain it, too."""
        return max(compare_numbers(number, own_number) for own_number in self.list_numbers())

    def list_numbers(self) -> tuple[str, ...]:
        """Return the texts that may be its organisation number."""
        return (self.number, *self.tax_numbers.splitlines())

    @property
    def qualified_name(self) -> str:
        """Return the name with those of the records above it, as far as QuickBooks gave them."""
        return self.full_name or self.name

    def is_below_any(self, qualified_names: Collection[str]) -> bool:
        """Return whether one of the records above it, such as a job's customer, has such a name."""
        name, separator, _ = self.qualified_name.rpartition(":")
        while separator:
            if name in qualified_names:
                return True
            name, separator, _ = name.rpartition(":")
        return False


@value_object
class Decision:
    """The record of a code, and the `MatchMethod` by which it was chosen.

    `details` is what a person entered for a record to create, None if the source's data are used.
    """

    record: str  # a QuickBooks id, EMPTY or NEW
    match_method: str
    details: Party | Item | None = None

    def complete(self, code: Code) -> Code:
        """Return a code with the details that a person entered for its new record."""
        return replace(code, create=self.details) if self.details else code


class RecordIndex:
    """The records that one role may take, by id, number, name, last part of the name and e-mail."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.by_id: dict[str, Entry] = {}
        self._by_number: dict[str, list[Entry]] = defaultdict(list)
        self._by_name: dict[str, list[Entry]] = defaultdict(list)
        self._by_last_part: dict[str, list[Entry]] = defaultdict(list)
        self._by_email: dict[str, list[Entry]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._plain_names: dict[str, str] = {}
        for entry in entries:
            self._add(entry)

    def __len__(self) -> int:
        return len(self.by_id)

    def count_active(self) -> int:
        """Return how many records a code can be matched to."""
        return sum(entry.active for entry in self.by_id.values())

    def get_active(self, id: str) -> Entry | None:
        """Return the record with this id; None if there is none or it is inactive."""
        entry = self.by_id.get(id)
        if entry is None or not entry.active:
            return None
        return entry

    def find_by_name(self, name: str) -> list[Entry]:
        """Return the active records with this full name, else those whose last part it is."""
        name_key = fold_name(name)
        if not name_key:
            return []
        same_name = self._by_name.get(name_key)
        if same_name:
            return same_name
        return self._by_last_part.get(name_key, [])

    def find_by_number(self, number: str) -> list[Entry]:
        """Return the active records with this number; none for a blank one."""
        number_key = fold_name(number)
        if not number_key:
            return []
        return self._by_number.get(number_key, [])

    def find_by_email(self, email: str) -> list[Entry]:
        """Return the active records with this address; none for a blank one."""
        email_key = fold_name(email)
        if not email_key:
            return []
        return self._by_email.get(email_key, [])

    def find_by_tax_number(self, number: str) -> list[Entry]:
        """Return the active records with this organisation number, whole ones first."""
        key = normalize_number(number)
        if not key:
            return []
        ids = dict.fromkeys(self._ids_by_tax_number.get(key, ()))
        for length, ids_by_end in self._ids_by_shown_end.items():
            ids |= dict.fromkeys(ids_by_end.get(key[-length:], ()))
        return [self.by_id[id] for id in ids]

    @cached_property
    def _ids_by_tax_number(self) -> dict[str, list[str]]:
        """Return the active records by the organisation numbers that they show whole."""
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for entry in self.by_id.values():
            for number in entry.list_numbers() if entry.active else ():
                key = normalize_number(number)
                if key and not get_shown_end(number):
                    ids[key].append(entry.id)
        return dict(ids)

    @cached_property
    def _ids_by_shown_end(self) -> dict[int, dict[str, list[str]]]:
        """Return the active records by the end of the number that they show, and its length."""
        ids: defaultdict[int, dict[str, list[str]]] = defaultdict(dict)
        for entry in self.by_id.values():
            for number in entry.list_numbers() if entry.active else ():
                end = get_shown_end(number)
                if end:
                    ids[len(end)].setdefault(end, []).append(entry.id)
        return dict(ids)

    def find_by_words(self, name: str) -> list[Entry]:
        """Return the active records whose name contains this one as whole words."""
        words = fold_name(name)
        if not words:
            return []
        # A hyphen, a slash or an inner period joins words: 12 is no word of 12-3, 12/3 or 12.3.
        pattern = re.compile(rf"(?<![\w/-])(?<!\w\.){re.escape(words)}(?![\w/-])(?!\.\w)")
        ids = []
        for id, text in self._names.items():
            if words in text and pattern.search(text):
                ids.append(id)
        return self._filter_active(ids)

    def find_near_names(self, name: str) -> list[Entry]:
        """Return the records, active or not, with nearly this name, best first."""
        from rapidfuzz import fuzz, process  # only now: it takes 4 MB of memory

        hits = process.extract(
            simplify_name(name),
            self._plain_names,
            scorer=fuzz.token_sort_ratio,
            limit=MAX_SUGGESTIONS,
            score_cutoff=MIN_NEAR_NAME_SCORE,
        )
        return [self.by_id[id] for _, _, id in hits]

    def find_same_name(self, name: str) -> list[Entry]:
        """Return the records, active or not, with exactly this name."""
        return self._by_own_name.get(fold_name(name), [])

    @cached_property
    def _by_own_name(self) -> dict[str, list[Entry]]:
        """Return the records by their names without those above them; built when first needed."""
        return self._group_by_name(attrgetter("name"))

    def find_stored_name(self, name: str) -> list[Entry]:
        """Return the records that QuickBooks stores under exactly this name."""
        return self._by_stored_name.get(fold_name(name), [])

    @cached_property
    def _by_stored_name(self) -> dict[str, list[Entry]]:
        """Return the records by the names that QuickBooks stores; built when first needed."""
        return self._group_by_name(lambda entry: entry.stored_name or entry.name)

    def _group_by_name(self, get_name: Callable[[Entry], str]) -> dict[str, list[Entry]]:
        """Return the records by the keys of one of their names."""
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.by_id.values():
            entries[fold_name(get_name(entry))].append(entry)
        return dict(entries)

    def suggest(self, *texts: str) -> list[Entry]:
        """Return the active records that are similar to one of the texts, best first."""
        scores: dict[str, float] = {}
        for text in texts:
            for id, score in self._score_names(fold_name(text)):
                scores[id] = max(score, scores.get(id, 0))
        best_first = sorted(scores, key=lambda id: (-scores[id], self._names[id]))
        return self._filter_active(best_first)[:MAX_SUGGESTIONS]

    def _score_names(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield id and score of the records whose name is similar to a text."""
        from rapidfuzz import fuzz, process

        if not text:
            return
        hits = process.extract(
            text,
            self._names,
            scorer=fuzz.WRatio,
            limit=SUGGESTION_CANDIDATES,
            score_cutoff=MIN_SUGGESTION_SCORE,
        )
        for _, score, id in hits:
            if not have_different_numbers(text, self._names[id]):
                yield id, score

    def _filter_active(self, ids: Iterable[str]) -> list[Entry]:
        """Return the records with these ids in the same order, without the inactive ones."""
        entries = [self.by_id[id] for id in ids]
        return [entry for entry in entries if entry.active]

    def _add(self, entry: Entry) -> None:
        """Index a record; an inactive one only by its id and its names."""
        name_key = fold_name(entry.qualified_name)
        self.by_id[entry.id] = entry
        self._names[entry.id] = name_key
        own_key = name_key if entry.name == entry.qualified_name else fold_name(entry.name)
        self._plain_names[entry.id] = simplify_key(own_key)
        if not entry.active:
            return
        self._by_name[name_key].append(entry)
        # A full-width colon separates nothing, although the key of the name has a colon for it.
        last_part = fold_name(entry.name.rpartition(":")[2]) if ":" in entry.name else own_key
        self._by_last_part[last_part].append(entry)
        number_key = fold_name(entry.number)
        if number_key:
            self._by_number[number_key].append(entry)
        for address in split_addresses(entry.email):
            self._by_email[address].append(entry)


class MatchIndex:
    """The matches of a company's codes by field and code, and the records of each role.

    `confirm_first` are fields whose new codes a person confirms before the first posting.
    `created_for` is the code for which a record was created, by field and record.
    """

    def __init__(
        self, matches: Mapping[tuple[str, str], Decision], lists: Mapping[NameOwner, RecordIndex]
    ) -> None:
        self.matches = matches
        self.lists = lists
        self.confirm_first: frozenset[str] = frozenset()
        self.created_for: Mapping[tuple[str, str], str] = {}
        self.cache: dict[tuple[object, ...], object] = {}

    def records(self, role: NameOwner) -> RecordIndex:
        """Return the records that a role may take, or the employees."""
        return self.lists.get(role) or _NO_RECORDS

    def find_decision(self, field: str, code: str) -> Decision | None:
        """Return the decision about a code.

        Without one, return that about the same code in another Unicode form, unless it creates a
        record: that record has one code, and other codes find it by its name.
        """
        decision = self.matches.get((field, code))
        if decision or code.isascii():
            return decision
        for form in list_forms(code):
            decision = self.matches.get((field, form))
            if decision and decision.record != NEW:
                return decision
        return None

    def find_namesakes(self, role: Role, name: str) -> list[tuple[NameOwner, Entry]]:
        """Return the records that prevent a new record of this name, each with its role.

        An inactive record of the same kind counts by its former name, under which it can be made
        active again, and an inactive record of another kind by the name that QuickBooks stores.
        """
        namesakes: list[tuple[NameOwner, Entry]] = []
        for entry in self.records(role).find_same_name(name):
            namesakes.append((role, entry))
        for owner in NAME_SHARING.get(role, ()):
            for entry in self.records(owner).find_stored_name(name):
                namesakes.append((owner, entry))
        return namesakes


_NO_RECORDS = RecordIndex()


def to_ref(role: Role, entry: Entry) -> Ref:
    """Return the reference to a record in a role."""
    return Ref(
        role=role,
        id=entry.id,
        name=entry.qualified_name,
        type=entry.type,
        currency=entry.currency,
        email=entry.email,
    )

"""The records of a company, indexed for matching, and the matches of its codes."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from rapidfuzz import fuzz, process

from hub.contract.documents import Role, value_object
from hub.mapping.mapped import Ref

EMPTY = ""  # the record of a match that leaves the code out
NEW = "+"  # the record of a match that creates one
_COLON = re.compile(r"\s*:\s*")
_SEPARATORS = re.compile(r"[,;\s]+")
_WORDS = re.compile(r"\w+")
_NUMBERS = re.compile(r"[1-9]\d*")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ł": "l", "&": " "})
_LEGAL_FORM_WORDS = """
    and og und et the as asa ans da ltd limited llc llp inc incorporated corp corporation co company
    gmbh ag kg ab oy aps bv nv sa sarl sas srl spa plc pty pte
"""
_LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
MAX_SUGGESTIONS = 3
MIN_NEAR_NAME_SCORE = 88
MIN_SUGGESTION_SCORE = 60
SUGGESTION_CANDIDATES = 8  # scored per text, before inactive records and other numbers fall out


@value_object
class Entry:
    """A record of a QuickBooks list as it is searched for."""

    id: str
    name: str
    full_name: str = ""
    number: str = ""
    email: str = ""
    type: str = ""
    currency: str = ""
    active: bool = True


@value_object
class Decision:
    """The record of a code: a QuickBooks id, EMPTY or NEW; `how` is a `MatchMethod`."""

    record: str
    how: str


def key(text: str) -> str:
    """Return a text as names are compared: without case, runs of spaces, and spaces at a colon."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _COLON.sub(":", " ".join(plain.split()))


def plain_name(text: str) -> str:
    """Return a name without accents, punctuation, legal forms and the word for and."""
    decomposed = unicodedata.normalize("NFKD", key(text).translate(_LETTERS))
    without_accents = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    words = _WORDS.findall(without_accents.replace(".", ""))
    essential = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(essential or words)


def _have_different_numbers(text: str, other: str) -> bool:
    """Return whether the longest number of each text is not in the other: Lot 12, Lot 13."""
    numbers = _NUMBERS.findall(text)
    other_numbers = _NUMBERS.findall(other)
    if not numbers or not other_numbers:
        return False
    is_missing = max(numbers, key=len) not in other_numbers
    return is_missing and max(other_numbers, key=len) not in numbers


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

    def get_active(self, id: str) -> Entry | None:
        """Return the record with this id; None if there is none or it is inactive."""
        entry = self.by_id.get(id)
        return entry if entry and entry.active else None

    def find_by_name(self, name: str) -> list[Entry]:
        """Return the active records with this full name, else those whose last part it is."""
        name_key = key(name)
        if not name_key:
            return []
        return self._by_name.get(name_key) or self._by_last_part.get(name_key) or []

    def find_by_number(self, number: str) -> list[Entry]:
        """Return the active records with this number; none for a blank one."""
        number_key = key(number)
        return self._by_number.get(number_key, []) if number_key else []

    def find_by_email(self, email: str) -> list[Entry]:
        """Return the active records that carry this address."""
        email_key = key(email)
        return self._by_email.get(email_key, []) if email_key else []

    def find_by_words(self, name: str) -> list[Entry]:
        """Return the active records whose name contains this one as whole words."""
        words = key(name)
        if not words:
            return []
        pattern = re.compile(rf"(?<![\w/-])(?<!\w\.){re.escape(words)}(?![\w/-])(?!\.\w)")
        ids = [id for id, text in self._names.items() if words in text and pattern.search(text)]
        return self._active_entries(ids)

    def find_near_names(self, name: str) -> list[Entry]:
        """Return the records, active or not, with nearly this name, best first."""
        hits = process.extract(
            plain_name(name),
            self._plain_names,
            scorer=fuzz.token_sort_ratio,
            limit=MAX_SUGGESTIONS,
            score_cutoff=MIN_NEAR_NAME_SCORE,
        )
        return [self.by_id[id] for _, _, id in hits]

    def find_same_name(self, name: str) -> list[Entry]:
        """Return the records, active or not, with exactly this name."""
        name_key = key(name)
        return [entry for entry in self.by_id.values() if key(entry.name) == name_key]

    def suggest(self, *texts: str) -> list[Entry]:
        """Return the active records that are similar to one of the texts, best first."""
        scores: dict[str, float] = {}
        for text in texts:
            for id, score in self._score_names(key(text)):
                scores[id] = max(score, scores.get(id, 0))
        best_first = sorted(scores, key=lambda id: (-scores[id], self._names[id]))
        return self._active_entries(best_first)[:MAX_SUGGESTIONS]

    def _score_names(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield id and score of the records whose name is similar to a text."""
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
            if not _have_different_numbers(text, self._names[id]):
                yield id, score

    def _active_entries(self, ids: Iterable[str]) -> list[Entry]:
        return [self.by_id[id] for id in ids if self.by_id[id].active]

    def _add(self, entry: Entry) -> None:
        name_key = key(entry.full_name or entry.name)
        self.by_id[entry.id] = entry
        self._names[entry.id] = name_key
        self._plain_names[entry.id] = plain_name(entry.name)
        if not entry.active:
            return
        self._by_name[name_key].append(entry)
        last_part = key(entry.name).rpartition(":")[2]
        self._by_last_part[last_part].append(entry)
        number_key = key(entry.number)
        if number_key:
            self._by_number[number_key].append(entry)
        for address in _SEPARATORS.split(key(entry.email)):
            if address:
                self._by_email[address].append(entry)


class MatchIndex:
    """The matches of a company's codes by field and code, and the records of each role.

    `confirm_first` are fields whose new codes a person confirms before the first posting.
    `created_for` is the code for which a record was created, by field and record.
    """

    def __init__(
        self, matches: Mapping[tuple[str, str], Decision], lists: Mapping[Role, RecordIndex]
    ) -> None:
        self.matches = matches
        self.lists = lists
        self.confirm_first: frozenset[str] = frozenset()
        self.created_for: Mapping[tuple[str, str], str] = {}
        self.cache: dict[tuple[object, ...], object] = {}

    def records(self, role: Role) -> RecordIndex:
        """Return the records that a role may take."""
        return self.lists.get(role) or _NO_RECORDS


_NO_RECORDS = RecordIndex()


def ref(role: Role, entry: Entry) -> Ref:
    """Return a record as a document refers to it in a role."""
    return Ref(
        role=role,
        id=entry.id,
        name=entry.full_name or entry.name,
        type=entry.type,
        currency=entry.currency,
        email=entry.email,
    )

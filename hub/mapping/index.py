"""What mapping needs to know of a company: its records, indexed, and which codes were decided or linked."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from hub.contract.documents import Role, noun
from hub.mapping.mapped import Ref

EMPTY = ""
NEW = "+"
_COLON = re.compile(r"\s*:\s*")
_SEPARATORS = re.compile(r"[,;\s]+")
_WORDS = re.compile(r"\w+")
_NUMBERS = re.compile(r"[1-9]\d*")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ł": "l", "&": " "})
_FORMS = frozenset({
    "and", "og", "und", "et", "the", "as", "asa", "ans", "da", "ltd", "limited", "llc", "llp", "inc",
    "incorporated", "corp", "corporation", "co", "company", "gmbh", "ag", "kg", "ab", "oy", "aps", "bv", "nv",
    "sa", "sarl", "sas", "srl", "spa", "plc", "pty", "pte",
})  # fmt: skip
SUGGESTIONS = 3
NEAR = 88


@noun
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


@noun
class Decision:
    """What a code is: a QuickBooks id, EMPTY (leave it out) or NEW (make one); `how` is decided or link."""

    record: str
    how: str


def key(text: str) -> str:
    """The text as names are compared: case, runs of spaces and spaces around a colon do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _COLON.sub(":", " ".join(plain.split()))


def _apart(one: str, other: str) -> bool:
    """Whether both names hold numbers, and the longest of each is not in the other, as in Lot 12 and Lot 13."""
    mine, theirs = _NUMBERS.findall(one), _NUMBERS.findall(other)
    return (
        bool(mine and theirs)
        and max(mine, key=len) not in theirs
        and max(theirs, key=len) not in mine
    )


def bare(text: str) -> str:
    """A name as people mean it: without accents, punctuation, legal forms and the word for and."""
    folded = unicodedata.normalize("NFKD", key(text).translate(_LETTERS))
    words = _WORDS.findall(
        "".join(sign for sign in folded if not unicodedata.combining(sign)).replace(".", "")
    )
    return " ".join(word for word in words if word not in _FORMS) or " ".join(words)


class Index:
    """The records that one role may take, found by id, number, name, leaf, e-mail or words."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.by_id: dict[str, Entry] = {}
        self.by_number: dict[str, list[Entry]] = defaultdict(list)
        self.by_name: dict[str, list[Entry]] = defaultdict(list)
        self.by_leaf: dict[str, list[Entry]] = defaultdict(list)
        self.by_email: dict[str, list[Entry]] = defaultdict(list)
        self.names: dict[str, str] = {}
        self.bare: dict[str, str] = {}
        for entry in entries:
            self._add(entry)

    def __len__(self) -> int:
        return len(self.by_id)

    def active(self, id: str) -> Entry | None:
        """The record with this id, unless it is inactive."""
        entry = self.by_id.get(id)
        return entry if entry and entry.active else None

    def named(self, name: str) -> list[Entry]:
        """The active records of this full name, else those whose last part it is."""
        wanted = key(name)
        return self.by_name.get(wanted) or self.by_leaf.get(wanted) or [] if wanted else []

    def numbered(self, number: str) -> list[Entry]:
        """The active records of this number; a blank number is no number."""
        wanted = key(number)
        return self.by_number.get(wanted, []) if wanted else []

    def mailed(self, email: str) -> list[Entry]:
        """The active records that carry this address."""
        wanted = key(email)
        return self.by_email.get(wanted, []) if wanted else []

    def worded(self, name: str) -> list[Entry]:
        """The active records whose name holds this one as whole words."""
        wanted = key(name)
        if not wanted:
            return []
        whole = re.compile(rf"(?<![\w/-])(?<!\w\.){re.escape(wanted)}(?![\w/-])(?!\.\w)")
        ids = [id for id, text in self.names.items() if wanted in text and whole.search(text)]
        return [entry for id in ids if (entry := self.active(id))]

    def near(self, name: str) -> list[Entry]:
        """The records, active or not, whose name is nearly this one, best first."""
        found = process.extract(
            bare(name),
            self.bare,
            scorer=fuzz.token_sort_ratio,
            limit=SUGGESTIONS,
            score_cutoff=NEAR,
        )
        return [self.by_id[id] for _, _, id in found]

    def same(self, name: str) -> list[Entry]:
        """The records, active or not, that bear exactly this name."""
        wanted = key(name)
        return [entry for entry in self.by_id.values() if key(entry.name) == wanted]

    def like(self, *texts: str) -> list[Entry]:
        """The active records that one of the texts reminds of, best first."""
        scores: dict[str, float] = {}
        for text in filter(None, map(key, texts)):
            for _, score, id in process.extract(
                text, self.names, scorer=fuzz.WRatio, limit=8, score_cutoff=60
            ):
                if not _apart(text, self.names[id]):
                    scores[id] = max(score, scores.get(id, 0))
        best = sorted(scores, key=lambda id: (-scores[id], self.names[id]))
        return [entry for id in best if (entry := self.active(id))][:SUGGESTIONS]

    def _add(self, entry: Entry) -> None:
        self.by_id[entry.id] = entry
        self.names[entry.id] = key(entry.full_name or entry.name)
        self.bare[entry.id] = bare(entry.name)
        if not entry.active:
            return
        self.by_name[self.names[entry.id]].append(entry)
        leaf = key(entry.name).rpartition(":")[2]
        self.by_leaf[leaf].append(entry)
        if number := key(entry.number):
            self.by_number[number].append(entry)
        for address in filter(None, _SEPARATORS.split(key(entry.email))):
            self.by_email[address].append(entry)


class Book:
    """Decisions by (field, code) and the records of each role; what was found once is remembered."""

    def __init__(
        self, matches: Mapping[tuple[str, str], Decision], lists: Mapping[Role, Index]
    ) -> None:
        self.matches = matches
        self.lists = lists
        self.confirm: frozenset[str] = (
            frozenset()
        )  # fields whose new codes a person confirms before the first posting
        self.made: Mapping[
            tuple[str, str], str
        ] = {}  # the code for which a record was made, by field and record
        self.found: dict[tuple[object, ...], object] = {}

    def records(self, role: Role) -> Index:
        """The records that a role may take."""
        return self.lists.get(role) or _NONE


_NONE = Index()


def ref(role: Role, entry: Entry) -> Ref:
    """A record in the place of a role."""
    name = entry.full_name or entry.name
    return Ref(
        role=role,
        id=entry.id,
        name=name,
        type=entry.type,
        currency=entry.currency,
        email=entry.email,
    )

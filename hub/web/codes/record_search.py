"""Search the records of QuickBooks that a code may be matched to."""

from collections.abc import Iterable
from typing import NamedTuple

from hub.contract.unicode_forms import fold_case
from hub.mapping import Entry, Ref

MAX_HITS = 25
MAX_WHOLE_LIST = 100  # a list up to here is shown whole, of a longer one the first few
SHORTENED_LIST = 20


class RecordChoices(NamedTuple):
    """The records to choose from, and how many a search found, also those beyond them."""

    records: tuple[Entry, ...]
    hit_count: int = 0


def _find_hits(entries: Iterable[Entry], query: str) -> list[Entry]:
    """Return the active records that contain every word of the query, in any order."""
    words = fold_case(query).split()
    if not words:
        return []
    return [entry for entry in entries if entry.active and _contains(entry, words)]


def _get_length_order(entry: Entry) -> tuple[int, str]:
    """Return the key that sorts records by the length of their names, then by alphabet."""
    name = entry.qualified_name
    return len(name), name


def _contains(entry: Entry, words: Iterable[str]) -> bool:
    """Return whether name, number, id or e-mail address of a record contain all words."""
    texts = (entry.qualified_name, str(entry.number), entry.id, str(entry.email))
    text = fold_case(" ".join(texts))
    return all(word in text for word in words)


def find_choices(
    entries: Iterable[Entry], query: str, suggestions: Iterable[Ref] = ()
) -> RecordChoices:
    """Return the records to choose from: search hits, or the list, or the start of a long list.

    Of the hits, the `MAX_HITS` with the shortest names come first.
    """
    if query:
        hits = _find_hits(entries, query)
        hits.sort(key=_get_length_order)
        return RecordChoices(tuple(hits[:MAX_HITS]), len(hits))
    suggested_ids = {ref.id for ref in suggestions}
    others = [entry for entry in entries if entry.active and entry.id not in suggested_ids]
    others.sort(key=lambda entry: (entry.number, entry.qualified_name.casefold()))
    if len(others) > MAX_WHOLE_LIST:
        others = others[:SHORTENED_LIST]
    return RecordChoices(tuple(others))

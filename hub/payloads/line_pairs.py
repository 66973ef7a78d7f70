"""Pair the lines of two versions of a transaction: QuickBooks need not keep their order."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from operator import attrgetter

from hub.mapping.placeholders import is_of_posting
from hub.models.transaction_summary import LineSummary

LINE_FACTS = ("account", "item", "class_", "customer", "tax_code", "linked")
read_line_facts = attrgetter(*LINE_FACTS)
PlacesByFacts = dict[tuple[object, ...], deque[int]]


def pair_lines(
    expected_lines: Sequence[LineSummary], actual_lines: Sequence[LineSummary]
) -> list[int]:
    """Return, for each expected line, the place of its partner among as many actual lines.

    A line is paired with the one in its place if they do not differ, else with the first other one
    that does not differ from it. The rest are paired in their order.
    """
    partners: dict[int, int] = {}
    for place, (ours, theirs) in enumerate(zip(expected_lines, actual_lines, strict=True)):
        if is_alike(ours, theirs):
            partners[place] = place
    places = range(len(expected_lines))
    unpaired_places = [place for place in places if place not in partners]
    unpaired_lines = _UnpairedLines(actual_lines, unpaired_places)
    for place in places:
        if place not in partners:
            partner = unpaired_lines.take_alike(expected_lines[place])
            if partner is not None:
                partners[place] = partner
    remaining = unpaired_lines.iter_places()
    return [partners[place] if place in partners else next(remaining) for place in places]


def is_alike(ours: LineSummary, theirs: LineSummary) -> bool:
    """Return whether two lines have the same amount and facts; open facts never differ."""
    if ours.amount != theirs.amount:
        return False
    our_facts, their_facts = read_line_facts(ours), read_line_facts(theirs)
    if our_facts == their_facts:
        return True
    for own, other in zip(our_facts, their_facts, strict=True):
        if own != other and is_fixed(own):
            return False
    return True


def is_fixed(value: str) -> bool:
    """Return whether a value is known; the id of something not posted yet is not."""
    return bool(value) and not is_of_posting(value)


class _UnpairedLines:
    """The lines that have no partner yet, by the facts that are known of another line.

    A transaction may have thousands of lines, so they are not compared one by one.
    """

    def __init__(self, lines: Sequence[LineSummary], places: Sequence[int]) -> None:
        self._lines = lines
        self._places = dict.fromkeys(places)
        self._indexes: dict[tuple[str, ...], PlacesByFacts] = {}

    def take_alike(self, ours: LineSummary) -> int | None:
        """Remove the first line that does not differ from ours and return its place, if any."""
        names = tuple(name for name in LINE_FACTS if is_fixed(getattr(ours, name)))
        if names not in self._indexes:
            self._indexes[names] = self._build_index(names)
        candidates = self._indexes[names].get(_read_facts(ours, names), deque())
        while candidates:
            place = candidates.popleft()
            if place in self._places:
                del self._places[place]
                return place
        return None

    def iter_places(self) -> Iterator[int]:
        """Return an iterator over the places of the lines that are left, in their order."""
        return iter(self._places)

    def _build_index(self, names: tuple[str, ...]) -> PlacesByFacts:
        index: PlacesByFacts = defaultdict(deque)
        for place in self._places:
            index[_read_facts(self._lines[place], names)].append(place)
        return index


def _read_facts(line: LineSummary, names: Sequence[str]) -> tuple[object, ...]:
    """Return the amount and some facts of a line as a key."""
    return (line.amount, *(getattr(line, name) for name in names))

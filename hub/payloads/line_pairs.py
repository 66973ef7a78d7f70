"""Pair the lines of two versions of a transaction: QuickBooks need not keep their order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import attrgetter

from hub.mapping.placeholders import is_of_posting
from hub.models.transaction_summary import LineSummary

LINE_FACTS = ("account", "item", "class_", "customer", "tax_code", "linked")
read_line_facts = attrgetter(*LINE_FACTS)


def pair_lines(expected: Sequence[LineSummary], actual: Sequence[LineSummary]) -> list[int]:
    """Return, for each expected line, the place of its partner among as many actual lines.

    A line is paired with the one in its place if they do not differ, else with the first other one
    that does not differ from it. The rest are paired in their order.
    """
    places: list[int | None] = []
    unpaired: dict[Decimal, list[int]] = defaultdict(list)
    for place, (ours, theirs) in enumerate(zip(expected, actual, strict=True)):
        is_in_place = _is_alike(ours, theirs)
        places.append(place if is_in_place else None)
        if not is_in_place:
            unpaired[theirs.amount].append(place)
    for place, ours in enumerate(expected):
        if places[place] is None:
            places[place] = _take_alike(ours, actual, unpaired.get(ours.amount, []))
    remaining = _iter_remaining(places)
    return [next(remaining) if place is None else place for place in places]


def is_fixed(value: str) -> bool:
    """Return whether a value is known; the id of something not posted yet is not."""
    return bool(value) and not is_of_posting(value)


def _take_alike(
    ours: LineSummary, actual: Sequence[LineSummary], candidates: list[int]
) -> int | None:
    """Remove the place of the first line that does not differ from ours; None without one."""
    for place in candidates:
        if _is_alike(ours, actual[place]):
            candidates.remove(place)
            return place
    return None


def _iter_remaining(places: Sequence[int | None]) -> Iterator[int]:
    """Yield the places that are not among those of partners."""
    taken = set(places)
    return (place for place in range(len(places)) if place not in taken)


def _is_alike(ours: LineSummary, theirs: LineSummary) -> bool:
    """Return whether two lines have the same amount and facts; open facts never differ."""
    if ours.amount != theirs.amount:
        return False
    our_facts, their_facts = read_line_facts(ours), read_line_facts(theirs)
    if our_facts == their_facts:
        return True
    pairs = zip(our_facts, their_facts, strict=True)
    return all(own == other or not is_fixed(own) for own, other in pairs)

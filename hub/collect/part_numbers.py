"""Keep the numbers of the parts of a split document when the order of its lines changes.

QuickBooks accepts each number of a supplier once. If two parts exchanged their numbers, both would
be refused, because each number still belongs to the other part.
"""

import re
from collections.abc import Collection, Mapping
from itertools import count

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.mapping import MappedDocument
from hub.mapping.split import number_part
from hub.models import SourceDocument
from hub.models.enums import PostingState

LATER_PART = re.compile(r"(.+)-([2-9]|[1-9][0-9]+)")  # the number of each part but the first


def keep_part_numbers(
    batch: CollectBatch, row: SourceDocument, number: str | None, parts: tuple[MappedDocument, ...]
) -> tuple[MappedDocument, ...]:
    """Return the parts with the numbers that they have in QuickBooks; new ones get free numbers."""
    positions = find_positions(_load_numbers(batch, row)) if parts else {}
    if not positions:
        return parts
    used_positions = set(positions.values())
    free_positions = (position for position in count(1) if position not in used_positions)
    numbered_parts = []
    for part in parts:
        position = positions.get(part.part) or next(free_positions)
        numbered_parts.append(number_part(part, number, position))
    return tuple(numbered_parts)


def _load_numbers(batch: CollectBatch, row: SourceDocument) -> dict[str, str]:
    """Return the number of each part that is posted or being sent."""
    numbers: dict[str, str] = {}
    for posting in batch.transaction_postings(row):
        if posting.state not in (PostingState.POSTED, *outbox.IN_FLIGHT):
            continue
        if posting.operation in outbox.REMOVALS:
            numbers.pop(posting.part, None)
        elif posting.part and posting.number:
            numbers[posting.part] = posting.number
    return numbers


def find_positions(numbers: Mapping[str, str]) -> dict[str, int]:
    """Return the positions of parts by their numbers: 1 for F7, 2 for F7-2.

    A part whose number is not based on that of the document has no position.
    """
    base = _find_base(numbers.values())
    positions = {}
    for part, number in numbers.items():
        later = LATER_PART.fullmatch(number)
        if number == base:
            positions[part] = 1
        elif later and later[1] == base:
            positions[part] = int(later[2])
    return positions


def _find_base(numbers: Collection[str]) -> str:
    """Return the number of the document whose parts have these numbers; "" without any."""
    shortest = min(numbers, key=len, default="")
    others = [LATER_PART.fullmatch(number) for number in numbers if number != shortest]
    if all(other and other[1] == shortest for other in others):
        return shortest
    later = LATER_PART.fullmatch(shortest)  # the first part is not in QuickBooks any more
    return later[1] if later else shortest

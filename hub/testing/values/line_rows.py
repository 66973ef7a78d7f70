"""The rows of lines in the responses of a stand-in, found by the amounts of a document's lines."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses, is_row_of

NUMBER = re.compile(r"-?\d+([.,]\d+)?%?")
MAX_LINES = 6  # lines of a document that are compared


def find_line_depth(responses: ChangedResponses, value: ResponseValue, document: Document) -> int:
    """Return how deep the line is to which a value belongs; 0 if it belongs to none."""
    amounts = {amount / responses.unit for amount in _list_line_amounts(document)}
    for depth in range(len(value.path) - 1, 0, -1):
        if not isinstance(value.path[depth - 1], int):
            continue
        entry = responses.find(value.call, value.path[:depth])
        is_part = isinstance(entry, dict) and not is_row_of(entry, document)
        if is_part and not amounts.isdisjoint(_iter_amounts(entry)):
            return depth
    return 0


def _list_line_amounts(document: Document) -> set[Decimal]:
    """Return the amounts of the lines of a document, without their signs."""
    return {abs(line.amount) for line in document.lines if line.amount}


def _iter_amounts(entry: dict[str, Any]) -> Iterator[Decimal]:
    """Yield the amounts of an object, without their signs."""
    for value in entry.values():
        if isinstance(value, str | int | Decimal) and NUMBER.fullmatch(str(value)):
            yield abs(Decimal(str(value).rstrip("%").replace(",", ".")))

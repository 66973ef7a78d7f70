"""Taxes of lines in the responses of a stand-in: a document whose source has one must follow it."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses, another_value, is_row_of

TAX = re.compile(r"tax|(?:^|[^a-z])(?:vat|gst|mva)")
NUMBER = re.compile(r"-?\d+([.,]\d+)?%?")
MAX_LINES = 6  # of a document that are compared


def find_line_tax_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which tax of a line a document does not follow; "" if it follows all."""
    for values in _iter_taxes(responses, document):
        if all(responses.read(value, another_value(value.value)) == document for value in values):
            names = ", ".join(value.name for value in values)
            return f"it stays as it is if {names} is another."
    return ""


def _iter_taxes(responses: ChangedResponses, document: Document) -> Iterator[list[ResponseValue]]:
    """Yield the values of each line that name its tax."""
    lines: dict[tuple[object, ...], list[ResponseValue]] = {}
    for value in responses.values:
        depth = find_line_depth(responses, value, document)
        if depth and _names_tax(value, depth):
            lines.setdefault((value.call, *value.path[:depth]), []).append(value)
    yield from list(lines.values())[:MAX_LINES]


def find_line_depth(responses: ChangedResponses, value: ResponseValue, document: Document) -> int:
    """Return how deep the line is to which a value belongs; 0 if it belongs to none."""
    amounts = {amount / responses.unit for amount in _line_amounts(document)}
    for depth in range(len(value.path) - 1, 0, -1):
        if not isinstance(value.path[depth - 1], int):
            continue
        entry = responses.find(value.call, value.path[:depth])
        is_part = isinstance(entry, dict) and not is_row_of(entry, document)
        if is_part and not amounts.isdisjoint(_iter_amounts(entry)):
            return depth
    return 0


def _line_amounts(document: Document) -> set[Decimal]:
    """Return the amounts of the lines of a document, without their signs."""
    return {abs(line.amount) for line in document.lines if line.amount}


def _iter_amounts(entry: dict[str, Any]) -> Iterator[Decimal]:
    """Yield the amounts of an object, without their signs."""
    for value in entry.values():
        if isinstance(value, str | int | Decimal) and NUMBER.fullmatch(str(value)):
            yield abs(Decimal(str(value).rstrip("%").replace(",", ".")))


def _names_tax(value: ResponseValue, depth: int) -> bool:
    """Return whether a value of a line says which tax it has, and is not its rate or amount."""
    names = [str(part).lower() for part in value.path[depth:]]
    if not any(TAX.search(name) for name in names):
        return False
    is_number = bool(NUMBER.fullmatch(str(value.value)))
    return names[-1].endswith("id") if is_number else value.value != ""

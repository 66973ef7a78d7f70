"""Taxes of lines in the responses of a stand-in: a document whose source has one must follow it."""

import re
from collections.abc import Iterator

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses, another_value
from hub.testing.values.line_rows import MAX_LINES, NUMBER, find_line_depth

TAX = re.compile(r"tax|(?:^|[^a-z])(?:vat|gst|mva)")


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


def _names_tax(value: ResponseValue, depth: int) -> bool:
    """Return whether a value of a line says which tax it has, and is not its rate or amount."""
    names = [str(part).lower() for part in value.path[depth:]]
    if not any(TAX.search(name) for name in names):
        return False
    is_number = bool(NUMBER.fullmatch(str(value.value)))
    return names[-1].endswith("id") if is_number else value.value != ""

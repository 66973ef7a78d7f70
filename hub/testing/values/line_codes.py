"""Codes of lines in the responses of a stand-in: each line has its own codes."""

from collections import defaultdict
from collections.abc import Iterator

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import Path, ResponseValue
from hub.testing.values.changed_responses import ChangedResponses, another_value
from hub.testing.values.line_rows import find_line_depth

MAX_VALUES = 12  # values of a row that are changed one after the other


def find_line_code_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which value of one row decides the codes of several lines; "" if none does."""
    if len(document.lines) <= 1:
        return ""
    for value in _iter_values_of_end_rows(responses, document):
        reading = responses.read(value, another_value(value.value))
        lines = _list_differing_lines(document, reading) if reading else []
        if len(lines) > 1:
            return f"its lines {', '.join(lines)} have other codes if {value.name} is another."
    return ""


def _iter_values_of_end_rows(
    responses: ChangedResponses, document: Document
) -> Iterator[ResponseValue]:
    """Yield the values of the first and of the last row of each list with a row for each line."""
    rows: dict[tuple[str, Path], dict[Path, list[ResponseValue]]] = defaultdict(dict)
    for value in responses.values:
        depth = find_line_depth(responses, value, document)
        if depth:
            row = value.path[:depth]
            rows[value.call, row[:-1]].setdefault(row, []).append(value)
    for values_by_row in rows.values():
        if len(values_by_row) >= len(document.lines):
            values = list(values_by_row.values())
            yield from values[0][:MAX_VALUES]
            yield from values[-1][:MAX_VALUES]


def _list_differing_lines(document: Document, reading: Document) -> list[str]:
    """Return the ids of the lines of a document that have other codes in another reading."""
    codes = {line.id: line.codes for line in reading.lines}
    return [line.id for line in document.lines if codes.get(line.id, line.codes) != line.codes]

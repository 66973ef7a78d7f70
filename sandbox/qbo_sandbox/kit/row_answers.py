"""Answer a call to a source with rows: JSON or a file, with headers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from wsgiref.types import StartResponse

from qbo_sandbox.kit.messages import Header, json_answer, text_answer

RowAnswer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]


def send(start: StartResponse, answer: RowAnswer, headers: Sequence[Header]) -> Iterable[bytes]:
    """Send the status, the body and the headers of an answer, and these headers."""
    status, body, *own_headers = answer
    for own_header in own_headers:
        headers = (*headers, *own_header.items())
    if isinstance(body, tuple):
        kind, content = body
        return text_answer(start, status, content, kind, headers)
    return json_answer(start, status, body, headers)


def answer_page(page: Any) -> RowAnswer:
    """Return the answer with a page, which is its body, or a pair of its body and headers."""
    if isinstance(page, tuple):
        body, headers = page
        return 200, body, headers
    return 200, page

"""A stand-in whose responses differ in one value, to see what a plugin makes of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hub.contract.documents import Document, Unreadable, Yielded
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.exchanges.response_values import Path, ResponseValue, identify, iter_values, parse
from hub.testing.fakes.wsgi import BufferedResponse
from hub.testing.outcomes.items import id_at_the_source
from hub.testing.values.currency_units import ONE, find_unit
from hub.testing.values.document_rows import find_document_rows


class ChangedResponses:
    """Passes calls to the stand-in of a bench, records the values of its responses and changes one.

    A call is known by its method, address and body, because a plugin may make several to read one
    document. `values` are those of the document: where it was looked for in a list, those of the
    other rows are left out. `unit` is what a 1 in the responses is worth: 0.01 if they have cents.
    """

    def __init__(self, bench: Bench, document: Document) -> None:
        """Read a document by its id and record the values of the responses that it came from."""
        self._bench = bench
        self._id = document.source_id
        self._stand_in = without_rate_limit(bench)
        self.values: list[ResponseValue] = []
        self._contents: dict[str, Any] = {}
        self._changed: Sequence[ResponseValue] = ()
        bench.check()  # so that no call for a token is among those of the document
        self._is_recording = True
        self.document = self._read()
        self._is_recording = False
        for document_row in list(find_document_rows(self._iter_lists(), self._is_gone)):
            self.values = [one for one in self.values if document_row.has(one.call, one.path)]
        self.unit = find_unit(self.values, document)

    def shows(self, document: Document) -> bool:
        """Return whether the document that was read is this one, which was read earlier.

        Facts and versions may contain the time of a stand-in whose clock runs. They are left out.
        """
        if self.document is None:
            return False
        return _remove_versions(self.document) == _remove_versions(document)

    def amount_of(self, value: ResponseValue) -> Decimal | None:
        """Return the amount of a value without its sign, or None if it is none."""
        amount = amount_of(value.value)
        return None if amount is None else amount * self.unit

    def write_amount(self, amount: Decimal, like: ResponseValue) -> str | int | Decimal:
        """Return an amount as the source writes it: a text or a number, in its unit."""
        number = amount / self.unit
        if isinstance(like.value, str):
            return f"{number:f}" if self.unit == ONE else str(int(number))
        return number if self.unit == ONE else int(number)

    def read(self, value: ResponseValue, new: Any) -> Document | None:
        """Read the document while a value of the source is another; None if it is no document."""
        return self.read_changed([value._replace(value=new)])

    def read_changed(self, values: Sequence[ResponseValue]) -> Document | None:
        """Read the document while the source has these values at their places."""
        self._changed = values
        try:
            return self._read()
        finally:
            self._changed = ()

    def find(self, call: str, path: Path) -> Any:
        """Return what the response to a call has at the end of a path, such as a list."""
        content = self._contents[call]
        for part in path:
            content = content[part]
        return content

    def _read(self) -> Document | None:
        """Return what is read of the id; None for anything but a document."""
        for item in self._read_items():
            if isinstance(item, Document) and item.source_id == self._id:
                return item
        return None

    def _read_items(self) -> Sequence[Yielded]:
        """Return all that is read of the id."""
        with self._bench.replaced_by(self._serve):
            return self._bench.read(ids=[self._id])

    def _is_gone(self, value: ResponseValue, new: Any) -> bool:
        """Return whether the source does not have the document while a value is another."""
        self._changed = [value._replace(value=new)]
        try:
            items = self._read_items()
        except HubError:
            return False
        finally:
            self._changed = ()
        return not any(isinstance(item, Document | Unreadable) for item in items)

    def _iter_lists(self) -> Iterator[ResponseValue]:
        """Yield the lists of several objects in the responses that are not within another list."""
        for call, content in self._contents.items():
            for path, entries in _iter_lists(content):
                if len(entries) > 1 and all(isinstance(entry, dict) for entry in entries):
                    yield ResponseValue(call, path, entries)

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in; change the values in the response that it has."""
        call = identify(environ)
        response = BufferedResponse(self._stand_in, environ)
        content = parse(response.body)
        if self._is_recording:
            self._contents[call] = content
            self.values += (
                ResponseValue(call, path, value) for path, value in iter_values(content)
            )
        values = [value for value in self._changed if value.call == call]
        if not values:
            return response.send(start)
        for value in values:
            content = replace_value(content, value)
        return response.send_json(start, content)


def is_row_of(entry: Mapping[str, Any], document: Document) -> bool:
    """Return whether an object in a response is the row of a document, and no part of it."""
    own_ids = (document.source_id, id_at_the_source(document))
    return any(str(part) in own_ids for part in entry.values() if not isinstance(part, dict | list))


def amount_of(value: object) -> Decimal | None:
    """Return an amount without its sign, or None if the value is none."""
    try:
        amount = abs(Decimal(str(value)))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def another_value(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | Decimal) else f"{value}x"


def replace_value(content: Any, value: ResponseValue) -> Any:
    """Return JSON that has a value at its path."""
    return _replace(content, value.path, value.value)


def _iter_lists(content: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Yield each list in JSON that is not within another one, with the path to it."""
    if isinstance(content, list):
        yield path, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _iter_lists(value, (*path, name))


def _replace(content: Any, path: Path, new: Any) -> Any:
    """Return JSON in which the value at the end of the path is another."""
    if not path:
        return new
    copy: Any = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = _replace(content[path[0]], path[1:], new)
    return copy


def _remove_versions(document: Document) -> Document:
    """Return a document without its version and its facts."""
    lines = tuple(replace(line, facts={}) for line in document.lines)
    return replace(document, version=None, facts={}, lines=lines)

"""Contract tests of rows that have no id: they stop no other row."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.contract.documents import Document, Yielded
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.exchanges.response_values import parse
from hub.testing.fakes.wsgi import BufferedResponse
from hub.testing.outcomes.items import id_at_the_source, list_of, only_documents, unique_ids
from hub.testing.suite.variants import VariantBenches

ADVICE = (
    "Build the source id so that a row without one gets another id, such as `bill:None`; the hub"
    " holds such a row with the reason and reads the others. Sort and look up rows so that they"
    " may lack an id."
)


class MissingIdTests(VariantBenches):
    """Tests that take the id from one row of each list."""

    def test_a_row_without_an_id_stops_no_other(self, bench: Bench) -> None:
        """Read the lists while the row of the first document of each has no id."""
        fields = IdFields()
        whole = _read(bench, fields.collect)
        for document in _list_first_of_each(whole):
            fresh = Bench(self.slug, self.settings, waits=True)
            self._read_without(fresh, document, fields, unique_ids(whole))

    def _read_without(
        self, bench: Bench, document: Document, fields: "IdFields", all_ids: set[str]
    ) -> None:
        """Read the lists while a row has no id; fail if others are not read.

        What contains the id of the row, such as a payment of the row, need not be read.
        """
        id = id_at_the_source(document)
        what = f"hub_documents of {self.slug}, with the row of {document.source_id} without its id,"
        try:
            read_ids = unique_ids(_read(bench, partial(_remove_id, id, fields.find(id))))
        except HubError:
            raise
        except Exception as error:
            raise exception_failure(what, error, advice=ADVICE) from error
        unread_ids = sorted(all_ids - read_ids)
        contains_id = re.compile(rf"(?<![^\W_]){re.escape(id)}(?![^\W_])")
        missing_ids = [other for other in unread_ids if not contains_id.search(other)]
        if missing_ids:
            pytest.fail(f"{what} did not read {', '.join(missing_ids[:3])}. {ADVICE}")


class IdFields:
    """Where the responses of a reading contain which values, to tell ids from other fields."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def collect(self, path: str, rows: Sequence[dict[str, Any]]) -> bool:
        """Remember the fields of the rows of a list; change nothing."""
        for row in rows:
            text = json.dumps(row, sort_keys=True, default=str)
            for name, value in row.items():
                self._rows[str(value), path, name].add(text)
        return False

    def find(self, id: str) -> set[tuple[str, str]]:
        """Return the fields that have this id, each with the path of its list.

        They are those of the fewest rows: an id is that of one row, while the versions of many rows
        may be equal to it.
        """
        counts = {key[1:]: len(rows) for key, rows in self._rows.items() if key[0] == id}
        return {field for field, count in counts.items() if count == min(counts.values())}


def _list_first_of_each(items: Iterable[Yielded]) -> Iterator[Document]:
    """Yield the first document of each list."""
    first: dict[tuple[str, str], Document] = {}
    for document in only_documents(items):
        first.setdefault(list_of(document), document)
    yield from first.values()


def _read(bench: Bench, change: Callable[[str, Sequence[dict[str, Any]]], bool]) -> list[Yielded]:
    """Return what is read while `change` gets the rows of each list, with the path of the call.

    It returns whether it changed any.
    """
    stand_in = without_rate_limit(bench)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in; change the rows of its response."""
        response = BufferedResponse(stand_in, environ)
        content = parse(response.body)
        changes = [change(environ["PATH_INFO"], rows) for rows in _iter_lists(content)]
        return response.send_json(start, content) if any(changes) else response.send(start)

    bench.check()  # so that no call for a token is changed
    with bench.replaced_by(serve):
        return bench.read()


def _remove_id(
    id: str, fields: Collection[tuple[str, str]], path: str, rows: Sequence[dict[str, Any]]
) -> bool:
    """Remove an id from the first of these fields of each row; return whether any had it."""
    is_removed = False
    for row in rows:
        names = (name for name, value in row.items() if str(value) == id)
        name = next((name for name in names if (path, name) in fields), None)
        if name is not None:
            del row[name]
            is_removed = True
    return is_removed


def _iter_lists(content: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each list of a response, but not of lists within rows."""
    if isinstance(content, dict):
        for value in content.values():
            yield from _iter_lists(value)
    if isinstance(content, list):
        yield _list_rows(content)
        for entry in content:
            if not isinstance(entry, dict):
                yield from _iter_lists(entry)


def _list_rows(entries: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the rows of a list. Those of GraphQL may be the `node` of an entry."""
    return [entry.get("node") or entry for entry in entries if isinstance(entry, dict)]

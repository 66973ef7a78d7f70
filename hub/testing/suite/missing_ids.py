"""Contract tests of rows that have no id: they stop no other row."""

import re
from collections.abc import Iterable, Iterator
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
        whole = bench.read()
        for document in _list_first_of_each(whole):
            fresh = Bench(self.slug, self.settings, waits=True)
            self._read_without(fresh, document, unique_ids(whole))

    def _read_without(self, bench: Bench, document: Document, all_ids: set[str]) -> None:
        """Read the lists while a row has no id; fail if others are not read.

        What contains the id of the row, such as a payment of the row, need not be read.
        """
        id = id_at_the_source(document)
        what = f"hub_documents of {self.slug}, with the row of {document.source_id} without its id,"
        try:
            read_ids = unique_ids(_read_without_id(bench, id))
        except HubError:
            raise
        except Exception as error:
            raise exception_failure(what, error, advice=ADVICE) from error
        lost = [other for other in sorted(all_ids - read_ids) if id not in re.split(r"\W|_", other)]
        if lost:
            pytest.fail(f"{what} did not read {', '.join(lost[:3])}. {ADVICE}")


def _list_first_of_each(items: Iterable[Yielded]) -> Iterator[Document]:
    """Yield the first document of each list."""
    first: dict[tuple[str, str], Document] = {}
    for document in only_documents(items):
        first.setdefault(list_of(document), document)
    yield from first.values()


def _read_without_id(bench: Bench, id: str) -> list[Yielded]:
    """Return what is read while the rows with an id have none."""
    stand_in = without_rate_limit(bench)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in; leave the id out of the response."""
        response = BufferedResponse(stand_in, environ)
        content = parse(response.body)
        if not _remove_id(content, id):
            return response.send(start)
        return response.send_json(start, content)

    bench.check()  # so that no call for a token is changed
    with bench.replaced_by(serve):
        return bench.read()


def _remove_id(content: Any, id: str) -> bool:
    """Remove the first field with this value from each row of a list; return whether any had it.

    Rows of GraphQL may be the `node` of an entry.
    """
    entries = content.values() if isinstance(content, dict) else content
    if not isinstance(content, dict | list):
        return False
    is_removed = False
    for entry in entries:
        if isinstance(content, list) and isinstance(entry, dict):
            row = entry.get("node") or entry
            name = next((name for name, value in row.items() if str(value) == id), None)
            if name is not None:
                del row[name]
                is_removed = True
        else:
            is_removed |= _remove_id(entry, id)
    return is_removed

"""The calls with which a report changes the source, of which one may lose its response."""

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Document
from hub.contract.receipts import Receipt
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import READING_METHODS, exception_failure
from hub.testing.exchanges.response_values import Path
from hub.testing.fakes.stand_in import ConnectionFault
from hub.testing.fakes.wsgi import BufferedResponse

BOOKS = "books"
DEPTH_OF_ROWS = 2  # books are a list of rows, or have lists of rows by their names
MISSING = object()  # in place of a value that is not there


class WriteRequests:
    """Passes the calls of a report to the stand-in, and notes those that change its books.

    With `loses_response` the first of them is carried out, and the plugin gets no response. `names`
    are the method and the path of each, and `first_books` are the books after the first.
    """

    def __init__(self, bench: Bench, *, loses_response: bool = False) -> None:
        """Look at the books before the report."""
        self.names: list[str] = []
        self.first_books: Any = None
        self._bench = bench
        self._loses_response = loses_response
        self._books = bench.look(BOOKS)
        self._stand_in: WSGIApplication

    def report(self, document: Document, receipt: Receipt, what: str) -> None:
        """Report a receipt; an error of the hub says that it has to be reported again."""
        try:
            with self._bench.replaced_by(self._serve) as self._stand_in:
                self._bench.report(document, receipt)
        except HubError:
            pass
        except Exception as error:
            raise exception_failure(what, error, instead_of="Retry") from error

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as the stand-in does, or not at all."""
        response = BufferedResponse(self._stand_in, environ)
        if environ["REQUEST_METHOD"] not in READING_METHODS and self._has_written():
            self.names.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            if len(self.names) == 1:
                self.first_books = self._books
                if self._loses_response:
                    raise ConnectionFault
        start(*response.beginning)
        return [response.body]

    def _has_written(self) -> bool:
        """Return whether the books differ from those of the last look."""
        before, self._books = self._books, self._bench.look(BOOKS)
        return bool(before != self._books)


def find_repetition(before: Any, after: Any) -> str:
    """Return the path to the first value in which later books differ; "" if there is none.

    A whole number that became one more is a version, which a source may count up with each write.
    """
    earlier = dict(_iter_values(before, ()))
    later = dict(_iter_values(after, ()))
    for path in later | earlier:
        values = earlier.get(path, MISSING), later.get(path, MISSING)
        if values[0] != values[1] and not _is_next_number(*values):
            return ".".join(map(str, path))
    return ""


def find_changed_rows(before: Any, after: Any) -> set[Path]:
    """Return the paths to the values of rows in which later books differ.

    Rows that were added to a list of the books are left out: it may be a list of all receipts.
    """
    earlier = dict(_iter_values(before, ()))
    later = dict(_iter_values(after, ()))
    paths = {path for path, value in later.items() if earlier.get(path, MISSING) != value}
    return {path for path in paths if not _is_in_new_row(path, before)}


def _is_in_new_row(path: Path, books: Any) -> bool:
    """Return whether a value is in a row of a list of the books, and the row was not there yet."""
    content = books
    for name in path[:DEPTH_OF_ROWS]:
        if isinstance(content, list):
            if int(name) >= len(content):
                return True
            content = content[int(name)]
        elif isinstance(content, dict):
            content = content.get(name)
    return False


def _iter_values(content: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield each value in JSON with the path to it, also None and what is empty."""
    if not content or not isinstance(content, dict | list):
        yield path, content
        return
    parts = content.items() if isinstance(content, dict) else enumerate(content)
    for name, part in parts:
        yield from _iter_values(part, (*path, name))


def _is_next_number(before: Any, after: Any) -> bool:
    """Return whether a value is the whole number after another one."""
    return type(before) is type(after) is int and bool(after == before + 1)

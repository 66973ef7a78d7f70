"""A stand-in of a source with one list of rows: a JSON API, and a form that changes a row."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.harness import Harness, Page
from qbo_sandbox.kit.journal import Journal
from qbo_sandbox.kit.limits import Limits
from qbo_sandbox.kit.messages import form_of, json_answer, query_of
from qbo_sandbox.kit.rows import Rows
from qbo_sandbox.kit.strict import Wrong
from qbo_sandbox.kit.webhook_calls import Calls

StatusAndBody = tuple[int, Any]
Row = dict[str, Any]


class RowSource:
    """A subclass names its source, and answers the calls of the API in `answer`.

    `rows` are those with which it begins; each has `id`, a text, and `updated_at`. What changes is
    kept in a file in `folder`, called `name`. More calls than `rate` are refused. `access` are the
    settings of the app with which the source lets the hub in. `calls` are its webhooks; they go to
    `webhook_url`. `wsgi` is the application.

    `version` names the field whose number is counted up when a person changes a row that has it.

    A person changes a row by a form that is sent to a path that ends with its id and `/edit`.
    """

    name: ClassVar[str]
    rate: ClassVar[str]
    access: ClassVar[Mapping[str, str]] = {}
    version: ClassVar[str] = "version"

    def __init__(
        self, folder: Path | None, rows: Iterable[Row], *, calls: Calls | None = None
    ) -> None:
        self.clock = Clock()
        self.limits = Limits.at_rate(self.clock, self.rate)
        self.calls = calls
        self.webhook_url = ""
        self.journal = Journal(folder / f"{self.name}.jsonl" if folder else None)
        self.rows = Rows()
        for row in (*rows, *self.journal.replay()):
            self._apply(row)
        pages: dict[str, Page] = {"limit": self.limits.page, "books": self._books}
        if calls:
            calls.clock = self.clock
            pages["webhooks"] = calls.page
        self.wsgi = Harness(self._serve, clock=self.clock, pages=pages)

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings of the app that lead to the stand-in at an address."""
        return {"base_url": url, **self.access}

    def answer(self, environ: WSGIEnvironment, method: str, path: Sequence[str]) -> StatusAndBody:
        """Return status and JSON of a call of the API; `path` are the parts of its path.

        A ValueError is answered with 422, such as for a page that is no number. Without a subclass
        there is nothing.
        """
        return 404, {"message": "There is no such call."}

    def edit(self, row: Row, form: Mapping[str, str]) -> Row | None:
        """Return a row as a person changed it with a form, or None if it was deleted.

        Its fields are those of the form, and its version is counted up. A form with a field
        `delete` deletes the row.
        """
        if "delete" in form:
            return None
        edited = {**row, **form}
        if self.version in row:
            edited[self.version] = row[self.version] + 1
        return edited

    def hint(self, topic: str, id: str, secret: str) -> None:
        """Call the webhook address with a topic and an id, if there is one."""
        if self.calls and self.webhook_url:
            self.calls.hint(self.webhook_url, secret, topic, id)

    def changed(self, row: Row) -> None:
        """React to a change that a person made: a subclass may call `hint`."""

    def store(self, row: Row) -> None:
        """Put a row in the place of the one with its id."""
        self._apply(row)
        self.journal.append(row)

    def moment(self) -> str:
        """Return the time by the stand-in's clock."""
        now = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC)
        return f"{now:%Y-%m-%dT%H:%M:%SZ}"

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call of the API, or the form of a person."""
        method = environ["REQUEST_METHOD"]
        path = environ.get("PATH_INFO", "").strip("/").split("/")
        try:
            if method == "POST" and path[-1] == "edit":
                status, body = self._edit(path[-2:][0], form_of(environ))
            else:
                self.limits.count()
                status, body = self.answer(environ, method, path)
        except Wrong as wrong:
            return json_answer(start, wrong.status, wrong.body, wrong.headers)
        except ValueError as error:
            return json_answer(start, 422, {"message": str(error)})
        date = formatdate(self.clock.now(), usegmt=True)
        return json_answer(start, status, body, (("Date", date),))

    def _edit(self, id: str, form: Mapping[str, str]) -> StatusAndBody:
        """Change a row by the form of a person, and tell of it."""
        row = self.rows.get(id)
        if row is None:
            return 404, {"message": "There is no such row."}
        edited = self.edit(dict(row), form)
        if edited is None:
            edited = {"id": id, "deleted": True}
        else:
            edited["updated_at"] = self.moment()
        self.store(edited)
        self.changed(row if edited.get("deleted") else edited)
        return 200, edited

    def _books(self, method: str, body: Any) -> object:
        """Answer /_sandbox/books: every row, with what was reported to it."""
        return list(self.rows.values())

    def _apply(self, row: Row) -> None:
        """Add, replace or remove a row."""
        if row.get("deleted"):
            self.rows.remove(row["id"])
        else:
            self.rows.put(row)


def numbered_page(rows: Sequence[Row], number: str, size: int) -> tuple[list[Row], int]:
    """Return the rows of a page and the number of pages; the first page is 1."""
    end = int(number) * size
    return list(rows[end - size : end]), max(1, -(-len(rows) // size))


def linked_page(
    environ: WSGIEnvironment, rows: Sequence[Row], size: int, *, parameter: str = "page"
) -> tuple[list[Row], str | None]:
    """Return the rows of the page that a call asks for, and the link to the next page.

    The link is the address of the call with the number of the next page as `parameter`.
    """
    query = query_of(environ)
    number = query.get(parameter, "1")
    items, pages = numbered_page(rows, number, size)
    if int(number) >= pages:
        return items, None
    query[parameter] = str(int(number) + 1)
    root = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ.get('SCRIPT_NAME', '')}"
    return items, f"{root}{environ['PATH_INFO']}?{urlencode(query)}"

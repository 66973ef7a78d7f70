"""A stand-in of a source with one list of rows: a JSON API, and a form that changes a row."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.earlier_names import warn_of_earlier_name
from qbo_sandbox.kit.harness import Harness, Page
from qbo_sandbox.kit.journal import Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.limits import Limits
from qbo_sandbox.kit.messages import form_of, json_answer, json_of, query_of
from qbo_sandbox.kit.row_answers import RowAnswer, answer_page, send
from qbo_sandbox.kit.row_overview import RowOverview
from qbo_sandbox.kit.row_times import Times, format_moment, format_time, parse_time
from qbo_sandbox.kit.rows import Rows
from qbo_sandbox.kit.strict import CallRefused
from qbo_sandbox.kit.tokens import Tokens
from qbo_sandbox.kit.webhook_sender import WebhookSender

Row = JsonObject
UNKNOWN_CALL: RowAnswer = (404, {"message": "There is no such call."})
FIRST_CHANGE = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)  # for rows without a time of their own
CHANGE_INTERVAL = dt.timedelta(minutes=10)
REMOVED_FIELDS_KEY = "_removed"  # in the file: the fields that a row no longer has


class RowSource:
    """A subclass names its source, and answers the calls of the API in `answer`.

    `rows` are those with which it begins; each has an `id`, a text or a number, and the time of its
    last change. What changes is kept in a file in `folder`, called `name`. More calls than `rate`
    are refused. `access` are the settings of the app with which the source lets the hub in. `wsgi`
    is the application. The attribute `rows` has the rows as they are now: `rows.find(id)` returns
    one by its id as an address has it, or None.

    `lists` has the paths of lists, such as {"/invoices": "invoice", "/payments": "payment"}, each
    with the `type` of its rows; with "" the list has rows of all types. A list is served at its
    path, with the rows that changed at the moment in the parameter `since` or later, the oldest
    change first, in the form that `page` returns. A row is served below it, at `/invoices/7`, in
    the form that `show` returns. `PUT /invoices/7/state` stores its body as the field `state` of
    the row. PUT and PATCH at `/invoices/7` store the fields that `writable` names, and refuse any
    other with 422.

    With `envelope`, such as "data", the answers to both have the rows, or the row, in the field of
    this name. `hidden` are fields of the rows that the source does not have, such as `type`. Fields
    in `related` are shown only if the parameter `include` names them, with commas between. With
    `times = "unix"` the time of the last change is a number of seconds since 1970, in the rows that
    are shown and in the parameter `since`, with "unix_ms" one of milliseconds.

    `deletions` is the path, such as "/deleted", of a list of the rows that people have deleted at
    the moment in the parameter `since` or later. Each has its `id`, its `type` if it had one, and
    in the field `changed_at` the time of its deletion. `deleted_flag`, such as "is_deleted", is the
    field of a row that becomes true when a person deletes it: the row stays in its list. Without
    both, deletions are not announced.

    With `token_path`, such as "/oauth/token", the source issues `tokens` there to the `client_id`
    with the `client_secret` of `access`, and for its `refresh_token`, which changes with every use,
    or for its `authorization_code`, which can be used once. It answers other calls with 401, but
    not those below `open_paths`, such as files at a signed address.

    With `signature`, the name of a header, the source signs its webhooks there with the
    `webhook_secret` of `access`. `calls` are webhooks that are signed in another way. Both go to
    `webhook_url`.

    `changed_at` names the field with the time of the last change. `version` names the field whose
    number is counted up when a person changes a row that has it.

    A browser shows the rows at the address. A person changes a row by a form that is sent to a path
    that ends with its id and `/edit`, such as `curl -d total=999.00 ADDRESS/7/edit`. That is a
    change as at a real source: it has a new time and a new version. A row that code puts in its
    place with `store` keeps its time, as after a report, so that nobody who asks for changes sees
    it; such code sets the field `changed_at` to `moment()` and counts `version` up for a person.
    """

    name: ClassVar[str]
    rate: ClassVar[str]
    lists: ClassVar[Mapping[str, str]] = {}
    since: ClassVar[str] = "updated_since"
    times: ClassVar[Times] = "iso"
    envelope: ClassVar[str] = ""
    related: ClassVar[Collection[str]] = ()
    hidden: ClassVar[Collection[str]] = ()
    writable: ClassVar[Collection[str]] = ()
    deletions: ClassVar[str] = ""
    deleted_flag: ClassVar[str] = ""
    access: ClassVar[Mapping[str, str]] = {}
    token_path: ClassVar[str] = ""
    open_paths: ClassVar[Collection[str]] = ()
    signature: ClassVar[str] = ""
    changed_at: ClassVar[str] = "updated_at"
    version: ClassVar[str] = "version"

    def __init__(
        self, folder: Path | None, rows: Iterable[Row], *, calls: WebhookSender | None = None
    ) -> None:
        self.clock = Clock()
        self.limits = Limits.at_rate(self.clock, self.rate)
        self.tokens = self._issue_tokens() if self.token_path else None
        self.calls = calls
        if self.signature and not calls:
            self.calls = WebhookSender(self.signature)
        self.webhook_url = ""
        path = folder / f"{self.name}.jsonl" if folder else None
        self.journal = Journal(path)
        self.rows = Rows(changed_at=self.changed_at)
        self._deleted = Rows(changed_at=self.changed_at)
        self._first_rows: dict[Any, dict[str, str]] = {}  # as JSON, by id and field
        self._add_first_rows(rows, is_kept=folder is not None)
        for change in self.journal.replay():
            self._apply(self._changed_row(change))
        pages: dict[str, Page] = {"limit": self.limits.page, "books": self._books}
        if self.calls:
            self.calls.clock = self.clock
            pages["webhooks"] = self.calls.page
        overview = RowOverview(self.name, self.rows, self._serve)
        self.wsgi = Harness(overview, clock=self.clock, pages=pages)

    def _add_first_rows(self, rows: Iterable[Row], *, is_kept: bool) -> None:
        """Add the rows with which the source begins; remember them if the file refers to them."""
        for index, row in enumerate(rows):
            changed_at = FIRST_CHANGE + index * CHANGE_INTERVAL
            first = {self.changed_at: format_moment(changed_at), **row}
            first = self._with_moment(first)
            self._apply(first)
            if is_kept:
                self._first_rows[row["id"]] = {name: _encode_value(first[name]) for name in first}

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings of the app that lead to the stand-in at an address."""
        return {"base_url": url, **self.access}

    def answer(self, environ: WSGIEnvironment, method: str, path: Sequence[str]) -> RowAnswer:
        """Return status and JSON of a call of the API; `path` are the parts of its path.

        A file in place of JSON is a pair of its type and its bytes, as in
        `return 200, ("application/pdf", content)`. Headers are a third element, as in
        `return 200, rows, {"Link": f'<{link}>; rel="next"'}`. A ValueError is answered with 422,
        such as for a page that is no number. A subclass answers its own calls, and passes the
        others on to this method, which serves `lists`.
        """
        if self.deletions and list(path) == self.deletions.strip("/").split("/"):
            return self._answer_page(environ, self._deleted)
        for list_path, type in self.lists.items():
            parts = list_path.strip("/").split("/")
            if path[: len(parts)] == parts:
                return self._answer_below(environ, method, type, path[len(parts) :])
        return UNKNOWN_CALL

    def page(self, environ: WSGIEnvironment, rows: list[Row]) -> Any:
        """Return the answer to a call for a list, whose rows are these, the oldest change first.

        The rows are as `show` returns them. A subclass returns one page of them in the form of its
        source. If that has a header, such as the link to the next page, it returns a pair of the
        page and its headers, as in `return rows, {"Link": f'<{link}>; rel="next"'}`.
        """
        return {self.envelope: rows} if self.envelope else rows

    def show(self, environ: WSGIEnvironment, row: Row) -> Row:
        """Return a row as the source answers it to a call."""
        included_names = query_of(environ).get("include", "")
        optional = {*self.hidden, *self.related}
        left_out = optional.difference(included_names.split(","))
        fields = {name: value for name, value in row.items() if name not in left_out}
        if self.times != "iso":
            fields[self.changed_at] = format_time(row[self.changed_at], self.times)
        return fields

    def edit(self, row: Row, form: Mapping[str, str]) -> Row | None:
        """Return a row as a person changed it with a form, or None if it was deleted.

        Its fields are those of the form, and its version is counted up. A form with a field
        `delete` deletes the row, or sets its `deleted_flag`.
        """
        if "delete" in form:
            return {**row, self.deleted_flag: True} if self.deleted_flag else None
        return {**row, **form, **self._next_version(row)}

    def send_event(self, topic: str, id: str, secret: str = "") -> None:
        """Send an event with a topic and an id to the webhook address, if there is one.

        The call is signed with `secret`, without it with the `webhook_secret` of `access`.
        """
        if self.calls and self.webhook_url:
            secret = secret or self.access["webhook_secret"]
            self.calls.send_event(self.webhook_url, secret, topic, id)

    def hint(self, topic: str, id: str, secret: str = "") -> None:
        """Send an event: the earlier name of `send_event`."""
        warn_of_earlier_name("RowSource.hint", "send_event")
        self.send_event(topic, id, secret)

    def changed(self, row: Row) -> None:
        """React to a change that a person made: a subclass may call `send_event`."""

    def store(self, row: Row) -> None:
        """Put a row in the place of the one with its id.

        The file keeps the fields that differ from those with which the row began. The others are
        those of `rows` at the next start, so that its author may change them there.
        """
        row = self._with_moment(row)
        self._apply(row)
        self.journal.append(self._describe_change(row))

    def moment(self) -> str:
        """Return the time by the stand-in's clock."""
        return format_moment(dt.datetime.fromtimestamp(self.clock.now(), dt.UTC))

    def _answer_below(
        self, environ: WSGIEnvironment, method: str, type: str, path: Sequence[str]
    ) -> RowAnswer:
        """Answer a call for a list, for one of its rows, or for a field below a row."""
        if not path:
            return self._answer_page(environ, self.rows, type)
        id, *fields = path
        row = self.rows.find(id)
        if row is None or not _is_of_type(row, type):
            return 404, {"message": "There is no such row."}
        if not fields:
            return self._answer_row(environ, method, row)
        if method != "PUT" or len(fields) > 1:
            return UNKNOWN_CALL
        self.store({**row, fields[0]: json_of(environ)})
        return 200, {}

    def _answer_page(self, environ: WSGIEnvironment, rows: Rows, type: str = "") -> RowAnswer:
        """Answer a call for the rows of a type that changed since a moment."""
        since = self._moment_of(environ)
        bodies = []
        for row in rows.changed_since(since):
            if _is_of_type(row, type):
                bodies.append(self.show(environ, row))
        page = self.page(environ, bodies)
        return answer_page(page)

    def _answer_row(self, environ: WSGIEnvironment, method: str, row: Row) -> RowAnswer:
        """Answer a call for a row; one with another method than GET writes fields of it."""
        if method != "GET":
            if not self.writable or method not in ("PUT", "PATCH"):
                return UNKNOWN_CALL
            row = self._written_row(row, json_of(environ))
            self.store(row)
        body = self.show(environ, row)
        if self.envelope:
            body = {self.envelope: body}
        return 200, body

    def _written_row(self, row: Row, fields: Any) -> Row:
        """Return a row with fields that a call sends, changed now."""
        if not isinstance(fields, dict):
            raise ValueError("The body must be an object with fields.")
        unknown = fields.keys() - set(self.writable)
        if unknown:
            names = ", ".join(sorted(unknown))
            raise ValueError(f"These fields cannot be written: {names}.")
        version = self._next_version(row)
        return {**row, **fields, self.changed_at: self.moment(), **version}

    def _next_version(self, row: Row) -> Row:
        """Return the field of the version of a row, counted up; nothing if the row has none."""
        if self.version not in row:
            return {}
        return {self.version: row[self.version] + 1}

    def _moment_of(self, environ: WSGIEnvironment) -> str:
        """Return the moment since which a call asks for changes; "" for all."""
        text = query_of(environ).get(self.since, "")
        return text if not text or self.times == "iso" else parse_time(int(text), self.times)

    def _with_moment(self, row: Row) -> Row:
        """Return a row whose time of change is a text, also if it was a number since 1970."""
        changed_at = row.get(self.changed_at)
        if not isinstance(changed_at, int):
            return row
        times = "unix" if self.times == "iso" else self.times
        return {**row, self.changed_at: parse_time(changed_at, times)}

    def _issue_tokens(self) -> Tokens:
        """Return the tokens of the client that `access` names."""
        return Tokens.of_client(
            self.clock,
            self.access["client_id"],
            self.access["client_secret"],
            self.access.get("refresh_token", ""),
            rotate=True,
            authorization_code=self.access.get("authorization_code", ""),
        )

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call of the API, or the form of a person."""
        method = environ["REQUEST_METHOD"]
        path = environ.get("PATH_INFO", "").strip("/").split("/")
        try:
            if method == "POST" and path[-1] == "edit":
                id = path[-2:][0]
                answer = self._edit(id, form_of(environ))
            else:
                self.limits.count()
                answer = self._admit(environ, method, path)
        except CallRefused as wrong:
            return json_answer(start, wrong.status, wrong.body, wrong.headers)
        except ValueError as error:
            return json_answer(start, 422, {"message": str(error)})
        now = self.clock.now()
        date_header = ("Date", formatdate(now, usegmt=True))
        return send(start, answer, [date_header])

    def _admit(self, environ: WSGIEnvironment, method: str, path: Sequence[str]) -> RowAnswer:
        """Answer a call of the API, or with a token, if the client may call."""
        if self.tokens is None or not self.token_path:
            return self.answer(environ, method, path)
        if environ["PATH_INFO"] == self.token_path:
            return self.tokens.answer(environ)
        if self.tokens.holder(environ) is None and not self._is_open(environ["PATH_INFO"]):
            return 401, {"message": "The access token is not valid."}
        return self.answer(environ, method, path)

    def _is_open(self, path: str) -> bool:
        """Return whether a path is one of `open_paths` or lies below it."""
        return any(path == start or path.startswith(f"{start}/") for start in self.open_paths)

    def _edit(self, id: str, form: Mapping[str, str]) -> RowAnswer:
        """Change a row as the form of a person says, and call `changed`."""
        row = self.rows.find(id)
        if row is None:
            return 404, {"message": "There is no such row."}
        new_row = self.edit(dict(row), form)
        if new_row is None:
            new_row = {name: row[name] for name in ("id", "type") if name in row}
            new_row["deleted"] = True
        new_row[self.changed_at] = self.moment()
        self.store(new_row)
        is_deleted = new_row["id"] not in self.rows
        self.changed(row if is_deleted else new_row)
        return 200, new_row

    def _books(self, method: str, body: Any) -> object:
        """Answer /_sandbox/books: every row, with what was reported to it."""
        return list(self.rows.values())

    def _describe_change(self, row: Row) -> Row:
        """Return what the file keeps of a row: the fields that differ from its first ones."""
        first = self._first_rows.get(row["id"], {})
        change = {"id": row["id"]}
        for name, value in row.items():
            if first.get(name) != _encode_value(value):
                change[name] = value
        removed_fields = [name for name in first if name not in row]
        if removed_fields and not row.get("deleted"):
            change[REMOVED_FIELDS_KEY] = removed_fields
        return change

    def _changed_row(self, change: Row) -> Row:
        """Return the row that a line of the file describes."""
        first = self._first_rows.get(change["id"], {})
        row = {name: json.loads(text) for name, text in first.items()}
        row.update(change)
        removed_fields = row.pop(REMOVED_FIELDS_KEY, ())
        for name in removed_fields:
            row.pop(name, None)
        return row

    def _apply(self, row: Row) -> None:
        """Add, replace or remove a row."""
        if row.get("deleted") and self.deleted_flag != "deleted":
            self.rows.remove(row["id"])
            self._note_deletion(row)
        else:
            self._deleted.remove(row["id"])
            self.rows.put(row)

    def _note_deletion(self, row: Row) -> None:
        """Keep what the list of deletions shows of a row."""
        if self.changed_at not in row:
            return
        names = ("id", "type", self.changed_at)
        deletion = {name: row[name] for name in names if name in row}
        self._deleted.put(deletion)


def _encode_value(value: object) -> str:
    """Return a value as the file would keep it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_of_type(row: Row, type: str) -> bool:
    """Return whether a row belongs to the list of a type; every row to the one without a type."""
    return not type or row.get("type") == type

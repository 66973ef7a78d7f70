"""A Harvest to run against: the API v2, and a form with which a person edits an invoice."""

import datetime as dt
from collections.abc import Iterable
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hub_harvest import sample
from hub_harvest.client import RATE
from qbo_sandbox.kit import (
    Clock,
    Harness,
    Journal,
    Limits,
    Rows,
    form_of,
    json_answer,
    json_of,
    query_of,
)

TOKEN, ACCOUNT = "harvest-token", "130020"
NESTED = {"payments": "invoice_payments", "messages": "invoice_messages"}
Answer = tuple[int, Any]


def settings(url: str) -> dict[str, str]:
    """Return the settings of the app that lead to the stand-in."""
    return {"base_url": url, "account_id": ACCOUNT, "token": TOKEN}


class StandIn:
    """The invoices and the application that serves them; `folder` keeps what changed."""

    settings = staticmethod(settings)

    def __init__(self, folder: Path | None, documents: int) -> None:
        self.clock = Clock()
        self.limits = Limits.at_rate(self.clock, RATE)
        self.journal = Journal(folder / "harvest.jsonl" if folder else None)
        self.rows = Rows()
        for row in (*sample.invoices(documents), *self.journal.replay()):
            self.rows.put(row)
        pages: dict[str, Any] = {"limit": self.limits.page}
        self.wsgi = Harness(self.serve, clock=self.clock, pages=pages)

    def serve(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a call of the API, or the form of a person."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].strip("/").split("/")
        if method == "POST" and path[-1] == "edit":
            return json_answer(start, *self._edit(path[1], form_of(environ)))
        seconds = self.limits.wait()
        if seconds:
            wait = (("Retry-After", str(seconds)),)
            return json_answer(start, 429, {"message": "Too many requests"}, wait)
        status, body = self._answer(environ, method, path)
        date = (("Date", formatdate(self.clock.now(), usegmt=True)),)
        return json_answer(start, status, body, date)

    def _answer(self, environ: dict[str, Any], method: str, path: list[str]) -> Answer:
        """Return status and body of a call of the API."""
        problem = _problem_of_headers(environ)
        if problem:
            return problem
        if path == ["v2", "company"]:
            return 200, {"name": "Bright Ideas", "base_uri": "https://bright.example"}
        if path[:2] != ["v2", "invoices"]:
            return 404, {"message": "Not Found"}
        if len(path) == 2:
            return self._list(environ)
        row = self.rows.get(path[2])
        if row is None:
            return 404, {"message": "Not Found"}
        if len(path) == 3:
            return 200, _answer_row(row)
        if path[3] not in NESTED:
            return 404, {"message": "Not Found"}
        if method == "POST":
            return self._add_message(row, json_of(environ))
        return 200, _page_of(environ, NESTED[path[3]], row[path[3]])

    def _list(self, environ: dict[str, Any]) -> Answer:
        """Return a page of the invoices that changed since a moment, the newest id first."""
        since = _moment(query_of(environ).get("updated_since", ""))
        rows = [self.rows[id] for id in sorted(self.rows, key=int, reverse=True)]
        changed = [row for row in rows if _moment(row["updated_at"]) >= since]
        query = query_of(environ)
        if not query.get("cursor", "0").isdecimal():
            return 422, {"message": "The cursor is not valid."}
        page = _page_of(environ, "invoices", changed)
        return 200, page | {"invoices": [_answer_row(row) for row in page["invoices"]]}

    def _add_message(self, row: dict[str, Any], message: dict[str, Any]) -> Answer:
        """Store a message; a real Harvest mails it."""
        if not message.get("recipients"):
            return 422, {"message": "Recipients can't be blank"}
        messages = [message | {"id": len(row["messages"]) + 1}, *row["messages"]]
        self._store(row | {"messages": messages})
        return 201, messages[0]

    def _edit(self, id: str, form: dict[str, str]) -> Answer:
        """Change an invoice as a person does: its subject, or delete it or one of its payments."""
        id = id.partition("-")[0]
        if id not in self.rows:
            return 404, {"message": "Not Found"}
        row = dict(self.rows[id])
        if "subject" in form:
            row["subject"] = form["subject"]
        if "delete_payment" in form:
            deleted = form["delete_payment"]
            payments = [one for one in row["payments"] if str(one["id"]) != deleted]
            row |= {"payments": payments, **sample.state_of(row["amount"], payments)}
        changed_at = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC)
        row["updated_at"] = f"{changed_at:%Y-%m-%dT%H:%M:%SZ}"
        if "delete" in form:
            self.rows.pop(id)
            return 200, {}
        self._store(row)
        return 200, _answer_row(row)

    def _store(self, row: dict[str, Any]) -> None:
        self.rows.put(row)
        self.journal.append(row)


def _problem_of_headers(environ: dict[str, Any]) -> Answer | None:
    """Return the refusal of a call without a valid token, account or name of the program."""
    if environ.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
        return 401, {"error": "invalid_token", "error_description": "The token is not valid."}
    if environ.get("HTTP_HARVEST_ACCOUNT_ID") != ACCOUNT:
        return 403, {"message": "The account id is not one of this token."}
    if not environ.get("HTTP_USER_AGENT"):
        return 400, {"message": "The User-Agent is missing."}
    return None


def _page_of(environ: dict[str, Any], name: str, rows: list[Any]) -> dict[str, Any]:
    """Return a page of rows with the link to the next one."""
    query = query_of(environ)
    size, begin = int(query.get("per_page", "2000")), int(query.get("cursor", "0"))
    end = begin + size
    link = None
    if end < len(rows):
        parameters = urlencode(query | {"cursor": str(end), "per_page": str(size)})
        link = f"{_base(environ)}{environ['PATH_INFO']}?{parameters}"
    return {name: rows[begin:end], "links": {"next": link}, "total_entries": len(rows)}


def _base(environ: dict[str, Any]) -> str:
    """Return the address under which the stand-in is called."""
    prefix = environ.get("SCRIPT_NAME", "")
    return f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{prefix}"


def _answer_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice as the API answers it."""
    fields = {name: value for name, value in row.items() if name not in NESTED}
    return fields | {"id": int(row["id"])}


def _moment(text: str) -> dt.datetime:
    """Return a moment of the API; a text that is none is before all of them."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)

"""A Harvest to run against: the API v2, and a form with which a person edits an invoice."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hub_harvest import sample
from hub_harvest.client import RATE
from qbo_sandbox.kit import RowSource, bearer_of, json_of, linked_page, query_of

TOKEN, ACCOUNT = "harvest-token", "130020"
MEMBER = "harvest-token-of-a-member"  # the token of a person who may not see invoices
NESTED = {"payments": "invoice_payments", "messages": "invoice_messages"}
Answer = tuple[int, Any]
USER_AGENT = re.compile(r"\S.* \((https?://[^\s/()][^\s()]*|[^\s@()]+@[^\s@()]+)\)")
NOT_FOUND: Answer = (404, {"message": "Not Found"})


class StandIn(RowSource):
    """The invoices and the application that serves them."""

    name = "harvest"
    rate = RATE
    access: ClassVar[Mapping[str, str]] = {"account_id": ACCOUNT, "token": TOKEN}

    def answer(self, environ: dict[str, Any], method: str, path: Sequence[str]) -> Answer:
        """Return status and body of a call of the API."""
        problem = _problem_of_headers(environ)
        if problem:
            return problem
        match path:
            case ["v2", "company"]:
                return 200, {"name": "Bright Ideas", "base_uri": "https://bright.example"}
            case ["v2", "invoices", *_] if bearer_of(environ) == MEMBER:
                return 403, {"message": "You don't have access to invoices."}
            case ["v2", "invoices"]:
                return self._list_invoices(environ)
            case ["v2", "invoices", id, *below] if id in self.rows:
                return self._answer_invoice(environ, method, self.rows[id], below)
        return NOT_FOUND

    def _answer_invoice(
        self, environ: dict[str, Any], method: str, row: dict[str, Any], below: Sequence[str]
    ) -> Answer:
        """Answer a call for an invoice, or for its payments or messages."""
        if not below:
            return 200, _answer_row(row)
        name = below[0]
        if name not in NESTED:
            return NOT_FOUND
        if method == "POST":
            return self._add_message(row, json_of(environ))
        return 200, _page_of(environ, NESTED[name], row[name])

    def _list_invoices(self, environ: dict[str, Any]) -> Answer:
        """Return a page of the invoices that changed since a moment, the newest id first."""
        query = query_of(environ)
        since = _moment(query.get("updated_since", ""))
        changed = []
        for id in sorted(self.rows, key=int, reverse=True):
            row = self.rows[id]
            if _moment(row["updated_at"]) >= since:
                changed.append(row)
        page = _page_of(environ, "invoices", changed)
        page["invoices"] = [_answer_row(row) for row in page["invoices"]]
        return 200, page

    def _add_message(self, row: dict[str, Any], message: dict[str, Any]) -> Answer:
        """Store a message; a real Harvest mails it."""
        if not message.get("recipients"):
            return 422, {"message": "Recipients can't be blank"}
        earlier = row["messages"]
        stored = message | {"id": len(earlier) + 1}
        self.store(row | {"messages": [stored, *earlier]})
        return 201, stored

    def edit(self, row: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any] | None:
        """Change an invoice as a person does: its subject, or delete it or one of its payments."""
        if "delete" in form:
            return None
        if "subject" in form:
            row["subject"] = form["subject"]
        if "delete_payment" in form:
            deleted = form["delete_payment"]
            payments = [payment for payment in row["payments"] if str(payment["id"]) != deleted]
            row["payments"] = payments
            row.update(sample.state_of(row["amount"], payments))
        return row


def _problem_of_headers(environ: dict[str, Any]) -> Answer | None:
    """Return the refusal of a call without a valid token, account or name of the program."""
    if bearer_of(environ) not in (TOKEN, MEMBER):
        return 401, {"error": "invalid_token", "error_description": "The token is not valid."}
    if environ.get("HTTP_HARVEST_ACCOUNT_ID") != ACCOUNT:
        return 403, {"message": "The account id is not one of this token."}
    if not USER_AGENT.fullmatch(environ.get("HTTP_USER_AGENT", "")):
        return 400, {"message": "The User-Agent must have the form: Name (link or email)."}
    return None


def _page_of(environ: dict[str, Any], name: str, rows: list[Any]) -> dict[str, Any]:
    """Return a page of rows with the link to the next one."""
    size = int(query_of(environ).get("per_page", "2000"))
    items, link = linked_page(environ, rows, size)
    return {
        name: items,
        "links": {"next": link},
        "total_entries": len(rows),
    }


def _answer_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice as the API answers it."""
    fields = {name: value for name, value in row.items() if name not in NESTED}
    fields["id"] = int(row["id"])
    return fields


def _moment(text: str) -> dt.datetime:
    """Return a moment of the API; a text that is none is before all of them."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)

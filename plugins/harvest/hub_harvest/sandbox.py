"""A stand-in for Harvest: the API v2, and a form to edit an invoice."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from hub_harvest import sample
from hub_harvest.client import RATE_LIMIT
from qbo_sandbox.kit import RowSource, bearer_of, json_of, query_of

TOKEN, ACCOUNT_ID = "harvest-token", "130020"
# The token of a person who may not see invoices.
MEMBER_TOKEN = "harvest-token-of-a-member"  # noqa: S105  (of the stand-in, known to all)
MAX_PAGE_SIZE = 2000
NESTED_LISTS = {"payments": "invoice_payments", "messages": "invoice_messages"}
Answer = tuple[int, Any]
USER_AGENT = re.compile(r"\S.* \((https?://[^\s/()][^\s()]*|[^\s@()]+@[^\s@()]+)\)")
NOT_FOUND: Answer = (404, {"message": "Not Found"})


class StandIn(RowSource):
    """The invoices and the application that serves them."""

    name = "harvest"
    rate = RATE_LIMIT
    access: ClassVar[Mapping[str, str]] = {"account_id": ACCOUNT_ID, "token": TOKEN}

    def answer(self, environ: dict[str, Any], method: str, path: Sequence[str]) -> Answer:
        """Return status and body of a call of the API."""
        problem = _refuse_headers(environ)
        if problem:
            return problem
        match path:
            case ["v2", "company"]:
                return 200, {"name": "Bright Ideas", "base_uri": "https://bright.example"}
            case ["v2", "invoices", *_] if bearer_of(environ) == MEMBER_TOKEN:
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
            return 200, _encode_row(row)
        name = below[0]
        if name not in NESTED_LISTS:
            return NOT_FOUND
        if method == "POST":
            return self._add_message(row, json_of(environ))
        return _answer_page(environ, NESTED_LISTS[name], row[name])

    def _list_invoices(self, environ: dict[str, Any]) -> Answer:
        """Return a page of the invoices that changed since a moment, the newest id first."""
        query = query_of(environ)
        since = _parse_moment(query.get("updated_since", ""))
        changed_rows = []
        for row in self.rows.values():
            if _parse_moment(row["updated_at"]) >= since:
                changed_rows.append(_encode_row(row))
        return _answer_page(environ, "invoices", changed_rows)

    def _add_message(self, row: dict[str, Any], message: dict[str, Any]) -> Answer:
        """Store a message; a real Harvest mails it."""
        if not message.get("recipients"):
            return 422, {"message": "Recipients can't be blank"}
        earlier = row["messages"]
        new_message = message | {"id": len(earlier) + 1}
        self.store(row | {"messages": [new_message, *earlier]})
        return 201, new_message

    def edit(self, row: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any] | None:
        """Change the subject, or delete a payment; return None to delete the invoice."""
        if "delete" in form:
            return None
        if "subject" in form:
            row["subject"] = form["subject"]
        if "delete_payment" in form:
            deleted_id = form["delete_payment"]
            payments = [payment for payment in row["payments"] if str(payment["id"]) != deleted_id]
            row["payments"] = payments
            row.update(sample.compute_payment_state(row["amount"], payments))
        return row


def _refuse_headers(environ: dict[str, Any]) -> Answer | None:
    """Return the refusal of a call without a valid token, account id or User-Agent."""
    if bearer_of(environ) not in (TOKEN, MEMBER_TOKEN):
        return 401, {"error": "invalid_token", "error_description": "The token is not valid."}
    if environ.get("HTTP_HARVEST_ACCOUNT_ID") != ACCOUNT_ID:
        return 403, {"message": "The account id is not one of this token."}
    if not USER_AGENT.fullmatch(environ.get("HTTP_USER_AGENT", "")):
        return 400, {"message": "The User-Agent must have the form: Name (link or email)."}
    return None


def _answer_page(environ: dict[str, Any], name: str, rows: Sequence[Any]) -> Answer:
    """Return a page of rows, the newest id first, with a link whose cursor is its last id."""
    query = query_of(environ)
    size = int(query.get("per_page", str(MAX_PAGE_SIZE)))
    if size > MAX_PAGE_SIZE:
        return 422, {"message": f"per_page must be at most {MAX_PAGE_SIZE}"}
    ordered_rows = sorted(rows, key=_parse_id, reverse=True)
    if "cursor" in query:
        last_id = int(query["cursor"])
        ordered_rows = [row for row in ordered_rows if _parse_id(row) < last_id]
    items, link = ordered_rows[:size], None
    if len(ordered_rows) > size:
        query |= {"cursor": str(_parse_id(items[-1])), "ref": "next_cursor"}
        link = f"{_request_address(environ)}?{urlencode(query)}"
    return 200, {
        name: items,
        "links": {"next": link},
        "total_entries": len(rows),
    }


def _parse_id(row: Mapping[str, Any]) -> int:
    """Return the id of a row as a number."""
    return int(row["id"])


def _request_address(environ: Mapping[str, Any]) -> str:
    """Return the address that was called."""
    site = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
    return f"{site}{environ.get('SCRIPT_NAME', '')}{environ['PATH_INFO']}"


def _encode_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice as the API answers it."""
    fields = {name: value for name, value in row.items() if name not in NESTED_LISTS}
    fields["id"] = int(row["id"])
    return fields


def _parse_moment(text: str) -> dt.datetime:
    """Return a moment of the API, or the earliest possible one for a text that is no moment."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)

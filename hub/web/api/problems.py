"""Errors of the JSON API as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from flask import Response, json, make_response
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from hub.web.authentication import refused_rights
from hub.web.request import request_log

MIME = "application/problem+json"
STATUS_SENTENCES = {
    400: "The request could not be read. Send JSON with the type application/json, without U+0000.",
    401: "Send an API token: Authorization: Bearer hub_…",
    403: "The person of the API token has no role that allows this.",
    404: "There is nothing at this address, or the person of the API token may not see it.",
    405: "This address does not take that method.",
    409: "This is not possible as things are now.",
    413: "The request is larger than the hub accepts.",
    422: "Some values cannot be used; errors says which and why.",
    429: "There were too many calls in a short time. Wait, then try again.",
    500: "The hub met an error that it did not expect. Nothing that was saved is lost.",
    503: "The hub cannot answer now. Try again in a minute.",
}


class AccountSchema(Schema):
    """An account at a source."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class ProblemSchema(Schema):
    """A problem: its status, what happened and what to do."""

    type = fields.String(required=True, metadata={"description": "always about:blank"})
    title = fields.String(required=True, metadata={"description": "the name of the status"})
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "what happened and what to do"})
    errors = fields.Dict(metadata={"description": "what is wrong, by place and field"})
    other_account = fields.Nested(
        AccountSchema,
        metadata={"description": "the account that settings lead to, if it is another one"},
    )
    request_id = fields.String(metadata={"description": "finds the request in the hub's log"})


def build_problem(status: int, detail: str = "", **members: Any) -> Response:
    """Return a problem; `members` are added to it. Without a detail it is that of the status."""
    content = describe_problem(status, detail, request_id=request_log.request_id(), **members)
    return make_response(json.dumps(content), status, {"Content-Type": MIME})


def describe_problem(status: int, detail: str = "", **members: Any) -> dict[str, Any]:
    """Return the members of a problem, also for what the server refuses before the application."""
    similar = STATUS_SENTENCES[500 if status >= 500 else 400]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or STATUS_SENTENCES.get(status, similar),
        **members,
    }


def build_http_problem(error: HTTPException) -> Response:
    """Return the problem of an HTTP error; that of wrong arguments says which they are.

    That of a right that is missing says which role the call takes, and for what.
    """
    status = error.code or 500
    if status == HTTPStatus.FORBIDDEN:
        return build_problem(status, refused_rights.explain())
    messages = (getattr(error, "data", None) or {}).get("messages")
    return build_problem(status, errors=messages) if messages else build_problem(status)

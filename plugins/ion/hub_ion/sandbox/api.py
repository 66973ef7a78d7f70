"""The API: tokens for the keys of each environment, and GraphQL over POST."""

import datetime as dt
import json
import re
import secrets
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cache

from graphql import GraphQLError, execute_sync, parse, validate

from hub_ion.sandbox.changes import Changes
from hub_ion.sandbox.graph import LOST_LINE, has_field, schema
from qbo_sandbox.kit import Limits, Tokens, form_of, json_answer, text_answer
from qbo_sandbox.kit.messages import body_of
from qbo_sandbox.kit.tokens import basic_of

TOKEN_SECONDS = 300
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
TOKEN_PATH = re.compile(r"(?:/auth)?/realms/api-keys/protocol/openid-connect/token")
OPERATION_NAME = re.compile(rb'"query":\s*"[^{"]*?(?:query|mutation)\s+(\w+)')
ORGANIZATIONS = {
    "production": {"id": 4711, "domain": "orbital-works.example"},
    "sandbox": {"id": 4712, "domain": "sandbox.orbital-works.example"},
}
API_KEYS = {
    "production": {
        "ion-production-key": "stand-in-secret-7c1e",
        "ion-reading-key": "stand-in-secret-55d0",
    },
    "sandbox": {"ion-sandbox-key": "stand-in-secret-a90b"},
}
READ_ONLY_KEY = "ion-reading-key"  # the key of a user without the right to change anything


@dataclass
class Call:
    """One GraphQL request: its organization and permissions, and the row that a fault breaks."""

    books: object
    changes: Changes
    organization: dict
    permissions: frozenset
    broken_row: tuple = ()
    is_timed_out: bool = False


def find_environment(environ):
    """Return (environment, the path below it)."""
    path = environ.get("PATH_INFO", "")
    if path.startswith("/staging/"):
        return "sandbox", path.removeprefix("/staging")
    return "production", path


def find_operation(environ):
    """Return the call's name, for faults and the log; None if it is no call of the API."""
    path = find_environment(environ)[1]
    if TOKEN_PATH.fullmatch(path):
        return "token"
    if path != "/graphql":
        return None
    match = OPERATION_NAME.search(body_of(environ))
    return match[1].decode() if match else "graphql"


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, clock):
        self.limit = Limits(clock, 0, 1)  # ION publishes no number
        self.absent_fields = frozenset()  # fields that this ION does not have
        self._books = books
        self._changes = Changes(books)
        self._clock = clock
        self._tokens = {}
        for environment, keys in API_KEYS.items():
            self._tokens[environment] = Tokens(clock, keys, lifetime=TOKEN_SECONDS)

    def schema_page(self, method, body):
        """Answer or set what the schema lacks; a customer's schema may differ from this one."""
        if method == "POST":
            unknown = [field for field in body["lacks"] if not has_field(field)]
            if unknown:
                raise ValueError(f"The schema has no {', '.join(unknown)}.")
            self.absent_fields = frozenset(body["lacks"])
        return {"lacks": sorted(self.absent_fields)}

    def __call__(self, environ, start):
        return self._serve(environ, self._add_date(start))

    def _add_date(self, start):
        """Add the time to every answer, and the id by which ION's log knows the request."""
        now = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        headers_to_add = [
            ("Date", format_datetime(now, usegmt=True)),
            ("x-b3-trace-id", secrets.token_hex(16)),
        ]
        return lambda line, headers, exc_info=None: start(line, [*headers, *headers_to_add])

    def _serve(self, environ, start):
        """Answer a request for a token, or a GraphQL request with one."""
        environment, path = find_environment(environ)
        if environ["REQUEST_METHOD"] != "POST":
            return json_answer(start, 405, {"errors": [{"message": "Use POST."}]})
        if TOKEN_PATH.fullmatch(path):
            return self._token(environ, start, environment)
        if wait := self.limit.wait():
            body = {"errors": [{"message": "Too many requests."}]}
            return json_answer(start, 429, body, headers=[("Retry-After", str(wait))])
        grant = self._tokens[environment].holder({"HTTP_AUTHORIZATION": _get_bearer(environ)})
        if grant is None:
            body = {"errors": [{"message": "The access token is missing, unknown or expired."}]}
            return json_answer(start, 401, body)
        return self._graphql(environ, start, environment, grant.client)

    def _token(self, environ, start, environment):
        """Answer a token for a key, which is in the form or in the header."""
        form = form_of(environ) if environ.get("CONTENT_TYPE", "").startswith(FORM_TYPE) else {}
        if form.get("grant_type") != "client_credentials":
            body = {"error": "unsupported_grant_type", "error_description": "Unsupported"}
            return json_answer(start, 400, body)
        client = form.get("client_id", "")
        secret = form.get("client_secret", "")
        if not client:
            client, secret = basic_of(environ)
        if not self._tokens[environment].knows(client, secret):
            body = {
                "error": "unauthorized_client",
                "error_description": "Invalid client or client credentials",
            }
            return json_answer(start, 401, body)
        token = self._tokens[environment].issue(environment, client)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return json_answer(start, 200, body)

    def _graphql(self, environ, start, environment, client):
        """Answer a request, or a list of requests, as GraphQL over HTTP allows both."""
        request = _read_json(environ)
        if request is None:
            return json_answer(start, 400, {"errors": [{"message": "The body is not JSON."}]})
        fault = environ.get("sandbox.fault")
        call = self._open_call(environment, client, fault)
        if isinstance(request, list):
            body = [_build_fault_answer(fault) or self._answer(query, call) for query in request]
        else:
            body = _build_fault_answer(fault) or self._answer(request, call)
        if call.is_timed_out:
            return text_answer(start, 502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
        return json_answer(start, _get_status(fault), body)

    def _open_call(self, environment, client, fault):
        """Return the call of a client, which may do everything unless it only reads."""
        permissions = frozenset()
        if client != READ_ONLY_KEY:
            permissions = frozenset(self._changes.names())
        organization = ORGANIZATIONS[environment]
        broken = _get_broken_row(fault)
        return Call(self._books, self._changes, organization, permissions, broken)

    def _answer(self, request, call):
        """Answer one GraphQL request."""
        if not isinstance(request, dict) or not isinstance(request.get("query"), str):
            return {"errors": [{"message": "There is no query."}]}
        document, errors = parse_query(request["query"], self.absent_fields)
        if errors:
            return {"errors": [error.formatted for error in errors]}
        result = execute_sync(
            schema(self.absent_fields),
            document,
            context_value=call,
            variable_values=request.get("variables") or {},
        )
        return result.formatted


@cache
def parse_query(text, absent_fields=frozenset()):
    """Return (query, errors), parsed and validated, cached by its text."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    return document, validate(schema(absent_fields), document)


def _read_json(environ):
    """Return the JSON of a body; None if its media type or its text is another."""
    if not environ.get("CONTENT_TYPE", "").startswith(JSON_TYPE):
        return None
    try:
        return json.loads(body_of(environ))
    except ValueError:
        return None


def _get_bearer(environ):
    """Return the header in one form: the token alone, `Bearer` and `Token` are all accepted."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    *_, token = header.split(" ")
    return f"Bearer {token}"


# -- faults that only GraphQL has ---------------------------------------------------------------

GRAPHQL_FAULTS = {
    "errors": "the answer is 200 with `message` as its only error",
    "partial": (
        "one field of the row `type` `id` cannot be read: data and an error that names its path"
    ),
    "lost_line": (
        "the line `id` of an order cannot be read: null in place of it, and an error with its path"
    ),
    "stale": "any etag is taken for an old one",
    "conflict": "the same, said with status 409",
}
STALE_ETAG_MESSAGE = "The row has been updated since the etag was read."


def _build_fault_answer(fault):
    """Return the answer of a fault that replaces the whole answer, or None."""
    if fault is None:
        return None
    if fault.kind == "errors":
        message = fault.options.get("message", "Something went wrong.")
        return {"errors": [{"message": message}], "data": None}
    if fault.kind in ("stale", "conflict"):
        return {"errors": [{"message": STALE_ETAG_MESSAGE, "path": ["update"]}], "data": None}
    return None


def _get_status(fault):
    """Return the status of an answer, which only the fault `conflict` changes."""
    if fault is not None and fault.kind == "conflict":
        return 409
    return 200


def _get_broken_row(fault):
    """Return (type, id) of the row that a fault breaks, or an empty tuple."""
    if fault is not None and fault.kind == "lost_line":
        return LOST_LINE, int(fault.options["id"])
    if fault is None or fault.kind != "partial":
        return ()
    return fault.options.get("type", "PurchaseOrder"), int(fault.options["id"])

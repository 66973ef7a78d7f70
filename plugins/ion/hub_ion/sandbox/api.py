"""The API itself: keys to tokens, for each environment its own, and GraphQL over POST."""

import datetime as dt
import json
import re
import secrets
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cache

from graphql import GraphQLError, execute_sync, parse, validate

from hub_ion.sandbox.changes import Changes
from hub_ion.sandbox.graph import has, schema
from qbo_sandbox.kit import Limits, Tokens, form_of, json_answer, text_answer
from qbo_sandbox.kit.messages import body_of
from qbo_sandbox.kit.tokens import basic_of

LIFETIME = 300
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TOKEN = re.compile(r"(?:/auth)?/realms/api-keys/protocol/openid-connect/token")
OPERATION = re.compile(rb'"query":\s*"[^{"]*?(?:query|mutation)\s+(\w+)')
ENVIRONMENTS = {"": "production", "/staging": "sandbox"}
ORGANIZATIONS = {
    "production": {"id": 4711, "domain": "orbital-works.example"},
    "sandbox": {"id": 4712, "domain": "sandbox.orbital-works.example"},
}
KEYS = {
    "production": {
        "ion-production-key": "stand-in-secret-7c1e",
        "ion-reading-key": "stand-in-secret-55d0",
    },
    "sandbox": {"ion-sandbox-key": "stand-in-secret-a90b"},
}
READING = "ion-reading-key"  # its creator could change nothing


@dataclass
class Call:
    """One GraphQL request: whose it is, what it may do, and what a fault wants broken."""

    books: object
    changes: Changes
    organization: dict
    permissions: frozenset
    broken: tuple = ()
    too_long: bool = False


def environment_of(environ):
    """Return (environment, the path below it)."""
    path = environ.get("PATH_INFO", "")
    prefix = "/staging" if path.startswith("/staging/") else ""
    return ENVIRONMENTS[prefix], path.removeprefix(prefix)


def operation(environ):
    """Return the call's name, for faults and the log; None if it is no call of the API."""
    path = environment_of(environ)[1]
    if TOKEN.fullmatch(path):
        return "token"
    if path != "/graphql":
        return None
    match = OPERATION.search(body_of(environ))
    return match[1].decode() if match else "graphql"


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, clock):
        self.limit = Limits(clock, 0, 1)  # ION publishes no number
        self.lacks = frozenset()  # fields that this ION does not have
        self._books = books
        self._changes = Changes(books)
        self._clock = clock
        self._tokens = {name: Tokens(clock, keys, lifetime=LIFETIME) for name, keys in KEYS.items()}

    def schema_page(self, method, body):
        """Answer or set what the schema lacks; a customer's schema may differ from this one."""
        if method == "POST":
            unknown = [field for field in body["lacks"] if not has(field)]
            if unknown:
                raise ValueError(f"The schema has no {', '.join(unknown)}.")
            self.lacks = frozenset(body["lacks"])
        return {"lacks": sorted(self.lacks)}

    def __call__(self, environ, start):
        return self._serve(environ, self._add_date(start))

    def _add_date(self, start):
        """Add the time to every answer, and the id by which ION's log knows the request."""
        now = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        more = [
            ("Date", format_datetime(now, usegmt=True)),
            ("x-b3-trace-id", secrets.token_hex(16)),
        ]
        return lambda line, headers, exc_info=None: start(line, [*headers, *more])

    def _serve(self, environ, start):
        environment, path = environment_of(environ)
        if environ["REQUEST_METHOD"] != "POST":
            return json_answer(start, 405, {"errors": [{"message": "Use POST."}]})
        if TOKEN.fullmatch(path):
            return self._token(environ, start, environment)
        if wait := self.limit.wait():
            body = {"errors": [{"message": "Too many requests."}]}
            return json_answer(start, 429, body, headers=[("Retry-After", str(wait))])
        grant = self._tokens[environment].holder({"HTTP_AUTHORIZATION": _bearer(environ)})
        if grant is None:
            return json_answer(
                start,
                401,
                {"errors": [{"message": "The access token is missing, unknown or expired."}]},
            )
        return self._graphql(environ, start, environment, grant.client)

    def _token(self, environ, start, environment):
        form = form_of(environ) if environ.get("CONTENT_TYPE", "").startswith(FORM) else {}
        if form.get("grant_type") != "client_credentials":
            return json_answer(
                start, 400, {"error": "unsupported_grant_type", "error_description": "Unsupported"}
            )
        client = form.get("client_id", "")
        secret = form.get("client_secret", "")
        client, secret = (client, secret) if client else basic_of(environ)
        if not self._tokens[environment].knows(client, secret):
            body = {
                "error": "unauthorized_client",
                "error_description": "Invalid client or client credentials",
            }
            return json_answer(start, 401, body)
        token = self._tokens[environment].issue(environment, client)
        return json_answer(
            start,
            200,
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": LIFETIME,
            },
        )

    def _graphql(self, environ, start, environment, client):
        try:
            request = (
                json.loads(body_of(environ))
                if environ.get("CONTENT_TYPE", "").startswith(JSON)
                else None
            )
        except ValueError:
            request = None
        if request is None:
            return json_answer(start, 400, {"errors": [{"message": "The body is not JSON."}]})
        fault = environ.get("sandbox.fault")
        permissions = frozenset() if client == READING else frozenset(self._changes.names())
        call = Call(
            self._books, self._changes, ORGANIZATIONS[environment], permissions, _break(fault)
        )
        several = request if isinstance(request, list) else [request]
        answers = [_play(fault) or self._answer(query, call) for query in several]
        if call.too_long:
            return text_answer(start, 502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
        status = 409 if fault is not None and fault.kind == "conflict" else 200
        return json_answer(start, status, answers if isinstance(request, list) else answers[0])

    def _answer(self, request, call):
        if not isinstance(request, dict) or not isinstance(request.get("query"), str):
            return {"errors": [{"message": "There is no query."}]}
        document, errors = read(request["query"], self.lacks)
        if errors:
            return {"errors": [error.formatted for error in errors]}
        result = execute_sync(
            schema(self.lacks),
            document,
            context_value=call,
            variable_values=request.get("variables") or {},
        )
        return result.formatted


@cache
def read(text, lacks=frozenset()):
    """Return (query, errors), parsed and validated, cached by its text."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    return document, validate(schema(lacks), document)


def _bearer(environ):
    """Return the header in one form: the token alone, `Bearer` and `Token` are all accepted."""
    return f"Bearer {environ.get('HTTP_AUTHORIZATION', '').split(' ')[-1]}"


# -- faults that only GraphQL has ---------------------------------------------------------------

FAULTS = {
    "errors": "the answer is 200 with `message` as its only error",
    "partial": (
        "one field of the row `type` `id` cannot be told: data and an error that names its path"
    ),
    "stale": "the etag is taken for an old one, whatever it is",
    "conflict": "the same, said with status 409",
}
STALE = "The row has been updated since the etag was read."


def _play(fault):
    if fault is None or fault.kind not in ("errors", "stale", "conflict"):
        return None
    message = (
        fault.options.get("message", "Something went wrong.") if fault.kind == "errors" else STALE
    )
    path = {} if fault.kind == "errors" else {"path": ["update"]}
    return {"errors": [{"message": message, **path}], "data": None}


def _break(fault):
    if fault is None or fault.kind != "partial":
        return ()
    return fault.options.get("type", "PurchaseOrder"), int(fault.options["id"])

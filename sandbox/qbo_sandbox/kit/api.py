"""A strict JSON API with bearer tokens: checks access and the parameters of each call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.limits import Limits
from qbo_sandbox.kit.messages import form_of, json_answer, text_answer
from qbo_sandbox.kit.strict import CallRefused, invalid, route
from qbo_sandbox.kit.tokens import Tokens, basic_of

FORM_TYPE = "application/x-www-form-urlencoded"


class Api:
    """A WSGI application; a stand-in names its routes and has a method `_name` for each call.

    A method gets the environ and the parts of the path, and returns the value to answer as JSON,
    or (type, bytes). `parameters` names the parameters that a call accepts; other calls accept
    none. `token` is called without a token.
    """

    routes: ClassVar[Sequence[tuple[str, str, str]]]
    parameters: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, tokens: Tokens, limits: Limits) -> None:
        self.tokens = tokens
        self.limits = limits

    def call(self, environ: WSGIEnvironment) -> str | None:
        """Return the call's name, for faults and the log; None if there is no such call."""
        return route(self.routes, environ)[0]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        name, arguments = route(self.routes, environ)
        try:
            self._check_access(environ, name)
            answer = getattr(self, f"_{name}")(environ, *arguments)
        except CallRefused as wrong:
            return json_answer(start, wrong.status, wrong.body, wrong.headers)
        if isinstance(answer, tuple):
            kind, content = answer
            return text_answer(start, 200, content, kind)
        return json_answer(start, 200, answer)

    def _check_access(self, environ: WSGIEnvironment, name: str | None) -> None:
        """Refuse a call over the limit, an unknown one, and one without a token."""
        self.limits.count()
        if name is None:
            raise CallRefused(404, "not_found", "There is no such call.")
        if name != "token":
            if self.tokens.holder(environ) is None:
                raise CallRefused(
                    401, "unauthorized", "The bearer token is missing, unknown or expired."
                )
            self.admit(name)
        _check_parameters(environ, self.parameters.get(name, ()))

    def admit(self, name: str) -> None:
        """Refuse a call for which a valid token is not enough."""

    def grant_token(self, environ: WSGIEnvironment, subject: str) -> JsonObject:
        """Answer a bearer token to a client with the right id and secret."""
        if form(environ) != {"grant_type": "client_credentials"}:
            raise CallRefused(
                400, "unsupported_grant_type", "Only client_credentials is supported.", "grant_type"
            )
        return self.issue_token(subject, self.client(environ))

    def client(self, environ: WSGIEnvironment) -> str:
        """Return the id of the client that requests a token."""
        client, secret = basic_of(environ)
        if not self.tokens.knows(client, secret):
            raise CallRefused(401, "invalid_client", "The client id or secret is wrong.")
        return client

    def issue_token(self, subject: str, client: str) -> JsonObject:
        """Issue a bearer token and return the answer that contains it."""
        token = self.tokens.issue(subject, client)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self.tokens.lifetime),
        }


def form(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the form in the body; refuse any other content."""
    if not environ.get("CONTENT_TYPE", "").startswith(FORM_TYPE):
        raise CallRefused(415, "unsupported_media_type", "The body must be a form.")
    return form_of(environ)


def _check_parameters(environ: WSGIEnvironment, allowed_names: Sequence[str]) -> None:
    """Refuse parameters that the call does not have, and repeated ones."""
    seen_names = set[str]()
    for name, _ in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        if name not in allowed_names:
            raise invalid(name, "There is no such parameter.")
        if name in seen_names:
            raise invalid(name, "It stands twice in the address.")
        seen_names.add(name)

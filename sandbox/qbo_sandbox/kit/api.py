"""A strict JSON API with bearer tokens: who is let in, what each call may be asked, and how a refusal is answered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.limits import Limits
from qbo_sandbox.kit.messages import form_of, json_answer, text_answer
from qbo_sandbox.kit.strict import Wrong, invalid, routed
from qbo_sandbox.kit.tokens import Tokens, basic_of

FORM = "application/x-www-form-urlencoded"


class Api:
    """A WSGI application; a stand-in names its routes and has a method `_name` for each call.

    A method gets the environ and the parts of the path, and returns what goes out as JSON, or (type, bytes). `asked`
    names the parameters that a call takes; one that is not in it takes none. `token` is called without a token.
    """

    routes: ClassVar[Sequence[tuple[str, str, str]]]
    asked: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, tokens: Tokens, limits: Limits) -> None:
        self.tokens, self.limits = tokens, limits

    def call(self, environ: WSGIEnvironment) -> str | None:
        """The call's name, for faults and the log; None where there is no such call."""
        return routed(self.routes, environ)[0]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        name, arguments = routed(self.routes, environ)
        try:
            self._let_in(environ, name)
            answer = getattr(self, f"_{name}")(environ, *arguments)
        except Wrong as wrong:
            return json_answer(start, wrong.status, wrong.body, wrong.headers)
        if isinstance(answer, tuple):
            kind, content = answer
            return text_answer(start, 200, content, kind)
        return json_answer(start, 200, answer)

    def _let_in(self, environ: WSGIEnvironment, name: str | None) -> None:
        self.limits.count()
        if name is None:
            raise Wrong(404, "not_found", "There is no such call.")
        if name != "token":
            if self.tokens.holder(environ) is None:
                raise Wrong(401, "unauthorized", "The bearer token is missing, unknown or expired.")
            self.admit(name)
        _check_parameters(environ, self.asked.get(name, ()))

    def admit(self, name: str) -> None:
        """Refuses whom a good token alone does not let in."""

    def granted(self, environ: WSGIEnvironment, subject: str) -> dict[str, Any]:
        """A bearer token for a client that shows its id and secret."""
        if form(environ) != {"grant_type": "client_credentials"}:
            raise Wrong(
                400, "unsupported_grant_type", "Only client_credentials is supported.", "grant_type"
            )
        return self.issued(subject, self.client(environ))

    def client(self, environ: WSGIEnvironment) -> str:
        """Who asks for a token."""
        client, secret = basic_of(environ)
        if not self.tokens.knows(client, secret):
            raise Wrong(401, "invalid_client", "The client id or secret is wrong.")
        return client

    def issued(self, subject: str, client: str) -> dict[str, Any]:
        """A new bearer token, as it is told."""
        token = self.tokens.issue(subject, client)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self.tokens.lifetime),
        }


def form(environ: WSGIEnvironment) -> dict[str, str]:
    """The form that must be in the body."""
    if not environ.get("CONTENT_TYPE", "").startswith(FORM):
        raise Wrong(415, "unsupported_media_type", "The body must be a form.")
    return form_of(environ)


def _check_parameters(environ: WSGIEnvironment, known: Sequence[str]) -> None:
    seen = set[str]()
    for name, _ in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        if name not in known:
            raise invalid(name, "There is no such parameter.")
        if name in seen:
            raise invalid(name, "It stands twice in the address.")
        seen.add(name)

"""Bearer tokens of a stand-in: issued, refreshed, revoked, and expired by the stand-in's clock."""

import base64
import binascii
import math
import secrets
from dataclasses import dataclass
from typing import Self
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.messages import form_of

# The prefix of every token, so that tests recognize them anywhere.
TOKEN_PREFIX = "stand-in-token-"  # noqa: S105  (a part of tokens, no secret)


@dataclass(frozen=True)
class Grant:
    """The subject and client of a token, and when it expires."""

    subject: str
    client: str
    expires: float


class Tokens:
    """Access and refresh tokens; with `rotate` each refresh token can be used once."""

    def __init__(
        self, clock: Clock, clients: dict[str, str], *, lifetime: float = 3600, rotate: bool = False
    ) -> None:
        self.clock = clock
        self.clients = clients
        self.lifetime = lifetime
        self.rotate = rotate
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, Grant] = {}

    @classmethod
    def of_client(
        cls,
        clock: Clock,
        client_id: str,
        client_secret: str,
        refresh_token: str = "",
        *,
        rotate: bool = False,
        authorization_code: str = "",
    ) -> Self:
        """Return the tokens of one client, which may have a refresh token or a code already."""
        tokens = cls(clock, {client_id: client_secret}, rotate=rotate)
        if authorization_code:
            tokens.issue_code(client_id, client_id, authorization_code)
        if refresh_token:
            tokens.issue_refresh(client_id, client_id, refresh_token)
        return tokens

    def knows(self, client: str, secret: str) -> bool:
        """Return whether a client has this secret."""
        right_secret = self.clients.get(client, "")
        is_right = secrets.compare_digest(right_secret.encode(), secret.encode())
        return is_right and client in self.clients

    def issue(self, subject: str, client: str = "", token: str | None = None) -> str:
        """Issue this access token, or a new one, valid from now for the lifetime."""
        token = token or _create_token()
        expires = self.clock.now() + self.lifetime
        self._access[token] = Grant(subject, client, expires)
        return token

    def issue_refresh(
        self, subject: str, client: str = "", token: str | None = None, lifetime: float = 1e10
    ) -> str:
        """Issue this refresh token, or a new one."""
        token = token or _create_token()
        expires = self.clock.now() + lifetime
        self._refresh[token] = Grant(subject, client, expires)
        return token

    def issue_code(self, subject: str, client: str, code: str | None = None) -> str:
        """Issue this authorization code, or a new one; it can be used once."""
        code = code or _create_token()
        self._codes[code] = Grant(subject, client, expires=math.inf)
        return code

    def exchange(self, code: str, client: str) -> tuple[str, str] | None:
        """Return (access token, refresh token); None if the code is not valid for the client."""
        grant = self._codes.get(code)
        if grant is None or grant.client != client:
            return None
        del self._codes[code]
        return self.issue(grant.subject, client), self.issue_refresh(grant.subject, client)

    def refresh(self, token: str, client: str) -> tuple[str, str] | None:
        """Return (access token, refresh token); None if the token is not valid for the client."""
        now = self.clock.now()
        grant = self._refresh.get(token)
        if grant is None or grant.client != client or grant.expires <= now:
            return None
        refresh_token = token
        if self.rotate:
            del self._refresh[token]
            remaining = grant.expires - now
            refresh_token = self.issue_refresh(grant.subject, client, lifetime=remaining)
        access_token = self.issue(grant.subject, client)
        return access_token, refresh_token

    def answer(self, environ: WSGIEnvironment) -> tuple[int, dict[str, str]]:
        """Return status and JSON of a call that requests a token.

        The grants are client_credentials, refresh_token and authorization_code. The client is named
        by HTTP Basic authentication, or by client_id and client_secret in the form.
        """
        form = form_of(environ)
        client, secret = basic_of(environ)
        if not client:
            client = form.get("client_id", "")
            secret = form.get("client_secret", "")
        if not self.knows(client, secret):
            return 401, {"error": "invalid_client"}
        grant_type = form.get("grant_type")
        if grant_type == "client_credentials":
            return 200, {"access_token": self.issue(client, client)}
        if grant_type == "refresh_token":
            pair = self.refresh(form.get("refresh_token", ""), client)
        elif grant_type == "authorization_code":
            pair = self.exchange(form.get("code", ""), client)
        else:
            return 400, {"error": "unsupported_grant_type"}
        if pair is None:
            return 400, {"error": "invalid_grant"}
        access_token, refresh_token = pair
        return 200, {"access_token": access_token, "refresh_token": refresh_token}

    def holder(self, environ: WSGIEnvironment) -> Grant | None:
        """Return the grant of the request's bearer token; None if there is no valid one."""
        grant = self._access.get(bearer_of(environ))
        if grant is None or grant.expires <= self.clock.now():
            return None
        return grant

    def revoke(self, subject: str) -> None:
        """Revoke all tokens of a subject."""
        for tokens in (self._access, self._refresh, self._codes):
            revoked_tokens = [token for token, grant in tokens.items() if grant.subject == subject]
            for token in revoked_tokens:
                del tokens[token]


def _create_token() -> str:
    """Return a random token with the prefix of all tokens of stand-ins."""
    random_part = secrets.token_urlsafe(32)
    return f"{TOKEN_PREFIX}{random_part}"


def bearer_of(environ: WSGIEnvironment) -> str:
    """Return the bearer token of a request; "" if it has none."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        return ""
    return token.strip()


def basic_of(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return name and password of HTTP Basic authentication; two empty texts if there is none."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    kind, _, credentials = authorization.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password

"""Codes, access tokens and refresh tokens: how they are issued, rotate, expire and are revoked."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from qbo_sandbox.accounting.values import dump
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.switches import Switches

HOUR_SECONDS, DAY_SECONDS = 3600, 86400
# Lifetimes in seconds; MAX_LIFETIME is that of a consent, however often its tokens are refreshed.
CODE_LIFETIME = 600
ACCESS_LIFETIME = HOUR_SECONDS
REFRESH_LIFETIME = 8_726_400
MAX_LIFETIME = 5 * 365 * DAY_SECONDS
# In every code and token, so that tests recognize them anywhere.
TOKEN_MARK = "standin"  # noqa: S105  (a part of tokens, no secret)
ACCOUNTING_SCOPE = "com.intuit.quickbooks.accounting"
CODE_LENGTH, REFRESH_TOKEN_LENGTH = 51, 50


class InvalidGrant(Exception):
    """The token endpoint's refusal."""


@dataclass
class Consent:
    """A consent: the permission of a client to access a company."""

    client: str
    realm: str
    scope: str
    refresh: str
    since: float
    expires: float
    hard: float
    previous: str = ""
    previous_until: float = 0.0


class AccessToken(NamedTuple):
    """An access token: it gives a client access to a company until it expires."""

    client: str
    realm: str
    expires: float
    scope: str = ACCOUNTING_SCOPE  # journals of earlier versions do not state it

    @property
    def opens_books(self) -> bool:
        """Return whether the person who gave consent was asked for access to the books."""
        return ACCOUNTING_SCOPE in self.scope.split()


@dataclass
class AuthorizationCode:
    """An authorization code, which the client exchanges for tokens."""

    client: str
    realm: str
    scope: str
    redirect: str
    expires: float
    challenge: str = ""  # the challenge of PKCE, always S256


class Grants:
    """Codes, grants and access tokens; each change is in the journal before it is answered."""

    def __init__(self, clock: Clock, journal: Journal, switches: Callable[[], Switches]) -> None:
        self.clock = clock
        self.journal = journal
        self.switches = switches
        self.lock = threading.RLock()
        self.codes: dict[str, AuthorizationCode] = {}
        self.by_refresh: dict[str, Consent] = {}
        self.access: dict[str, AccessToken] = {}

    def consent(
        self, client: str, realm: str, scope: str, redirect: str, challenge: str = ""
    ) -> str:
        """Return a code for the callback, valid once and for ten minutes."""
        random_part = secrets.token_hex(24)
        code = f"AB1{TOKEN_MARK}{random_part}"[:CODE_LENGTH]
        expires = self.clock.now() + CODE_LIFETIME
        authorization = AuthorizationCode(client, realm, scope, redirect, expires, challenge)
        self.codes[code] = authorization
        self._write({"code": [code, vars(authorization)]})
        return code

    def exchange(
        self, code: str, client: str, redirect: str, verifier: str = ""
    ) -> tuple[Consent, str]:
        """Return the grant and the first access token for a code.

        A code whose consent carried a challenge needs the verifier that fits it. A code that was
        presented once is used up, even if it was refused.
        """
        self._write({"used": code})
        authorization = self.codes.pop(code, None)
        if authorization is None or authorization.expires < self.clock.now():
            raise InvalidGrant("Token invalid")
        if (authorization.client, authorization.redirect) != (client, redirect):
            raise InvalidGrant("Incorrect Token type or clientID")
        if authorization.challenge and authorization.challenge != _compute_challenge(verifier):
            raise InvalidGrant("PKCE verification failed")
        grant = self.grant(client, authorization.realm, authorization.scope)
        return grant, self.issue(grant)

    def grant(self, client: str, realm: str, scope: str, refresh: str | None = None) -> Consent:
        """Record a new consent; `refresh` is its first refresh token, random if omitted."""
        now = self.clock.now()
        grant = Consent(
            client=client,
            realm=realm,
            scope=scope,
            refresh=refresh or _refresh_token(),
            since=now,
            expires=now + REFRESH_LIFETIME,
            hard=now + MAX_LIFETIME,
        )
        self._keep(grant)
        return grant

    def refresh(self, token: str, client: str, *, rotate: bool = False) -> tuple[Consent, str]:
        """Return the grant and a new access token for a refresh token.

        The refresh token changes about daily, or each time with `rotate` or the switch for it.
        """
        with self.lock:
            return self._refresh(token, client, rotate=rotate)

    def _require_refreshable(self, token: str, client: str, now: float) -> Consent:
        """Return the grant of a refresh token; raise InvalidGrant unless the client may use it."""
        grant = self.by_refresh.get(token)
        is_valid = grant is not None and now < min(grant.expires, grant.hard)
        if grant is None or not is_valid:
            raise InvalidGrant("Incorrect or invalid refresh token")
        if grant.client != client:
            raise InvalidGrant("Incorrect Token type or clientID")
        return grant

    def _refresh(self, token: str, client: str, *, rotate: bool) -> tuple[Consent, str]:
        """Return the consent of a refresh token, which may have changed, and an access token.

        The use of the newest token ends the one before it if a switch says so.
        """
        now = self.clock.now()
        switches = self.switches()
        grant = self._require_refreshable(token, client, now)
        if token == grant.refresh:
            if switches.previous_refresh_token == "until_used":  # noqa: S105  (a choice)
                grant.previous_until = 0.0
            is_old = now - grant.since >= DAY_SECONDS
            if is_old or rotate or switches.rotate == "always":
                self._rotate(grant, now, switches)
        elif now >= grant.previous_until:
            raise InvalidGrant("Incorrect or invalid refresh token")
        grant.expires = now + REFRESH_LIFETIME
        self._keep(grant)
        return grant, self.issue(grant)

    def _rotate(self, grant: Consent, now: float, switches: Switches) -> None:
        """Replace the refresh token; the switches say how long the previous one is good."""
        grant.previous = grant.refresh
        grant.previous_until = 0.0
        if switches.previous_refresh_token == "grace":  # noqa: S105  (a choice, no secret)
            grant.previous_until = now + DAY_SECONDS
        if switches.previous_refresh_token == "until_used":  # noqa: S105  (a choice, no secret)
            grant.previous_until = grant.hard
        grant.refresh = _refresh_token()
        grant.since = now

    def issue(self, grant: Consent, token: str | None = None, life: float = ACCESS_LIFETIME) -> str:
        """Issue an access token for a consent, a new one or `token`.

        A new one is about as long as one of Intuit.
        """
        if not token:
            token = f"eyJ{TOKEN_MARK}{secrets.token_urlsafe(320)}"
        expires = self.clock.now() + life
        access = AccessToken(grant.client, grant.realm, expires, grant.scope)
        self.access[token] = access
        self._write({"access": [token, *access]})
        return token

    def revoke(self, token: str) -> bool:
        """End the consent behind a token of either kind."""
        owner = self.by_refresh.get(token) or self.access.get(token)
        if owner is None:
            return False
        self.end(owner.client, owner.realm)
        return True

    def end(self, client: str, realm: str) -> None:
        """End the access of an application to a company."""
        with self.lock:
            self._write({"end": [client, realm]})
            self._end(client, realm)

    def _end(self, client: str, realm: str) -> None:
        """Forget all tokens of a client for a company."""
        pair = (client, realm)
        self.access = {
            token: access
            for token, access in self.access.items()
            if (access.client, access.realm) != pair
        }
        self.by_refresh = {
            token: grant
            for token, grant in self.by_refresh.items()
            if (grant.client, grant.realm) != pair
        }

    def _keep(self, grant: Consent) -> None:
        """Store a grant, in the journal first."""
        self._write({"grant": vars(grant)})
        self._file(grant)

    def _file(self, grant: Consent) -> None:
        """Put a grant into the index of refresh tokens, by its current and its previous one."""
        self.by_refresh[grant.refresh] = grant
        if grant.previous:
            self.by_refresh[grant.previous] = grant

    def _write(self, event: JsonObject) -> None:
        """Write an event to the journal, below a name that no other event has."""
        line = dump({"oauth": event})
        self.journal.append_line(line.encode())

    def replay(self, event: JsonObject) -> None:
        """Take one event from the journal; its fractions are Decimal."""
        if "grant" in event:
            grant = event["grant"]
            times = {name: float(grant[name]) for name in TIME_FIELDS if name in grant}
            self._file(Consent(**{**grant, **times}))
        elif "access" in event:
            token, client, realm, expires, *scope = event["access"]
            self.access[token] = AccessToken(client, realm, float(expires), *scope)
        elif "code" in event:
            code, fields = event["code"]
            expires = float(fields["expires"])
            self.codes[code] = AuthorizationCode(**{**fields, "expires": expires})
        elif "used" in event:
            self.codes.pop(event["used"], None)
        elif "end" in event:
            self._end(*event["end"])


TIME_FIELDS = ("since", "expires", "hard", "previous_until")


def _refresh_token() -> str:
    """Return a new refresh token."""
    random_part = secrets.token_urlsafe(60)
    letters = random_part.replace("-", "x").replace("_", "y")
    token = f"AB11{TOKEN_MARK}{letters}"
    return token[:REFRESH_TOKEN_LENGTH]


def _compute_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    text = base64.urlsafe_b64encode(digest).decode()
    return text.rstrip("=")

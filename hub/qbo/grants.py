"""Intuit's sign-in: the consent address, a code or refresh token for a pair of tokens, and taking them back."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from hub import deadline, runtime
from hub.errors import ConfigurationError, Retry
from hub.qbo import wire

SCOPE = "com.intuit.quickbooks.accounting"
SECONDS = (10.0, 30.0)
HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
    "x-include-refresh-token-hard-expires-in": "true",
}
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below that they log tokens


class Rejected(Exception):
    """Intuit does not take this code or refresh token, and will not take it later."""


@dataclass(frozen=True, repr=False)
class Grant:
    """A pair of tokens with how many seconds they live; `ends_in` is the end that no refresh moves."""

    access: str
    refresh: str
    access_seconds: int
    refresh_seconds: int | None
    ends_in: int | None


def consent_url(state: str) -> str:
    """Where a person allows the hub to work in a company."""
    with _session() as session:
        url, _ = session.authorization_url(runtime.current().config.qbo_authorize_url, state=state)
    return str(url)


def exchange(code: str) -> Grant:
    """The tokens for the code that came back from the consent."""
    config = runtime.current().config
    with _session() as session, _understood():
        session.scope = None
        token = session.fetch_token(
            config.qbo_token_url, code=code, auth=_auth(), timeout=SECONDS, headers=HEADERS, include_client_id=False
        )
    return _grant(token)


def renew(refresh_token: str) -> Grant:
    """A new access token, and the refresh token that holds from now on."""
    config = runtime.current().config
    with _session() as session, _understood():
        session.scope = None
        token = session.refresh_token(
            config.qbo_token_url, refresh_token=refresh_token, auth=_auth(), timeout=SECONDS, headers=HEADERS
        )
    return _grant(token)


def revoke(refresh_token: str) -> None:
    """Ends the connection at Intuit; one that is ended already is no error."""
    current = runtime.current()
    url, headers = current.config.qbo_revoke_url, {"Accept": "application/json"}
    request = requests.Request("POST", url, json={"token": refresh_token}, auth=_auth(), headers=headers)
    try:
        reply = wire.send(request, mounts=current.mounts, clock=current.clock, seconds=SECONDS[1])
    except (wire.Unsent, wire.Lost) as error:
        raise _down(str(error)) from None
    if reply.status >= 500 or reply.status == 429:
        raise _down(f"status {reply.status}")


@contextmanager
def _session() -> Iterator[Any]:
    """A session for one call, which follows no redirect; plain http is for stand-ins on this machine only."""
    current = runtime.current()
    if urlsplit(current.config.qbo_token_url).scheme == "http":
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    back = f"{current.config.public_url}/quickbooks/callback"
    with OAuth2Session(current.config.qbo_client_id, scope=[SCOPE], redirect_uri=back) as session:
        for hook in ("access_token_response", "refresh_token_response"):
            session.register_compliance_hook(hook, _usable)
        wire.prepare(session, current.mounts)
        with deadline.within(SECONDS[1]):
            yield session


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except InvalidGrantError as error:
        raise Rejected(error.description or "invalid_grant") from None
    except InvalidClientError:
        raise ConfigurationError("HUB_QBO_CLIENT_ID", "or HUB_QBO_CLIENT_SECRET is not accepted by Intuit") from None
    except OAuth2Error as error:
        raise _down(error.error or "an answer that cannot be read") from None
    except requests.RequestException as error:
        raise _down(wire.reason(error)) from None


def _usable(response: requests.Response) -> requests.Response:
    """Only a whole JSON answer may tell of a token; anything else says that Intuit is down."""
    if response.status_code == 429 or response.status_code >= 500:
        raise _down(f"status {response.status_code}", response.headers)
    try:
        response.json()
    except ValueError:
        raise _down(f"status {response.status_code} without JSON") from None
    return response


def _down(why: str, headers: Mapping[str, str] | None = None) -> Retry:
    after = (headers or {}).get("Retry-After", "")
    text = f"Intuit's sign-in does not answer as it should ({why}). Nothing is lost; it is tried again by itself."
    return Retry(text, float(after) if after.isdigit() else None)


def _auth() -> HTTPBasicAuth:
    config = runtime.current().config
    return HTTPBasicAuth(config.qbo_client_id, config.qbo_client_secret)


def _grant(token: Mapping[str, Any]) -> Grant:
    try:
        return Grant(
            access=str(token["access_token"]),
            refresh=str(token["refresh_token"]),
            access_seconds=int(token.get("expires_in", 3600)),
            refresh_seconds=_whole(token.get("x_refresh_token_expires_in")),
            ends_in=_whole(token.get("x_refresh_token_hard_expires_in")),
        )
    except (KeyError, ValueError, TypeError):
        raise _down("an answer without tokens") from None


def _whole(value: object) -> int | None:
    return int(cast(Any, value)) if value is not None else None

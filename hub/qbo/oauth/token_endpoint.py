"""Calls to Intuit's sign-in: the consent address, requests for tokens, and their revocation."""

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    UnauthorizedClientError,
)
from requests.auth import HTTPBasicAuth
from requests.structures import CaseInsensitiveDict
from requests_oauthlib import OAuth2Session

from hub import context as hub_context
from hub.errors import ConfigurationError, Retry
from hub.http.exchange import ExchangeError, HttpResponse
from hub.qbo import transport

SCOPE = "com.intuit.quickbooks.accounting"
TIMEOUT_SECONDS = 30.0
REQUEST_PARTS = ("data", "json", "headers", "auth")
HEADERS = {"Accept": "application/json", "x-include-refresh-token-hard-expires-in": "true"}
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below that they log tokens


class Rejected(Exception):
    """Intuit does not take this code or refresh token, and will not take it later."""


@dataclass(frozen=True, repr=False)
class Grant:
    """A pair of tokens and their lifetimes in seconds; renewing does not move `ends_in`."""

    access: str
    refresh: str
    access_seconds: int
    refresh_seconds: int | None
    ends_in: int | None


class Session(OAuth2Session):  # type: ignore[misc]  # the package brings no types
    """The OAuth library over the hub's transport; anything but a complete response is Retry."""

    def __init__(self, **options: Any) -> None:
        client_id = hub_context.current().config.qbo_client_id
        super().__init__(client_id, **options)
        for hook in ("access_token_response", "refresh_token_response"):
            self.register_compliance_hook(hook, _require_tokens_or_error)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request once, without following redirects and without an access token."""
        current = hub_context.current()
        content = {name: options[name] for name in REQUEST_PARTS if name in options}
        request = requests.Request(method, url, **content).prepare()
        try:
            reply = transport.send(
                request,
                mounts=current.mounts,
                clock=current.clock,
                seconds=TIMEOUT_SECONDS,
            )
        except ExchangeError as error:
            raise _unavailable(str(error)) from None
        return _response(request, reply)


def consent_url(state: str) -> str:
    """Return the address where a person allows the hub to work in a company."""
    config = hub_context.current().config
    scopes = [SCOPE]
    with _session(scope=scopes, redirect_uri=redirect_uri()) as session:
        url, _ = session.authorization_url(config.qbo_authorize_url, state=state)
        return str(url)


def exchange(code: str) -> Grant:
    """Return the tokens for the code that came back from the consent."""
    url = hub_context.current().config.qbo_token_url
    with _session(redirect_uri=redirect_uri()) as session, _translated_errors():
        secret = _client_secret()
        token = session.fetch_token(url, code=code, auth=secret, headers=HEADERS)
        return _grant(token)


def renew(refresh_token: str) -> Grant:
    """Return a new access token, and the refresh token that is valid from now on."""
    url = hub_context.current().config.qbo_token_url
    with _session() as session, _translated_errors():
        secret = _client_secret()
        token = session.refresh_token(
            url, refresh_token=refresh_token, auth=secret, headers=HEADERS
        )
        return _grant(token)


def revoke(refresh_token: str) -> None:
    """End the connection at Intuit; it is not an error if it has ended already."""
    url = hub_context.current().config.qbo_revoke_url
    content = {"token": refresh_token}
    with _session() as session:
        reply = session.request("POST", url, json=content, auth=_client_secret(), headers=HEADERS)
    status = reply.status_code
    if status >= 500 or status in (408, 429):
        raise _unavailable(f"status {status}", reply.headers)


def _session(**options: Any) -> Session:
    """Return a session for one call.

    Stand-ins use plain http, which the library only allows if this variable is set.
    """
    config = hub_context.current().config
    urls = (config.qbo_authorize_url, config.qbo_token_url)
    if any(urlsplit(url).scheme == "http" for url in urls):
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    return Session(**options)


def redirect_uri() -> str:
    """Return the address to which Intuit sends the browser after the consent.

    The Intuit app must list exactly this address.
    """
    return f"{hub_context.current().config.public_url}/quickbooks/callback"


def _client_secret() -> HTTPBasicAuth:
    """Return the client id and secret of the hub, with which it signs in at Intuit."""
    config = hub_context.current().config
    return HTTPBasicAuth(config.qbo_client_id, config.qbo_client_secret)


def _response(request: requests.PreparedRequest, reply: HttpResponse) -> requests.Response:
    """Return an answer in the form that the OAuth library reads."""
    response = requests.Response()
    response.request = request
    response.status_code = reply.status
    response.headers = CaseInsensitiveDict(reply.headers)
    response.raw = io.BytesIO(reply.body)
    response.encoding = json.detect_encoding(reply.body)
    return response


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate errors: the token is rejected, the settings are wrong, or Intuit is unavailable."""
    try:
        yield
    except InvalidGrantError as error:
        raise Rejected(str(error.description or error.error)) from None
    except (InvalidClientError, UnauthorizedClientError):
        raise ConfigurationError(
            "HUB_QBO_CLIENT_ID", "or HUB_QBO_CLIENT_SECRET is not accepted by Intuit"
        ) from None
    except OAuth2Error as error:
        raise _unavailable(f"it says {error.error or 'nothing'}") from None
    except (ValueError, TypeError):
        raise _unavailable("an answer without tokens") from None


def _require_tokens_or_error(response: requests.Response) -> requests.Response:
    """Accept only a complete JSON response with tokens or an error; otherwise raise Retry."""
    status = response.status_code
    content: Any = None
    if status != 429 and status < 500:
        with suppress(ValueError, RecursionError):
            content = json.loads(response.content)
    if not isinstance(content, dict):
        raise _unavailable(f"status {status} without an answer that can be read", response.headers)
    if content.get("error"):
        return response
    has_tokens = content.get("access_token") and content.get("refresh_token")
    if status != 200 or not has_tokens:
        raise _unavailable(f"status {status}, without tokens", response.headers)
    return response


def _unavailable(reason: str, headers: Mapping[str, str] | None = None) -> Retry:
    """Return the error for a sign-in of Intuit that does not work, with the pause it asks for."""
    after = (headers or {}).get("Retry-After", "")
    seconds = float(after) if after.isdigit() else None
    text = (
        f"Intuit's sign-in does not answer as it should ({reason}). Nothing is lost; it is tried"
        " again by itself."
    )
    return Retry(text, seconds)


def _grant(token: Mapping[str, Any]) -> Grant:
    """Return the tokens in an answer of Intuit."""
    return Grant(
        access=str(token["access_token"]),
        refresh=str(token["refresh_token"]),
        access_seconds=int(token.get("expires_in", 3600)),
        refresh_seconds=_seconds(token.get("x_refresh_token_expires_in")),
        ends_in=_seconds(token.get("x_refresh_token_hard_expires_in")),
    )


def _seconds(value: Any) -> int | None:
    """Return a lifetime in seconds; None if Intuit does not state it."""
    if value is None:
        return None
    return int(value)

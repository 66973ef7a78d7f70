"""Intuit's sign-in: the consent address, a code or refresh token for a pair of tokens, and taking them back."""

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
from hub.qbo import transport

SCOPE = "com.intuit.quickbooks.accounting"
SECONDS = 30.0
HEADERS = {"Accept": "application/json", "x-include-refresh-token-hard-expires-in": "true"}
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


class Session(OAuth2Session):  # type: ignore[misc]  # the package brings no types
    """OAuth as the library speaks it, over the bounded request of this room; anything but a whole answer is Retry."""

    def __init__(self, **asked: Any) -> None:
        super().__init__(hub_context.current().config.qbo_client_id, **asked)
        for hook in ("access_token_response", "refresh_token_response"):
            self.register_compliance_hook(hook, _usable)

    def request(self, method: str, url: str, **asked: Any) -> requests.Response:
        """Never redirected, never repeated, and with no token on it."""
        current = hub_context.current()
        content = {
            name: asked[name] for name in ("data", "json", "headers", "auth") if name in asked
        }
        request = requests.Request(method, url, **content).prepare()
        try:
            reply = transport.send(
                request, mounts=current.mounts, clock=current.clock, seconds=SECONDS
            )
        except (transport.Unsent, transport.Lost) as error:
            raise _down(str(error)) from None
        return _response(request, reply)


def consent_url(state: str) -> str:
    """Where a person allows the hub to work in a company."""
    config = hub_context.current().config
    with _session(scope=[SCOPE], redirect_uri=redirect_uri()) as session:
        return str(session.authorization_url(config.qbo_authorize_url, state=state)[0])


def exchange(code: str) -> Grant:
    """The tokens for the code that came back from the consent."""
    url = hub_context.current().config.qbo_token_url
    with _session(redirect_uri=redirect_uri()) as session, _understood():
        return _grant(session.fetch_token(url, code=code, auth=_secret(), headers=HEADERS))


def renew(refresh_token: str) -> Grant:
    """A new access token, and the refresh token that holds from now on."""
    url = hub_context.current().config.qbo_token_url
    with _session() as session, _understood():
        return _grant(
            session.refresh_token(url, refresh_token=refresh_token, auth=_secret(), headers=HEADERS)
        )


def revoke(refresh_token: str) -> None:
    """End the connection at Intuit; one that is ended already is no error."""
    url = hub_context.current().config.qbo_revoke_url
    with _session() as session:
        reply = session.request(
            "POST", url, json={"token": refresh_token}, auth=_secret(), headers=HEADERS
        )
    if reply.status_code >= 500 or reply.status_code in (408, 429):
        raise _down(f"status {reply.status_code}", reply.headers)


def _session(**asked: Any) -> Session:
    """A session for one call; plain http is for stand-ins, and the library must be told that it is meant."""
    config = hub_context.current().config
    if "http" in {urlsplit(url).scheme for url in (config.qbo_authorize_url, config.qbo_token_url)}:
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    return Session(**asked)


def redirect_uri() -> str:
    """Return where Intuit sends the browser after the consent; the Intuit app must list exactly this address."""
    return f"{hub_context.current().config.public_url}/quickbooks/callback"


def _secret() -> HTTPBasicAuth:
    config = hub_context.current().config
    return HTTPBasicAuth(config.qbo_client_id, config.qbo_client_secret)


def _response(request: requests.PreparedRequest, reply: transport.Reply) -> requests.Response:
    response = requests.Response()
    response.request, response.status_code = request, reply.status
    response.headers, response.raw = CaseInsensitiveDict(reply.headers), io.BytesIO(reply.body)
    response.encoding = json.detect_encoding(reply.body)
    return response


@contextmanager
def _understood() -> Iterator[None]:
    """What Intuit refuses, told apart: this token for good, our settings, or something that may pass."""
    try:
        yield
    except InvalidGrantError as error:
        raise Rejected(str(error.description or error.error)) from None
    except (InvalidClientError, UnauthorizedClientError):
        raise ConfigurationError(
            "HUB_QBO_CLIENT_ID", "or HUB_QBO_CLIENT_SECRET is not accepted by Intuit"
        ) from None
    except OAuth2Error as error:
        raise _down(f"it says {error.error or 'nothing'}") from None
    except (ValueError, TypeError):
        raise _down("an answer without tokens") from None


def _usable(response: requests.Response) -> requests.Response:
    """Accept only a whole JSON answer with tokens or an error; else report that Intuit is down."""
    status = response.status_code
    content: Any = None
    if status != 429 and status < 500:
        with suppress(ValueError, RecursionError):
            content = json.loads(response.content)
    if not isinstance(content, dict):
        raise _down(f"status {status} without an answer that can be read", response.headers)
    has_tokens = bool(content.get("access_token") and content.get("refresh_token"))
    if not content.get("error") and not (status == 200 and has_tokens):
        raise _down(f"status {status}, without tokens", response.headers)
    return response


def _down(why: str, headers: Mapping[str, str] | None = None) -> Retry:
    after = (headers or {}).get("Retry-After", "")
    text = f"Intuit's sign-in does not answer as it should ({why}). Nothing is lost; it is tried again by itself."
    return Retry(text, float(after) if after.isdigit() else None)


def _grant(token: Mapping[str, Any]) -> Grant:
    return Grant(
        access=str(token["access_token"]),
        refresh=str(token["refresh_token"]),
        access_seconds=int(token.get("expires_in", 3600)),
        refresh_seconds=_whole(token.get("x_refresh_token_expires_in")),
        ends_in=_whole(token.get("x_refresh_token_hard_expires_in")),
    )


def _whole(value: Any) -> int | None:
    return int(value) if value is not None else None

"""Intuit's sign-in: the consent address, a code or refresh token for a pair of tokens, and taking them back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth

from hub import runtime
from hub.errors import ConfigurationError, Retry
from hub.qbo import wire
from hub.qbo.wire import Reply

SCOPE = "com.intuit.quickbooks.accounting"
SECONDS = 30.0
HEADERS = {"Accept": "application/json", "x-include-refresh-token-hard-expires-in": "true"}


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
    config = runtime.current().config
    asked = {
        "response_type": "code", "client_id": config.qbo_client_id, "redirect_uri": _back(), "scope": SCOPE,
        "state": state,
    }  # fmt: skip
    return f"{config.qbo_authorize_url}?{urlencode(asked)}"


def exchange(code: str) -> Grant:
    """The tokens for the code that came back from the consent."""
    return _granted({"grant_type": "authorization_code", "code": code, "redirect_uri": _back()})


def renew(refresh_token: str) -> Grant:
    """A new access token, and the refresh token that holds from now on."""
    return _granted({"grant_type": "refresh_token", "refresh_token": refresh_token})


def revoke(refresh_token: str) -> None:
    """Ends the connection at Intuit; one that is ended already is no error."""
    reply = _sent(runtime.current().config.qbo_revoke_url, json={"token": refresh_token})
    if reply.status >= 500 or reply.status in (408, 429):
        raise _down(f"status {reply.status}", reply.headers)


def _back() -> str:
    return f"{runtime.current().config.public_url}/quickbooks/callback"


def _granted(asked: dict[str, str]) -> Grant:
    reply = _sent(runtime.current().config.qbo_token_url, data=asked)
    told = _read(reply)
    if reply.status == 200 and told.get("access_token") and told.get("refresh_token"):
        return _grant(told)
    error = str(told.get("error") or "")
    if error == "invalid_grant":
        raise Rejected(str(told.get("error_description") or error))
    if error in ("invalid_client", "unauthorized_client"):
        raise ConfigurationError("HUB_QBO_CLIENT_ID", "or HUB_QBO_CLIENT_SECRET is not accepted by Intuit")
    raise _down(f"status {reply.status}, {error or 'without tokens'}", reply.headers)


def _sent(url: str, **content: Any) -> Reply:
    current = runtime.current()
    secret = HTTPBasicAuth(current.config.qbo_client_id, current.config.qbo_client_secret)
    request = requests.Request("POST", url, headers=HEADERS, auth=secret, **content)
    try:
        return wire.send(request, mounts=current.mounts, clock=current.clock, seconds=SECONDS)
    except (wire.Unsent, wire.Lost) as error:
        raise _down(str(error)) from None


def _read(reply: Reply) -> dict[str, Any]:
    """Only a whole JSON answer may tell of a token; anything else says that Intuit is down."""
    if reply.status == 429 or reply.status >= 500:
        raise _down(f"status {reply.status}", reply.headers)
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _down(f"status {reply.status} without JSON", reply.headers)
    return told


def _down(why: str, headers: Mapping[str, str] | None = None) -> Retry:
    after = (headers or {}).get("Retry-After", "")
    text = f"Intuit's sign-in does not answer as it should ({why}). Nothing is lost; it is tried again by itself."
    return Retry(text, float(after) if after.isdigit() else None)


def _grant(token: Mapping[str, Any]) -> Grant:
    try:
        return Grant(
            access=str(token["access_token"]),
            refresh=str(token["refresh_token"]),
            access_seconds=int(token.get("expires_in", 3600)),
            refresh_seconds=_whole(token.get("x_refresh_token_expires_in")),
            ends_in=_whole(token.get("x_refresh_token_hard_expires_in")),
        )
    except (ValueError, TypeError):
        raise _down("an answer without tokens") from None


def _whole(value: Any) -> int | None:
    return int(value) if value is not None else None

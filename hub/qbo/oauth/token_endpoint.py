"""Calls to Intuit's sign-in: the consent address, requests for tokens, and their revocation."""

import base64
import hashlib
import hmac
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

from hub.context import current_hub, hide_secrets, mask_secrets
from hub.errors import ConfigurationError, Retry, Sentence
from hub.http import credentials
from hub.http.exchange import ExchangeError, HttpResponse
from hub.http.response import parse_wait
from hub.qbo import intuit_keys, transport
from hub.qbo.intuit_keys import IntuitKeys

SCOPE = "com.intuit.quickbooks.accounting"
TIMEOUT_SECONDS = 30.0
REQUEST_PARTS = ("data", "json", "headers", "auth")
HEADERS = {"Accept": "application/json", "x-include-refresh-token-hard-expires-in": "true"}
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below that they log tokens


class Rejected(Exception):
    """Intuit does not accept this code or refresh token, and will not accept it later."""


@dataclass(frozen=True, repr=False)
class TokenGrant:
    """A pair of tokens and their lifetimes in seconds; renewing does not move `ends_in`."""

    access: str
    refresh: str
    access_seconds: int
    refresh_seconds: int | None
    ends_in: int | None


class Session(OAuth2Session):  # type: ignore[misc]  # the package brings no types
    """The OAuth library over the hub's transport; anything but a complete response is Retry."""

    def __init__(self, **options: Any) -> None:
        self.keys = intuit_keys.require()
        _allow_plain_http(self.keys)
        super().__init__(self.keys.client_id, **options)
        for hook in ("access_token_response", "refresh_token_response"):
            self.register_compliance_hook(hook, _require_tokens_or_error)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request once, without following redirects and without an access token."""
        current = current_hub()
        content = {name: options[name] for name in REQUEST_PARTS if name in options}
        request = requests.Request(method, url, **content).prepare()
        secrets = credentials.find_request_secrets(url, request.headers, request.body)
        hide_secrets(secrets)
        try:
            http_response = transport.send(
                request,
                mounts=current.mounts,
                clock=current.clock,
                seconds=TIMEOUT_SECONDS,
            )
        except ExchangeError as error:
            raise _build_unavailable_error(mask_secrets(str(error))) from None
        return _build_response(request, http_response)


def build_consent_url(state: str) -> str:
    """Return the address where a person allows the hub to work in a company."""
    with Session(scope=[SCOPE], redirect_uri=redirect_uri()) as session:
        url, _ = session.authorization_url(
            session.keys.authorize_url, state=state, **_build_code_challenge(session, state)
        )
        return str(url)


def exchange(code: str, state: str) -> TokenGrant:
    """Return the tokens for the code that came back from the consent with this state."""
    with Session(redirect_uri=redirect_uri()) as session, _translate_errors():
        proof = {}
        if current_hub().config.qbo_pkce:
            proof["code_verifier"] = _derive_code_verifier(state)
        token = session.fetch_token(
            session.keys.token_url,
            code=code,
            auth=_load_client_secret(session.keys),
            headers=HEADERS,
            **proof,
        )
        return _parse_grant(token)


def renew(refresh_token: str) -> TokenGrant:
    """Return a new access token, and the refresh token that is valid from now on."""
    with Session() as session, _translate_errors():
        token = session.refresh_token(
            session.keys.token_url,
            refresh_token=refresh_token,
            auth=_load_client_secret(session.keys),
            headers=HEADERS,
        )
        return _parse_grant(token)


def revoke(refresh_token: str) -> bool:
    """End the connection at Intuit; it is not an error if it has ended already.

    Return False if Intuit does not accept the client id and secret, so that nothing has ended.
    """
    content = {"token": refresh_token}
    with Session() as session:
        secret = _load_client_secret(session.keys)
        url = session.keys.revoke_url
        http_response = session.request("POST", url, json=content, auth=secret, headers=HEADERS)
    status = http_response.status_code
    if status >= 500 or status in (408, 429):
        raise _build_unavailable_error(
            Sentence("status %(status)s", status=str(status)), http_response.headers
        )
    return status not in (401, 403)


def _allow_plain_http(keys: IntuitKeys) -> None:
    """Let the OAuth library call stand-ins, which use plain http."""
    urls = (keys.authorize_url, keys.token_url)
    if any(urlsplit(url).scheme == "http" for url in urls):
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def _build_code_challenge(session: Session, state: str) -> dict[str, str]:
    """Return the parameters of PKCE for a consent; none unless HUB_QBO_PKCE is set."""
    if not current_hub().config.qbo_pkce:
        return {}
    verifier = _derive_code_verifier(state)
    challenge = session._client.create_code_challenge(verifier, "S256")
    return {"code_challenge": challenge, "code_challenge_method": "S256"}


def _derive_code_verifier(state: str) -> str:
    """Return the code verifier of a consent.

    It is derived from the state and the hub's secret key. So it never leaves the server, needs no
    storage, and is valid as long as the state and once.
    """
    key = current_hub().config.secret_key.encode()
    digest = hmac.new(key, f"pkce:{state}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def redirect_uri() -> str:
    """Return the address to which Intuit sends the browser after the consent.

    The Intuit app must list exactly this address.
    """
    return f"{current_hub().config.public_url}/quickbooks/callback"


def _load_client_secret(keys: IntuitKeys) -> HTTPBasicAuth:
    """Return the client id and secret of the hub, with which it signs in at Intuit."""
    return HTTPBasicAuth(keys.client_id, keys.client_secret)


def _build_response(
    request: requests.PreparedRequest, http_response: HttpResponse
) -> requests.Response:
    """Return a response in the form that the OAuth library reads."""
    response = requests.Response()
    response.request = request
    response.status_code = http_response.status
    response.headers = CaseInsensitiveDict(http_response.headers)
    response.raw = io.BytesIO(http_response.body)
    response.encoding = json.detect_encoding(http_response.body)
    return response


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate errors: the token is rejected, the settings are wrong, or Intuit is unavailable."""
    try:
        yield
    except InvalidGrantError as error:
        raise Rejected(mask_secrets(str(error.description or error.error))) from None
    except (InvalidClientError, UnauthorizedClientError):
        raise ConfigurationError(
            intuit_keys.describe_place(),
            "are not accepted by Intuit; copy them again from your app's keys on"
            " developer.intuit.com",
        ) from None
    except OAuth2Error as error:
        words = mask_secrets(str(error.error or "nothing"))
        raise _build_unavailable_error(Sentence("it says %(words)s", words=words)) from None
    except (ValueError, TypeError):
        raise _build_unavailable_error(Sentence("an answer without tokens")) from None


def _require_tokens_or_error(response: requests.Response) -> requests.Response:
    """Accept only a complete JSON response with tokens or an error; otherwise raise Retry."""
    status = response.status_code
    content: Any = None
    if status != 429 and status < 500:
        with suppress(ValueError, RecursionError):
            content = json.loads(response.content)
    if not isinstance(content, dict):
        raise _build_unavailable_error(
            Sentence("status %(status)s without an answer that can be read", status=str(status)),
            response.headers,
        )
    if content.get("error"):
        return response
    has_tokens = content.get("access_token") and content.get("refresh_token")
    if status != 200 or not has_tokens:
        raise _build_unavailable_error(
            Sentence("status %(status)s, without tokens", status=str(status)), response.headers
        )
    return response


def _build_unavailable_error(reason: str, headers: Mapping[str, str] | None = None) -> Retry:
    """Return the error for a sign-in of Intuit that does not work, with the pause it asks for."""
    seconds = parse_wait(headers or {}, current_hub().clock.now())
    return Retry(
        "Intuit's sign-in does not answer as it should (%(reason)s). Nothing is lost; it is"
        " retried automatically.",
        seconds,
        reason=reason,
    )


def _parse_grant(token: Mapping[str, Any]) -> TokenGrant:
    """Return the tokens in a response of Intuit."""
    return TokenGrant(
        access=str(token["access_token"]),
        refresh=str(token["refresh_token"]),
        access_seconds=int(token.get("expires_in", 3600)),
        refresh_seconds=_parse_lifetime(token.get("x_refresh_token_expires_in")),
        ends_in=_parse_lifetime(token.get("x_refresh_token_hard_expires_in")),
    )


def _parse_lifetime(value: Any) -> int | None:
    """Return a lifetime in seconds; None if Intuit does not state it."""
    if value is None:
        return None
    return int(value)

"""The identity provider: its addresses and keys, and the two steps of a log-in there.

The protocol is the authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636). What
the provider publishes is read when somebody first logs in, and again after an hour.
"""

import base64
import datetime as dt
import hashlib
import secrets as tokens
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode, urlsplit

from flask import Flask, current_app

from hub.config import Config
from hub.context import current_hub, hide_secrets, mask_secrets
from hub.errors import HubError, NotNow, Refused, Retry, Sentence
from hub.http.client import AppHttp
from hub.security import named_hosts
from hub.web.authentication import id_tokens
from hub.web.authentication.id_tokens import Identity, TokenRefused, UnknownKey

DISCOVERY_PATH = "/.well-known/openid-configuration"
RETURN_PATH = "/login/provider/return"
SCOPE = "openid profile email"
TIMEOUT_SECONDS = 10.0
# Requests that may wait for the provider at the same time. Each holds a thread of the server, and
# strangers can cause them: while a provider hangs, the other threads answer the pages.
MAX_WAITING = 4
CACHE_LIFETIME = dt.timedelta(hours=1)
FAILURE_LIFETIME = dt.timedelta(seconds=20)  # otherwise strangers could make the hub wait for it
MAX_REPLY_BYTES = 2**20  # what a provider publishes has a few thousand
GOOGLE = "https://accounts.google.com"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
IN_APP = "hub.identity_provider"  # where the application holds what the provider published


@dataclass(frozen=True)
class Metadata:
    """What the provider publishes about itself, and when it was read."""

    values: Mapping[str, Any]
    key_set: Mapping[str, Any]
    read_at: dt.datetime


class Failure(NamedTuple):
    """Why the provider could not be asked, and when that was."""

    sentence: str
    at: dt.datetime


@dataclass
class Cache:
    """What one process knows of the provider: what it published, or why that cannot be read."""

    metadata: Metadata | None = None
    failure: Failure | None = None
    places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MAX_WAITING)
    )


@dataclass(frozen=True)
class VisitSecrets:
    """The random texts of one visit of a browser at the provider, kept in its cookie meanwhile."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def generate(cls) -> "VisitSecrets":
        """Return texts that nobody can guess."""
        return cls(tokens.token_urlsafe(32), tokens.token_urlsafe(32), tokens.token_urlsafe(48))


def init_app(app: Flask) -> None:
    """Prepare the place for what the provider publishes."""
    app.extensions[IN_APP] = Cache()


def is_set() -> bool:
    """Return whether people can log in at an identity provider."""
    return bool(current_hub().config.oidc_issuer)


def get_name() -> str:
    """Return what people call the identity provider, "" without one; by default it is its host."""
    config = current_hub().config
    if not config.oidc_issuer:
        return ""
    return config.oidc_name or urlsplit(config.oidc_issuer).hostname or ""


def build_return_address() -> str:
    """Return the address to which the provider sends browsers back; it is registered there."""
    return f"{current_hub().config.public_url}{RETURN_PATH}"


def build_address(secrets: VisitSecrets, *, asks_again: bool = False) -> str:
    """Return the address at which a person logs in; if it asks again, also whom it remembers.

    Raise NotNow if the provider cannot be asked for it.
    """
    values = _get_metadata().values
    endpoint = str(values["authorization_endpoint"])
    digest = hashlib.sha256(secrets.verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    parameters = {
        "response_type": "code",
        "client_id": current_hub().config.oidc_client_id,
        "redirect_uri": build_return_address(),
        "scope": SCOPE,
        "state": secrets.state,
        "nonce": secrets.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if asks_again:
        # By the specification the provider then also says when the person was authenticated.
        parameters |= {"max_age": "0", **choose_prompt(values)}
    return _add_parameters(endpoint, parameters)


def has_log_out() -> bool:
    """Return whether the provider is known to let people log out there; do not ask it."""
    metadata = _get_cache().metadata
    return metadata is not None and bool(_find_log_out_endpoint(metadata))


def build_log_out_address(page_after: str) -> str:
    """Return the address at which a person logs out of the provider, and comes back to a page.

    It is "" if the provider has none. Raise NotNow if it cannot be asked for it.
    """
    endpoint = _find_log_out_endpoint(_get_metadata())
    if not endpoint:
        return ""
    config = current_hub().config
    parameters = {
        "client_id": config.oidc_client_id,
        "post_logout_redirect_uri": f"{config.public_url}{page_after}",
    }
    return _add_parameters(endpoint, parameters)


def choose_prompt(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameter with which a provider asks for a log-in, or at least for an account.

    Google shows an error in place of its log-in page for a value that it does not know.
    """
    supported = values.get("prompt_values_supported")
    if not isinstance(supported, list):
        supported = ["select_account"] if values.get("issuer") == GOOGLE else ["login"]
    for prompt in ("login", "select_account"):
        if prompt in supported:
            return {"prompt": prompt}
    return {}


def identify(code: str, secrets: VisitSecrets) -> Identity:
    """Return the account that has logged in.

    Raise Refused if the provider does not accept the code or its token is not valid, and NotNow if
    it cannot be asked.
    """
    metadata = _get_metadata()
    token = _redeem(metadata, code, secrets)
    try:
        return _read(token, metadata, secrets)
    except UnknownKey:
        pass  # the provider may have new keys
    except TokenRefused as error:
        raise _build_token_error(error) from None
    try:
        return _read(token, _load_metadata(), secrets)
    except TokenRefused as error:
        raise _build_token_error(error) from None


def check() -> None:
    """Raise NotNow if the provider does not publish what a log-in needs."""
    _read_metadata(current_hub().clock.now())


def get_issuer() -> str:
    """Return the issuer that identifies the accounts of the provider."""
    return str(_get_metadata().values["issuer"])


def _read(token: Any, metadata: Metadata, secrets: VisitSecrets) -> Identity:
    """Return the account that a token of the provider is about."""
    return id_tokens.read(
        token,
        metadata.key_set,
        issuer=str(metadata.values["issuer"]),
        client_id=current_hub().config.oidc_client_id,
        nonce=secrets.nonce,
        now=current_hub().clock.now(),
    )


def _build_token_error(error: TokenRefused) -> Refused:
    """Return the error for a token that is not valid."""
    return Refused(
        "The answer of %(name)s is not valid: %(problem)s. Try again. If it happens again, tell"
        " whoever runs the hub.",
        name=get_name(),
        problem=Sentence(str(error)),
    )


def _redeem(metadata: Metadata, code: str, secrets: VisitSecrets) -> Any:
    """Exchange the code for an ID token."""
    config = current_hub().config
    endpoint = str(metadata.values["token_endpoint"])
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": build_return_address(),
        "code_verifier": secrets.verifier,
    }
    hide_secrets((code, secrets.verifier, config.oidc_client_secret))
    request = _add_sign_in(form, metadata, config)
    with _hold_place():
        try:
            reply = _build_client(endpoint).request(
                "POST", endpoint, headers={"Accept": "application/json"}, **request
            )
            answer = reply.json()
        except HubError as error:
            raise _build_unavailable_error(error) from None
    if not isinstance(answer, dict):
        answer = {}
    if reply.status == 200:
        return answer.get("id_token")
    problem = str(answer.get("error", f"status {reply.status}"))[:60]
    if problem in ("invalid_client", "unauthorized_client"):
        raise NotNow(
            "%(name)s does not accept HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET. Tell whoever"
            " runs the hub, and log in with your password meanwhile.",
            name=get_name(),
        )
    raise Refused(
        "%(name)s did not accept the log-in (%(problem)s), perhaps because it took too long. Try"
        " again.",
        name=get_name(),
        problem=mask_secrets(problem),
    )


def _add_sign_in(form: dict[str, str], metadata: Metadata, config: Config) -> dict[str, Any]:
    """Return the form and how the hub identifies itself: in a header, or in the form.

    In the header both values are encoded as in a form (RFC 6749, section 2.3.1). A provider that
    does not say what it supports takes the header.
    """
    client_id, client_secret = config.oidc_client_id, config.oidc_client_secret
    methods = metadata.values.get("token_endpoint_auth_methods_supported")
    if not isinstance(methods, list):
        methods = ["client_secret_basic"]
    if "client_secret_post" in methods and "client_secret_basic" not in methods:
        return {"data": form | {"client_id": client_id, "client_secret": client_secret}}
    return {"data": form, "auth": (quote_plus(client_id), quote_plus(client_secret))}


def _get_metadata() -> Metadata:
    """Return what the provider publishes, not older than an hour."""
    metadata = _get_cache().metadata
    if metadata is None or abs(current_hub().clock.now() - metadata.read_at) > CACHE_LIFETIME:
        metadata = _load_metadata()
    return metadata


def _load_metadata() -> Metadata:
    """Read what the provider publishes; raise NotNow if that failed now or a moment ago."""
    cache = _get_cache()
    now = current_hub().clock.now()
    failure = cache.failure
    if failure is not None and abs(now - failure.at) < FAILURE_LIFETIME:
        raise NotNow(failure.sentence)
    with _hold_place():
        try:
            cache.metadata = _read_metadata(now)
        except NotNow as error:
            cache.failure = Failure(error.sentence, now)
            raise
    cache.failure = None
    return cache.metadata


def _read_metadata(now: dt.datetime) -> Metadata:
    """Read what the provider publishes; raise NotNow if it is not complete."""
    issuer = current_hub().config.oidc_issuer
    values = _download(f"{issuer.rstrip('/')}{DISCOVERY_PATH}")
    published_issuer = str(values.get("issuer", ""))
    if published_issuer.rstrip("/") != issuer.rstrip("/"):
        raise NotNow(
            "The provider at HUB_OIDC_ISSUER calls itself %(issuer)s. Whoever runs the hub has to"
            " enter that address there; log in with your password meanwhile.",
            issuer=published_issuer[:200] or "–",
        )
    if not all(_is_address(values.get(name), issuer) for name in ENDPOINTS):
        raise NotNow(
            "%(name)s does not publish all addresses that a log-in needs. Tell whoever runs the"
            " hub, and log in with your password meanwhile.",
            name=get_name(),
        )
    return Metadata(values, _download(values["jwks_uri"]), now)


def _is_address(value: Any, issuer: str) -> bool:
    """Return whether a published value is an address, encrypted if that of the issuer is."""
    return isinstance(value, str) and value.startswith(f"{urlsplit(issuer).scheme}://")


def _find_log_out_endpoint(metadata: Metadata) -> str:
    """Return the address for logging out that the provider publishes; "" if there is none."""
    endpoint = metadata.values.get("end_session_endpoint")
    is_usable = _is_address(endpoint, current_hub().config.oidc_issuer)
    return str(endpoint) if is_usable else ""


def _add_parameters(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Return the address of an endpoint, which may have parameters, with further ones."""
    separator = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{separator}{urlencode(parameters)}"


def _get_cache() -> Cache:
    """Return what this process knows of the provider."""
    cache: Cache = current_app.extensions[IN_APP]
    return cache


def _download(url: str) -> dict[str, Any]:
    """Return the JSON object at an address of the provider."""
    try:
        content = _build_client(url).request("GET", url).check().json()
    except HubError as error:
        raise _build_unavailable_error(error) from None
    if not isinstance(content, dict):
        raise _build_unavailable_error(Retry("%(url)s is no JSON object.", url=url))
    return content


@contextmanager
def _hold_place() -> Iterator[None]:
    """Hold one of the few places of requests that wait for the provider; raise NotNow if none."""
    places = _get_cache().places
    if not places.acquire(blocking=False):
        raise NotNow(
            "%(name)s takes long to answer, and others are waiting for it. Try again in a few"
            " seconds, or log in with your password.",
            name=get_name(),
        )
    try:
        yield
    finally:
        places.release()


def _build_unavailable_error(error: HubError) -> NotNow:
    """Return the error for a provider that cannot be asked."""
    return NotNow(
        "Nobody can log in at %(name)s now: %(problem)s Log in with your password, or try again"
        " later.",
        name=get_name(),
        problem=error.sentence,
    )


def _build_client(url: str) -> AppHttp:
    """Return a client that may call the host of one address of the provider only."""
    return named_hosts.build_client(
        get_name(), url, seconds=TIMEOUT_SECONDS, max_bytes=MAX_REPLY_BYTES
    )

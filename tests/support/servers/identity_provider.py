"""An identity provider on loopback: OpenID Connect with one person who is logged in there."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, jsonify, redirect, request
from jwt.algorithms import RSAAlgorithm
from werkzeug.serving import make_server

from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor

CLIENT_ID = "hub at example"
CLIENT_SECRET = "s3cret:+/ with signs"
LIFETIME = 300  # seconds of a token
MAX_SILENCE = 60  # seconds for which a provider that hangs does not answer


def make_key() -> rsa.RSAPrivateKey:
    """Return a key that signs tokens."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """The provider; a test changes what it publishes and what its tokens say.

    A claim that is None is left out. `visits` are the parameters of the requests of browsers.
    """

    clock: FakeClock
    key: rsa.RSAPrivateKey
    url: str = ""
    key_id: str = "k1"
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    token: Any = None  # in place of the signed one
    refusal: str = ""  # the error of the request for a token
    returned: dict[str, str] = field(default_factory=dict)  # in place of what a browser takes back
    visits: list[dict[str, str]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    may_answer: threading.Event = field(default_factory=threading.Event)  # cleared, it hangs

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings of a hub that uses this provider."""
        return {
            "HUB_OIDC_ISSUER": self.url,
            "HUB_OIDC_CLIENT_ID": CLIENT_ID,
            "HUB_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "HUB_OIDC_NAME": "Example ID",
            "HUB_ALLOW_LOOPBACK": "1",
            **more,
        }

    def publish(self) -> dict[str, Any]:
        """Return the document of the discovery."""
        self.reads.append("metadata")
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        } | self.metadata

    def publish_keys(self) -> dict[str, Any]:
        """Return the public keys."""
        self.reads.append("keys")
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self.key_id, "use": "sig"}]}

    def authorize(self, parameters: dict[str, str]) -> str:
        """Log the person in, and return the address to which the browser goes back."""
        self.visits.append(parameters)
        code = secrets.token_urlsafe(16)
        self.codes[code] = parameters
        answer = {"code": code, "state": parameters["state"], "iss": self.url} | self.returned
        return f"{parameters['redirect_uri']}?{urlencode(answer)}"

    def redeem(self, form: dict[str, str], name: str, password: str) -> tuple[dict[str, Any], int]:
        """Return the answer to a request for a token, as RFC 6749 and RFC 7636 describe it."""
        if self.refusal:
            return {"error": self.refusal}, 400
        if (name, password) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "invalid_client"}, 401
        parameters = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_right = (
            parameters is not None
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == parameters["redirect_uri"]
            and parameters["code_challenge_method"] == "S256"
            and challenge == parameters["code_challenge"]
        )
        if not is_right or parameters is None:
            return {"error": "invalid_grant"}, 400
        token = self.token or self.sign(self.build_claims(parameters))
        return {"access_token": "unused", "token_type": "Bearer", "id_token": token}, 200

    def build_claims(self, parameters: dict[str, str]) -> dict[str, Any]:
        """Return the claims of a token about the person."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "exp": now + LIFETIME,
            "iat": now,
            "nonce": parameters["nonce"],
            "preferred_username": "anna@example.com",
        }
        if "max_age" in parameters:
            claims["auth_time"] = now
        return {name: value for name, value in (claims | self.claims).items() if value is not None}

    def sign(self, claims: dict[str, Any], key: Any = None, algorithm: str = "RS256") -> str:
        """Return a token with a signature."""
        return jwt.encode(claims, key or self.key, algorithm, headers={"kid": self.key_id})


def build_site(provider: Provider) -> Flask:
    """Return the provider's site."""
    site = Flask(__name__)
    site.before_request(lambda: provider.may_answer.wait(MAX_SILENCE) and None)

    @site.get("/.well-known/openid-configuration")
    def metadata() -> Response:
        return jsonify(provider.publish())

    @site.get("/keys")
    def keys() -> Response:
        return jsonify(provider.publish_keys())

    @site.get("/authorize")
    def authorize() -> Any:
        return redirect(provider.authorize(request.args.to_dict()))

    @site.post("/token")
    def token() -> tuple[Response, int]:
        form = request.form.to_dict()
        sign_in = request.authorization
        name = unquote_plus(sign_in.username or "") if sign_in else form.get("client_id", "")
        password = unquote_plus(sign_in.password or "") if sign_in else form["client_secret"]
        answer, status = provider.redeem(form, name, password)
        return jsonify(answer), status

    return site


@pytest.fixture(scope="session")
def provider_key() -> rsa.RSAPrivateKey:
    """Return the key of the provider; making one takes long."""
    return make_key()


@pytest.fixture
def provider(clock: FakeClock, provider_key: rsa.RSAPrivateKey) -> Iterator[Provider]:
    """Provide an identity provider that listens on loopback."""
    provider = Provider(clock, provider_key)
    provider.may_answer.set()
    server = make_server("127.0.0.1", 0, build_site(provider))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    provider.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


def visit(visitor: Visitor, path: str) -> str:
    """Open a page that leads to the provider; return the path with which the browser returns."""
    leaving = visitor.get(path)
    assert leaving.status_code == 302, leaving.status
    answer = requests.get(leaving.location, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{urlencode(parse_qsl(parts.query))}"


def go_there_and_back(visitor: Visitor, path: str) -> Any:
    """Open a page that leads to the provider, and return what the hub answers afterwards."""
    return visitor.get(visit(visitor, path))


def link(visitor: Visitor) -> str:
    """Link the account of the person at the provider; return the page after it."""
    answer = go_there_and_back(visitor, "/account/provider/choose")
    assert answer.location == "/account/provider"
    assert "anna@example.com" in visitor.page("/account/provider")
    return visitor.press("/account/provider")

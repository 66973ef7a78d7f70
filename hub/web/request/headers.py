"""The permissions of the browser: security headers, cookies, CSRF, and no foreign host."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect

from hub.config import Config
from hub.context import get_hub
from hub.security import login_sessions
from hub.web.request.client_address import ClientAddress, Proxies

csrf = CSRFProtect()
ASSETS_SECONDS = 3600
# Parts of at most 63 characters, or an IPv6 address; a port may follow.
HOST_LABEL = r"\w[\w-]{0,62}"
HOST_PATTERN = re.compile(
    rf"({HOST_LABEL}(\.{HOST_LABEL}){{0,31}}\.?|\[[0-9A-Fa-f:.]{{2,45}}\])?(:\d{{1,5}})?", re.ASCII
)
# The pages that show a file of the source in a frame.
FRAMING_ENDPOINTS = frozenset({"documents.one", "preview.show"})
FORBIDDEN_FEATURES = ("camera", "geolocation", "microphone", "payment", "usb")


class PublicAddress:
    """Handle every request as one for the public https address, whatever the headers of a proxy.

    These headers may be missing, or written by somebody else.
    """

    def __init__(self, wsgi: WSGIApplication, url: str) -> None:
        """Wrap an application; `url` is the public address."""
        self._wsgi = wsgi
        self._host = urlsplit(url).netloc

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Replace scheme and host of the request by those of the public address."""
        environ["wsgi.url_scheme"] = "https"
        environ["HTTP_HOST"] = self._host
        return self._wsgi(environ, start)


class ValidHost:
    """Refuse a request whose Host header names no host, before anything builds an address of it."""

    def __init__(self, wsgi: WSGIApplication) -> None:
        """Wrap an application."""
        self._wsgi = wsgi

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer with 400 unless the header is a name or an address with or without a port."""
        host = environ.get("HTTP_HOST", "")
        if HOST_PATTERN.fullmatch(host) is None:
            start("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"The Host header names no host.\n"]
        return self._wsgi(environ, start)


def init_app(app: Flask) -> None:
    """Set the headers of every response and refuse forms without our token."""
    config = get_hub(app).config
    is_secure = config.public_url.startswith("https://")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ASSETS_SECONDS
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=is_secure,
        PERMANENT_SESSION_LIFETIME=login_sessions.IDLE_LIMIT,
    )
    app.config["SESSION_COOKIE_NAME"] = "__Host-hub" if is_secure else "hub"
    app.config["SESSION_COOKIE_PATH"] = "/"
    if is_secure:
        app.config["PREFERRED_URL_SCHEME"] = "https"
        address = PublicAddress(app.wsgi_app, config.public_url)
        app.wsgi_app = address  # type: ignore[method-assign, assignment]
    else:
        app.wsgi_app = ValidHost(app.wsgi_app)  # type: ignore[method-assign, assignment]
    client = ClientAddress(app.wsgi_app, Proxies(config.trusted_proxy))
    app.wsgi_app = client  # type: ignore[method-assign, assignment]
    csrf.init_app(app)
    app.after_request(_allow_frames)  # after the policy is set: they run last in, first out
    _add_security_headers(app, config, is_secure=is_secure)
    app.after_request(_forbid_storing)
    app.after_request(_isolate)
    app.after_request(_clear_browser_data)


def build_policy(config: Config) -> dict[str, list[str]]:
    """Return the content security policy: our own host, and QuickBooks as a form's target.

    A stand-in takes the place of QuickBooks only where loopback addresses are allowed.
    """
    authorize = urlsplit(config.qbo_authorize_url)
    stand_ins = ["http://localhost:*", "http://127.0.0.1:*"] if config.allow_loopback else []
    return {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "data:"],
        "form-action": ["'self'", f"{authorize.scheme}://{authorize.netloc}", *stand_ins],
    }


def _add_security_headers(app: Flask, config: Config, *, is_secure: bool) -> None:
    """Add the security headers and the content security policy."""
    Talisman(
        app,
        force_https=False,
        strict_transport_security=is_secure,
        session_cookie_secure=is_secure,
        session_cookie_http_only=True,
        session_cookie_samesite="Lax",
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy=dict.fromkeys(FORBIDDEN_FEATURES, "()"),
        content_security_policy=build_policy(config),
    )


def _allow_frames(response: Response) -> Response:
    """Let the pages that show a file of the source have a frame of our own origin."""
    name = "Content-Security-Policy"
    if request.endpoint in FRAMING_ENDPOINTS and name in response.headers:
        policy = response.headers[name]
        response.headers[name] = policy.replace("frame-src 'none'", "frame-src 'self'")
    return response


def _forbid_storing(response: Response) -> Response:
    """Forbid caches to store pages, which may contain business data."""
    is_asset = (request.endpoint or "").endswith(("static", "htmx"))
    if not is_asset or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def _isolate(response: Response) -> Response:
    """Keep other sites from embedding a response and from holding on to a window of the hub."""
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _clear_browser_data(response: Response) -> Response:
    """Have the browser forget what it stored of the hub when a person logs out.

    Its cookies stay: one of them marks the browser as known, so that a stranger who guesses the
    person's password does not delay the next log-in from it.
    """
    if request.endpoint == "security.logout":
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response

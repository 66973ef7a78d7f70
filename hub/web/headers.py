"""What the browser may do with our pages: security headers, cookies, CSRF, and no foreign host."""

import datetime as dt
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from hub.config import Config

csrf = CSRFProtect()
IDLE = dt.timedelta(minutes=30)
ASSETS_SECONDS = 3600
BODY_LIMIT = 1_000_000  # the largest upload is a file of matches
NEVER = ("camera", "geolocation", "microphone", "payment", "usb")


def init_app(app: Flask) -> None:
    """Sets the headers of every answer and refuses unsafe requests without our token."""
    config: Config = app.extensions["hub"].config
    secure = config.public_url.startswith("https://")
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ASSETS_SECONDS
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=secure, PERMANENT_SESSION_LIFETIME=IDLE
    )
    app.config["SESSION_COOKIE_NAME"] = "__Host-hub" if secure else "hub"
    app.config["SESSION_COOKIE_PATH"] = "/"
    if secure:
        app.config["PREFERRED_URL_SCHEME"] = "https"
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=1)  # type: ignore[method-assign]
    csrf.init_app(app)
    _talisman(app, config, secure)
    app.after_request(_not_stored)


def policy(config: Config) -> dict[str, list[str]]:
    """Everything from here; a form may also go on to QuickBooks, where the consent page stands."""
    authorize = urlsplit(config.qbo_authorize_url)
    return {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "data:"],
        "form-action": ["'self'", f"{authorize.scheme}://{authorize.netloc}"],
    }


def _talisman(app: Flask, config: Config, secure: bool) -> None:
    Talisman(
        app,
        force_https=False,
        strict_transport_security=secure,
        session_cookie_secure=secure,
        session_cookie_http_only=True,
        session_cookie_samesite="Lax",
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy=dict.fromkeys(NEVER, "()"),
        content_security_policy=policy(config),
    )


def _not_stored(response: Response) -> Response:
    if not (request.endpoint or "").endswith(("static", "htmx")):
        response.headers["Cache-Control"] = "no-store"
    return response

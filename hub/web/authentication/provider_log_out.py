"""Log-out at the identity provider, for people who have just logged out of the hub.

The protocol is OpenID Connect RP-Initiated Logout 1.0. The hub keeps no token of the provider and
so sends no `id_token_hint`: it names itself, and the provider asks the person.
"""

import datetime as dt
from typing import Any

from flask import Blueprint, Flask, abort, flash, redirect, url_for
from flask import session as cookie
from flask_login import user_logged_out
from flask_security import current_user
from werkzeug import Response

from hub.context import current_hub
from hub.errors import NotNow
from hub.security import login_sessions
from hub.security.login_sessions import logged_in
from hub.translations.messages import translate
from hub.web.authentication import identity_provider
from hub.web.authentication.access import require_role

LOGGED_IN_KEY = "logged_in_there"  # in the signed cookie: there is a session that can be ended
LOGGED_OUT_KEY = "logged_out_here"  # in the signed cookie: when the person logged out of the hub
OFFER_LIFETIME = dt.timedelta(minutes=10)
pages = Blueprint("provider_log_out", __name__)


def init_app(app: Flask) -> None:
    """Remember in each browser whether its person is logged in at the provider, too."""
    logged_in.connect(_note_log_in, app, weak=False)
    user_logged_out.connect(_note_log_out, app, weak=False)
    app.jinja_env.globals["offers_provider_log_out"] = is_offered


def is_offered() -> bool:
    """Return whether the person of this browser has logged out just now, but of the hub only."""
    age = current_hub().clock.now().timestamp() - cookie.get(LOGGED_OUT_KEY, 0)
    return identity_provider.is_set() and abs(age) < OFFER_LIFETIME.total_seconds()


@pages.get("/logout/provider")
@require_role("anyone")
def log_out() -> Response:
    """Send the browser to the identity provider to log out there."""
    if not identity_provider.is_set():
        abort(404)
    if current_user.is_authenticated:
        return redirect("/")
    address = ""
    if is_offered():
        try:
            address = identity_provider.build_log_out_address(url_for("security.login"))
        except NotNow as error:
            flash(translate(error.sentence), "error")
    cookie.pop(LOGGED_OUT_KEY, None)
    return redirect(address or url_for("security.login"))


def _note_log_in(app: Flask, authn_via: list[str], **extra: Any) -> None:
    """Note whether the person logged in at the provider, and can log out there."""
    cookie.pop(LOGGED_OUT_KEY, None)
    cookie.pop(LOGGED_IN_KEY, None)
    if login_sessions.PROVIDER_ONLY in authn_via and identity_provider.has_log_out():
        cookie[LOGGED_IN_KEY] = True


def _note_log_out(app: Flask, **extra: Any) -> None:
    """Offer the log-out at the provider to whoever logged in there."""
    if cookie.pop(LOGGED_IN_KEY, False):
        cookie[LOGGED_OUT_KEY] = current_hub().clock.now().timestamp()

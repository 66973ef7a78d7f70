"""Remember who logged in last with this browser, so that the form of an expired session is kept.

A signed cookie stores the name for a few days. It outlasts the session and gives no access.
If another person logs in, the pages that are still open in the browser are those of somebody else.
"""

import datetime as dt
from typing import Any

from flask import Flask, after_this_request, g
from flask import session as cookie

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import User
from hub.security.login_sessions import logged_in
from hub.web.request.signed_cookies import SignedCookie

COOKIE_LIFETIME = dt.timedelta(days=3)
COOKIE = SignedCookie("hub-person", "hub.last-person", COOKIE_LIFETIME)


def init_app(app: Flask) -> None:
    """Remember people who log in."""
    logged_in.connect(_remember, app, weak=False)


def name() -> str:
    """Return the name of the person who logged in last; "" after a few days."""
    person_id, since = COOKIE.read() or (0, 0)
    if since < (_get_current_time() - COOKIE_LIFETIME).timestamp():
        return ""
    with read_only_session() as session:
        person = session.get(User, person_id)
    return person.name if person is not None else ""


def _remember(app: Flask, user: User, **extra: Any) -> None:
    """Set the cookie; if it names somebody else, forms of that person's pages are not taken."""
    former_id, _ = COOKIE.read() or (user.id, 0)
    if former_id != user.id:
        token_name = app.config["WTF_CSRF_FIELD_NAME"]
        cookie.pop(token_name, None)
        g.pop(token_name, None)
    value = [user.id, int(_get_current_time().timestamp())]
    after_this_request(lambda response: COOKIE.set(response, value))


def _get_current_time() -> dt.datetime:
    return current_hub().clock.now()

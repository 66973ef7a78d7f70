"""The person who logged in last with this browser, so that a form that comes too late has an owner.

A signed cookie tells it for a few days; it outlasts the session, and it logs nobody in.
"""

import datetime as dt
from typing import Any

from flask import Flask, Response, after_this_request, request
from itsdangerous import BadSignature, URLSafeSerializer

from hub.context import current
from hub.db.engine import reading
from hub.models import User
from hub.security.login_sessions import logged_in

REMEMBERED_FOR = dt.timedelta(days=3)


def init_app(app: Flask) -> None:
    """Remember people who log in."""
    logged_in.connect(_remember, app, weak=False)


def name() -> str:
    """Return the name of the person who logged in last; "" after a few days."""
    text = request.cookies.get(_cookie_name(), "")
    try:
        person_id, since = _serializer().loads(text) if text else (0, 0)
    except BadSignature:
        return ""
    if since < (_now() - REMEMBERED_FOR).timestamp():
        return ""
    with reading() as session:
        person = session.get(User, person_id)
    return str(person.username or person.email) if person is not None else ""


def _remember(app: Flask, user: User, **ignored: Any) -> None:
    """Set the cookie."""
    value = _serializer().dumps([user.id, int(_now().timestamp())])

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            value,
            max_age=REMEMBERED_FOR,
            secure=_is_secure(),
            httponly=True,
            samesite="Lax",
        )
        return response


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current().config.secret_key, salt="hub.last-person")


def _cookie_name() -> str:
    return "__Host-hub-person" if _is_secure() else "hub-person"


def _is_secure() -> bool:
    return current().config.public_url.startswith("https://")


def _now() -> dt.datetime:
    return current().clock.now()

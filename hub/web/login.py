"""Log-in by name and password with Flask-Security, and its rate limit."""

import datetime as dt
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import LoginForm, Security, SQLAlchemySessionUserDatastore
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from wtforms import StringField
from wtforms.validators import DataRequired

from hub.db.engine import db, reading_engine
from hub.models import Role, User
from hub.web.access import CHANGE_PASSWORD

SETTINGS = {
    "SECURITY_PASSWORD_SINGLE_HASH": True,
    "SECURITY_PASSWORD_LENGTH_MIN": 12,
    "SECURITY_CHANGEABLE": True,
    "SECURITY_FRESHNESS": dt.timedelta(minutes=-1),
    "SECURITY_CHANGE_URL": "/password",
    "SECURITY_CHANGE_PASSWORD_TEMPLATE": "password.html",
    "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
    "SECURITY_LOGIN_USER_TEMPLATE": "login.html",
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": (
        "Name or password is not right. Check both and try again.",
        "error",
    ),
    "SECURITY_MSG_UNAUTHENTICATED": ("Log in to go on.", "info"),
    "SECURITY_MSG_LOGIN": ("Log in to go on.", "info"),
    "SECURITY_LOGOUT_METHODS": ["POST"],
    "SECURITY_POST_LOGOUT_VIEW": "/login",
}


class NameForm(LoginForm):
    """Log-in by name or e-mail address."""

    email = StringField("Name or e-mail", validators=[DataRequired("Type your name.")])

    def validate(self, **kwargs: Any) -> bool:
        """Look up the person first, so that both fields fail with the same sentence.

        Upper and lower case do not matter.
        """
        name = (self.email.data or "").strip()
        datastore = current_app.extensions["security"].datastore
        find = datastore.find_user
        self.ifield = self.email
        self.user = find(case_insensitive=True, username=name)
        if self.user is None:
            self.user = find(case_insensitive=True, email=name)
        return bool(super().validate(**kwargs))


class _PeopleSession(Session):
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
        """Return the engine for reading, except where a new password is stored."""
        # Any other page would wait for the transactions of the engine that writes.
        if request and request.method == "POST" and request.endpoint == CHANGE_PASSWORD:
            return db.engine
        return reading_engine()


def init_app(app: Flask) -> None:
    """Set up log-in and its rate limit."""
    session_factory = sessionmaker(class_=_PeopleSession)
    people = scoped_session(session_factory, scopefunc=lambda: id(_context()))
    for name, setting in SETTINGS.items():
        app.config.setdefault(name, setting)
    datastore = SQLAlchemySessionUserDatastore(people, User, Role)
    Security(app, datastore, login_form=NameForm)
    app.teardown_appcontext(lambda error: people.remove())
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=False)
    login = app.view_functions["security.login"]
    throttled: Any = limiter.limit(
        "10/minute",
        methods=["POST"],
        key_func=_who_tries,
        deduct_when=lambda answer: answer.status_code != 302,
    )(login)
    app.view_functions["security.login"] = throttled


def _context() -> object:
    from flask.globals import app_ctx

    return app_ctx._get_current_object()  # type: ignore[attr-defined]


def _who_tries() -> str:
    """Return the key of the log-in limit: the client's address and the e-mail address."""
    name = request.form.get("email", "").strip().lower()
    return f"{get_remote_address()} {name}"

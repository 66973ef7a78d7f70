"""Log-in, the four roles, and the guard that refuses every route without a declared role."""

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, redirect, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import (
    LoginForm,
    Security,
    SQLAlchemySessionUserDatastore,
    current_user,
    logout_user,
    user_authenticated,
)
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from wtforms import StringField
from wtforms.validators import DataRequired

from hub.context import current
from hub.db.engine import db, reading_engine
from hub.models import Installation, Role, User
from hub.web import form_drafts

ROLES = ("viewer", "operator", "app-owner", "owner")  # each may do what those before it may
PUBLIC = frozenset(
    {
        "static",
        "bootstrap.static",
        "frame.static",
        "security.static",
        "frame.htmx",
        "frame.favicon",
        "security.login",
    }
)
CHANGE_PASSWORD = "security.change_password"  # noqa: S105  (an endpoint, no secret)
SIGNED_IN = frozenset({"security.logout", CHANGE_PASSWORD})
LONGEST = dt.timedelta(hours=12)
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
View = TypeVar("View", bound=Callable[..., Any])


def needs(role: str) -> Callable[[View], View]:
    """Return a decorator that sets the least role of a view; "anyone" opens it to all."""

    def mark(view: View) -> View:
        cast(Any, view).needs = role
        return view

    return mark


def required(app: Flask, endpoint: str) -> str | None:
    """Return the least role of an endpoint, "anyone", or None if none is set."""
    if endpoint in PUBLIC:
        return "anyone"
    return (
        "viewer" if endpoint in SIGNED_IN else getattr(app.view_functions[endpoint], "needs", None)
    )


def role_of(person: User) -> str:
    """Return the highest role of a person, "" for none."""
    names = {role.name for role in person.roles}
    for name in reversed(ROLES):
        if name in names:
            return name
    return ""


def role() -> str:
    """Return the highest role of the person who is logged in, "" for nobody."""
    return role_of(current_user) if current_user.is_authenticated else ""


def who() -> str:
    """Return the name of the person who is logged in, as the audit log has it."""
    if not current_user.is_authenticated:
        return ""
    return str(current_user.username or current_user.email)


def may(least: str) -> bool:
    """Tell whether the person who is logged in has at least this role."""
    present = role()
    if not present:
        return False
    return ROLES.index(present) >= ROLES.index(least)


def may_configure(installation: Installation | None, owner_only: bool) -> bool:
    """Tell whether the person may change these settings.

    An app owner may change their own; an owner all that are not personal.
    """
    if installation is None or installation.owner in ("", who()):
        return may("app-owner")
    return may("owner") and not owner_only


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
    """Set up log-in, its rate limit and the permission check."""
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
    user_authenticated.connect(_remember_start, app, weak=False)
    app.before_request(_guard)


def _context() -> object:
    from flask.globals import app_ctx

    return app_ctx._get_current_object()  # type: ignore[attr-defined]


def _who_tries() -> str:
    """Return the key of the log-in limit: the client's address and the e-mail address."""
    name = request.form.get("email", "").strip().lower()
    return f"{get_remote_address()} {name}"


def _remember_start(app: Flask, **ignored: Any) -> None:
    """Store when the session began, so that it can end after its longest duration."""
    session.permanent = True
    session["since"] = current().clock.now().timestamp()


def _guard() -> Any:
    if request.endpoint is None:
        return None
    least = required(current_app, request.endpoint)
    if least == "anyone":
        return None
    if least is None:
        abort(403)
    if not current_user.is_authenticated or _over():
        return _to_login()
    return None if may(least) else abort(403)


def _over() -> bool:
    since = dt.datetime.fromtimestamp(session.get("since", 0), dt.UTC)
    if current().clock.now() - since < LONGEST:
        return False
    logout_user()
    return True


def address_of_draft() -> str:
    """Store the form of a request that cannot be carried out now.

    Return the address that shows it again, "" for other requests.
    """
    keeps: Callable[..., set[str]] | None = getattr(
        current_app.view_functions.get(request.endpoint or ""), "secrets_of_form", None
    )
    if request.method != "POST" or keeps is None:
        return ""
    token = form_drafts.save_posted(keeps(**(request.view_args or {})))
    return f"{request.path}?{urlencode({'draft': token})}" if token else ""


def keeps_form(secrets_of_form: Callable[..., set[str]]) -> Callable[[View], View]:
    """Mark a view whose form is shown again after an expired session.

    The function names its secret fields.
    """

    def mark(view: View) -> View:
        cast(Any, view).secrets_of_form = secrets_of_form
        return view

    return mark


def _to_login() -> Response:
    """Redirect to the log-in page and come back afterwards.

    htmx gets its own header, because it would put the log-in page into the part that it renews.
    """
    next_page = request.full_path.rstrip("?")
    if request.method != "GET":
        next_page = address_of_draft() or "/"
    answer = redirect(url_for("security.login", next=next_page))
    if request.headers.get("HX-Request"):
        answer = Response("", headers={"HX-Redirect": answer.location})
    return cast(Response, answer)

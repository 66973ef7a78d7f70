"""Log-in by name and password with Flask-Security."""

import datetime as dt
from typing import Any, cast

from flask import Flask
from flask_security import (
    ChangePasswordForm,
    LoginForm,
    Security,
    SQLAlchemySessionUserDatastore,
    current_user,
    password_changed,
)
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from wtforms import StringField
from wtforms.validators import DataRequired

from hub.db.engine import db, read_only_engine, transaction
from hub.models import Role, User
from hub.security import password_resets, passwords, people, refusals
from hub.security.login_sessions import logged_in
from hub.security.password_hashing import ARGON2_PARAMETERS, BoundedHashing
from hub.translations.messages import gettext_noop
from hub.web.authentication import sessions, single_sign_on, throttling
from hub.web.authentication.passwords import HubPasswords

SECURITY_SETTINGS = {
    "SECURITY_PASSWORD_SINGLE_HASH": True,
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": ARGON2_PARAMETERS,
    "SECURITY_PASSWORD_LENGTH_MIN": passwords.MIN_LENGTH,
    "SECURITY_CHANGEABLE": True,
    "SECURITY_FRESHNESS": dt.timedelta(minutes=-1),
    "SECURITY_CHANGE_URL": "/password",
    "SECURITY_CHANGE_PASSWORD_TEMPLATE": "password.html",
    "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
    "SECURITY_LOGIN_USER_TEMPLATE": "login.html",
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": (
        gettext_noop("Name or password is not right. Check both and try again."),
        "error",
    ),
    "SECURITY_MSG_INVALID_PASSWORD": (
        gettext_noop("The password is not right. Try again."),
        "error",
    ),
    "SECURITY_MSG_PASSWORD_NOT_PROVIDED": (gettext_noop("Enter a password."), "error"),
    "SECURITY_MSG_PASSWORD_IS_THE_SAME": (
        gettext_noop("The new password must be different from the current one."),
        "error",
    ),
    "SECURITY_MSG_RETYPE_PASSWORD_MISMATCH": (gettext_noop("The two passwords differ."), "error"),
    "SECURITY_MSG_PASSWORD_CHANGE": (gettext_noop("Your password is changed."), "success"),
    "SECURITY_MSG_UNAUTHENTICATED": (gettext_noop("Log in to go on."), "info"),
    "SECURITY_MSG_LOGIN": (gettext_noop("Log in to go on."), "info"),
    "SECURITY_LOGOUT_METHODS": ["POST"],
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_POST_LOGOUT_VIEW": "/login",
}


class NameForm(LoginForm):
    """Log-in by name or e-mail address."""

    email = StringField(
        "Name or e-mail", validators=[DataRequired(gettext_noop("Type your name."))]
    )
    remember = None  # no cookie outlasts the session, whatever a request asks for

    def validate_next(self, field: Any) -> None:
        """Accept any address to go on to: the redirect leads to no foreign one.

        Refused here, a right password would count as a wrong guess, at each try.
        """

    def validate(self, **kwargs: Any) -> bool:
        """Look up the person first, so that both fields fail with the same sentence.

        The spelling of the name does not matter.
        """
        self.ifield = self.email
        name = self.email.data or ""
        self.user = people.find(sessions.datastore().db.session, name)
        if not (name and self.password.data):
            return bool(super().validate(**kwargs))

        subject = throttling.name_subject(self.user, name)
        with throttling.begin_guess("password", subject) as guess:
            is_right = bool(super().validate(**kwargs))
            if is_right:
                guess.succeed()
        if is_right and self.user is not None and single_sign_on.is_only_way(self.user):
            self.user.track_failed_authn("password")
            self.form_errors.append(single_sign_on.explain_only_way())
            return False
        return is_right


class PasswordForm(ChangePasswordForm):
    """Change of the password, which needs the current one."""

    def validate(self, **kwargs: Any) -> bool:
        """Count the current password as a guess, so that a stolen session cannot find it out."""
        subject = throttling.name_subject(current_user, "")
        with throttling.begin_guess("password", subject) as guess:
            is_valid = bool(super().validate(**kwargs))
            if is_valid:
                guess.succeed()
            elif self.password.errors:
                name = current_user.name
                refusals.note("current password refused", name, name)
            else:
                guess.withdraw()
        return is_valid


class _PeopleSession(Session):
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
        """Return the engine for reading, except while changes of a person are stored."""
        # Any page asks who is logged in; it must not wait for the transactions of the other engine.
        is_storing: bool = self._flushing
        return db.engine if is_storing else read_only_engine()


def init_app(app: Flask) -> None:
    """Set up log-in."""
    session_factory = sessionmaker(class_=_PeopleSession, autoflush=False)
    people_session = scoped_session(session_factory, scopefunc=lambda: id(_build_context()))
    for name, setting in SECURITY_SETTINGS.items():
        app.config.setdefault(name, setting)
    datastore = SQLAlchemySessionUserDatastore(people_session, User, Role)
    security = Security(
        app,
        datastore,
        login_form=NameForm,
        change_password_form=PasswordForm,
        password_util_cls=HubPasswords,
    )
    security.pwd_context = cast(Any, BoundedHashing(security.pwd_context))
    security.want_json(lambda _: False)  # its JSON answers would carry tokens
    sessions.init_app(app)
    logged_in.connect(_record_log_in, app, weak=False)
    password_changed.connect(_accept_own_password, app, weak=False)
    password_changed.connect(_withdraw_code, app, weak=False)
    app.teardown_appcontext(lambda error: _end_session(people_session))


def _end_session(people_session: scoped_session[_PeopleSession]) -> None:
    """End the session of a request, even if its connection was lost since it was last used.

    The response is complete by then; an error would replace it by an error page.
    """
    try:
        people_session.remove()
    except DBAPIError:
        people_session.registry.clear()  # otherwise a later request might get the same session


def _record_log_in(app: Flask, user: User, **extra: Any) -> None:
    """Store when a person logged in last."""
    with transaction() as session:
        people.record_log_in(session, user.id)


def _accept_own_password(app: Flask, user: User, **extra: Any) -> None:
    """Let a person continue who has replaced the password that somebody else chose."""
    user.must_change_password = False


def _withdraw_code(app: Flask, user: User, **extra: Any) -> None:
    """Make the code void with which the person could have set another password."""
    with transaction() as session:
        password_resets.withdraw_codes(session, user.id)


def _build_context() -> object:
    from flask.globals import app_ctx

    return app_ctx._get_current_object()  # type: ignore[attr-defined]

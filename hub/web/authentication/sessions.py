"""Bind each request to its session on the server: a log-in begins it, a log-out ends it."""

from typing import Any, cast

from flask import Flask, Response, current_app, request
from flask import session as cookie
from flask_login import user_logged_out
from flask_security import password_changed, user_authenticated

from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable
from hub.models import LoginSession, User
from hub.security import login_sessions, second_factor
from hub.security.login_sessions import EndReason, logged_in
from hub.web.authentication import throttling
from hub.web.request import form_drafts

USED_CHALLENGE = "used_challenge"  # key in the cookie for one request: the challenge of a passkey
COOKIE_KEY = "sid"  # key of the random id in the signed cookie
MACHINE_BLUEPRINT = "monitoring"  # the blueprint of the addresses that only machines call
# What every page loads, also one that says that the database is away.
ASSET_ENDPOINTS = frozenset(
    {
        "static",
        "bootstrap.static",
        "frame.static",
        "security.static",
        "frame.htmx",
        "frame.favicon",
    }
)
IN_REQUEST = "hub.login_session"  # where the WSGI environment holds what was read


def init_app(app: Flask) -> None:
    """Let only a live session on the server log somebody in, whatever else a request carries."""
    manager = app.extensions["security"].login_manager
    load_person = manager._user_callback

    def load(uniquifier: str) -> User | None:
        """Return the person of the live session; None if it needs its second factor.

        The addresses for machines and assets have no person, so that they answer without the
        database.
        """
        if request.blueprint == MACHINE_BLUEPRINT or request.endpoint in ASSET_ENDPOINTS:
            return None
        row = load_current_row()
        if row is None or row.needs_factor:
            return None
        person: User | None = load_person(uniquifier)
        return person if person is not None and person.id == row.user_id else None

    manager.user_loader(load)
    manager.request_loader(lambda _: None)  # no token of an address or a header logs in
    user_authenticated.connect(_begin, app, weak=False)
    user_logged_out.connect(_log_out, app, weak=False)
    password_changed.connect(_end_other_sessions, app, weak=False)
    app.after_request(_note_request)


def load_current_row() -> LoginSession | None:
    """Return the live session that the cookie of this request names, read once."""
    if IN_REQUEST not in request.environ:
        token = cookie.get(COOKIE_KEY, "")
        row = None
        if token:
            with read_only_session() as session:
                row = login_sessions.find(session, token)
        request.environ[IN_REQUEST] = row
    return cast(LoginSession | None, request.environ[IN_REQUEST])


def forget_row() -> None:
    """Read the session again when it is needed next."""
    request.environ.pop(IN_REQUEST, None)


def begin(person: User, factors: str, **options: Any) -> None:
    """Begin a session of a person in this browser; the one that it had here ends."""
    former = load_current_row()
    with transaction() as session:
        if former is not None:
            login_sessions.end(session, former.id, EndReason.NEW_LOG_IN)
        token = login_sessions.begin(
            session,
            person.id,
            address=throttling.get_client(),
            browser=request.user_agent.string,
            factors=factors,
            **options,
        )
    set_cookie(token)


def set_cookie(token: str) -> None:
    """Let the cookie carry the id of a session."""
    cookie.permanent = True
    cookie[COOKIE_KEY] = token
    cookie.pop("_remember", None)  # Flask-Login would set a cookie that outlasts the session
    forget_row()


def complete(row: LoginSession, factor: str) -> None:
    """Complete the log-in of a session whose second factor was right."""
    with transaction() as session:
        token = login_sessions.complete(session, row.id, factor)
    set_cookie(token)
    person = datastore().find_user(id=row.user_id)
    app: Any = current_app
    factors = [*row.factors.split("+"), factor]
    logged_in.send(app._get_current_object(), user=person, authn_via=factors)


def datastore() -> Any:
    """Return Flask-Security's store of people."""
    return current_app.extensions["security"].datastore


def _begin(app: Flask, user: User, authn_via: list[str] | None = None, **extra: Any) -> None:
    """Begin a session after the password was right; a second factor completes it.

    None is needed if a passkey verified the person, or if a changed password continues the log-in.
    The session of somebody who logged in at the identity provider has begun before.
    """
    former = load_current_row()
    if authn_via == ["change"] and former is not None:
        begin(user, former.factors)
        return
    if authn_via == [login_sessions.PROVIDER_ONLY] and former is not None:
        if former.needs_factor:
            return
        authn_via = former.factors.split("+")
    elif authn_via == ["passkey"]:
        begin(user, "passkey", used_challenge=cookie.pop(USED_CHALLENGE, None))
    else:
        with read_only_session() as session:
            needs_factor = second_factor.has_any(session, user.id)
        begin(user, login_sessions.PASSWORD_ONLY, needs_factor=needs_factor)
        if needs_factor:
            return
    logged_in.send(app, user=user, authn_via=authn_via or [])


def _log_out(app: Flask, **extra: Any) -> None:
    """End the session on the server."""
    row = load_current_row()
    if row is not None:
        with transaction() as session:
            login_sessions.end(session, row.id, EndReason.LOGGED_OUT)
    cookie.pop(COOKIE_KEY, None)
    cookie.pop(form_drafts.BROWSER_KEY, None)
    forget_row()


def _end_other_sessions(app: Flask, user: User, **extra: Any) -> None:
    """End the other sessions of a person whose password changed."""
    row = load_current_row()
    own = row.id if row is not None and row.user_id == user.id else None
    with transaction() as session:
        login_sessions.end_all(session, user.id, EndReason.PASSWORD_CHANGED, keep=own)


def _note_request(response: Response) -> Response:
    """Note that the session is in use, so that it does not count as idle."""
    row: LoginSession | None = request.environ.get(IN_REQUEST)
    if row is None or row.needs_factor or not login_sessions.is_note_due(row):
        return response
    try:
        with transaction() as session:
            login_sessions.note_request(session, row.id)
    except DatabaseUnavailable:
        pass  # the page itself could be read; the next request notes it
    return response

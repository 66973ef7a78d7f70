"""Entries of the audit log about requests: log-ins and log-outs, and what was refused.

They are written when the request is over. A log-in that cannot be recorded fails: the browser then
gets an error and no session. Neither does it get a file whose download cannot be recorded.
"""

import logging
from typing import Any

from flask import Flask, Response, g, request
from flask import session as cookie
from flask_login import user_logged_out
from flask_security import password_changed, user_failed_authn

from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable
from hub.models import User
from hub.security import audit, refusals
from hub.security.login_sessions import logged_in
from hub.web.audit_log import audit_exports
from hub.web.authentication import throttling
from hub.web.authentication.access import person_name
from hub.web.serving import failures

log = logging.getLogger(__name__)
LOGIN_ENDPOINT = "security.login"


def init_app(app: Flask) -> None:
    """Record the acts of people around their log-in, and refused requests."""
    app.extensions[audit.CLIENT_ADDRESS] = throttling.get_client
    logged_in.connect(_note_login, app, weak=False)
    user_logged_out.connect(_note_logout, app, weak=False)
    user_failed_authn.connect(_note_failed_login, app, weak=False)
    password_changed.connect(_note_password, app, weak=False)
    app.after_request(_record)


def _note_login(app: Flask, user: User, authn_via: list[str] | None = None, **_: Any) -> None:
    _note("logged in", user, via=list(authn_via or []))


def _note_logout(app: Flask, user: User, **_: Any) -> None:
    _note("logged out", user)


def _note_failed_login(app: Flask, user: User, auth_type: str = "", **_: Any) -> None:
    g.failed_login = (user.name, auth_type)


def _note_password(app: Flask, user: User, **_: Any) -> None:
    _note("password changed", user)


def _note(what: str, user: User, **detail: Any) -> None:
    """Remember an act; the name is read now, because the session of people ends earlier."""
    name = user.name
    if "acts" not in g:
        g.acts = []
    g.acts.append((what, name, detail))


def _record(response: Response) -> Response:
    """Record what happened in a request."""
    acts = g.pop("acts", [])
    try:
        _record_acts(acts)
    except DatabaseUnavailable as error:
        log.error("%s", error)
        return _refuse_unrecorded()
    if "attachment" in response.headers.get("Content-Disposition", ""):
        response = _record_export(response)
    _record_refusal(response)
    refusals.record_counted()
    return response


def _record_export(response: Response) -> Response:
    """Record what a person downloads; return an error page in its place if that fails."""
    try:
        with read_only_session() as session:
            subject, details = audit_exports.build_entry(session, request)
        who = _get_caller()
        audit.record_alone(who, audit_exports.EXPORT_ACTION, subject, **details)
    except DatabaseUnavailable as error:
        log.error("%s", error)
        response.close()
        return _build_unavailable_page()
    return response


def _record_acts(acts: list[tuple[str, str, dict[str, Any]]]) -> None:
    if not acts:
        return
    with transaction() as audit_session:
        for what, name, detail in acts:
            audit.record(audit_session, name, what, name, **detail)


def _refuse_unrecorded() -> Response:
    """Return the error page, and end the session that began with this request."""
    cookie.clear()
    g.pop("_login_user", None)
    return _build_unavailable_page()


def _build_unavailable_page() -> Response:
    """Return the error page of a database that cannot be used."""
    return failures.build_error_page(503, *failures.DATABASE_UNAVAILABLE, database_away=True)


def _record_refusal(response: Response) -> None:
    """Record a failed log-in, a request beyond the rights, a forged form, or a bad signature.

    A row of another company or app gets the same answer as one that does not exist, but is
    recorded.
    """
    failure = g.pop("failed_login", None)
    is_beyond_rights = g.pop("is_beyond_rights", False)
    is_forged_form = g.pop("is_forged_form", False)
    if failure:
        name, method = failure
        refusals.note("log-in failed", name, name, by=method)
    elif _is_failed_form(response):
        # What was typed is not recorded: it may be a password in the wrong field.
        refusals.note("log-in failed", refusals.NOBODY, refusals.UNKNOWN_NAME)
    elif response.status_code == 429:
        refusals.note("request throttled", _get_caller(), _describe_request())
    elif is_forged_form:
        refusals.note("form refused", person_name(), _describe_request())
    elif response.status_code == 403 or is_beyond_rights:
        refusals.note("request refused", _get_caller(), _describe_request())
    elif response.status_code == 401 and request.blueprint == "webhooks":
        refusals.note("webhook refused", refusals.NOBODY, _describe_request())


def _get_caller() -> str:
    """Return the name of the person who made the request; "nobody" without a log-in."""
    return person_name() or refusals.NOBODY


def _is_failed_form(response: Response) -> bool:
    """Return whether the log-in page was sent and is shown again."""
    if request.endpoint != LOGIN_ENDPOINT or request.method != "POST":
        return False
    return response.status_code in (200, 400, 401)


def _describe_request() -> str:
    """Return method and path of the request, without its query."""
    return f"{request.method} {request.path}"

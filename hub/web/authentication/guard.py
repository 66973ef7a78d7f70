"""The guard of every route: it checks the log-in and the least role of each request."""

from typing import Any

from flask import Flask, Response, abort, current_app, g, request, url_for
from flask_security import current_user

from hub.db.engine import read_only_session
from hub.security import subjects
from hub.security.rights import WHOLE_HUB
from hub.security.subjects import ANYWHERE, OWN
from hub.web.authentication import expired_forms, refused_rights, sessions
from hub.web.authentication.access import (
    CHANGE_PASSWORD,
    LOGGED_IN_ENDPOINTS,
    find_required_role,
    load_rights,
    may,
    may_anywhere,
    subject_of_endpoint,
)
from hub.web.request import destinations

SECOND_FACTOR = "factor.show"


def init_app(app: Flask) -> None:
    """Check the permission of every request."""
    app.before_request(_guard)


def _guard() -> Any:
    """Redirect to an earlier step, or check the role for the subject of the address.

    A route that declares no role answers 403.
    """
    endpoint, rule = request.endpoint, request.url_rule
    if endpoint is None or rule is None:
        return None
    least = find_required_role(current_app, endpoint)
    if least == "anyone":
        return None
    of = subject_of_endpoint(current_app, endpoint)
    if least is None or not subjects.is_subject_known(of, rule.arguments):
        abort(403)
    earlier_step = _redirect_to_earlier_step(endpoint)
    if earlier_step is None:
        _check(least, of)
    return earlier_step


def _redirect_to_earlier_step(endpoint: str) -> Response | None:
    """Redirect to the log-in, or to the change of a password that somebody else chose."""
    if not current_user.is_authenticated:
        return _redirect_to_login()
    if current_user.must_change_password and endpoint not in LOGGED_IN_ENDPOINTS:
        return destinations.send_to(url_for(CHANGE_PASSWORD))
    return None


def _check(least: str, of: str) -> None:
    """Answer 403 for a role that is too low, and 404 for what the person may not know of."""
    g.targets = None
    if of == OWN:
        return
    if of or not request.view_args:
        is_allowed = may_anywhere(least) if of == ANYWHERE else may(least)
        if not is_allowed:
            refused_rights.note_missing_role(least, None if of == ANYWHERE else WHOLE_HUB)
            abort(403)
    else:
        _check_targets(least, request.view_args)


def _check_targets(least: str, arguments: subjects.Arguments) -> None:
    """Check the role for everything that the ids in the address belong to."""
    with read_only_session() as session:
        targets = subjects.resolve(session, arguments)
    if targets is None:
        abort(404)
    for target in targets:
        if not target.is_visible_to(load_rights()):
            g.is_beyond_rights = True  # the audit log names it; the answer is that of no such row
            abort(404)
    g.targets = targets
    for target in targets:
        if not target.allows(load_rights(), least):
            refused_rights.note_missing_role(least, target.subject)
            abort(403)


def _redirect_to_login() -> Response:
    """Redirect to the log-in page and come back afterwards.

    From a part that htmx renews one comes back to its page.
    """
    note = expired_forms.explain_ended_session()
    if note is not None:
        return note
    next_page = destinations.current_address()
    if request.method != "GET":
        next_page = expired_forms.store_draft() or expired_forms.store_unsent_form()
    elif request.headers.get("HX-Request"):
        next_page = destinations.page_before() or url_for("home.show")
    row = sessions.load_current_row()
    page = "security.login" if row is None else SECOND_FACTOR
    return destinations.send_to(url_for(page, next=next_page))

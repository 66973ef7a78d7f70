"""The sessions, API tokens and second factors of another person, for owners."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug import Response

from hub.db.engine import read_only_session, transaction
from hub.models import LoginSession, User
from hub.security import api_tokens, audit, login_sessions, provider_accounts, second_factor
from hub.security.login_sessions import EndReason
from hub.translations.messages import gettext
from hub.web.accounts import api_tokens as own_tokens
from hub.web.accounts.browsers import describe_browser
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.frame.lookup import get_row_or_404
from hub.web.request import row_ids

pages = Blueprint("person_sessions", __name__, url_prefix="/people/<int:person_id>/sessions")


@pages.get("/")
@require_role("owner")
def show(person_id: int) -> str:
    """List the sessions and API tokens of a person, and the other ways in which they log in."""
    with read_only_session() as session:
        person = get_row_or_404(session, User, person_id)
        return render_template(
            "person_sessions.html",
            person=person,
            sessions=login_sessions.list_live(session, person_id),
            tokens=api_tokens.list_valid(session, person_id),
            scope_names=own_tokens.SCOPE_NAMES,
            has_authenticator=second_factor.has_authenticator(session, person_id),
            passkeys=second_factor.count_passkeys(session, person_id),
            codes_left=second_factor.count_recovery_codes(session, person_id),
            provider_account=provider_accounts.get_account(session, person_id),
            describe_browser=describe_browser,
        )


@pages.post("/end")
@require_role("owner")
def end(person_id: int) -> Response:
    """End one session of a person."""
    session_id = row_ids.parse(request.form.get("session_id", "")) or 0
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        row = session.get(LoginSession, session_id)
        if row is None or row.user_id != person_id:
            abort(404)
        login_sessions.end(session, session_id, EndReason.ENDED_BY_OWNER)
        audit.record(session, person_name(), "session ended", person.name, browser=row.browser)
    flash(gettext("The session is ended."), "success")
    return redirect(url_for("person_sessions.show", person_id=person_id))


@pages.post("/end-all")
@require_role("owner")
def end_all(person_id: int) -> Response:
    """End all sessions of a person."""
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        count = login_sessions.end_all(session, person_id, EndReason.ENDED_BY_OWNER)
        audit.record(session, person_name(), "sessions ended", person.name, count=count)
    flash(gettext("%(name)s has to log in again.", name=person.name), "success")
    return redirect(url_for("person_sessions.show", person_id=person_id))


@pages.post("/revoke-token")
@require_role("owner")
def revoke_token(person_id: int) -> Response:
    """Revoke an API token of a person."""
    own_tokens.revoke_token(person_id)
    return redirect(url_for("person_sessions.show", person_id=person_id))


@pages.post("/revoke-tokens")
@require_role("owner")
def revoke_tokens(person_id: int) -> Response:
    """Revoke all API tokens of a person."""
    own_tokens.revoke_tokens(person_id)
    return redirect(url_for("person_sessions.show", person_id=person_id))


@pages.post("/reset-factor")
@require_role("owner")
@require_recent_login
def reset_factor(person_id: int) -> Response:
    """Remove the second factors of a person who lost them, and end their sessions."""
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        second_factor.reset_lost(session, person, person_name())
    flash(
        gettext(
            "The second factors of %(name)s are removed, and a new one can be set up.",
            name=person.name,
        ),
        "success",
    )
    return redirect(url_for("person_sessions.show", person_id=person_id))

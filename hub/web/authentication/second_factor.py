"""The second step of a log-in, and the log-in with a passkey alone."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_security import current_user, login_user
from sqlalchemy.exc import IntegrityError
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import LoginSession, User
from hub.security import audit, login_sessions, refusals, second_factor
from hub.translations.messages import gettext
from hub.web.authentication import passkeys, sessions, single_sign_on, throttling
from hub.web.authentication.access import require_role
from hub.web.request.destinations import local_path

CHALLENGE_KEY = "passkey_challenge"  # in the signed cookie: nobody is logged in yet
CHALLENGE_SECONDS = 300
pages = Blueprint("factor", __name__, url_prefix="/login")


@pages.get("/second-factor")
@require_role("anyone")
def show() -> str | Response:
    """Ask for the second factor after the password."""
    row = sessions.load_current_row()
    if row is None or not row.needs_factor:
        return redirect(_get_destination())
    return _render_page(row, "")


@pages.post("/second-factor")
@require_role("anyone")
def check() -> str | Response:
    """Complete the log-in with a code or a passkey."""
    row = sessions.load_current_row()
    if row is None or not row.needs_factor:
        flash(gettext("This took too long. Log in again."), "look")
        return redirect(url_for("security.login", next=_get_destination()))
    with throttling.begin_guess("second-factor code", f"user {row.user_id}") as guess:
        factor = _find_accepted_factor(row)
        if factor:
            guess.succeed()
    if not factor:
        with transaction() as session:
            is_over = login_sessions.note_failure(session, row.id)
            name = session.get_one(User, row.user_id).name
        refusals.note("second factor refused", name, name)
        sessions.forget_row()
        if is_over:
            flash(gettext("Too many wrong codes. Log in again."), "error")
            return redirect(url_for("security.login"))
        return _render_page(row, gettext("The code is wrong or was used already. Enter a new one."))
    sessions.complete(row, factor)
    return redirect(_get_destination())


@pages.post("/second-factor/passkey")
@require_role("anyone")
def options() -> dict[str, Any]:
    """Return the challenge for a passkey of the person, used as second factor."""
    row = sessions.load_current_row()
    if row is None or not row.needs_factor:
        abort(403)
    with transaction() as session:
        own = passkeys.list_passkeys(session, row.user_id)
        challenge = passkeys.build_challenge_to_use(own, verify_person=False)
        login_sessions.set_challenge(session, row.id, challenge.text)
    return challenge.options


@pages.post("/passkey/options")
@require_role("anyone")
def options_of_anyone() -> dict[str, Any]:
    """Return the challenge for a passkey that logs in without a name and password."""
    challenge = passkeys.build_challenge_to_use(None, verify_person=True)
    cookie[CHALLENGE_KEY] = [challenge.text, current_hub().clock.now().timestamp()]
    return challenge.options


@pages.post("/passkey")
@require_role("anyone")
def log_in() -> Response:
    """Log in with a passkey alone: the device has asked for a PIN or a fingerprint."""
    if current_user.is_authenticated:
        return redirect(_get_destination())
    challenge, began = cookie.pop(CHALLENGE_KEY, ("", 0))
    response = request.form.get("credential", "")
    person = None
    if challenge and current_hub().clock.now().timestamp() - began < CHALLENGE_SECONDS:
        person = _load_person(challenge, response)
    if person is None:
        refusals.note("log-in failed", refusals.NOBODY, "unknown passkey")
        flash(gettext("This passkey is not known here. Log in with your password."), "error")
        return redirect(url_for("security.login", next=_get_destination()))
    if single_sign_on.is_only_way(person):
        refusals.note("log-in failed", person.name, person.name, by="passkey")
        flash(single_sign_on.explain_only_way(), "error")
        return redirect(url_for("security.login", next=_get_destination()))
    cookie[sessions.USED_CHALLENGE] = challenge
    try:
        login_user(person, authn_via=["passkey"])
    except IntegrityError:  # the same response was sent before
        abort(400)
    return redirect(_get_destination())


def _load_person(challenge: str, response: str) -> User | None:
    """Return the active person whose passkey signed the challenge.

    Strangers may send anything, so nothing is written before the signature was right.
    """
    with read_only_session() as session:
        used = passkeys.find_used(session, challenge, response, verify_person=True)
        if used is None:
            return None
        sign_count = used.sign_count
    with transaction() as session:
        passkeys.note_use(session, used.id, sign_count)
    person: User | None = sessions.datastore().find_user(id=used.user_id)
    return person if person is not None and person.active else None


def _find_accepted_factor(row: LoginSession) -> str:
    """Return which factor of the form is right, "" for none."""
    code = request.form.get("code", "")
    credential = request.form.get("credential", "")
    with transaction() as session:
        if credential:
            challenge = login_sessions.take_challenge(session, row.id)
            if challenge is None:
                return ""
            used = passkeys.find_used(session, challenge, credential, verify_person=False)
            return "passkey" if used is not None and used.user_id == row.user_id else ""
        # First, because the secret of the app cannot be read while its key is missing.
        if second_factor.accept_recovery_code(session, row.user_id, code):
            name = session.get_one(User, row.user_id).name
            audit.record(session, name, "recovery code used", name)
            return "recovery code"
        if second_factor.accept_code(session, row.user_id, code):
            return "authenticator"
    return ""


def _render_page(row: LoginSession, problem: str) -> str:
    """Return the page that asks for the second factor."""
    with read_only_session() as session:
        own = passkeys.list_passkeys(session, row.user_id)
        has_authenticator = second_factor.has_authenticator(session, row.user_id)
    return render_template(
        "second_factor.html",
        destination=_get_destination(),
        has_passkeys=bool(own),
        has_authenticator=has_authenticator,
        problem=problem,
    )


def _get_destination() -> str:
    """Return the page that the log-in leads to."""
    return local_path(request.args.get("next", "/"))

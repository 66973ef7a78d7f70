"""A person's own log-in: sessions, authenticator app, recovery codes and passkeys."""

import base64
import datetime as dt
import io
from typing import Any, cast

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask_security import current_user
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.models import LoginSession, Passkey, User
from hub.security import audit, login_sessions, people, provider_accounts, second_factor
from hub.security.login_sessions import EndReason
from hub.translations.messages import gettext, gettext_noop, ngettext
from hub.web.accounts.browsers import describe_browser
from hub.web.authentication import access, passkeys, sessions, throttling
from hub.web.authentication.access import OWN, person_name, require_recent_login, require_role
from hub.web.frame import viewer_choices
from hub.web.request import destinations, row_ids

POSTPONED_KEY = "second_factor_postponed"  # in the cookie: the session for which it is postponed
# Pages that a person reaches who has yet to set up the second factor that the hub requires.
ALLOWED_BEFORE = ("account", "confirmation", "security", "sign_on")
pages = Blueprint("account", __name__, url_prefix="/account")


def init_app(app: Flask) -> None:
    """Lead people to the set-up of the second factor that the hub requires of them."""
    app.before_request(_require_second_factor)


def _require_second_factor() -> Response | None:
    """Redirect to the set-up, unless the person may postpone it and did so in this session."""
    if _is_allowed_before() or not is_factor_missing():
        return None
    is_postponed = cookie.get(POSTPONED_KEY) == _get_session_row().id and may_postpone()
    if is_postponed:
        return None
    page = url_for("account.require_factor", next=destinations.current_address())
    return destinations.send_to(page)


def _is_allowed_before() -> bool:
    """Return whether the page is open to a person who has yet to set up a second factor."""
    if request.endpoint is None or request.blueprint in ALLOWED_BEFORE:
        return True
    return access.find_required_role(current_app, request.endpoint) == "anyone"


def is_factor_missing() -> bool:
    """Return whether the person logged in with one factor where the hub requires two."""
    row = sessions.load_current_row()
    if row is None or row.needs_factor or not login_sessions.has_one_factor(row):
        return False
    return second_factor.is_required(is_owner=access.may_anywhere("owner"))


def may_postpone() -> bool:
    """Return whether the set-up may still be postponed: for some days after it was first asked."""
    days = current_hub().config.second_factor_grace_days
    asked_at = current_user.factor_asked_at
    if asked_at is None:
        return days > 0
    return bool(current_hub().clock.now() < asked_at + dt.timedelta(days=days))


@pages.get("/")
@require_role("viewer", of=OWN)
def show() -> str:
    """Show the person's sessions and second factors."""
    with read_only_session() as session:
        return render_template(
            "account.html", destination=_get_destination(), **_build_page_values(session)
        )


@pages.get("/required")
@require_role("viewer", of=OWN)
def require_factor() -> str | Response:
    """Explain that a second factor is required, and offer to set it up or to postpone it."""
    destination = _get_destination()
    if not is_factor_missing():
        return redirect(destination)
    _begin_grace_period()
    return render_template(
        "factor_required.html",
        destination=destination,
        may_postpone=may_postpone(),
        days=current_hub().config.second_factor_grace_days,
    )


@pages.post("/postpone")
@require_role("viewer", of=OWN)
def postpone() -> Response:
    """Go on without a second factor in this session."""
    if is_factor_missing():
        _begin_grace_period()
        if may_postpone():
            cookie[POSTPONED_KEY] = _get_session_row().id
    return redirect(_get_destination())


def _begin_grace_period() -> None:
    """Store when the person was first asked to set up a second factor."""
    if current_user.factor_asked_at is None:
        with transaction() as session:
            people.record_factor_request(session, _get_person_id())


@pages.post("/sessions/end")
@require_role("viewer", of=OWN)
def end_session() -> Response:
    """End one of the person's own sessions."""
    session_id = row_ids.parse(request.form.get("session_id", "")) or 0
    with transaction() as session:
        row = session.get(LoginSession, session_id)
        if row is None or row.user_id != current_user.id:
            abort(404)
        login_sessions.end(session, session_id, EndReason.ENDED_BY_PERSON)
        audit.record(session, person_name(), "session ended", person_name(), browser=row.browser)
    flash(gettext("The session is ended."), "success")
    return redirect(url_for("account.show"))


@pages.post("/sessions/end-others")
@require_role("viewer", of=OWN)
def end_other_sessions() -> Response:
    """End the person's sessions in all other browsers."""
    with transaction() as session:
        count = login_sessions.end_all(
            session, _get_person_id(), EndReason.ENDED_BY_PERSON, keep=_get_session_row().id
        )
        if count:
            audit.record(session, person_name(), "sessions ended", person_name(), count=count)
    sentence = ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", count)
    flash(sentence if count else gettext("There is no other session."), "success")
    return redirect(url_for("account.show"))


@pages.post("/authenticator/new")
@require_role("viewer", of=OWN)
@require_recent_login
def new_authenticator() -> Response:
    """Create the secret of an authenticator app, which its first code confirms."""
    with transaction() as session:
        second_factor.propose_secret(session, _get_person_id())
    return redirect(url_for("account.authenticator", next=_get_destination()))


@pages.get("/authenticator")
@require_role("viewer", of=OWN)
@require_recent_login
def authenticator() -> str | Response:
    """Show the secret for the authenticator app as a QR code and as text."""
    return _render_authenticator_page("")


@pages.post("/authenticator")
@require_role("viewer", of=OWN)
@require_recent_login
def confirm_authenticator() -> str | Response:
    """Use the authenticator app from now on, if its first code is right."""
    code = request.form.get("code", "")
    with throttling.begin_guess("second-factor code", f"user {current_user.id}") as guess:
        with transaction() as session:
            is_right = second_factor.confirm_secret(session, current_user.id, code)
            codes = _note_new_factor(session, "authenticator") if is_right else []
        if is_right:
            guess.succeed()
    if not is_right:
        return _render_authenticator_page(
            gettext("The code is not right. Enter the one that the app shows now.")
        )
    sessions.forget_row()
    if codes:
        return _render_recovery_codes_page(codes, gettext("Authenticator app added"))
    flash(gettext("The authenticator app is added."), "success")
    return redirect(url_for("account.show"))


@pages.post("/authenticator/remove")
@require_role("viewer", of=OWN)
@require_recent_login
def remove_authenticator() -> Response:
    """Remove the authenticator app."""
    with transaction() as session:
        if not second_factor.has_authenticator(session, _get_person_id()):
            abort(404)
        _check_may_remove(has_other=second_factor.count_passkeys(session, _get_person_id()) > 0)
        second_factor.remove_authenticator(session, _get_person_id())
        _note_removed(session, gettext_noop("authenticator app"))
    return redirect(url_for("account.show"))


@pages.post("/recovery-codes")
@require_role("viewer", of=OWN)
@require_recent_login
def new_recovery_codes() -> str:
    """Replace the recovery codes and show the new ones once."""
    with transaction() as session:
        if not second_factor.has_any(session, _get_person_id()):
            abort(404)
        codes = second_factor.renew_recovery_codes(session, _get_person_id())
        audit.record(session, person_name(), "recovery codes renewed", person_name())
    return _render_recovery_codes_page(codes, gettext("New recovery codes"))


@pages.post("/passkeys/options")
@require_role("viewer", of=OWN)
@require_recent_login
def passkey_options() -> dict[str, Any]:
    """Return the options with which the browser creates a passkey."""
    row = _get_session_row()
    with transaction() as session:
        challenge = passkeys.build_challenge_to_add(session, cast(User, current_user))
        login_sessions.set_challenge(session, row.id, challenge.text)
    return challenge.options


@pages.post("/passkeys")
@require_role("viewer", of=OWN)
@require_recent_login
def add_passkey() -> str | Response:
    """Store a passkey that the browser created."""
    row = _get_session_row()
    name = request.form.get("name", "")
    response = request.form.get("credential", "")
    with transaction() as session:
        challenge = login_sessions.take_challenge(session, row.id) or ""
        passkey = passkeys.add(session, cast(User, current_user), name, challenge, response)
        codes = _note_new_factor(session, "passkey") if passkey else []
    if passkey is None:
        flash(gettext("The passkey was not added. Try again."), "error")
        return redirect(url_for("account.show"))
    sessions.forget_row()
    if codes:
        return _render_recovery_codes_page(codes, gettext("Passkey added"))
    flash(gettext("The passkey “%(name)s” is added.", name=passkey.name), "success")
    return redirect(url_for("account.show"))


@pages.post("/passkeys/remove")
@require_role("viewer", of=OWN)
@require_recent_login
def remove_passkey() -> Response:
    """Remove a passkey."""
    passkey_id = row_ids.parse(request.form.get("passkey_id", "")) or 0
    with transaction() as session:
        passkey = session.get(Passkey, passkey_id)
        if passkey is None or passkey.user_id != _get_person_id():
            abort(404)
        has_other = (
            second_factor.has_authenticator(session, _get_person_id())
            or second_factor.count_passkeys(session, _get_person_id()) > 1
        )
        _check_may_remove(has_other=has_other)
        session.delete(passkey)
        _note_removed(session, gettext_noop("passkey"), passkey.name)
    return redirect(url_for("account.show"))


def _build_page_values(session: Session) -> dict[str, Any]:
    """Return the values of the page of the account."""
    return {
        "current_session": _get_session_row(),
        "sessions": login_sessions.list_live(session, _get_person_id()),
        "has_authenticator": second_factor.has_authenticator(session, _get_person_id()),
        "codes_left": second_factor.count_recovery_codes(session, _get_person_id()),
        "passkeys": passkeys.list_passkeys(session, _get_person_id()),
        "provider_account": provider_accounts.get_account(session, _get_person_id()),
        "describe_browser": describe_browser,
        **viewer_choices.list_choices(),
    }


def _render_authenticator_page(problem: str) -> str | Response:
    """Return the page with the proposed secret."""
    with read_only_session() as session:
        secret = second_factor.get_proposed_secret(session, _get_person_id())
    if secret is None:
        return redirect(url_for("account.show"))
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    address = second_factor.build_address_for_app(secret, person_name())
    return render_template(
        "authenticator.html",
        image=_build_qr_image(address),
        secret=" ".join(groups),
        problem=problem,
        destination=_get_destination(),
    )


def _render_recovery_codes_page(codes: list[str], heading: str) -> str:
    """Return the page that shows recovery codes once and leads on to the destination."""
    return render_template(
        "recovery_codes.html", codes=codes, heading=heading, destination=_get_destination()
    )


def _build_qr_image(text: str) -> str:
    """Return a QR code as the address of an image that the content security policy allows."""
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    image = qrcode.make(text, image_factory=SvgPathFillImage)
    file = io.BytesIO()
    image.save(file)
    content = base64.b64encode(file.getvalue()).decode()
    return f"data:image/svg+xml;base64,{content}"


def _note_new_factor(session: Session, factor: str) -> list[str]:
    """End the other sessions after a new second factor; return recovery codes if it is the first.

    This session counts as logged in with the factor.
    """
    login_sessions.end_all(
        session, _get_person_id(), EndReason.FACTOR_CHANGED, keep=_get_session_row().id
    )
    login_sessions.add_factor(session, _get_session_row().id, factor)
    audit.record(session, person_name(), "second factor added", person_name(), factor=factor)
    if second_factor.count_recovery_codes(session, _get_person_id()):
        return []
    return second_factor.renew_recovery_codes(session, _get_person_id())


def _check_may_remove(*, has_other: bool) -> None:
    """Raise NotNow for the last second factor where the hub requires one."""
    if not has_other and second_factor.is_required(is_owner=access.may_anywhere("owner")):
        raise NotNow(gettext("The hub requires a second factor of you. Add another one first."))


def _note_removed(session: Session, factor: str, name: str = "") -> None:
    """End the other sessions after a second factor was removed; a passkey has a name."""
    login_sessions.end_all(
        session, _get_person_id(), EndReason.FACTOR_CHANGED, keep=_get_session_row().id
    )
    audit_text = f"{factor} {name}".strip()
    audit.record(session, person_name(), "second factor removed", person_name(), factor=audit_text)
    label = f"{gettext(factor)} {name}".strip()
    flash(gettext("Removed the %(factor)s.", factor=label), "success")


def _get_destination() -> str:
    """Return the page that led to the set-up of the second factor, Home if none did."""
    return destinations.local_path(request.args.get("next", "/"))


def _get_person_id() -> int:
    """Return the id of the person who is logged in."""
    return int(current_user.id)


def _get_session_row() -> LoginSession:
    """Return the session of this request, which the guard has checked."""
    row = sessions.load_current_row()
    if row is None:
        abort(403)
    return row

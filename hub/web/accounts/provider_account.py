"""The account at the identity provider with which a person logs in: linked and unlinked."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import session as cookie
from flask_security import current_user
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.models import User
from hub.security import login_sessions, provider_accounts
from hub.security.login_sessions import EndReason
from hub.translations.messages import gettext, translate
from hub.web.authentication import identity_provider, sessions, single_sign_on
from hub.web.authentication.access import OWN, person_name, require_recent_login, require_role
from hub.web.frame.lookup import get_row_or_404

pages = Blueprint("provider_account", __name__)


@pages.get("/account/provider")
@require_role("viewer", of=OWN)
def show() -> str | Response:
    """Ask whether to link the account that the person has chosen at the provider."""
    proposal = single_sign_on.get_proposed_account()
    if proposal is None:
        return redirect(url_for("account.show"))
    with read_only_session() as session:
        present = provider_accounts.get_account(session, current_user.id)
    return render_template("provider_account.html", label=proposal[1], present=present)


@pages.post("/account/provider")
@require_role("viewer", of=OWN)
@require_recent_login
def link() -> Response:
    """Link the account that the person has chosen."""
    proposal = single_sign_on.get_proposed_account()
    if proposal is None:
        flash(gettext("Choose the account again: that was too long ago."), "look")
        return redirect(url_for("account.show"))
    cookie.pop(single_sign_on.ACCOUNT_KEY, None)
    key, label = proposal
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, current_user.id)
            provider_accounts.link(session, person, key, label, person_name())
            _end_other_sessions(session)
    except Refused as error:
        flash(translate(error.sentence), "error")
        return redirect(url_for("account.show"))
    flash(
        gettext(
            "You can now log in with %(label)s at %(name)s.",
            label=label,
            name=identity_provider.get_name(),
        ),
        "success",
    )
    return redirect(url_for("account.show"))


@pages.post("/account/provider/unlink")
@require_role("viewer", of=OWN)
@require_recent_login
def unlink() -> Response:
    """Remove the link; the person logs in with the password again."""
    with transaction() as session:
        person = get_row_or_404(session, User, current_user.id)
        provider_accounts.require_removable(session, person)
        if not provider_accounts.unlink(session, person, person_name()):
            abort(404)
        _end_other_sessions(session)
    flash(gettext("The account is not linked any more. Log in with your password."), "success")
    return redirect(url_for("account.show"))


@pages.post("/people/<int:person_id>/provider/unlink")
@require_role("owner")
@require_recent_login
def unlink_other(person_id: int) -> Response:
    """Remove the link of another person, and end their sessions."""
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        name = person.name
        if not provider_accounts.unlink(session, person, person_name()):
            abort(404)
        login_sessions.end_all(session, person_id, EndReason.ENDED_BY_OWNER)
    flash(
        gettext(
            "The account of %(name)s is not linked any more, and their sessions have ended.",
            name=name,
        ),
        "success",
    )
    return redirect(url_for("person_sessions.show", person_id=person_id))


def _end_other_sessions(session: Session) -> None:
    """End the sessions of the person in other browsers, as after a new second factor."""
    row = sessions.load_current_row()
    own = row.id if row is not None else None
    login_sessions.end_all(session, current_user.id, EndReason.FACTOR_CHANGED, keep=own)

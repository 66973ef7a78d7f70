"""Invitations: an owner invites an address, and its holder becomes a person with the code."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user, login_user, logout_user
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import notifications
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, NotFound, NotNow, Refused, Retry
from hub.models import Invitation
from hub.security import audit, invitations, passwords, people, refusals
from hub.security.rights import audit_detail, describe
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.accounts import code_forms, right_fields
from hub.web.accounts.people import Handover, render_people_page
from hub.web.accounts.right_fields import RightFields
from hub.web.authentication import sessions
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.request import row_ids

INVALID_CODE = gettext_noop(
    "Address and code do not belong together, or the code is no longer valid."
    " Check both, or ask an owner of the hub for a new code."
)
MAX_RIGHTS_PER_INVITATION = 50
pages = Blueprint("invitations", __name__)
Page = str | Response | tuple[str, int]


@pages.post("/people/invite")
@require_role("owner")
@require_recent_login
def invite() -> Page:
    """Invite an address; or only show the form again, with fields for one more right."""
    right_rows = right_fields.read_chosen_rows()
    if "more" in request.form:
        return render_people_page(
            right_rows=[*right_rows, RightFields()][:MAX_RIGHTS_PER_INVITATION]
        )
    address = request.form.get("address", "")
    try:
        with transaction() as session:
            rights = right_fields.build_rights(right_rows[:MAX_RIGHTS_PER_INVITATION])
            invitation, code = invitations.invite(session, address, rights, person_name())
            texts = _record(session, "person invited", invitation)
    except HubError as error:
        flash(translate(error.sentence), "error")
        return render_people_page(right_rows=right_rows or [RightFields()]), 400
    return _hand_over(invitation.address, texts, code)


@pages.post("/people/invitations/renew")
@require_role("owner")
@require_recent_login
def renew() -> Page:
    """Send a new code to an invited address; the former one becomes invalid."""
    with transaction() as session:
        invitation = _require_invitation(session)
        code = invitations.renew(session, invitation, person_name())
        texts = _record(session, "invitation renewed", invitation)
    return _hand_over(invitation.address, texts, code)


@pages.post("/people/invitations/withdraw")
@require_role("owner")
def withdraw() -> Response:
    """Withdraw an invitation."""
    with transaction() as session:
        invitation = _require_invitation(session)
        address = invitation.address
        session.delete(invitation)
        audit.record(session, person_name(), "invitation withdrawn", address)
    flash(
        gettext(
            "The invitation of %(address)s is withdrawn. Its code is not valid any more.",
            address=address,
        ),
        "success",
    )
    return redirect(url_for("people.index"))


@pages.get("/invitation")
@require_role("anyone")
def show() -> str:
    """Show the form in which an invited person enters address, code and password."""
    return _render_form()


@pages.post("/invitation")
@require_role("anyone")
def accept() -> Page:
    """Make an invited address a person, and log them in."""
    address = request.form.get("address", "").strip()
    try:
        password = code_forms.read_new_password()
        invitation = _check_code(address)
        passwords.require_good(password, invitation.address)
        password_hash = people.hash_new(password)
        with transaction() as session:
            person_id = int(invitations.accept(session, invitation, password_hash).id)
    except Refused as error:
        return _render_form(code_forms.locate_problem(error, "address")), 400

    if current_user.is_authenticated:
        logout_user()
    datastore = sessions.datastore()
    datastore.db.session.rollback()  # what it has read is older than the new person
    login_user(datastore.find_user(id=person_id), authn_via=["password"])
    flash(
        gettext("Welcome. You log in as %(address)s from now on.", address=invitation.address),
        "success",
    )
    return redirect(url_for("home.show"))


def _check_code(address: str) -> Invitation:
    """Return the invitation that the typed code belongs to; raise WrongCode for a wrong one."""
    invitation = code_forms.check_code("invitation code", address, invitations.check)
    if invitation is not None:
        return invitation
    # An address that is not invited is not recorded: it may be a secret in the wrong field.
    with read_only_session() as session:
        invitation = invitations.find(session, address)
    subject = invitation.address if invitation else refusals.UNKNOWN_NAME
    refusals.note("invitation code refused", refusals.NOBODY, subject)
    raise code_forms.WrongCode(INVALID_CODE)


def _render_form(problems: Mapping[str, str] | None = None) -> str:
    """Draw the form for an invited person, with its problems by their fields."""
    return render_template(
        "invitation.html",
        problems=problems or {},
        min_length=passwords.MIN_LENGTH,
        form=request.form,
    )


def _require_invitation(session: Session) -> Invitation:
    """Return the invitation that a form names; raise NotFound if it is gone."""
    text = request.form.get("invitation", "")
    invitation = session.get(Invitation, row_ids.parse(text) or 0)
    if invitation is None:
        raise NotFound("invitation", text)
    return invitation


def _record(session: Session, action: str, invitation: Invitation) -> list[str]:
    """Record an act on an invitation; return its rights in words."""
    rights = invitations.get_invited_rights(invitation)
    audit.record(
        session, person_name(), action, invitation.address, **audit_detail(session, rights)
    )
    return [describe(session, right) for right in rights]


def _hand_over(address: str, rights: list[str], code: str) -> Page:
    """Mail the code of an invitation; show it to the owner if it cannot be mailed."""
    try:
        notifications.send_invitation(address, rights, person_name(), code)
    except (NotNow, Retry) as error:
        return render_people_page(
            Handover(address, code, translate(error.sentence), url_for(".show"))
        )
    flash(
        gettext("%(address)s has mail with a code that is valid for seven days.", address=address),
        "success",
    )
    return redirect(url_for("people.index"))

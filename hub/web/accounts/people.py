"""The page of the people who may log in: an owner adds them, changes their role, disables them."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, NotNow, Refused
from hub.models import Invitation, User
from hub.security import audit, invitations, passwords, people, person_changes
from hub.security.rights import WHOLE_HUB, describe, get_rights
from hub.translations.messages import gettext, translate
from hub.web.accounts import right_fields
from hub.web.accounts.right_fields import RightFields
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.frame.lookup import get_row_or_404

# Shown on the page; other errors have pages of their own.
SHOWN_ERRORS = (NotFound, NotNow, Refused)
pages = Blueprint("people", __name__, url_prefix="/people")


class Handover(NamedTuple):
    """A code that could not be mailed: an owner sees it once and hands it over."""

    name: str
    code: str
    reason: str
    page: str  # where the person enters it


@pages.get("/")
@require_role("owner")
def index() -> str:
    """List the people who may log in."""
    return render_people_page()


def render_people_page(
    handover: Handover | None = None, right_rows: Sequence[RightFields] = (RightFields("viewer"),)
) -> str:
    """Draw the people and the pending invitations, with a code to hand over if there is one.

    `right_rows` are the rights in the form that invites a person.
    """
    with read_only_session() as session:
        users = session.scalars(select(User).order_by(func.lower(User.username)))
        return render_template(
            "people.html",
            people=[_build_row(session, user) for user in users],
            invitations=[
                _build_invitation_row(session, row) for row in invitations.list_pending(session)
            ],
            handover=handover,
            chosen_rights=right_rows,
            public_url=current_hub().config.public_url,
            min_length=passwords.MIN_LENGTH,
            **right_fields.list_choices(session),
        )


class PersonRow(NamedTuple):
    """A person as the table shows them: with the role for everything, and other rights in words."""

    person: User
    role: str
    rights: list[str]
    last_login_at: dt.datetime | None


def _build_row(session: Session, person: User) -> PersonRow:
    """Return a person as the table shows them."""
    rights = get_rights(person)
    others = [right for right in rights.rights if right.subject != WHOLE_HUB]
    texts = [translate(describe(session, right)) for right in others]
    return PersonRow(person, rights.role(), texts, people.get_last_login(person))


def _describe_rights(session: Session, person: User) -> list[str]:
    """Return all rights of a person in words, the role for everything first."""
    rights = sorted(get_rights(person).rights, key=lambda right: right.subject != WHOLE_HUB)
    return [translate(describe(session, right)) for right in rights]


class InvitationRow(NamedTuple):
    """An invitation as the table shows it: its rights in words, and whether it can be accepted."""

    invitation: Invitation
    rights: list[str]
    is_usable: bool


def _build_invitation_row(session: Session, invitation: Invitation) -> InvitationRow:
    """Return an invitation as the table shows it."""
    rights = invitations.get_invited_rights(invitation)
    texts = [translate(describe(session, right)) for right in rights]
    return InvitationRow(invitation, texts, invitations.is_usable(session, invitation))


@pages.post("/add")
@require_role("owner")
@require_recent_login
def create() -> Response | tuple[str, int]:
    """Add a person with a first password, which they replace when they log in."""
    name = request.form.get("name", "")
    password = request.form.get("password", "")
    role = request.form.get("role", "viewer")
    try:
        new = people.prepare(name, password)
        with transaction() as session:
            person = people.add(session, new, role, must_change_password=True)
            audit.record(session, person_name(), "person added", str(person.username), role=role)
    except SHOWN_ERRORS as error:
        flash(translate(error.sentence), "error")
        return render_people_page(), 400
    flash(
        gettext(
            "%(username)s may now log in as %(role)s.",
            username=person.username,
            role=gettext(role),
        ),
        "success",
    )
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/role")
@require_role("owner")
@require_recent_login
def change_role(person_id: int) -> Response | tuple[str, int]:
    """Give a person another role; the only owner stays one."""
    role = request.form.get("role", "")
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, person_id)
            person_changes.assign_in_words(session, person, role, WHOLE_HUB, who=person_name())
            text = ", ".join(_describe_rights(session, person))
    except SHOWN_ERRORS as error:
        flash(translate(error.sentence), "error")
        return render_people_page(), 400
    flash(gettext("%(username)s is now %(text)s.", username=person.username, text=text), "success")
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/active")
@require_role("owner")
@require_recent_login
def change_active(person_id: int) -> Response | tuple[str, int]:
    """Disable a person and end their sessions, or enable them again."""
    active = request.form.get("active") == "1"
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, person_id)
            person_changes.change_active(session, person, active=active, who=person_name())
    except SHOWN_ERRORS as error:
        flash(translate(error.sentence), "error")
        return render_people_page(), 400
    name = str(person.username)
    if active:
        text = gettext("%(name)s may log in again. Revoked API tokens stay revoked.", name=name)
    else:
        text = gettext(
            "%(name)s can no longer log in. Their sessions are ended, their API tokens revoked.",
            name=name,
        )
    flash(text, "success")
    return redirect(url_for("people.index"))

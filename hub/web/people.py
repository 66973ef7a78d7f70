"""The page of the people who may log in: an owner adds them, changes their role, disables them."""

from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug import Response

from hub.context import current
from hub.db.engine import reading, transaction
from hub.errors import Refused
from hub.models import User
from hub.security import audit, invitations, passwords, people
from hub.security.rights import assign, rights_of
from hub.web.access import fresh, needs, who
from hub.web.paging import row_or_404

WORDS = {
    "viewer": "looks at everything but people and the audit log",
    "operator": "also works the inbox, matches codes, approves, retries and starts runs",
    "app-owner": "also enables apps and changes the settings of their own",
    "owner": "also connects companies, grants access, adds people and reads the audit log",
}
pages = Blueprint("people", __name__, url_prefix="/people")


class Handover(NamedTuple):
    """A code that could not be mailed: an owner sees it once and hands it over."""

    name: str
    code: str
    reason: str
    page: str  # where the person enters it


@pages.get("/")
@needs("owner")
def index() -> str:
    """List the people who may log in."""
    return people_page()


def people_page(handover: Handover | None = None) -> str:
    """Draw the people and the pending invitations, with a code to hand over if there is one."""
    with reading() as session:
        users = session.scalars(select(User).order_by(func.lower(User.username)))
        rows = [(user, rights_of(user).role(), people.last_login_at(user)) for user in users]
        return render_template(
            "people.html",
            people=rows,
            invitations=invitations.pending(session),
            is_usable=invitations.is_usable,
            handover=handover,
            public_url=current().config.public_url,
            roles=WORDS,
            min_length=passwords.MIN_LENGTH,
        )


@pages.post("/add")
@needs("owner")
@fresh
def create() -> Response | tuple[str, int]:
    """Add a person with a first password, which they replace when they log in."""
    name = request.form.get("name", "")
    password = request.form.get("password", "")
    role = request.form.get("role", "viewer")
    try:
        with transaction() as session:
            person = people.add(session, name, password, role, must_change_password=True)
            audit.record(session, who(), "person added", str(person.username), role=role)
    except Refused as error:
        flash(error.text, "error")
        return people_page(), 400
    flash(f"{person.username} may now log in as {role}.", "success")
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/role")
@needs("owner")
@fresh
def change_role(person_id: int) -> Response:
    """Give a person another role; the only owner stays one."""
    role = request.form.get("role", "")
    with transaction() as session:
        person = row_or_404(session, User, person_id)
        assign(session, person, role)
        audit.record(session, who(), "role changed", person.username, role=role)
    flash(f"{person.username} is now {role}.", "success")
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/active")
@needs("owner")
@fresh
def change_active(person_id: int) -> Response:
    """Disable a person and end their sessions, or enable them again."""
    with transaction() as session:
        person = row_or_404(session, User, person_id)
        active = request.form.get("active") == "1"
        people.change_active(session, person, active=active)
        action = "person enabled" if active else "person disabled"
        audit.record(session, who(), action, person.username)
    effect = "may log in again" if active else "can no longer log in"
    flash(f"{person.username} {effect}.", "success")
    return redirect(url_for("people.index"))

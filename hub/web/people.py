"""The page of the people who may log in: an owner adds them, changes their role, disables them."""

import secrets
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import hash_password
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import reading, transaction
from hub.errors import NotFound, NotNow, Refused
from hub.models import Role, User
from hub.security import audit
from hub.web.access import ROLES, needs, role_of, who
from hub.web.paging import row_or_404

SHORTEST = 12
ACTIVE = cast(Any, User.active)
WORDS = {
    "viewer": "looks at everything but people and the audit log",
    "operator": "also works the inbox, matches codes, approves, retries and starts runs",
    "app-owner": "also enables apps and changes the settings of their own",
    "owner": "also connects companies, grants access, adds people and reads the audit log",
}
pages = Blueprint("people", __name__, url_prefix="/people")


def add(session: Session, name: str, password: str, role: str) -> User:
    """Add a person; the name may be an e-mail address."""
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused("A person needs a name of at most 80 characters.")
    if role not in ROLES:
        raise NotFound("role", role, ROLES)
    if len(password) < SHORTEST:
        raise Refused(f"The password needs at least {SHORTEST} characters.")
    same = or_(func.lower(User.username) == name.lower(), func.lower(User.email) == name.lower())
    if session.scalar(select(User.id).where(same)):
        raise Refused(f"There is already a person named {name}.")
    email = name if "@" in name else f"{name.lower().replace(' ', '.')}@hub.invalid"
    person = User(username=name, email=email, password=hash_password(password), active=True)
    cast(Any, person).fs_uniquifier = secrets.token_hex(16)
    person.roles = [_role(session, role)]
    session.add(person)
    return person


@pages.get("/")
@needs("owner")
def index() -> str:
    """List the people who may log in."""
    with reading() as session:
        users = session.scalars(select(User).order_by(func.lower(User.username)))
        return render_template(
            "people.html", people=[(user, role_of(user)) for user in users], roles=WORDS
        )


@pages.post("/add")
@needs("owner")
def create() -> Response | tuple[str, int]:
    """Add a person."""
    name, role = request.form.get("name", ""), request.form.get("role", "viewer")
    try:
        with transaction() as session:
            add(session, name, request.form.get("password", ""), role)
            audit.record(session, who(), "person added", name.strip(), role=role)
    except Refused as error:
        flash(error.text, "error")
        return index(), 400
    flash(f"{name.strip()} may now log in as {role}.", "success")
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/role")
@needs("owner")
def change_role(person_id: int) -> Response:
    """Give a person another role."""
    role = request.form.get("role", "")
    with transaction() as session:
        person = row_or_404(session, User, person_id)
        _not_the_last(session, person, stays=role == "owner")
        person.roles = [_role(session, role)]
        audit.record(session, who(), "role changed", person.username, role=role)
    flash(f"{person.username} is now {role}.", "success")
    return redirect(url_for("people.index"))


@pages.post("/<int:person_id>/active")
@needs("owner")
def change_active(person_id: int) -> Response:
    """Disable a person and end their sessions, or enable them again."""
    with transaction() as session:
        person = row_or_404(session, User, person_id)
        active = request.form.get("active") == "1"
        _not_the_last(session, person, stays=active)
        person.active = active
        audit.record(
            session, who(), "person enabled" if active else "person disabled", person.username
        )
    flash(
        f"{person.username} {'may log in again' if active else 'can no longer log in'}.", "success"
    )
    return redirect(url_for("people.index"))


def _role(session: Session, name: str) -> Role:
    """Return a role by its name; raise NotFound for an unknown one."""
    if name not in ROLES:
        raise NotFound("role", name, ROLES)
    return session.scalar(select(Role).where(Role.name == name)) or Role(name=name)


def _not_the_last(session: Session, person: User, *, stays: bool) -> None:
    """Refuse a change that would leave the hub without an owner."""
    owners: Any = select(User.id).where(
        ACTIVE, User.roles.any(Role.name == "owner"), User.id != person.id
    )
    if not stays and role_of(person) == "owner" and not session.scalar(owners.limit(1)):
        raise NotNow(f"{person.username} is the only owner. Make someone else owner first.")

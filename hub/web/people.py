"""The page of the people who may log in: an owner adds them, changes their role, disables them."""

import secrets
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import hash_password
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import reading, transaction
from hub.errors import NotFound, Refused
from hub.models import User
from hub.notifications import NO_ADDRESS
from hub.security import audit, login_sessions
from hub.security.login_sessions import EndReason
from hub.security.rights import ROLES, assign, check_not_last_owner, rights_of
from hub.web.access import fresh, needs, who
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
    """Add a person; the name may be an e-mail address.

    Raise Refused for a name that is used, too long or empty, and for a short password.
    """
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused("A person needs a name of at most 80 characters.")
    if role not in ROLES:
        raise NotFound("role", role, ROLES)
    if len(password) < SHORTEST:
        raise Refused(f"The password needs at least {SHORTEST} characters.")
    if _is_used(session, name):
        raise Refused(f"There is already a person named {name}.")
    email = name
    if "@" not in name:  # the log-in needs an address; this one is never mailed to
        email = name.lower().replace(" ", ".") + NO_ADDRESS
    person = User(
        username=name,
        email=email,
        password=hash_password(password),
        active=True,
    )
    cast(Any, person).fs_uniquifier = secrets.token_hex(16)
    assign(session, person, role)
    session.add(person)
    return person


def _is_used(session: Session, name: str) -> bool:
    """Tell whether a person has this name or address, in upper or lower case."""
    lower_name = name.lower()
    has_name = func.lower(User.username) == lower_name
    has_address = func.lower(User.email) == lower_name
    query: Any = select(User.id).where(or_(has_name, has_address))
    return session.scalar(query) is not None


@pages.get("/")
@needs("owner")
def index() -> str:
    """List the people who may log in."""
    with reading() as session:
        users = session.scalars(select(User).order_by(func.lower(User.username)))
        people = [(user, rights_of(user).role()) for user in users]
        return render_template("people.html", people=people, roles=WORDS)


@pages.post("/add")
@needs("owner")
@fresh
def create() -> Response | tuple[str, int]:
    """Add a person."""
    name = request.form.get("name", "").strip()
    password = request.form.get("password", "")
    role = request.form.get("role", "viewer")
    try:
        with transaction() as session:
            add(session, name, password, role)
            audit.record(session, who(), "person added", name, role=role)
    except Refused as error:
        flash(error.text, "error")
        return index(), 400
    flash(f"{name} may now log in as {role}.", "success")
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
        if not active:
            check_not_last_owner(session, person)
        person.active = active
        if not active:
            login_sessions.end_all(session, person.id, EndReason.DISABLED)
        action = "person enabled" if active else "person disabled"
        audit.record(session, who(), action, person.username)
    effect = "may log in again" if active else "can no longer log in"
    flash(f"{person.username} {effect}.", "success")
    return redirect(url_for("people.index"))

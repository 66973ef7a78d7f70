"""Add, find and change the people who may log in."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask_security import hash_password
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import NotFound
from hub.exact_json import is_storable
from hub.models import Invitation, PasswordReset, User
from hub.security import login_sessions, names, passwords
from hub.security.login_sessions import EndReason
from hub.security.rights import Right, Subject, assign, get_rights


def find(session: Session, name: str) -> User | None:
    """Return the person of this name: spelled exactly like this, or else in any spelling.

    People whose name is no address have one that the log-in accepts, too.
    """
    name = name.strip()
    if not name or len(name) > names.MAX_ADDRESS_LENGTH or not is_storable(name):
        return None
    exact_match = session.scalar(select(User).where(User.username == name))
    if exact_match is not None:
        return exact_match
    normalized_name = names.normalize(name)
    has_name = User.normalized_name == normalized_name
    person = session.scalar(select(User).where(has_name))
    if person is not None:
        return person
    has_address = func.lower(User.email) == normalized_name
    return session.scalar(select(User).where(has_address))


def may_configure_own(session: Session, name: str, subject: Subject) -> bool:
    """Return whether the person of this name may still change the settings of an app of theirs."""
    person = find(session, name)
    if person is None or not person.active:
        return False
    return get_rights(person).may("app-owner", subject)


def mail_address(person: User) -> str:
    """Return the address to which mail for a person goes, "" if there is none.

    An earlier version accepted names that contain an @ and are no address.
    """
    address = person.email
    if address.endswith(names.NO_ADDRESS) or not names.is_mailable(address):
        return ""
    return address


def get(session: Session, name: str) -> User:
    """Return the person of this name; raise NotFound if there is none."""
    person = find(session, name)
    if person is None:
        everyone = [user.name for user in session.scalars(select(User))]
        raise NotFound("person", name, everyone)
    return person


def lock(session: Session, person_id: int) -> None:
    """Let the transactions that change what belongs to a person follow one another.

    Otherwise a form that is sent twice could add the same row twice.
    """
    own_row: Any = select(User.id).where(User.id == person_id)
    session.execute(own_row.with_for_update(key_share=True))


class NewPerson(NamedTuple):
    """A person to add: the checked name, which is an e-mail address, and the hash of a password."""

    address: str
    password_hash: str


def prepare(name: str, password: str) -> NewPerson:
    """Check name and password of a new person, and hash the password.

    It takes a while: do it outside of transactions. Raise Refused for a name that is used or not
    an address, and for a password that is easy to guess.
    """
    with read_only_session() as session:
        address = require_free(session, name)
    passwords.require_good(password, address)
    return NewPerson(address, hash_new(password))


def add(session: Session, new: NewPerson, role: str, *, must_change_password: bool = False) -> User:
    """Add a person; raise Refused if somebody else has the name by now.

    Set `must_change_password` if somebody else chose the password.
    """
    address = require_free(session, new.address)
    rights = [Right(role)]
    password_hash = new.password_hash
    try:
        person = insert(
            session, address, password_hash, rights, must_change_password=must_change_password
        )
        session.flush()
    except IntegrityError:  # somebody else added the person at the same moment
        raise _build_taken_error(address) from None
    return person


def require_free(session: Session, name: str) -> str:
    """Return the address that is the name of a new person; raise Refused if somebody has it."""
    address = names.require_address(name)
    existing = find(session, address)
    if existing is not None:
        raise _build_taken_error(str(existing.username))
    return address


def _build_taken_error(name: str) -> names.NameRefused:
    return names.NameRefused("There is already a person named %(username)s.", username=name)


def hash_new(password: str) -> str:
    """Return the hash of a new password. It takes a while: do it outside of transactions."""
    return str(hash_password(passwords.normalize(password)))


def insert(
    session: Session,
    name: str,
    password_hash: str,
    rights: Sequence[Right],
    *,
    must_change_password: bool = False,
) -> User:
    """Add a person whose name and password were checked."""
    normalized_name = names.normalize(name)
    email = name
    if "@" not in name:  # the log-in needs an address; this one is never mailed to
        email = normalized_name.replace(" ", ".") + names.NO_ADDRESS
    person = User(
        username=name,
        normalized_name=normalized_name,
        email=email,
        password=password_hash,
        active=True,
        must_change_password=must_change_password,
    )
    person.fs_uniquifier = secrets.token_hex(16)
    for right in rights:
        assign(session, person, right.role, right.subject)
    session.add(person)
    session.execute(delete(Invitation).where(Invitation.normalized_name == normalized_name))
    return person


def set_password(session: Session, person: User, password_hash: str) -> None:
    """Store the hash of a password that the person chose; end their sessions."""
    person.password = password_hash
    person.must_change_password = False
    end_access(session, person, EndReason.PASSWORD_CHANGED)


def record_log_in(session: Session, person_id: int) -> None:
    """Store that a person logged in now."""
    now = current_hub().clock.now().replace(tzinfo=None)  # the column has no zone; it is UTC
    statement = update(User).where(User.id == person_id)
    session.execute(statement.values(last_login_at=now))


def record_factor_request(session: Session, person_id: int) -> None:
    """Store that a person is asked now for the first time to set up a second factor."""
    statement = update(User).where(User.id == person_id)
    session.execute(statement.values(factor_asked_at=current_hub().clock.now()))


def get_last_login(person: User) -> dt.datetime | None:
    """Return when a person logged in last, in UTC; the column has no zone."""
    moment = person.last_login_at
    if moment is None:
        return None
    return moment.replace(tzinfo=dt.UTC)


def end_access(session: Session, person: User, reason: EndReason) -> None:
    """End every session of a person, and the code with which they could set a password."""
    person.fs_uniquifier = secrets.token_hex(16)
    login_sessions.end_all(session, person.id, reason)
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == person.id))

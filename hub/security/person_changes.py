"""Change what people may do: disable and enable them, give roles to them and take them away."""

import secrets
from typing import Any, cast

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.errors import NotFound
from hub.models import AuditEntry, Invitation, PasswordReset, User
from hub.security import api_tokens, audit, people
from hub.security.login_sessions import EndReason
from hub.security.rights import (
    WHOLE_HUB,
    Right,
    Subject,
    assign,
    check_exists,
    check_not_last_owner,
    describe,
    get_rights,
    withdraw,
)

COMMAND_LINE = "(command line)"  # with which the name of an account at a terminal ends


def assign_in_words(
    session: Session, person: User, role: str, subject: Subject, *, who: str
) -> str:
    """Assign a role, record it in the audit log, and return the right in words.

    Raise NotFound for a role, company or app that does not exist.
    """
    right = Right(role, subject)
    check_exists(session, right)
    was_owner = _is_owner(person)
    assign(session, person, role, subject)
    text = describe(session, right)
    if subject == WHOLE_HUB:
        audit.record(session, who, "role changed", person.name, role=role)
    else:
        audit.record(session, who, "right added", person.name, right=text)
    if was_owner and not _is_owner(person):
        _void_first_passwords_of(session, person, who, was_owner=True)
    return text


def withdraw_in_words(session: Session, person: User, subject: Subject, *, who: str) -> str:
    """Withdraw a role, record it in the audit log, and return the right in words.

    Raise NotFound if the person has no role for exactly this subject.
    """
    was_owner = _is_owner(person)
    for right in get_rights(person).rights:
        if right.subject == subject:
            withdraw(session, person, subject)
            text = describe(session, right)
            audit.record(session, who, "right removed", person.name, right=text)
            if was_owner and not _is_owner(person):
                _void_first_passwords_of(session, person, who, was_owner=True)
            return text
    raise NotFound("right of this person", describe(session, Right("a role", subject)))


def change_active(session: Session, person: User, *, active: bool, who: str) -> None:
    """Let a person log in, or disable them and end their sessions and API tokens; record it.

    The codes that they issued, of invitations and for passwords, and the first passwords that they
    chose for others become invalid, too. The only owner stays active.
    """
    if active:
        audit.record(session, who, "person enabled", person.name)
    else:
        check_not_last_owner(session, person)
        people.end_access(session, person, EndReason.DISABLED)
        api_tokens.revoke_all(session, person.id)
        audit.record(session, who, "person disabled", person.name)
        _expire_codes_of(session, person)
        _void_first_passwords_of(session, person, who, was_owner=_is_owner(person))
    person.active = active


def _is_owner(person: User) -> bool:
    """Return whether a person is an owner of the hub."""
    return get_rights(person).may("owner")


def _expire_codes_of(session: Session, person: User) -> None:
    """Make the codes invalid that a person issued; an owner can issue each of them again."""
    now = current_hub().clock.now()
    by_person = Invitation.invited_by == person.name
    is_valid = Invitation.expires_at > now
    session.execute(update(Invitation).where(by_person, is_valid).values(expires_at=now))
    session.execute(delete(PasswordReset).where(PasswordReset.issued_by == person.name))


def _void_first_passwords_of(session: Session, person: User, who: str, *, was_owner: bool) -> None:
    """Make the first passwords invalid that a person may have chosen for others.

    Whoever is disabled, or is an owner no longer, must not enter the hub with one of them. The
    audit log names who works at the command line by the account of the operating system, which is
    nobody in particular: of an owner, every first password from there becomes invalid. An owner can
    issue a code with which such a person chooses their own.
    """
    is_by_person = AuditEntry.who == person.name
    if was_owner:
        is_by_person |= AuditEntry.who.endswith(COMMAND_LINE)
    added_people = select(AuditEntry.subject).where(is_by_person, AuditEntry.what == "person added")
    others = select(User).where(
        User.must_change_password, User.id != person.id, User.username.in_(added_people)
    )
    for other in session.scalars(others):
        cast(Any, other).password = people.hash_new(secrets.token_urlsafe())
        people.end_access(session, other, EndReason.PASSWORD_CHANGED)
        audit.record(session, who, "first password voided", other.name)

"""Invitations: an address becomes a person with a one-time code, which is valid for a week."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.context import current
from hub.errors import NotFound, Refused
from hub.exact_json import is_storable
from hub.models import Invitation, User
from hub.security import audit, names, one_time_codes, people
from hub.security.rights import ROLES

VALID_FOR = dt.timedelta(days=7)
MAX_GUESSES = 10  # wrong codes; an owner can renew the invitation afterwards
PURPOSE = "invitation"


def invite(session: Session, address: str, role: str, who: str) -> tuple[Invitation, str]:
    """Invite an address, or renew its invitation; return it with the code.

    Raise Refused if the address is not one, or is the name of a person already.
    """
    address = people.require_free(session, address)
    if role not in ROLES:
        raise NotFound("role", role, ROLES)
    normalized_name = names.normalize(address)
    invitation = find(session, address)
    if invitation is None:
        invitation = Invitation(address=address, normalized_name=normalized_name)
        session.add(invitation)
    code = one_time_codes.generate()
    now = current().clock.now()
    invitation.role = role
    invitation.invited_by = who
    invitation.invited_at = now
    invitation.expires_at = now + VALID_FOR
    invitation.code_hash = one_time_codes.hash_code(PURPOSE, normalized_name, code)
    invitation.guesses = 0
    session.flush()
    return invitation, code


def find(session: Session, address: str) -> Invitation | None:
    """Return the invitation of an address in any spelling."""
    if not is_storable(address):
        return None
    normalized_name = names.normalize(address)
    return session.scalar(select(Invitation).where(Invitation.normalized_name == normalized_name))


def pending(session: Session) -> Sequence[Invitation]:
    """Return the invitations that nobody has accepted, the newest first."""
    newest_first = Invitation.invited_at.desc(), Invitation.id.desc()
    return session.scalars(select(Invitation).order_by(*newest_first)).all()


def is_usable(invitation: Invitation) -> bool:
    """Tell whether an invitation can still be accepted."""
    is_in_time = current().clock.now() < invitation.expires_at
    return is_in_time and invitation.guesses < MAX_GUESSES


def check(session: Session, address: str, code: str) -> Invitation | None:
    """Return the invitation of an address if the code is right; count a wrong code."""
    invitation = find(session, address)
    if invitation is None or not is_usable(invitation):
        return None
    if one_time_codes.is_right(invitation.code_hash, PURPOSE, invitation.normalized_name, code):
        return invitation
    count = update(Invitation).where(Invitation.id == invitation.id)
    session.execute(count.values(guesses=Invitation.guesses + 1))
    return None


def accept(session: Session, invitation: Invitation, password_hash: str) -> User:
    """Make the invited address a person; raise Refused if the invitation is gone by now."""
    same_code = (Invitation.id == invitation.id, Invitation.code_hash == invitation.code_hash)
    used = session.execute(delete(Invitation).where(*same_code))
    if not cast(Any, used).rowcount:
        raise Refused("This invitation was used, renewed or withdrawn a moment ago.")
    address = people.require_free(session, invitation.address)
    person = people.insert(session, address, password_hash, invitation.role)
    audit.record(
        session,
        address,
        "invitation accepted",
        address,
        role=invitation.role,
        invited_by=invitation.invited_by,
    )
    return person

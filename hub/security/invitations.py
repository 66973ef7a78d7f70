"""Invitations: an address becomes a person with a one-time code, which is valid for a week.

An invitation carries the rights that the person gets. The rights for a company that is removed in
the meantime are removed with it; an invitation without any right is not valid. An invitation is not
valid either if the person who issued it is disabled, or is not an owner of the hub any more: nobody
may get a right from a person who could not give it now.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.errors import Refused
from hub.exact_json import is_storable
from hub.models import Invitation, InvitationRight, User
from hub.security import audit, names, one_time_codes, people
from hub.security.rights import WHOLE_HUB, Right, Subject, audit_detail, check_exists, get_rights

INVITATION_LIFETIME = dt.timedelta(days=7)
MAX_GUESSES = 10  # wrong codes; an owner can renew the invitation afterwards
PURPOSE = "invitation"


def invite(
    session: Session, address: str, rights: Sequence[Right], who: str
) -> tuple[Invitation, str]:
    """Invite an address, or replace its invitation; return it with the code.

    Raise Refused if the address is not one, or is the name of a person already, and NotFound for
    a role, company or app that does not exist. The last right for a company and app counts.
    """
    address = people.require_free(session, address)
    if not rights:
        raise Refused("Choose a role for the person.")
    for right in rights:
        check_exists(session, right)
    by_subject = {right.subject: right for right in rights}
    invitation = find(session, address)
    if invitation is None:
        invitation = Invitation(address=address, normalized_name=names.normalize(address))
        session.add(invitation)
    for_everything = by_subject.pop(WHOLE_HUB, None)
    invitation.role = for_everything.role if for_everything else ""
    invitation.rights = [
        InvitationRight(role=role, company_id=subject.company_id, slug=subject.slug)
        for role, subject in by_subject.values()
    ]
    try:
        return invitation, renew(session, invitation, who)
    except IntegrityError:
        raise Refused(
            "Somebody else invited %(address)s at the same moment. Check the rights of that"
            " invitation.",
            address=address,
        ) from None


def renew(session: Session, invitation: Invitation, who: str) -> str:
    """Return a new code for an invitation; the former one becomes invalid."""
    code = one_time_codes.generate()
    now = current_hub().clock.now()
    invitation.invited_by = who
    invitation.invited_at = now
    invitation.expires_at = now + INVITATION_LIFETIME
    invitation.code_hash = one_time_codes.hash_code(PURPOSE, invitation.normalized_name, code)
    invitation.guesses = 0
    session.flush()
    return code


def expire_all(session: Session) -> None:
    """Make the codes of all invitations invalid; an owner can renew each of them."""
    now = current_hub().clock.now()
    is_valid = Invitation.expires_at > now
    session.execute(update(Invitation).where(is_valid).values(expires_at=now))


def get_invited_rights(invitation: Invitation) -> list[Right]:
    """Return the rights that the invited person gets."""
    for_everything = [Right(invitation.role)] if invitation.role else []
    rows = invitation.rights
    return [*for_everything, *(Right(row.role, Subject(row.company_id, row.slug)) for row in rows)]


def find(session: Session, address: str) -> Invitation | None:
    """Return the invitation of an address in any spelling."""
    if not is_storable(address):
        return None
    normalized_name = names.normalize(address)
    return session.scalar(select(Invitation).where(Invitation.normalized_name == normalized_name))


def list_pending(session: Session) -> Sequence[Invitation]:
    """Return the invitations that nobody has accepted, the newest first."""
    newest_first = Invitation.invited_at.desc(), Invitation.id.desc()
    return session.scalars(select(Invitation).order_by(*newest_first)).all()


def is_usable(session: Session, invitation: Invitation) -> bool:
    """Return whether an invitation can still be accepted."""
    is_in_time = current_hub().clock.now() < invitation.expires_at
    if not is_in_time or invitation.guesses >= MAX_GUESSES or not get_invited_rights(invitation):
        return False
    return _is_of_owner(session, invitation)


def _is_of_owner(session: Session, invitation: Invitation) -> bool:
    """Return whether the person who invited, or who renewed the code, may still do so."""
    person = people.find(session, invitation.invited_by)
    if person is None or not person.active:
        return False
    return get_rights(person).may("owner")


def check(session: Session, address: str, code: str) -> Invitation | None:
    """Return the invitation of an address if the code is right; count a wrong code."""
    invitation = find(session, address)
    if invitation is None or not is_usable(session, invitation):
        return None
    if one_time_codes.is_right(invitation.code_hash, PURPOSE, invitation.normalized_name, code):
        return invitation
    count = update(Invitation).where(Invitation.id == invitation.id)
    session.execute(count.values(guesses=Invitation.guesses + 1))
    return None


def accept(session: Session, invitation: Invitation, password_hash: str) -> User:
    """Make the invited address a person; raise Refused if the invitation is gone by now."""
    rights = _load_present_rights(session, invitation)
    is_of_owner = _is_of_owner(session, invitation)
    same_code = (Invitation.id == invitation.id, Invitation.code_hash == invitation.code_hash)
    used = session.execute(delete(Invitation).where(*same_code))
    if not cast(Any, used).rowcount or not rights or not is_of_owner:
        raise _build_gone_error()
    address = people.require_free(session, invitation.address)
    try:
        person = people.insert(session, address, password_hash, rights)
        session.flush()
    except IntegrityError:  # a company of its rights was removed at the same moment
        raise _build_gone_error() from None
    audit.record(
        session,
        address,
        "invitation accepted",
        address,
        invited_by=invitation.invited_by,
        **audit_detail(session, rights),
    )
    return person


def _build_gone_error() -> Refused:
    """Return the error for an invitation that cannot be accepted any more."""
    return Refused(
        "This invitation was used, renewed or withdrawn a moment ago. Log in, or ask an owner"
        " for another one."
    )


def _load_present_rights(session: Session, invitation: Invitation) -> list[Right]:
    """Return the rights of an invitation as they are stored now; none if it is gone."""
    present = session.get(Invitation, invitation.id)
    return [] if present is None else get_invited_rights(present)

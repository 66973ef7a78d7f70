"""Forgotten passwords: requests for a code by mail, and codes with which a new one is set."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import insert
from hub.errors import Refused
from hub.exact_json import is_storable
from hub.models import PasswordReset, PasswordResetRequest, User
from hub.security import audit, names, one_time_codes, people
from hub.security.rights import get_rights

MAILED_CODE_LIFETIME = dt.timedelta(hours=1)
OWNERS_CODE_LIFETIME = dt.timedelta(days=1)
MAX_GUESSES = 10  # wrong codes; another code can be asked for
PURPOSE = "password reset"
MAIL_PAUSE = dt.timedelta(minutes=5)  # between two codes that are mailed to one person
RETRY_PAUSE = dt.timedelta(minutes=1)  # after the mail server did not take a message
MAX_REQUESTS = 1000  # requests that wait; more are not stored


def request_code(session: Session, name: str, language: str) -> None:
    """Store that somebody asked for a code for a name, without looking whether it is a person's.

    The scheduler mails the codes, so the time of the answer tells nothing about the name. The mail
    is in the given language if the person has chosen none.
    """
    if not name.strip() or len(name) > names.MAX_ADDRESS_LENGTH or not is_storable(name):
        return
    waiting = select(func.count()).select_from(PasswordResetRequest)
    if (session.scalar(waiting) or 0) >= MAX_REQUESTS:
        return
    normalized_name = names.normalize(name)
    if len(normalized_name) > names.MAX_ADDRESS_LENGTH:  # nobody has it, and no column holds it
        return
    row = {
        "normalized_name": normalized_name,
        "requested_at": current_hub().clock.now(),
        "language": language,
    }
    statement = insert(session, PasswordResetRequest).values([row])
    session.execute(statement.on_conflict_do_nothing())


def list_due_requests(session: Session) -> Sequence[PasswordResetRequest]:
    """Return the requests whose code can be mailed now, the oldest first.

    A try in the future was made before the clock was set back.
    """
    now = current_hub().clock.now()
    tried_at = PasswordResetRequest.tried_at
    is_due = tried_at.is_(None) | (tried_at <= now - RETRY_PAUSE) | (tried_at > now)
    query = select(PasswordResetRequest).where(is_due)
    return session.scalars(query.order_by(PasswordResetRequest.requested_at)).all()


def find_recipient(session: Session, request: PasswordResetRequest) -> User | None:
    """Return the person to mail a code to; None if there is none, or one was mailed just now.

    A code in the future was mailed before the clock was set back.
    """
    now = current_hub().clock.now()
    person = people.find(session, request.normalized_name)
    if person is None or not person.active or not people.mail_address(person):
        return None
    if now - request.requested_at >= MAILED_CODE_LIFETIME:
        return None
    last = session.get(PasswordReset, person.id)
    if last is not None and now - MAIL_PAUSE < last.created_at <= now:
        return None
    return person


def forget_request(session: Session, request: PasswordResetRequest) -> None:
    """Remove a request that was answered, or that nobody can answer."""
    name = request.normalized_name
    session.execute(
        delete(PasswordResetRequest).where(PasswordResetRequest.normalized_name == name)
    )


def postpone_request(session: Session, request: PasswordResetRequest) -> None:
    """Try a request again after a pause."""
    name = request.normalized_name
    statement = update(PasswordResetRequest).where(PasswordResetRequest.normalized_name == name)
    session.execute(statement.values(tried_at=current_hub().clock.now()))


def store_code(
    session: Session,
    person: User,
    code: str,
    valid_for: dt.timedelta,
    who: str,
    *,
    issued_by: str = "",
) -> None:
    """Store the code with which a person may set a new password, in place of an earlier one.

    With `issued_by` it is valid only as long as the person of this name is an owner.
    """
    now = current_hub().clock.now()
    row = {
        "user_id": person.id,
        "issued_by": issued_by,
        "created_at": now,
        "expires_at": now + valid_for,
        "code_hash": one_time_codes.hash_code(PURPOSE, str(person.id), code),
        "guesses": 0,
    }
    statement = insert(session, PasswordReset).values([row])
    changes = {name: value for name, value in row.items() if name != "user_id"}
    session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=changes))
    audit.record(session, who, "password code issued", person.name)


def withdraw_codes(session: Session, user_id: int | None = None) -> None:
    """End the validity of the code of a person for a new password, or of everybody's."""
    statement = delete(PasswordReset)
    if user_id is not None:
        statement = statement.where(PasswordReset.user_id == user_id)
    session.execute(statement)


def check(session: Session, name: str, code: str) -> PasswordReset | None:
    """Return the stored code of a person if the typed one is right; count a wrong code."""
    person = people.find(session, name)
    if person is None or not person.active:
        return None
    reset = session.get(PasswordReset, person.id)
    if reset is None or reset.guesses >= MAX_GUESSES:
        return None
    if current_hub().clock.now() >= reset.expires_at or not _is_of_owner(session, reset):
        return None
    if one_time_codes.is_right(reset.code_hash, PURPOSE, str(person.id), code):
        return reset
    count = update(PasswordReset).where(PasswordReset.user_id == reset.user_id)
    session.execute(count.values(guesses=PasswordReset.guesses + 1))
    return None


def use(session: Session, reset: PasswordReset, password_hash: str) -> User:
    """Set a new password and end the sessions; raise Refused if the code was used by now."""
    same_code = (
        PasswordReset.user_id == reset.user_id,
        PasswordReset.code_hash == reset.code_hash,
    )
    is_of_owner = _is_of_owner(session, reset)
    used = session.execute(delete(PasswordReset).where(*same_code))
    if not cast(Any, used).rowcount or not is_of_owner:
        raise Refused("This code was used or replaced a moment ago. Ask for another one.")
    person = session.get_one(User, reset.user_id)
    people.set_password(session, person, password_hash)
    name = person.name
    audit.record(session, name, "password reset", name)
    return person


def _is_of_owner(session: Session, reset: PasswordReset) -> bool:
    """Return whether the owner who issued a code may still do so; True if no owner issued it."""
    if not reset.issued_by:
        return True
    person = people.find(session, reset.issued_by)
    if person is None or not person.active:
        return False
    return get_rights(person).may("owner")

"""Sessions of people who are logged in: a cookie carries a random id, the server the session.

A session ends on the server, so that a copy of its cookie is worth nothing afterwards.
"""

import datetime as dt
import hashlib
import secrets as tokens
from collections.abc import Sequence
from enum import StrEnum

from blinker import signal
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import LoginSession

IDLE_LIMIT = dt.timedelta(minutes=30)  # without a request
MAX_SESSION_LENGTH = dt.timedelta(hours=12)  # since the log-in
CONFIRMATION_LIFETIME = dt.timedelta(minutes=10)  # then the identity is confirmed again
SECOND_FACTOR_PERIOD = dt.timedelta(minutes=10)  # from the password to the second factor
SEEN_INTERVAL = dt.timedelta(minutes=1)  # a newer request in the same step is not recorded
RETENTION_PERIOD = dt.timedelta(days=30)  # rows of sessions that ended
PASSWORD_ONLY = "password"  # noqa: S105 (the name of a factor)
PROVIDER_ONLY = "single sign-on"  # an account at the identity provider
SECOND_FACTOR_OF_PROVIDER = "second factor of the provider"
AUTHENTICATOR = "authenticator"  # a code of the authenticator app, which alone confirms, too
MAX_FAILURES = 5  # wrong passwords or codes in one session

# Sent with `user` and `authn_via` once a log-in is complete, the second factor included.
logged_in = signal("hub-logged-in")


class EndReason(StrEnum):
    """The reason why a session ended before its time."""

    LOGGED_OUT = "logged-out"
    ENDED_BY_PERSON = "ended-by-person"
    ENDED_BY_OWNER = "ended-by-owner"
    DISABLED = "person-disabled"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 (a reason, no password)
    FACTOR_CHANGED = "second-factor-changed"
    WRONG_GUESSES = "wrong-guesses"
    NEW_LOG_IN = "new-log-in"
    RESTORED = "database-restored"


def begin(
    session: Session,
    user_id: int,
    *,
    address: str,
    browser: str,
    factors: str,
    needs_factor: bool = False,
    used_challenge: str | None = None,
    is_recent: bool = True,
) -> str:
    """Begin a session and return the id for its cookie, of which only a hash is stored.

    `is_recent` is False if the person did not prove just now who they are: the identity provider
    may have remembered them.
    """
    now = current_hub().clock.now()
    _remove_old(session, user_id, now)
    token = tokens.token_urlsafe(32)
    session.add(
        LoginSession(
            key=hash_token(token),
            user_id=user_id,
            began_at=now,
            seen_at=now,
            confirmed_at=now if is_recent else now - CONFIRMATION_LIFETIME,
            address=address[:64],
            browser=browser[:200],
            factors=factors,
            needs_factor=needs_factor,
            failures=0,
            used_challenge=hash_token(used_challenge) if used_challenge else None,
        )
    )
    return token


def find(session: Session, token: str) -> LoginSession | None:
    """Return the live session with this id, which may still need its second factor."""
    row = session.scalar(select(LoginSession).where(LoginSession.key == hash_token(token)))
    if row is None or not is_live(row):
        return None
    return row


def is_live(row: LoginSession) -> bool:
    """Return whether a session was not ended and has not run out.

    One that began in the future was begun before the clock was set back; it does not last longer.
    """
    now = current_hub().clock.now()
    longest = SECOND_FACTOR_PERIOD if row.needs_factor else MAX_SESSION_LENGTH
    is_in_time = abs(now - row.seen_at) < IDLE_LIMIT and abs(now - row.began_at) < longest
    return row.ended_at is None and is_in_time


def complete(session: Session, session_id: int, factor: str) -> str:
    """Note that the second factor was right; return the new id for the cookie.

    A recovery code, or a passkey that only somebody touched, does not confirm the identity of
    somebody whom the identity provider remembered.
    """
    row = session.get_one(LoginSession, session_id, with_for_update=True)
    now = current_hub().clock.now()
    token = tokens.token_urlsafe(32)
    row.key = hash_token(token)
    row.factors = f"{row.factors}+{factor}"
    row.needs_factor = False
    if row.confirmed_at >= row.began_at or factor == AUTHENTICATOR:
        row.confirmed_at = now
    row.seen_at = now
    row.failures = 0
    row.challenge = None
    return token


def add_factor(session: Session, session_id: int, factor: str) -> None:
    """Note a second factor that was set up in the session itself."""
    row = session.get_one(LoginSession, session_id, with_for_update=True)
    row.factors = f"{row.factors}+{factor}"[:60]


def has_one_factor(row: LoginSession) -> bool:
    """Return whether nothing but a password, or an account elsewhere, proved who the person is."""
    return row.factors in (PASSWORD_ONLY, PROVIDER_ONLY)


def confirm(session: Session, session_id: int) -> None:
    """Note that the person has just proved again who they are."""
    values = {"confirmed_at": current_hub().clock.now(), "failures": 0, "challenge": None}
    session.execute(update(LoginSession).where(LoginSession.id == session_id).values(values))


def is_confirmed(row: LoginSession) -> bool:
    """Return whether the person proved a short time ago who they are."""
    return abs(current_hub().clock.now() - row.confirmed_at) < CONFIRMATION_LIFETIME


def note_request(session: Session, session_id: int) -> None:
    """Note that the session is in use."""
    values = {"seen_at": current_hub().clock.now()}
    session.execute(update(LoginSession).where(LoginSession.id == session_id).values(values))


def is_note_due(row: LoginSession) -> bool:
    """Return whether this request is to be noted; one in a minute is enough."""
    return abs(current_hub().clock.now() - row.seen_at) >= SEEN_INTERVAL


def note_failure(session: Session, session_id: int) -> bool:
    """Count a wrong password or code; end the session after too many and return whether it did."""
    row = session.get_one(LoginSession, session_id, with_for_update=True)
    row.failures += 1
    row.challenge = None
    if row.failures < MAX_FAILURES:
        return False
    end(session, session_id, EndReason.WRONG_GUESSES)
    return True


def set_challenge(session: Session, session_id: int, challenge: str) -> None:
    """Store the challenge that a passkey of this session has to sign."""
    values = {"challenge": challenge}
    session.execute(update(LoginSession).where(LoginSession.id == session_id).values(values))


def take_challenge(session: Session, session_id: int) -> str | None:
    """Return the challenge and remove it, so that it serves once."""
    row = session.get_one(LoginSession, session_id, with_for_update=True)
    challenge = row.challenge
    row.challenge = None
    return challenge


def end(session: Session, session_id: int, reason: EndReason) -> None:
    """End a session; one that has ended stays as it is."""
    is_open = LoginSession.id == session_id, LoginSession.ended_at.is_(None)
    _end_all(session, is_open, reason)


def end_all(session: Session, user_id: int, reason: EndReason, *, keep: int | None = None) -> int:
    """End the sessions of a person, except the one to keep; return how many they were."""
    of_person = [LoginSession.user_id == user_id, LoginSession.ended_at.is_(None)]
    if keep is not None:
        of_person.append(LoginSession.id != keep)
    return _end_all(session, of_person, reason)


def end_every(session: Session, reason: EndReason) -> None:
    """End the sessions of all people."""
    _end_all(session, [LoginSession.ended_at.is_(None)], reason)


def list_live(session: Session, user_id: int) -> Sequence[LoginSession]:
    """Return the live sessions of a person, the last used first."""
    query = (
        select(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.ended_at.is_(None),
            LoginSession.needs_factor.is_(False),
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
    )
    return [row for row in session.scalars(query) if is_live(row)]


def hash_token(token: str) -> str:
    """Return the hash under which a random id is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _end_all(session: Session, where: Sequence, reason: EndReason) -> int:  # type: ignore[type-arg]
    """End the sessions that match."""
    values = {"ended_at": current_hub().clock.now(), "end_reason": reason, "challenge": None}
    result = session.execute(update(LoginSession).where(*where).values(values))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _remove_old(session: Session, user_id: int, now: dt.datetime) -> None:
    """Remove the sessions of a person that ended or ran out a long time ago."""
    is_old = or_(
        LoginSession.ended_at < now - RETENTION_PERIOD,
        LoginSession.began_at < now - RETENTION_PERIOD - MAX_SESSION_LENGTH,
    )
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id, is_old))

"""Tokens of the JSON API: each acts for a person, with that person's rights or fewer.

Only a hash of a token is stored. The hash has no key: nobody can guess the 256 random bits of a
token from it, and tokens outlast a change of HUB_SECRET_KEY.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import transaction
from hub.errors import NotFound, Refused
from hub.models import ApiToken, User
from hub.security import audit
from hub.security.login_sessions import hash_token

PREFIX = "hub_"  # by which secret scanners recognize a token
HINT_LENGTH = 4
MAX_NAME_LENGTH = 60
MAX_TOKENS_PER_PERSON = 50  # those that are neither revoked nor expired count
DEFAULT_DAYS, MAX_DAYS = 90, 366
SEEN_INTERVAL = dt.timedelta(minutes=1)  # a newer use within the same minute is not recorded
READ, OPERATE, APPROVE, CONFIGURE = "read", "operate", "approve", "configure"
# What a token may be allowed to do.
SCOPES = (READ, OPERATE, APPROVE, CONFIGURE)


def create(
    session: Session,
    person: User,
    name: str,
    scopes: Collection[str],
    *,
    who: str,
    days: int = DEFAULT_DAYS,
) -> str:
    """Create a token of a person and return it; it cannot be read again.

    Raise Refused for a name that is empty, too long or in use, for unknown scopes, for a duration
    that is too long, and if the person has too many tokens.
    """
    name = name.strip()
    _check_new_token(session, person, name, scopes, days)
    token = PREFIX + secrets.token_urlsafe(32)
    now = current_hub().clock.now()
    ordered_scopes = " ".join(scope for scope in SCOPES if scope in scopes)
    session.add(
        ApiToken(
            user_id=person.id,
            name=name,
            key=hash_token(token),
            hint=token[-HINT_LENGTH:],
            scopes=ordered_scopes,
            created_at=now,
            created_by=who,
            expires_at=now + dt.timedelta(days=days),
        )
    )
    subject = _format_audit_subject(person, name)
    audit.record(session, who, "token created", subject, scopes=ordered_scopes, days=days)
    return token


def find(session: Session, token: str) -> ApiToken | None:
    """Return a token that may be used now; None for every other text."""
    if not token.startswith(PREFIX) or not token.isascii():
        return None
    row = session.scalar(select(ApiToken).where(ApiToken.key == hash_token(token)))
    return row if row is not None and is_valid(row) else None


def is_valid(token: ApiToken) -> bool:
    """Return whether a token was not revoked and has not expired."""
    return token.revoked_at is None and current_hub().clock.now() < token.expires_at


def record_use(token: ApiToken) -> None:
    """Store that a token is used now, unless that was stored within the last minute."""
    now = current_hub().clock.now()
    if token.used_at is not None and abs(now - token.used_at) < SEEN_INTERVAL:
        return
    with transaction() as session:
        statement = update(ApiToken).where(ApiToken.id == token.id)
        session.execute(statement.values(used_at=now))


def list_valid(session: Session, user_id: int | None = None) -> Sequence[ApiToken]:
    """Return the tokens that can be used, of one person or of all, the newest first."""
    now = current_hub().clock.now()
    query = select(ApiToken).where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return session.scalars(query.order_by(ApiToken.id.desc())).all()


def revoke(session: Session, token_id: int, who: str, *, user_id: int | None = None) -> ApiToken:
    """Revoke a token, of one person if `user_id` names them.

    Raise NotFound if there is no such token that can be used.
    """
    tokens = list_valid(session, user_id)
    token = next((token for token in tokens if token.id == token_id), None)
    if token is None:
        raise NotFound("API token", str(token_id), [str(token.id) for token in tokens])
    token.revoked_at = current_hub().clock.now()
    token.revoked_by = who
    person = session.get_one(User, token.user_id)
    audit.record(session, who, "token revoked", _format_audit_subject(person, token.name))
    return token


def revoke_each(session: Session, person: User, who: str) -> int:
    """Revoke every token of a person that can be used; return how many they were."""
    person_id = person.id
    count = len(list_valid(session, person_id))
    revoke_all(session, person_id, who=who)
    if count:
        audit.record(session, who, "tokens revoked", person.name, count=count)
    return count


def revoke_all(session: Session, user_id: int | None = None, *, who: str = "hub") -> None:
    """Revoke every token: of one person, or of all after a restore."""
    statement = update(ApiToken).where(ApiToken.revoked_at.is_(None))
    if user_id is not None:
        statement = statement.where(ApiToken.user_id == user_id)
    session.execute(statement.values(revoked_at=current_hub().clock.now(), revoked_by=who))


def _check_new_token(
    session: Session, person: User, name: str, scopes: Collection[str], days: int
) -> None:
    """Raise Refused if a person cannot have a token of this name, scope and duration."""
    if not name or len(name) > MAX_NAME_LENGTH:
        raise Refused("Give the token a name of at most %(most)s letters.", most=MAX_NAME_LENGTH)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Refused("Choose what the token may do.")
    if not 1 <= days <= MAX_DAYS:
        raise Refused("A token is valid for 1 to %(most)s days.", most=MAX_DAYS)
    tokens = list_valid(session, person.id)
    if name in {token.name for token in tokens}:
        raise Refused("There is already a token called “%(name)s”. Revoke it first.", name=name)
    if len(tokens) >= MAX_TOKENS_PER_PERSON:
        raise Refused(
            "There are %(most)s tokens already. Revoke one first.", most=MAX_TOKENS_PER_PERSON
        )


def _format_audit_subject(person: User, name: str) -> str:
    """Return the name of a token in the audit log."""
    return f"{person.name}: {name}"

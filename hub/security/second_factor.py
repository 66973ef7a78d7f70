"""Second factors: an authenticator app, passkeys, and recovery codes for when both are lost."""

import hashlib

from passlib.exc import TokenError
from passlib.totp import TOTP, TotpMatch
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import Authenticator, Passkey, RecoveryCode, User
from hub.security import audit, login_sessions, one_time_codes, secrets
from hub.security.login_sessions import EndReason

ISSUER = "QuickBooks hub"
CLOCK_DIFFERENCE = 30  # seconds by which the clock of a phone may differ
RECOVERY_CODES = 10
RECOVERY = "recovery code"


def is_required(*, is_owner: bool) -> bool:
    """Return whether the hub requires a second factor of a person."""
    setting = current_hub().config.second_factor
    return setting == "all" or (setting == "owners" and is_owner)


def has_any(session: Session, user_id: int) -> bool:
    """Return whether a person has set up an authenticator app or a passkey."""
    return has_authenticator(session, user_id) or count_passkeys(session, user_id) > 0


def has_authenticator(session: Session, user_id: int) -> bool:
    """Return whether a person has set up an authenticator app."""
    return session.get(Authenticator, user_id) is not None


def count_passkeys(session: Session, user_id: int) -> int:
    """Count the passkeys of a person."""
    query = select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    return session.scalar(query) or 0


def propose_secret(session: Session, user_id: int) -> None:
    """Store a new secret for an authenticator app; it counts once a code confirms it."""
    secrets.put(session, _build_secret_name(user_id, "proposal"), TOTP.new().base32_key)


def get_proposed_secret(session: Session, user_id: int) -> str | None:
    """Return the secret that waits for its first code, in base32."""
    return secrets.get(session, _build_secret_name(user_id, "proposal"))


def build_address_for_app(secret: str, name: str) -> str:
    """Return the address that an authenticator app reads from a QR code."""
    totp = TOTP(key=secret, format="base32")
    return str(totp.to_uri(label=name.replace(":", " "), issuer=ISSUER))


def confirm_secret(session: Session, user_id: int, code: str) -> bool:
    """Let the proposed secret count if the code is right, in place of any earlier one."""
    secret = get_proposed_secret(session, user_id)
    if secret is None:
        return False
    match = _match_code(secret, code, None)
    if match is None:
        return False
    secrets.put(session, _build_secret_name(user_id, "secret"), secret)
    secrets.forget(session, _build_secret_name(user_id, "proposal"))
    now = current_hub().clock.now()
    session.merge(Authenticator(user_id=user_id, added_at=now, last_counter=match.counter))
    return True


def accept_code(session: Session, user_id: int, code: str) -> bool:
    """Accept a code of the authenticator app, each only once."""
    authenticator = session.get(Authenticator, user_id)
    secret = secrets.get(session, _build_secret_name(user_id, "secret"))
    if authenticator is None or secret is None:
        return False
    match = _match_code(secret, code, authenticator.last_counter)
    if match is None:
        return False
    # Another request may have used the code since it was matched.
    statement = update(Authenticator).where(
        Authenticator.user_id == user_id, Authenticator.last_counter < match.counter
    )
    result = session.execute(statement.values(last_counter=match.counter))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def accept_recovery_code(session: Session, user_id: int, code: str) -> bool:
    """Accept a recovery code, each only once; spaces, hyphens and capitals do not matter."""
    is_unused = (
        RecoveryCode.user_id == user_id,
        RecoveryCode.code.in_(
            (_hash_recovery_code(user_id, code), _compute_former_hash(user_id, code))
        ),
        RecoveryCode.used_at.is_(None),
    )
    values = {"used_at": current_hub().clock.now()}
    used = session.execute(update(RecoveryCode).where(*is_unused).values(values))
    return bool(used.rowcount)  # type: ignore[attr-defined]


def renew_recovery_codes(session: Session, user_id: int) -> list[str]:
    """Replace the recovery codes of a person and return them; they cannot be read again."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [one_time_codes.generate() for _ in range(RECOVERY_CODES)]
    for code in codes:
        session.add(RecoveryCode(user_id=user_id, code=_hash_recovery_code(user_id, code)))
    return codes


def count_recovery_codes(session: Session, user_id: int) -> int:
    """Count the recovery codes that were not used."""
    query = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )
    return session.scalar(query) or 0


def remove_authenticator(session: Session, user_id: int) -> None:
    """Remove the authenticator app of a person."""
    session.execute(delete(Authenticator).where(Authenticator.user_id == user_id))
    for name in ("secret", "proposal"):
        secrets.forget(session, _build_secret_name(user_id, name))


def reset(session: Session, user_id: int) -> None:
    """Remove all second factors of a person, who can then set up a new one."""
    remove_authenticator(session, user_id)
    for table in (Passkey, RecoveryCode):
        session.execute(delete(table).where(table.user_id == user_id))


def reset_lost(session: Session, person: User, by: str) -> None:
    """Remove the second factors of a person who lost them, and end their sessions."""
    user_id = person.id
    reset(session, user_id)
    login_sessions.end_all(session, user_id, EndReason.FACTOR_CHANGED)
    name = person.name
    audit.record(session, by, "second factor reset", name)


def _match_code(secret: str, code: str, last_counter: int | None) -> TotpMatch | None:
    """Return the match of a code with the app's secret; None if it is wrong or was used."""
    digits = "".join(code.split())
    if not digits.isascii():
        return None
    try:
        return TOTP(key=secret, format="base32").match(
            digits,
            time=current_hub().clock.now(),
            window=CLOCK_DIFFERENCE,
            last_counter=last_counter,
        )
    except TokenError:
        return None


def _build_secret_name(user_id: int, name: str) -> str:
    """Return the place in the vault of a secret of a person's authenticator app."""
    return f"person:{user_id}:authenticator-{name}"


def _hash_recovery_code(user_id: int, code: str) -> str:
    """Return the hash of a recovery code as it is stored."""
    return one_time_codes.hash_lasting_code(RECOVERY, str(user_id), code)


def _compute_former_hash(user_id: int, code: str) -> str:
    """Return the hash of a recovery code as earlier versions stored it."""
    letters = "".join(code.lower().replace("-", "").split())
    return hashlib.sha256(f"{user_id}:{letters}".encode("utf-8", "replace")).hexdigest()

"""Accounts at the identity provider with which people log in: one for each person who links it.

A person is found by issuer and subject alone. An e-mail address does not identify anybody, because
some providers let people enter one that is not theirs.
"""

import hashlib

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.errors import NotNow, Refused, Sentence
from hub.models import ProviderAccount, User
from hub.security import audit
from hub.security.rights import get_rights

MAX_LABEL_LENGTH = 254  # characters; a label is in a cookie until its account is linked


def compute_key(issuer: str, subject: str) -> str:
    """Return the hash that identifies an account at an identity provider."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def get_account(session: Session, user_id: int) -> ProviderAccount | None:
    """Return the account that a person has linked."""
    return session.get(ProviderAccount, user_id)


def find_account(session: Session, key: str) -> ProviderAccount | None:
    """Return the linked account with a key."""
    return session.scalar(select(ProviderAccount).where(ProviderAccount.key == key))


def link(session: Session, person: User, key: str, label: str, who: str) -> None:
    """Let a person log in with an account; it replaces the one that was linked before.

    Raise Refused if somebody else has linked the account, and NotNow if the hub requires the
    present one.
    """
    label = label[:MAX_LABEL_LENGTH]
    present = get_account(session, person.id)
    if present is not None and present.key != key:
        require_removable(session, person)
    owner = find_account(session, key)
    if owner is not None and owner.user_id != person.id:
        raise _build_used_error(label)
    values = {"key": key, "label": label, "linked_at": current_hub().clock.now(), "used_at": None}
    try:
        session.merge(ProviderAccount(user_id=person.id, **values))
        session.flush()
    except IntegrityError:  # somebody else linked it at the same moment
        raise _build_used_error(label) from None
    audit.record(session, who, "provider account linked", person.name, account=label)


def unlink(session: Session, person: User, who: str) -> bool:
    """Remove the account of a person; return whether there was one."""
    account = get_account(session, person.id)
    if account is None:
        return False
    audit.record(session, who, "provider account unlinked", person.name, account=account.label)
    session.delete(account)
    return True


def note_use(session: Session, user_id: int) -> None:
    """Store that a person logged in with the linked account."""
    values = {"used_at": current_hub().clock.now()}
    statement = update(ProviderAccount).where(ProviderAccount.user_id == user_id)
    session.execute(statement.values(values))


def require_removable(session: Session, person: User) -> None:
    """Raise NotNow if the hub requires that a person logs in with the linked account."""
    if is_only_way(session, person):
        raise NotNow(
            "The hub requires that you log in with this account. Ask an owner of the hub to"
            " remove it."
        )


def is_only_way(session: Session, person: User) -> bool:
    """Return whether a person may log in at the identity provider only.

    With HUB_OIDC_REQUIRED this holds for everybody who has linked an account, except owners of the
    hub: they let people in while the provider does not answer.
    """
    config = current_hub().config
    if not (config.oidc_issuer and config.oidc_required) or get_rights(person).may("owner"):
        return False
    return get_account(session, person.id) is not None


def explain_new_password(session: Session, person: User, provider: str) -> Sentence | None:
    """Return what a new password of a person does not change; None without a linked account."""
    account = get_account(session, person.id)
    if account is None or not current_hub().config.oidc_issuer:
        return None
    values = {"name": person.username, "label": account.label, "provider": provider}
    if is_only_way(session, person):
        return Sentence(
            "%(name)s has to log in with %(label)s at %(provider)s, because the hub requires it,"
            " and not with a password. If that account cannot be used any more, remove it under"
            " People, Sessions.",
            **values,
        )
    return Sentence(
        "%(name)s can still log in with %(label)s at %(provider)s, without the new password. If"
        " somebody else may use that account, remove it under People, Sessions.",
        **values,
    )


def _build_used_error(label: str) -> Refused:
    """Return the error for an account that somebody else has linked."""
    return Refused(
        "Another person of this hub logs in with the account %(label)s. Choose another account"
        " there, or ask an owner of the hub to remove that link.",
        label=label,
    )

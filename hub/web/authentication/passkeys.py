"""Passkeys: what a browser is asked to sign, and whether what it returns is right.

The library is imported by the functions that need it: it takes 5 MB of memory, and a hub may have
no passkeys.
"""

import json
import secrets as tokens
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import Passkey, User
from hub.security.second_factor import ISSUER

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData, UserVerificationRequirement

MAX_RESPONSE_LENGTH = 20_000  # characters
# A browser may return anything; the library raises these for what it cannot read.
UNREADABLE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class Challenge:
    """The request to the browser, as JSON, and the text that its passkey has to sign."""

    options: dict[str, Any]
    text: str


def build_challenge_to_add(session: Session, person: User) -> Challenge:
    """Return the options for a new passkey of a person."""
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    user = PublicKeyCredentialUserEntity(
        id=_handle(session, person).encode(),
        name=person.name,
        display_name=person.name,
    )
    options, state = _build_server().register_begin(
        user,
        _list_credentials(list_passkeys(session, person.id)),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Challenge(dict(options), state["challenge"])


def build_challenge_to_use(passkeys: Sequence[Passkey] | None, *, verify_person: bool) -> Challenge:
    """Return the options for using one of the passkeys, or any that the browser offers."""
    options, state = _build_server().authenticate_begin(
        None if passkeys is None else _list_credentials(passkeys),
        user_verification=_get_verification(verify_person=verify_person),
    )
    return Challenge(dict(options), state["challenge"])


def add(session: Session, person: User, name: str, challenge: str, response: str) -> Passkey | None:
    """Store a new passkey; None if the response is not one to the challenge."""
    try:
        data = _build_server().register_complete(
            _build_state(challenge, verify_person=False), _read(response)
        )
        credential = data.credential_data
    except UNREADABLE_ERRORS:
        return None
    if credential is None or _find_by_credential_id(session, credential.credential_id) is not None:
        return None
    passkey = Passkey(
        user_id=person.id,
        name=name.strip()[:60] or "Passkey",
        credential_id=credential.credential_id,
        credential=bytes(credential),
        sign_count=data.counter,
        added_at=current_hub().clock.now(),
    )
    session.add(passkey)
    return passkey


def find_used(
    session: Session, challenge: str, response: str, *, verify_person: bool
) -> Passkey | None:
    """Return the passkey that signed the challenge; None if none of the hub's did.

    With `verify_person` the device must also have asked for a PIN or a fingerprint. In a session
    that only reads, `note_use` has to follow.
    """
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    try:
        fields = _read(response)
        answer = AuthenticationResponse.from_dict(fields)
        passkey = _find_by_credential_id(session, answer.raw_id)
        if passkey is None:
            return None
        state = _build_state(challenge, verify_person=verify_person)
        _build_server().authenticate_complete(
            state, [AttestedCredentialData(passkey.credential)], fields
        )
        counter = answer.response.authenticator_data.counter
    except UNREADABLE_ERRORS:
        return None
    counts = counter > 0 or passkey.sign_count > 0
    if counts and counter <= passkey.sign_count:  # two devices count with the same key
        return None
    passkey.sign_count = counter
    passkey.used_at = current_hub().clock.now()
    return passkey


def is_of_person(session: Session, user_id: int, challenge: str | None, response: str) -> bool:
    """Return whether a passkey of this person signed the challenge and verified the person."""
    if challenge is None:
        return False
    used = find_used(session, challenge, response, verify_person=True)
    return used is not None and used.user_id == user_id


def note_use(session: Session, passkey_id: int, sign_count: int) -> None:
    """Store that a passkey was used, and what its device counted."""
    values = {"sign_count": sign_count, "used_at": current_hub().clock.now()}
    session.execute(update(Passkey).where(Passkey.id == passkey_id).values(values))


def list_passkeys(session: Session, user_id: Any) -> Sequence[Passkey]:
    """Return the passkeys of a person, oldest first."""
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return session.scalars(query).all()


def _build_server() -> "Fido2Server":
    """Return the checks for passkeys of the address at which this request arrived."""
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    own_origin = request.host_url.rstrip("/")
    own_host = urlsplit(own_origin).hostname or ""
    return Fido2Server(
        PublicKeyCredentialRpEntity(name=ISSUER, id=own_host),
        verify_origin=lambda origin: origin == own_origin,
    )


def _get_verification(*, verify_person: bool) -> "UserVerificationRequirement":
    """Return how much the device has to verify the person who uses it."""
    from fido2.webauthn import UserVerificationRequirement

    if verify_person:
        return UserVerificationRequirement.REQUIRED
    return UserVerificationRequirement.PREFERRED


def _build_state(challenge: str, *, verify_person: bool) -> dict[str, Any]:
    """Return the state that the library expects from the beginning of the exchange."""
    return {
        "challenge": challenge,
        "user_verification": _get_verification(verify_person=verify_person),
    }


def _read(response: str) -> dict[str, Any]:
    """Return the response of a browser; raise ValueError if it is not a JSON object."""
    if len(response) > MAX_RESPONSE_LENGTH:
        raise ValueError("The response is too long.")
    fields = json.loads(response)
    if not isinstance(fields, dict):
        raise ValueError("The response is no object.")
    return fields


def _list_credentials(passkeys: Sequence[Passkey]) -> "list[AttestedCredentialData]":
    """Return the public keys as the library reads them."""
    from fido2.webauthn import AttestedCredentialData

    return [AttestedCredentialData(passkey.credential) for passkey in passkeys]


def _find_by_credential_id(session: Session, credential_id: bytes) -> Passkey | None:
    """Return a passkey by the id that its device gave it."""
    return session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def _handle(session: Session, person: User) -> str:
    """Return the random name under which devices store a person; create it if it is missing."""
    handle = str(person.fs_webauthn_user_handle or "")
    if not handle:
        handle = tokens.token_hex(32)
        values: Any = {"fs_webauthn_user_handle": handle}
        session.execute(update(User).where(User.id == person.id).values(values))
    return handle

"""ID tokens of OpenID Connect: whether a token is valid, and the account that it is about.

The rules are those of OpenID Connect Core 1.0, section 3.1.3.7. The library for signatures is
imported by the function that needs it, because a hub may have no identity provider.
"""

import datetime as dt
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from hub.security.provider_accounts import MAX_LABEL_LENGTH

if TYPE_CHECKING:
    from jwt import PyJWK
    from jwt.types import Options

# Signatures with a key that only the provider has. One made with the client secret could come from
# anybody who knows that.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}  # by the start of an algorithm
# The library raises these, too, for keys that are not complete.
UNREADABLE_ERRORS = (ValueError, KeyError, TypeError, AttributeError)
CLOCK_DIFFERENCE = dt.timedelta(minutes=2)  # by which the provider's clock may differ
# The claims are checked here: the library would compare times with the clock of the machine.
WITHOUT_CHECKS: "Options" = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}
MAX_LENGTH = 50_000  # characters of a token
MAX_SUBJECT_LENGTH = 255  # characters, by the specification
MULTIPLE_FACTORS = "mfa"  # an authentication method of RFC 8176
LABEL_CLAIMS = ("preferred_username", "email", "name")


class TokenRefused(Exception):
    """An ID token is not valid; the text says why and contains nothing of the token."""


class UnknownKey(TokenRefused):
    """No key of the provider made the signature; it may have changed its keys."""


@dataclass(frozen=True)
class Identity:
    """An account at the identity provider, and how its owner was authenticated there.

    `authenticated_at` is None if the provider does not say when that was.
    """

    subject: str
    label: str
    has_second_factor: bool
    authenticated_at: dt.datetime | None


def read(
    token: Any,
    key_set: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: dt.datetime,
) -> Identity:
    """Return the account that a token is about; raise TokenRefused if the token is not valid."""
    claims = _verify_signature(token, key_set)
    if claims.get("iss") != issuer:
        raise TokenRefused("it is from another issuer")
    _check_audience(claims, client_id)
    _check_times(claims, now)
    returned_nonce = str(claims.get("nonce", "")).encode(errors="replace")
    if not hmac.compare_digest(returned_nonce, nonce.encode()):
        raise TokenRefused("it belongs to another log-in")
    return _build_identity(claims)


def _verify_signature(token: Any, key_set: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a token that a key of the provider has signed."""
    import jwt

    if not isinstance(token, str) or len(token) > MAX_LENGTH:
        raise TokenRefused("there is none")
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise TokenRefused("its signature is of another kind than a provider's")
        key = _find_key(key_set, header)
        claims = jwt.decode(token, key, algorithms=ALGORITHMS, options=WITHOUT_CHECKS)
    except (jwt.PyJWTError, *UNREADABLE_ERRORS):
        raise TokenRefused("its signature is not valid") from None
    return dict(claims)


def _find_key(key_set: Mapping[str, Any], header: Mapping[str, Any]) -> "PyJWK":
    """Return the public key that a token names; if it names none, the only one of its kind."""
    from jwt import PyJWK

    algorithm = header["alg"]
    candidates = _list_keys(key_set, algorithm)
    key_id = header.get("kid")
    if key_id is not None:
        candidates = [key for key in candidates if key.get("kid") == key_id]
    if len(candidates) != 1:
        raise UnknownKey("the provider publishes no key that has signed it")
    return PyJWK(candidates[0], algorithm=algorithm)


def _list_keys(key_set: Mapping[str, Any], algorithm: str) -> list[dict[str, Any]]:
    """Return the public keys of the provider that make signatures of a kind."""
    keys = key_set.get("keys")
    if not isinstance(keys, list):
        return []
    return [key for key in keys if _is_for(algorithm, key)]


def _is_for(algorithm: str, key: Any) -> bool:
    """Return whether a published key is a public one that makes signatures of a kind."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return False
    is_same_type = key.get("kty") == KEY_TYPES[algorithm[:2]]
    return is_same_type and key.get("alg", algorithm) == algorithm


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Refuse a token that was issued to another program."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", client_id if len(audiences) == 1 else None)
    if client_id not in audiences or party != client_id:
        raise TokenRefused("it was issued to another program")


def _check_times(claims: Mapping[str, Any], now: dt.datetime) -> None:
    """Refuse a token that has expired, or that is from the future."""
    expires_at = _read_time(claims, "exp")
    issued_at = _read_time(claims, "iat")
    if expires_at is None or issued_at is None:
        raise TokenRefused("it does not say how long it is valid")
    if expires_at <= now - CLOCK_DIFFERENCE:
        raise TokenRefused("it has expired; compare the clocks of the hub and of the provider")
    if issued_at > now + CLOCK_DIFFERENCE:
        raise TokenRefused("it is from the future; compare the clocks of the hub and the provider")


def _read_time(claims: Mapping[str, Any], name: str) -> dt.datetime | None:
    """Return the time of a claim in seconds since 1970; None if it is none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _build_identity(claims: Mapping[str, Any]) -> Identity:
    """Return the account that the claims of a valid token are about."""
    subject = claims.get("sub")
    if not _is_subject(subject):
        raise TokenRefused("it names no account")
    methods = claims.get("amr")
    return Identity(
        subject,
        label=_find_label(claims) or subject,
        has_second_factor=isinstance(methods, list) and MULTIPLE_FACTORS in methods,
        authenticated_at=_read_time(claims, "auth_time"),
    )


def _is_subject(value: Any) -> TypeGuard[str]:
    """Return whether a value identifies an account."""
    is_text = isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT_LENGTH
    return is_text and value.isprintable()


def _find_label(claims: Mapping[str, Any]) -> str:
    """Return how the provider calls the account, in characters that can be seen; "" if unknown."""
    for name in LABEL_CLAIMS:
        text = claims.get(name)
        if isinstance(text, str):
            label = "".join(character for character in text if character.isprintable()).strip()
            if label:
                return label[:MAX_LABEL_LENGTH]
    return ""

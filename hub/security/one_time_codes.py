"""One-time codes that people type: random, shown in groups, and stored as a hash."""

import hashlib
import hmac
import secrets

from hub.context import current_hub

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letter that is easily taken for another sign
CODE_LENGTH = 28  # signs of five bits each: 140 bits, so that a hash without a key hides a code
GROUP_LENGTH = 4
MAX_TYPED = 64  # longer texts are not read
MISREAD_CHARACTERS = str.maketrans("OIL", "011")


def generate() -> str:
    """Return a new code, in groups."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    starts = range(0, CODE_LENGTH, GROUP_LENGTH)
    return "-".join(signs[start : start + GROUP_LENGTH] for start in starts)


def hash_code(purpose: str, subject: str, code: str) -> str:
    """Return the hash under which a code is stored; it is valid for this subject only.

    It depends on HUB_SECRET_KEY. Codes that stay valid for years have `hash_lasting_code`.
    """
    key = hmac.new(
        current_hub().config.secret_key.encode(), b"one-time code", hashlib.sha256
    ).digest()
    text = "\0".join((purpose, subject, _normalize(code)))
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def hash_lasting_code(purpose: str, subject: str, code: str) -> str:
    """Return the hash under which a code is stored that outlasts a change of HUB_SECRET_KEY."""
    text = "\0".join((purpose, subject, _normalize(code)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def is_right(code_hash: str, purpose: str, subject: str, code: str) -> bool:
    """Return whether a typed code is the one with this hash."""
    return hmac.compare_digest(code_hash, hash_code(purpose, subject, code))


def _normalize(code: str) -> str:
    """Return the signs of a typed code; case, spaces and hyphens do not matter."""
    signs = "".join(sign for sign in code[:MAX_TYPED].upper() if sign.isalnum())
    return signs.translate(MISREAD_CHARACTERS)

"""Signs identity tokens with a key that lives as long as the process."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

KEY_ID = "stand-in"


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def token(claims: dict[str, Any]) -> str:
    """Return the claims as a signed JSON web token."""
    head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_encode(_key().sign(signed.encode(), PKCS1v15(), SHA256()))}"


def keys() -> dict[str, Any]:
    """Return the public key as a JSON web key set."""
    numbers = _key().public_key().public_numbers()
    parts = {name: _encode(_bytes(number)) for name, number in (("n", numbers.n), ("e", numbers.e))}
    return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, **parts}]}


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

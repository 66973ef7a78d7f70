"""Signs identity tokens with a key that lives as long as the process."""

import base64
import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from qbo_sandbox.kit.json_object import JsonObject

KEY_ID = "stand-in"


@cache
def _load_signing_key() -> RSAPrivateKey:
    """Return the key that signs id tokens; it is new with each process."""
    return generate_private_key(65537, 2048)


def sign_token(claims: JsonObject) -> str:
    """Return the claims as a signed JSON web token."""
    header = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
    encoded_header = _encode(json.dumps(header).encode())
    encoded_claims = _encode(json.dumps(claims).encode())
    signing_input = f"{encoded_header}.{encoded_claims}"
    signature = _load_signing_key().sign(signing_input.encode(), PKCS1v15(), SHA256())
    return f"{signing_input}.{_encode(signature)}"


def build_public_keys() -> JsonObject:
    """Return the public key as a JSON web key set."""
    numbers = _load_signing_key().public_key().public_numbers()
    parts = {
        name: _encode(_to_bytes(number)) for name, number in (("n", numbers.n), ("e", numbers.e))
    }
    return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, **parts}]}


def _to_bytes(number: int) -> bytes:
    """Return a number as bytes, the highest one first."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encode(raw: bytes) -> str:
    """Return bytes in base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

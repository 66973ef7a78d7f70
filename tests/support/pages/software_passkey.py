"""A passkey in software: it answers the hub's options as a browser and its device do."""

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cbor import encode
from fido2.cose import ES256

ORIGIN = "http://localhost"
PRESENT, VERIFIED, WITH_CREDENTIAL = 1, 4, 64


def to_text(content: bytes) -> str:
    """Encode bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class SoftwarePasskey:
    """A credential; `counter` is the number of uses that its device reports."""

    def __init__(self, origin: str = ORIGIN, *, verifies: bool = True) -> None:
        self.origin = origin
        self.flags = PRESENT | (VERIFIED if verifies else 0)
        self.counter = 0
        self.id = secrets.token_bytes(32)
        self.handle = ""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> str:
        """Return the response of a browser that created the credential."""
        key = options["publicKey"]
        self.handle = key["user"]["id"]
        client = self._client_data("webauthn.create", key["challenge"])
        public = encode(ES256.from_cryptography_key(self._key.public_key()))
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(key["rp"]["id"], WITH_CREDENTIAL) + credential
        attestation = encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._response(client, attestationObject=attestation)

    def use(self, options: dict[str, Any]) -> str:
        """Return the response of a browser that used the credential."""
        key = options["publicKey"]
        client = self._client_data("webauthn.get", key["challenge"])
        self.counter += 1
        data = self._data(key["rpId"], 0)
        signed = data + hashlib.sha256(client).digest()
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._response(client, authenticatorData=data, signature=signature)

    def _client_data(self, type: str, challenge: str) -> bytes:
        text = {"type": type, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(text).encode()

    def _data(self, host: str, more_flags: int) -> bytes:
        begin = hashlib.sha256(host.encode()).digest()
        return begin + struct.pack(">BI", self.flags | more_flags, self.counter)

    def _response(self, client: bytes, **parts: bytes) -> str:
        response = {name: to_text(part) for name, part in parts.items()}
        response["clientDataJSON"] = to_text(client)
        return json.dumps(
            {
                "id": to_text(self.id),
                "rawId": to_text(self.id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )

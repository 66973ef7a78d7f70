"""Encrypt secrets with AES-256-GCM, bound to their place, under keys that can be rotated."""

import secrets
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import VaultError

VERSION = b"\x01"
NONCE_BYTES = 12

Ring = Sequence[tuple[str, bytes]]


class Vault:
    """Seal secrets with the first key of the ring, and open those of any of its keys.

    A sealed secret names its key and opens only at its place. `reread` returns the ring again if a
    secret names a key that is missing here, because another process has rotated the keys.
    """

    def __init__(self, keys: Ring, reread: Callable[[], Ring] = tuple) -> None:
        if not keys:
            raise VaultError("The vault has no key; `hub init` makes one.")
        self._reread = reread
        self._take(keys)

    def _take(self, keys: Ring) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys}
        self._newest = keys[0][0]

    def seal(self, place: str, text: str) -> bytes:
        """The text sealed: version, key id, nonce, ciphertext."""
        nonce, name = secrets.token_bytes(NONCE_BYTES), self._newest.encode()
        head = VERSION + bytes([len(name)]) + name
        return (
            head
            + nonce
            + self._ciphers[self._newest].encrypt(nonce, text.encode(), _bound(head, place))
        )

    def open(self, place: str, sealed: bytes) -> str:
        """The text again, if it was sealed for this place by a key of the ring."""
        head, nonce, body = _parts(place, sealed)
        try:
            return (
                self._cipher(place, _key_id(head))
                .decrypt(nonce, body, _bound(head, place))
                .decode()
            )
        except InvalidTag:
            raise VaultError(
                f"The secret at {place} cannot be opened: its key is another one, or it was changed"
                " or moved there. Enter it again, or reconnect."
            ) from None

    def _cipher(self, place: str, key_id: str) -> AESGCM:
        """Return the cipher of a key; read the key ring again if it is a new one."""
        if key_id not in self._ciphers and key_id in dict(keys := self._reread()):
            self._take(keys)
        if key_id not in self._ciphers:
            raise VaultError(
                f"The secret at {place} is sealed with key {key_id!r}, which HUB_VAULT_KEYS"
                " does not hold; put that key back after the newest one."
            )
        return self._ciphers[key_id]

    def is_current(self, sealed: bytes) -> bool:
        """Return whether the newest key sealed it."""
        return sealed.startswith(VERSION + bytes([len(self._newest)]) + self._newest.encode())


def _parts(place: str, sealed: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a sealed secret into head, nonce and body."""
    end = 2 + sealed[1] if len(sealed) > 1 else 0
    if sealed[:1] != VERSION or len(sealed) <= end + NONCE_BYTES:
        raise VaultError(
            f"What is kept at {place} is not a sealed secret; enter it again, or reconnect."
        )
    return sealed[:end], sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]


def _key_id(head: bytes) -> str:
    """Return the id of the key that the head names."""
    return head[2:].decode("ascii", "replace")


def _bound(head: bytes, place: str) -> bytes:
    """Return the data that binds a secret to its place."""
    return head + b"\x00" + place.encode()

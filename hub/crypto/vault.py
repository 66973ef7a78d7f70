"""Encrypt secrets with AES-256-GCM, bound to their place, under keys that can be rotated."""

import secrets
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import VaultError

VERSION = b"\x01"
NONCE_BYTES = 12

Ring = Sequence[tuple[str, bytes]]


class KeyMissing(VaultError):
    """A secret is sealed with a key that the ring lacks."""

    def __init__(self, place: str, key_id: str) -> None:
        super().__init__(
            "The secret at %(place)s is sealed with key %(key)s, which HUB_VAULT_KEYS does not"
            " hold. If the keys were rotated after this process started, start it again; otherwise"
            " put that key back after the newest one.",
            place=place,
            key=repr(key_id),
        )
        self.key_id = key_id


class Vault:
    """Seal secrets with the first key of the ring, and open those of any of its keys.

    A sealed secret names its key and opens only at its place. `reread` returns the ring again if a
    secret names a key that is missing here, because another process has rotated the keys.
    """

    def __init__(self, keys: Ring, reread: Callable[[], Ring] = tuple) -> None:
        if not keys:
            raise VaultError("The vault has no key; `hub init` makes one.")
        self._reread = reread
        self._use_ring(keys)

    def _use_ring(self, keys: Ring) -> None:
        """Use a ring from now on."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys}
        newest_id, _ = keys[0]
        self._newest = newest_id

    def seal(self, place: str, text: str) -> bytes:
        """Return the text sealed: version, key id, nonce, ciphertext."""
        head = _build_header(self._newest)
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._ciphers[self._newest]
        ciphertext = cipher.encrypt(nonce, text.encode(), _build_binding_data(head, place))
        return head + nonce + ciphertext

    def open(self, place: str, sealed_bytes: bytes) -> str:
        """Return the text, if it was sealed for this place by a key of the ring."""
        head, nonce, body = _split_sealed(place, sealed_bytes)
        cipher = self._get_cipher(place, _get_key_id(head))
        try:
            plain_text = cipher.decrypt(nonce, body, _build_binding_data(head, place))
        except InvalidTag:
            raise VaultError(
                "The secret at %(place)s cannot be opened: its key is another one, or it was"
                " changed or moved there. Enter it again, or reconnect.",
                place=place,
            ) from None
        return plain_text.decode()

    def _get_cipher(self, place: str, key_id: str) -> AESGCM:
        """Return the cipher of a key; read the key ring again if it is a new one."""
        if key_id not in self._ciphers:
            keys = self._reread()
            if key_id in dict(keys):
                self._use_ring(keys)
        if key_id not in self._ciphers:
            raise KeyMissing(place, key_id)
        return self._ciphers[key_id]

    def find_missing_key(self, place: str, sealed_bytes: bytes) -> str:
        """Return the id of the key of a secret if the ring lacks it, else ""."""
        head, _, _ = _split_sealed(place, sealed_bytes)
        key_id = _get_key_id(head)
        try:
            self._get_cipher(place, key_id)
        except KeyMissing:
            return key_id
        return ""

    def is_current(self, sealed_bytes: bytes) -> bool:
        """Return whether a secret was sealed with the newest key."""
        return sealed_bytes.startswith(_build_header(self._newest))


def _build_header(key_id: str) -> bytes:
    """Return the beginning of a sealed secret: the version, and the key id after its length."""
    id = key_id.encode()
    return VERSION + bytes([len(id)]) + id


def _split_sealed(place: str, sealed_bytes: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a sealed secret into head, nonce and body; raise VaultError if it is not one."""
    key_id_bytes = sealed_bytes[1] if len(sealed_bytes) > 1 else 0
    head_end = 2 + key_id_bytes
    nonce_end = head_end + NONCE_BYTES
    if not sealed_bytes.startswith(VERSION) or len(sealed_bytes) <= nonce_end:
        raise VaultError(
            "What is kept at %(place)s is not a sealed secret; enter it again, or reconnect.",
            place=place,
        )
    head = sealed_bytes[:head_end]
    nonce = sealed_bytes[head_end:nonce_end]
    return head, nonce, sealed_bytes[nonce_end:]


def _get_key_id(head: bytes) -> str:
    """Return the id of the key that the head names."""
    return head[2:].decode("utf-8", "replace")


def _build_binding_data(head: bytes, place: str) -> bytes:
    """Return the data that binds a secret to its place."""
    return head + b"\x00" + place.encode()

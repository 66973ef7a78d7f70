"""Compute the identity of a document, its marker in QuickBooks and the keys of its requests."""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable

_NAMESPACE = uuid.UUID("8f0e1c52-6f0b-5a39-9c1d-4d9b6f0f7a11")
MARKER_LENGTH = 12


def build_identity(realm: str, slug: str, tenant: str, source_id: str) -> str:
    """Return the identity of a document, independent of its kind and revision."""
    return _encode([realm, slug, tenant, source_id])


def derive_marker(identity: str) -> str:
    """Shorten an identity so that it fits in a memo: 60 bits as capital letters and digits."""
    digest = hashlib.sha256(identity.encode()).digest()
    return base64.b32encode(digest).decode()[:MARKER_LENGTH]


def derive_request_id(identity: str, part: str, operation: str, base: str, generation: int) -> str:
    """Return the idempotency key of a request.

    The same request always has the same key, so that QuickBooks recognises a repetition.
    """
    return uuid.uuid5(_NAMESPACE, _encode([identity, part, operation, base, generation])).hex


def derive_batch_id(requests: Iterable[str]) -> str:
    """Return the key of a batch, which depends on its requests and their order."""
    return uuid.uuid5(_NAMESPACE, _encode(["batch", *requests])).hex


def compute_fingerprint(payload: bytes) -> str:
    """Return the hash of a payload, by which an approval identifies the approved bytes."""
    return hashlib.sha256(payload).hexdigest()


def _encode(values: list[str | int]) -> str:
    """Return values as one text that is different for different values."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

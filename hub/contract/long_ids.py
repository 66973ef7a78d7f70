"""Ids that the hub uses in place of those of a source that are too long to be stored."""

import hashlib

MAX_ID_LENGTH = 200
MAX_SHOWN_ID_LENGTH = 60  # characters of an id that is too long
DIGEST_LENGTH = 16
ELLIPSIS = " … "  # before the digest


def shorten_id(source_id: str) -> str:
    """Return an id that can be stored; one that is too long gets a digest that makes it unique.

    The new id contains no text of the source, because that could be a secret in a wrong place. Once
    the process knows the secret, it would be masked, so that the id changes and the document is
    stored twice. For the same reason an id that fits is stored and shown unmasked.
    """
    if len(source_id) <= MAX_ID_LENGTH:
        return source_id
    encoded_id = source_id.encode("utf-8", "replace")
    digest = hashlib.sha256(encoded_id).hexdigest()[:DIGEST_LENGTH]
    return f"id of {len(source_id)} characters{ELLIPSIS}{digest}"


def is_shortened(source_id: str) -> bool:
    """Return whether an id is the hub's own, in place of one that is too long."""
    end = len(source_id) - DIGEST_LENGTH
    start = end - len(ELLIPSIS)
    return start >= 0 and source_id[start:end] == ELLIPSIS

"""The ids of documents, made of their contents: a document has the same id in every file."""

import hashlib

MAX_LENGTH = 200  # of an id


def document_id(holds: str, party: str, number: str) -> str:
    """Return the id of a document: whether we buy or sell, the other party, and the number.

    Letter case and spaces do not matter.
    """
    id = ":".join((holds, _plain_number(party), _plain_number(number)))
    if len(id) <= MAX_LENGTH:
        return id
    return f"{holds}:{digest_of(id.encode())}"


def digest_of(content: bytes) -> str:
    """Return a short digest of a content."""
    return hashlib.sha256(content).hexdigest()[:32]


def _plain_number(text: str) -> str:
    """Return a text without case and double spaces, for comparisons."""
    words = text.casefold().split()
    return " ".join(words)

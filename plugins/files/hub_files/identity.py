"""Make the ids of documents from their contents: a document has the same id in every file."""

import hashlib

MAX_ID_LENGTH = 200  # of an id


def document_id(series: str, party: str, number: str) -> str:
    """Return the id of a document: the series of its number, the other party, and the number.

    The series distinguishes purchases from sales, and credit notes from invoices, because a sender
    may number credit notes separately. Letter case and repeated spaces do not matter.
    """
    id = ":".join((series, _normalize(party), _normalize(number)))
    if len(id) <= MAX_ID_LENGTH:
        return id
    return f"{series}:{digest_of(id.encode())}"


def digest_of(content: bytes) -> str:
    """Return a short digest of a content."""
    return hashlib.sha256(content).hexdigest()[:32]


def _normalize(text: str) -> str:
    """Return a text without case and double spaces, for comparisons."""
    words = text.casefold().split()
    return " ".join(words)

"""The ids of documents, made of their contents: a document has the same id in every file."""

import hashlib

MAX_LENGTH = 200  # of an id


def document_id(series: str, party: str, number: str) -> str:
    """Return the id of a document: the series of its number, the other party, and the number.

    The series says whether we buy or sell, and whether it is a credit note, whose sender may count
    credit notes apart from invoices. Letter case and spaces do not matter.
    """
    id = ":".join((series, _plain_number(party), _plain_number(number)))
    if len(id) <= MAX_LENGTH:
        return id
    return f"{series}:{digest_of(id.encode())}"


def digest_of(content: bytes) -> str:
    """Return a short digest of a content."""
    return hashlib.sha256(content).hexdigest()[:32]


def _plain_number(text: str) -> str:
    """Return a text without case and double spaces, for comparisons."""
    words = text.casefold().split()
    return " ".join(words)

"""Make the ids of documents from their contents: a document has the same id in every file."""

import datetime as dt
import hashlib
import re

MAX_ID_LENGTH = 200  # of an id
VERSION_LENGTH = 16  # characters of the digest of a file, which are the version of its documents
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1b\x7f\ufffe\uffff]")  # white space aside
# The shortest time between documents of two years with one number; a date may be corrected by less.
MIN_TIME_BETWEEN_SERIES = dt.timedelta(days=90)


def build_document_id(series: str, party: str, number: str) -> str:
    """Return the id of a document: the series of its number, the other party, and the number.

    The series distinguishes purchases from sales, and credit notes from invoices, because a sender
    may number credit notes separately. Letter case and repeated spaces do not matter.
    """
    id = ":".join((series, _normalize(party), _normalize(number)))
    if len(id) <= MAX_ID_LENGTH:
        return id
    return f"{series}:{compute_digest(id.encode())}"


def build_document_id_of_year(id: str, year: int) -> str:
    """Return the id of a document of a year, if another one with its number has the plain id."""
    id_of_year = f"{id}:{year}"
    if len(id_of_year) <= MAX_ID_LENGTH:
        return id_of_year
    series = id.partition(":")[0]
    return f"{series}:{compute_digest(id_of_year.encode())}"


def is_of_other_series(date: dt.date, other_date: dt.date) -> bool:
    """Return whether documents with one number are two, as some senders count anew each year.

    If only the year differs, it was corrected, and so was a date that moved by some weeks.
    """
    if date.year == other_date.year:
        return False
    if (date.month, date.day) == (other_date.month, other_date.day):
        return False
    return abs(date - other_date) >= MIN_TIME_BETWEEN_SERIES


def compute_digest(content: bytes) -> str:
    """Return a short digest of a content."""
    return hashlib.sha256(content).hexdigest()[:32]


def _normalize(text: str) -> str:
    """Return a text without case, double spaces and control characters, for comparisons.

    The hub drops control characters from what it stores, so an id with one would not be found.
    """
    words = CONTROL_CHARACTERS.sub("", text.casefold()).split()
    return " ".join(words)

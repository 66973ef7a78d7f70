"""Source codes become QuickBooks records: pure decisions from a document, its app's fields and a book of records."""

from hub.mapping.book import EMPTY, NEW, Book, Decision, Entry, Index, key, ref
from hub.mapping.mapped import Create, Link, Mapped, MappedLine, Missing, Ref
from hub.mapping.matching import called, find, standing
from hub.mapping.places import PLACES, is_text
from hub.mapping.resolving import party_name, resolve
from hub.mapping.splitting import amount

__all__ = [
    "EMPTY", "NEW", "PLACES", "Book", "Create", "Decision", "Entry", "Index", "Link", "Mapped", "MappedLine", "Missing",
    "Ref", "amount", "called", "find", "is_text", "key", "party_name", "ref", "resolve", "standing",
]  # fmt: skip

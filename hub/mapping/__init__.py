"""Source codes become QuickBooks records: pure decisions from a document, its app's fields and a book of records."""

from hub.mapping.book import EMPTY, NEW, Book, Decision, Entry, Index, key, ref
from hub.mapping.mapped import Create, Fill, Link, Mapped, MappedLine, Missing, Ref
from hub.mapping.matching import called, find, is_separated, separated, standing
from hub.mapping.places import PLACES, is_text
from hub.mapping.resolving import party_name, resolve
from hub.mapping.splitting import amount

__all__ = [
    "EMPTY", "NEW", "PLACES", "Book", "Create", "Decision", "Entry", "Fill", "Index", "Link",
    "Mapped", "MappedLine", "Missing", "Ref", "amount", "called", "find", "is_separated",
    "is_text", "key", "party_name", "ref", "resolve", "separated", "standing",
]  # fmt: skip

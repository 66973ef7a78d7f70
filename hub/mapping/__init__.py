"""Mapping: the codes of a document become QuickBooks records, as pure functions.

Imports only `hub.contract`, `hub.errors` and `hub.money`. Start reading in `resolve`.
"""

from hub.mapping.index import EMPTY, NEW, Book, Decision, Entry, Index, key, ref
from hub.mapping.mapped import Create, Fill, Link, Mapped, MappedLine, Missing, Ref
from hub.mapping.places import PLACES, is_text
from hub.mapping.resolve import party_name, resolve
from hub.mapping.rules import called, find, is_separated, separated, standing
from hub.mapping.split import amount

__all__ = [
    "EMPTY", "NEW", "PLACES", "Book", "Create", "Decision", "Entry", "Fill", "Index", "Link",
    "Mapped", "MappedLine", "Missing", "Ref", "amount", "called", "find", "is_separated",
    "is_text", "key", "party_name", "ref", "resolve", "separated", "standing",
]  # fmt: skip

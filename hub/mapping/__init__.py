"""Mapping: the codes of a document become QuickBooks records, as pure functions.

Imports only `hub.contract`, `hub.money`, `hub.models.enums` and `hub.reasons`. Start reading in
`resolve`.
"""

from hub.mapping.code_records import build_code_index
from hub.mapping.index import (
    EMPTY,
    NAME_SHARING,
    NEW,
    Decision,
    Entry,
    MatchIndex,
    NameOwner,
    RecordIndex,
    to_ref,
)
from hub.mapping.mapped import (
    Link,
    MappedDocument,
    MappedLine,
    MatchedParty,
    Missing,
    NewRecord,
    Ref,
)
from hub.mapping.names import fold_name, has_other_email
from hub.mapping.resolve import party_name, resolve
from hub.mapping.rules import (
    MatchResult,
    find,
    find_existing_record,
    format_code_name,
)
from hub.mapping.separators import explain_separator, has_separator
from hub.mapping.split import get_amount

__all__ = [
    "EMPTY",
    "NAME_SHARING",
    "NEW",
    "Decision",
    "Entry",
    "Link",
    "MappedDocument",
    "MappedLine",
    "MatchIndex",
    "MatchResult",
    "MatchedParty",
    "Missing",
    "NameOwner",
    "NewRecord",
    "RecordIndex",
    "Ref",
    "build_code_index",
    "explain_separator",
    "find",
    "find_existing_record",
    "fold_name",
    "format_code_name",
    "get_amount",
    "has_other_email",
    "has_separator",
    "party_name",
    "resolve",
    "to_ref",
]

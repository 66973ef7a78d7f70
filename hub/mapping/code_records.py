"""An index for documents without a company: each of their codes has a record of its own."""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from hub.contract.documents import Code, Document, Role, get_code_id, iter_codes
from hub.contract.types import Field
from hub.mapping.index import Decision, Entry, MatchIndex, NameOwner, RecordIndex
from hub.mapping.rules import format_code_name
from hub.models.enums import MatchOrigin

UNMATCHED_PREFIX = "unmatched:"  # precedes a code where a payload has the id of a record


def build_code_index(fields: Iterable[Field], documents: Iterable[Document]) -> MatchIndex:
    """Return an index in which each code of the documents has a record of its own."""
    fields_by_name = {field.name: field for field in fields}
    entries: dict[Role, dict[str, Entry]] = defaultdict(dict)
    matches: dict[tuple[str, str], Decision] = {}
    for document in documents:
        for name, code, _ in iter_codes(document):
            field = fields_by_name.get(name)
            code_id = get_code_id(code)
            if field is None:  # the name is a role, and the code an id of QuickBooks
                entries[cast(Role, name)][code_id] = Entry(id=code_id, name=format_code_name(code))
                continue
            record_id = UNMATCHED_PREFIX + code_id
            decision = Decision(record=record_id, match_method=MatchOrigin.DECIDED)
            matches[name, code_id] = decision
            record_name = _compose_record_name(field, code)
            entries[field.role][record_id] = Entry(id=record_id, name=record_name)
    lists: dict[NameOwner, RecordIndex] = {}
    for role, records in entries.items():
        lists[role] = RecordIndex(records.values())
    return MatchIndex(matches, lists)


def _compose_record_name(field: Field, code: Code | str) -> str:
    """Return the name of a code without the field's separator, with which it could not be used."""
    name = format_code_name(code)
    return name.replace(field.separator, " ") if field.separator else name

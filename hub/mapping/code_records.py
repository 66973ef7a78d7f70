"""An index for documents without a company: each of their codes has a record of its own."""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from hub.contract.documents import Document, Role, get_code_id, iter_codes
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
            code_id = get_code_id(code)
            record_name = format_code_name(code)
            field = fields_by_name.get(name)
            if field:
                role, record_id = field.role, UNMATCHED_PREFIX + code_id
                decision = Decision(record=record_id, match_method=MatchOrigin.DECIDED)
                matches[name, code_id] = decision
                if field.separator:  # a record with it in its name could not be used
                    record_name = record_name.replace(field.separator, " ")
            else:
                role, record_id = cast(Role, name), code_id
            entries[role][record_id] = Entry(id=record_id, name=record_name)
    lists: dict[NameOwner, RecordIndex] = {}
    for role, records in entries.items():
        lists[role] = RecordIndex(records.values())
    return MatchIndex(matches, lists)

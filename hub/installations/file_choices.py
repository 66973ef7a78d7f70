"""The records to which the rows of a file with matches may refer, found by id or by name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.types import Field
from hub.errors import NotFound, Refused, Sentence
from hub.installations.storable_matches import require_possible_code
from hub.mapping import EMPTY, NEW, explain_separator, fold_name, has_separator
from hub.models import Installation, StoredRecord
from hub.qbo import records

# The words in a file for a code that is left out, and for one that gets a new record.
SPECIAL_WORDS = {EMPTY: "none", NEW: "new"}
# What they are called on pages.
SPECIAL_LABELS = {EMPTY: Sentence("Left out"), NEW: Sentence("Will be created")}
SPECIAL_RECORDS = {word: record for record, word in SPECIAL_WORDS.items()}


class _RoleRecords:
    """The active records that may take one role, by id, and their ids by each of their names."""

    def __init__(self, choices: Iterable[StoredRecord]) -> None:
        self.by_id: dict[str, StoredRecord] = {}
        self._ids_by_full_name: defaultdict[str, set[str]] = defaultdict(set)
        self._ids_by_last_part: defaultdict[str, set[str]] = defaultdict(set)
        for record in choices:
            self.by_id[record.quickbooks_id] = record
            full_name = fold_name(record.qualified_name)
            self._ids_by_full_name[full_name].add(record.quickbooks_id)
            self._ids_by_last_part[fold_name(record.name)].add(record.quickbooks_id)

    def find_by_name(self, name: str) -> set[str]:
        """Return the ids of the records with this full name, else of those whose last part it is.

        The rules of a field find a record by its name in the same way.
        """
        key = fold_name(name)
        return self._ids_by_full_name.get(key) or self._ids_by_last_part.get(key) or set()


class FileChoices:
    """The records that codes may be matched to, read once for each role."""

    def __init__(self, session: Session, row: Installation) -> None:
        self._session = session
        self._company_id = row.company_id
        self._fields = load_code_fields(row)
        self._by_role: dict[str, _RoleRecords] = {}

    def find(self, line: Mapping[str, str]) -> str:
        """Return the record that a row names by id or name; raise Refused if it cannot be used."""
        require_possible_code(line["code"].strip())
        field = self._find_field(line["field"])
        record_id = line["quickbooks_id"]
        if record_id in SPECIAL_RECORDS:
            return SPECIAL_RECORDS[record_id]
        if not record_id:
            record_id = self._find_id(field, line["quickbooks_name"])
        record = self._load_records(field).by_id.get(record_id)
        if record is None:
            raise Refused(explain_unusable(field, record_id))
        require_usable_name(field, record)
        return record_id

    def _find_id(self, field: Field, name: str) -> str:
        """Return the id of the only record with this name; raise Refused without exactly one."""
        ids = self._load_records(field).find_by_name(name)
        if len(ids) != 1:
            problem = Sentence("more than once") if ids else Sentence("not")
            raise Refused(
                "%(label)s “%(name)s” is %(problem)s in QuickBooks.",
                label=field.label,
                name=name,
                problem=problem,
            )
        return next(iter(ids))

    def format_record(self, field_name: str, record_id: str) -> str:
        """Return a record as a person reads it."""
        if record_id in SPECIAL_LABELS:
            return SPECIAL_LABELS[record_id]
        record = self._load_records(self._find_field(field_name)).by_id.get(record_id)
        return record.qualified_name if record else record_id

    def _find_field(self, name: str) -> Field:
        """Return a code field of the app; raise NotFound if it has none of this name."""
        if name not in self._fields:
            raise NotFound("field", name, self._fields)
        return self._fields[name]

    def _load_records(self, field: Field) -> _RoleRecords:
        """Return the active records that may take the role of a field."""
        if field.role not in self._by_role:
            choices = records.list_choices(self._session, self._company_id, field.role)
            self._by_role[field.role] = _RoleRecords(choices)
        return self._by_role[field.role]


def load_code_fields(row: Installation) -> dict[str, Field]:
    """Return the code fields of an installation's app, by name, as the app declares them."""
    declared_fields = current_hub().plugins.call(row.slug, "hub_fields") or ()
    return {field.name: field for field in declared_fields}


def require_usable_name(field: Field, record: StoredRecord) -> None:
    """Raise Refused for a record whose name the source cannot take, so that no match counts."""
    if has_separator(field, record.qualified_name):
        problem = explain_separator(field, record.qualified_name)
        raise Refused("The record cannot be used: %(problem)s", problem=problem)


def explain_unusable(field: Field, record: str) -> str:
    """Return the sentence that a record cannot be used for a field."""
    return Sentence(
        "QuickBooks has no active %(label)s with the id “%(id)s” that may be used there.",
        label=field.label.lower(),
        id=record,
    )

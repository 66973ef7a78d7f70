"""The changes of settings in entries of the audit log, with names of records in place of ids."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from marshmallow.fields import Field
from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.documents import Role
from hub.models import AuditEntry, Installation, StoredRecord
from hub.qbo import records
from hub.web.apps import setting_history

# A record of a company: its list and its id.
Key = tuple[int, str, str]


class RecordedSettings:
    """The settings in entries of the audit log; the records that they name are loaded together."""

    def __init__(
        self,
        session: Session,
        entries: Iterable[AuditEntry],
        installations: Mapping[str, Installation],
    ) -> None:
        """Load the names; `installations` are those of the entries, by their subjects."""
        self._installations = installations
        keys: set[Key] = set()
        for entry in entries:
            keys.update(self._iter_keys(entry))
        self._names = _load_names(session, keys)

    def list_changes(self, entry: AuditEntry) -> list[str]:
        """Return a sentence for each change of an entry about settings, none for others."""
        row = self._find_row(entry)
        if row is None:
            return []

        def find_name(source: str, id: str) -> str:
            """Return the name of a record, or its id if it is no longer known."""
            return self._names.get((row.company_id, _find_list(source), id), id)

        app = current_hub().plugins.apps[row.slug]
        return setting_history.format_changes(app, row, entry.detail, find_name)

    def _find_row(self, entry: AuditEntry) -> Installation | None:
        """Return the installation whose settings an entry is about, if its plugin is installed."""
        row = self._installations.get(entry.subject)
        if row is None or entry.what not in setting_history.CHANGE_LABELS:
            return None
        return row if row.slug in current_hub().plugins.apps else None

    def _iter_keys(self, entry: AuditEntry) -> Iterator[Key]:
        """Yield the records that an entry may name."""
        row = self._find_row(entry)
        if row is None:
            return
        fields = settings_schema.get_schema(current_hub().plugins.apps[row.slug]).fields
        for name, change in (entry.detail.get("changes") or {}).items():
            list_name = _find_setting_list(fields.get(name))
            if list_name and isinstance(change, Mapping):
                for value in change.values():
                    yield row.company_id, list_name, str(value)


def _find_setting_list(field: Field[Any] | None) -> str:
    """Return the list of QuickBooks that a setting chooses from, "" if it is not declared."""
    if field is None:
        return ""
    source = field.metadata.get("choices_from", "")
    return _find_list(str(source))


def _find_list(source: str) -> str:
    """Return the list of QuickBooks that a source of choices means, "" for any other source."""
    return records.ROLE_LIST.get(cast(Role, source), "")


def _load_names(session: Session, keys: set[Key]) -> dict[Key, str]:
    """Return number and name of each record that is known."""
    if not keys:
        return {}
    columns: tuple[Any, ...] = (
        StoredRecord.company_id,
        StoredRecord.list,
        StoredRecord.quickbooks_id,
    )
    names_only = load_only(StoredRecord.number, StoredRecord.full_name, StoredRecord.name)
    query = select(StoredRecord).options(names_only)
    for position, column in enumerate(columns):
        query = query.where(column.in_({key[position] for key in keys}))
    names: dict[Key, str] = {}
    for row in session.scalars(query):
        key = (row.company_id, row.list, row.quickbooks_id)
        names[key] = row.title
    return names

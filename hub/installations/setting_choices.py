"""The choices of a setting: codes of the source or records of QuickBooks."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.orm import Session

from hub import sources
from hub.contract import settings_schema
from hub.contract.documents import Role
from hub.db.engine import read_only_session
from hub.mapping import NameOwner
from hub.models import Installation
from hub.qbo import record_download, records

Choice = tuple[str, tuple[str, ...]]  # the id of a choice, and what people call it


def load_setting_choices(
    row: Installation, settings: Mapping[str, Any], secrets: dict[str, str], source: str
) -> settings_schema.Offered:
    """Return the choices of a setting: each id with the texts that may stand for it.

    `source` is "code:" and a field, for codes of the source, or the role of records in QuickBooks.
    """
    kind, _, field = source.partition(":")
    if kind == "code":
        choices: list[Choice] = []
        for code in sources.read_codes(row, field, settings, secrets):
            texts = (code.number or "", code.name or "")
            choices.append((code.id, texts))
        return choices
    record_download.refresh_outdated(row.company_id)
    role = cast(Role, source)
    with read_only_session() as session:
        return list_record_choices(session, row.company_id, role)


def list_record_choices(session: Session, company_id: int, role: NameOwner) -> list[Choice]:
    """Return the stored records that may take a role, each id with the texts that stand for it."""
    return [
        (record.quickbooks_id, (record.number, record.full_name, record.name))
        for record in records.list_choices(session, company_id, role)
    ]

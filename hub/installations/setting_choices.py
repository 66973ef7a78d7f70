"""The choices of a setting: codes of the source or records of QuickBooks."""

from collections.abc import Mapping
from typing import Any, cast

from hub import sources
from hub.contract import settings_schema
from hub.contract.documents import Role
from hub.db.engine import read_only_session
from hub.models import Installation
from hub.qbo import record_download, records


def load_setting_choices(
    row: Installation, settings: Mapping[str, Any], secrets: dict[str, str], source: str
) -> settings_schema.Offered:
    """Return the choices of a setting: each id with the texts that may stand for it.

    `source` is "code:" and a field, for codes of the source, or the role of records in QuickBooks.
    """
    kind, _, field = source.partition(":")
    choices: list[tuple[str, tuple[str, ...]]] = []
    if kind == "code":
        for code in sources.read_codes(row, field, settings, secrets):
            texts = (code.number or "", code.name or "")
            choices.append((code.id, texts))
        return choices
    record_download.refresh_outdated(row.company_id)
    role = cast(Role, source)
    with read_only_session() as session:
        for record in records.list_choices(session, row.company_id, role):
            choices.append((record.quickbooks_id, (record.number, record.full_name, record.name)))
    return choices

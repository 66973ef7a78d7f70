"""Store the codes that documents use, for the page of matches."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from hub.contract.documents import Code, Document, iter_codes
from hub.contract.types import Field
from hub.db import engine
from hub.models import SeenCode
from hub.models.lists import (
    MAX_CODE_LENGTH,
    MAX_CODE_NAME_LENGTH,
    MAX_CODE_NUMBER_LENGTH,
    MAX_STATED_ID_LENGTH,
)


class CodeTexts(NamedTuple):
    """The stored facts about a code, without its id."""

    name: str
    number: str
    quickbooks_id: str | None


class CodeCollector:
    """The codes of one batch that this collect has not stored yet, with their texts."""

    def __init__(
        self,
        installation_id: int,
        fields: Iterable[Field],
        stored_texts: dict[tuple[str, str], CodeTexts],
    ) -> None:
        self._installation_id = installation_id
        self._fields = {field.name for field in fields}
        # By field and id of the code.
        self._stored = stored_texts
        self._new: dict[tuple[str, str], CodeTexts] = {}

    def add(self, document: Document) -> None:
        """Note the codes of a document."""
        for field, code, _ in iter_codes(document):
            if field not in self._fields:
                continue
            if isinstance(code, str):
                code = Code(id=code)
            if len(code.id) <= MAX_CODE_LENGTH:
                self._add_code(field, code)

    def _add_code(self, field: str, code: Code) -> None:
        """Note a code unless it is stored with the same texts."""
        quickbooks_id = code.quickbooks_id
        if quickbooks_id is not None and len(quickbooks_id) > MAX_STATED_ID_LENGTH:
            quickbooks_id = None
        texts = CodeTexts(
            name=(code.name or "")[:MAX_CODE_NAME_LENGTH],
            number=(code.number or "")[:MAX_CODE_NUMBER_LENGTH],
            quickbooks_id=quickbooks_id,
        )
        key = (field, code.id)
        if self._stored.get(key) != texts:
            self._new[key] = texts

    def save(self, session: Session, now: dt.datetime) -> None:
        """Store the codes."""
        if not self._new:
            return
        rows = [
            {
                "installation_id": self._installation_id,
                "field": field,
                "code": code,
                **self._new[field, code]._asdict(),
                "seen_at": now,
            }
            for field, code in sorted(self._new)
        ]
        insert = engine.insert(session, SeenCode)
        changes = {name: insert.excluded[name] for name in (*CodeTexts._fields, "seen_at")}
        key = ["installation_id", "field", "code"]
        session.execute(insert.on_conflict_do_update(index_elements=key, set_=changes), rows)
        self._stored |= self._new

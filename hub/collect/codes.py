"""The codes that documents use, remembered for the matching page."""

import datetime as dt

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.collect.setup import Setup
from hub.contract.documents import Code, Document, codes_of
from hub.models import SeenCode

LONGEST = 200


class Codes:
    """The codes of one group that this collect has not written yet."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.names = {field.name for field in setup.fields}
        self.fresh: dict[tuple[str, str], tuple[str, str]] = {}

    def note(self, document: Document) -> None:
        """Remembers the codes of a document."""
        for field, code, _ in codes_of(document):
            if field not in self.names:
                continue
            plain = Code(id=code) if isinstance(code, str) else code
            said = (plain.name or "")[:500], (plain.number or "")[:LONGEST]
            if len(plain.id) <= LONGEST and self.setup.seen.get((field, plain.id)) != said:
                self.fresh[field, plain.id] = said

    def keep(self, session: Session, now: dt.datetime) -> None:
        """Writes them."""
        if not self.fresh:
            return
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        rows = [
            {"installation_id": self.setup.installation.id, "field": field, "code": code,
             "name": name, "number": number, "seen_at": now}
            for (field, code), (name, number) in sorted(self.fresh.items())
        ]  # fmt: skip
        insert = dialect.insert(SeenCode)
        said = {name: insert.excluded[name] for name in ("name", "number", "seen_at")}
        one = insert.on_conflict_do_update(
            index_elements=["installation_id", "field", "code"], set_=said
        )
        session.execute(one, rows)
        self.setup.seen |= self.fresh

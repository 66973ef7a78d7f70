"""One transaction of a collect: up to fifty documents and their postings, loaded at once.

The planners read the batch and tell it what to plan; it passes that to the outbox and remembers
what has to follow, such as cases and attachments. It decides nothing itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.collect.absence import Absent
from hub.collect.cases import Hold
from hub.collect.codes import CodeCollector
from hub.collect.setup import Setup
from hub.collect.typed_plan import typed_plan
from hub.contract.documents import Document, Gone, Unreadable
from hub.mapping import party_name
from hub.models import Installation, Posting, SourceDocument
from hub.outbox import planning
from hub.outbox.identity import identity, marker

MAX_NUMBER_LENGTH = 200
MAX_PARTY_LENGTH = 500
CURRENCY_LENGTH = 3
Item = Document | Gone | Unreadable | Absent


class CollectBatch:
    """The documents of one transaction, their postings, and what was planned for them."""

    def __init__(self, session: Session, setup: Setup, items: Sequence[Item]) -> None:
        self.session = session
        self.setup = setup
        self.items = items
        self.installation = session.get_one(Installation, setup.installation.id)
        self.now = hub_context.current().clock.now()
        self.counts: Counter[str] = Counter()
        self.codes = CodeCollector(setup)
        self.rows: dict[str, SourceDocument] = {}
        self._postings: dict[int, list[Posting]] = defaultdict(list)
        self.holds: list[tuple[Posting, tuple[Hold, ...]]] = []
        # Postings that were held and wait now. Those that are ready pass the preflight first.
        self.released_ids: list[int] = []
        self.attachment_parents: list[tuple[SourceDocument, Document, Posting]] = []
        self.parties_with_contact_data: set[tuple[str, str]] = set()
        self.load_documents({item.source_id for item in items})

    def load_documents(self, source_ids: Iterable[str]) -> None:
        """Load these documents and their postings, except those that are loaded."""
        missing = set(source_ids) - self.rows.keys()
        if not missing:
            return
        query = select(SourceDocument).where(
            SourceDocument.company_id == self.installation.company_id,
            SourceDocument.slug == self.installation.slug,
            SourceDocument.tenant == self.installation.tenant,
            SourceDocument.source_id.in_(missing),
        )
        rows = self.session.scalars(query).all()
        self.rows |= {row.source_id: row for row in rows}
        self._postings |= planning.history(self.session, rows)

    def postings(self, row: SourceDocument) -> list[Posting]:
        """Return all postings of a document, oldest first."""
        return self._postings[row.id]

    def main_postings(self, row: SourceDocument) -> list[Posting]:
        """Return the postings of a document itself, without its attachments, oldest first."""
        return [posting for posting in self.postings(row) if posting.operation != "attach"]

    def add_document(self, source_id: str, kind: str, made_for: str = "") -> SourceDocument:
        """Add the row of a document that the hub does not have yet."""
        installation = self.installation
        tenant = installation.tenant or ""
        document_identity = identity(
            installation.company.realm, installation.slug, tenant, source_id
        )
        row = SourceDocument(
            installation=installation,
            company_id=installation.company_id,
            slug=installation.slug,
            tenant=tenant,
            source_id=source_id,
            marker=marker(document_identity),
            kind=kind,
            made_for=made_for,
            seen_at=self.now,
        )
        self.rows[source_id] = row
        self.session.add(row)
        return row

    def record_document(self, source_id: str, kind: str, field: str) -> SourceDocument:
        """Return the row of a record that is created for a code; add it if there is none."""
        self.load_documents([source_id])
        if source_id not in self.rows:
            self.add_document(source_id, kind, made_for=field)
            self.session.flush()
        return self.rows[source_id]

    def store_document(self, row: SourceDocument, document: Document, body: dict[str, Any]) -> None:
        """Store what the source says about a document now."""
        if row.unreadable:
            for posting in self.postings(row):
                inbox.close(self.session, f"posting:{posting.id}:unreadable")
        party = party_name(document, self.setup.fields)
        row.kind = document.kind
        row.stage = document.stage
        row.body = body
        row.number = _storable(document.number, MAX_NUMBER_LENGTH)
        row.party = _storable(party, MAX_PARTY_LENGTH)
        row.date = document.date
        row.total = document.total
        row.currency = _storable(document.currency, CURRENCY_LENGTH)
        row.unreadable = ""
        row.gone = row.gone_at = None
        row.reread = False
        self.codes.add(document)

    def plan_posting(self, row: SourceDocument, *holds: Hold, **values: Any) -> Posting:
        """Plan a posting in the outbox, and remember what holds it."""
        postings = self.postings(row)
        held_ids = {posting.id for posting in postings if posting.state == "held"}
        operation, content, disposition = typed_plan(row, values)
        posting = planning.plan(self.session, row, operation, content, disposition, known=postings)
        if posting.id in held_ids and posting.state == "waiting":
            self.released_ids.append(posting.id)
        if posting not in postings:
            postings.append(posting)
        if holds and posting.hold == values.get("hold"):
            self.holds.append((posting, holds))
        return posting


def empty_content(state: str, hold: str, reason: str) -> dict[str, Any]:
    """Return the content of a posting that has no bytes to send, for `plan_posting`."""
    return {"payload": b"", "meaning": {}, "state": state, "hold": hold, "reason": reason}


def _storable(text: str | None, max_length: int) -> str:
    return (text or "").replace("\x00", "")[:max_length]

"""What one transaction takes in: up to fifty things that a source said, with the rows they concern loaded at once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub import outbox
from hub.cases import inbox
from hub.collect import absence, cases, planning
from hub.collect import attachments as collect_attachments
from hub.collect.absence import Absent
from hub.collect.codes import Codes
from hub.collect.setup import Setup
from hub.contract.codec import dump, load
from hub.contract.documents import Document, Gone, Unreadable
from hub.mapping import NEW, party_name
from hub.models import Installation, Posting, SourceDocument

LONGEST = 200
LARGEST = Decimal(10) ** 12
IMMATERIAL = ("version", "facts", "attachments", "quickbooks_id", "warnings")
Item = Document | Gone | Unreadable | Absent


class Group:
    """One transaction's worth of a collect."""

    def __init__(self, session: Session, setup: Setup, items: Sequence[Item]) -> None:
        self.session, self.setup = session, setup
        self.installation = session.get_one(Installation, setup.installation.id)
        self.now = hub_context.current().clock.now()
        self.rows: dict[str, SourceDocument] = {}
        self.known: dict[int, list[Posting]] = defaultdict(list)
        self.held: list[tuple[Posting, tuple[cases.Held, ...]]] = []
        self.released: list[
            int
        ] = []  # were held and wait now; those that are ready are checked first
        self.mains: list[tuple[SourceDocument, Document, Posting]] = []
        self.codes = Codes(setup)
        self.filled: set[tuple[str, str]] = set()  # parties whose contact data was looked at
        self.counts: Counter[str] = Counter()
        self.items = items
        self.look({item.source_id for item in items})

    def look(self, source_ids: Iterable[str]) -> None:
        """Loads the rows of these documents and their postings, those that are not there yet."""
        wanted = set(source_ids) - self.rows.keys()
        if not wanted:
            return
        mine = (
            SourceDocument.company_id == self.installation.company_id,
            SourceDocument.slug == self.installation.slug,
            SourceDocument.tenant == self.installation.tenant,
        )
        found = self.session.scalars(
            select(SourceDocument).where(*mine, SourceDocument.source_id.in_(wanted))
        ).all()
        self.rows |= {row.source_id: row for row in found}
        self.known |= outbox.history(self.session, found)

    def take(self) -> Counter[str]:
        """Plans what is to be posted; everything is in the session at the end."""
        for item in self.items:
            if isinstance(item, Document | Unreadable) and item.source_id not in self.rows:
                self._new(item.source_id, item.kind if isinstance(item, Document) else "")
        self.session.flush()
        for item in self.items:
            self.counts[self._take(item)] += 1
        self.finish()
        return self.counts

    def remap(self, ids: Iterable[int]) -> None:
        """Plans documents anew from what their source last said, for matches have changed."""
        rows = self.session.scalars(select(SourceDocument).where(SourceDocument.id.in_(ids))).all()
        self.look(row.source_id for row in rows)
        for row in rows:
            if row.made_for and self._is_matched(row):
                planning.unwanted(
                    self, row, "The code that it was to be made for is matched to a record now."
                )
            elif row.body and row.stage != "pending" and not row.unreadable:
                self.counts[self.decide(row, load(Document, row.body))] += 1
                for posting in self.postings(row):
                    posting.changed_at = (
                        self.now if posting.state in outbox.UNSENT else posting.changed_at
                    )
        self.finish()

    def decide(self, row: SourceDocument, document: Document) -> str:
        """What becomes of a document."""
        return planning.decide(self, row, document)

    def _is_matched(self, row: SourceDocument) -> bool:
        """Whether the code of a record that is to be made, or changed, is matched to another one now."""
        decision = self.setup.book.matches.get((row.made_for, row.source_id))
        if decision is None or decision.record == NEW:
            return False
        return decision.record != row.body.get("quickbooks_id")

    def finish(self) -> None:
        """Files, cases and codes of what was taken."""
        collect_attachments.plan(self)
        if self.released:
            self.session.flush()
            inbox.release_all(self.session, self.released)
        cases.keep(self.session, self.installation, self.held)
        self.codes.keep(self.session, self.now)
        absent = [item.source_id for item in self.items if isinstance(item, Absent)]
        self._stamp(self.rows.keys() & {item.source_id for item in self.items} - set(absent))
        if absent:
            self._stamp(self.rows.keys() & absent, seen=False)

    def _stamp(self, source_ids: Iterable[str], seen: bool = True) -> None:
        """Note that the source has answered for these; `seen` if it has them."""
        ids = [self.rows[source_id].id for source_id in source_ids]
        moments = {"read_at": self.now} | ({"seen_at": self.now} if seen else {})
        stamp = update(SourceDocument).where(SourceDocument.id.in_(ids)).values(moments)
        self.session.execute(stamp, execution_options={"synchronize_session": False})

    def postings(self, row: SourceDocument) -> list[Posting]:
        """All postings of a document, oldest first."""
        return self.known[row.id]

    def plan(self, row: SourceDocument, *reasons: cases.Held, **values: Any) -> Posting:
        """Plans a posting, and remembers what holds it."""
        known = self.postings(row)
        held = {one.id for one in known if one.state == "held"}
        posting = outbox.plan(self.session, row, known=known, **values)
        if posting.id in held and posting.state == "waiting":
            self.released.append(posting.id)
        if posting not in known:
            known.append(posting)
        if reasons and posting.hold == values.get("hold"):
            self.held.append((posting, reasons))
        return posting

    def made(self, source_id: str, kind: str, made_for: str) -> SourceDocument:
        """The row of what is made for a code, new if there is none."""
        self.look([source_id])
        if source_id not in self.rows:
            self._new(source_id, kind, made_for)
            self.session.flush()
        return self.rows[source_id]

    def _new(self, source_id: str, kind: str, made_for: str = "") -> None:
        here = self.installation
        name = outbox.identity(here.company.realm, here.slug, here.tenant or "", source_id)
        row = SourceDocument(
            installation=here,
            company_id=here.company_id,
            slug=here.slug,
            tenant=here.tenant or "",
            source_id=source_id,
            marker=outbox.marker(name),
            kind=kind,
            made_for=made_for,
            seen_at=self.now,
        )
        self.rows[source_id] = row
        self.session.add(row)

    def _take(self, item: Item) -> str:
        if isinstance(item, Absent):
            return self._absent(item)
        if isinstance(item, Gone):
            return self._gone(item.source_id, item.reason)
        absence.forget(self.rows[item.source_id])
        problem = item.reason if isinstance(item, Unreadable) else _too_large(item)
        if problem is not None or isinstance(item, Unreadable):
            return planning.unreadable(
                self, self.rows[item.source_id], problem or "The source sent no reason."
            )
        return self.take_document(item)

    def _gone(self, source_id: str, reason: str | None) -> str:
        row = self.rows.get(source_id)
        if row is None:
            return "unknown"
        if row.gone is None:
            row.gone_at = self.now
        row.gone, row.reread = reason or "", False
        absence.forget(row)
        said = reason or f"{self.setup.app.name} no longer has it."
        return planning.unwanted(self, row, said, gone=True)

    def _absent(self, item: Absent) -> str:
        """Leave the document as it is until its absence is proved; nothing new if it was gone before."""
        row = self.rows.get(item.source_id)
        if row is None:
            return "unknown"
        if row.gone is not None and not row.reread:
            return "gone"
        if row.gone is not None or absence.is_proved(row, self.now, item.counts):
            return self._gone(item.source_id, item.reason)
        row.reread = False
        return "absent"

    def take_document(self, document: Document) -> str:
        """Keep what the source says of a document and plan what follows; return what happened."""
        row = self.rows[document.source_id]
        body = dump(document)
        settled = self._is_settled(row)
        if settled and row.body == body:
            return "unchanged"
        same = settled and _material(row.body) == _material(body)
        self.write(row, document, body)
        if same:
            collect_attachments.later(self, row, document)
            return "unchanged"
        return self.decide(row, document)

    def _is_settled(self, row: SourceDocument) -> bool:
        """Whether nothing is open: in the books or skipped by a person, and heard of as usual."""
        if row.reread or row.unreadable or row.gone is not None or row.stage == "pending":
            return False
        mains = [posting for posting in self.postings(row) if posting.operation != "attach"]
        landed = any(posting.state in ("posted", "skipped") for posting in mains)
        return landed and all(
            posting.state not in outbox.UNSENT + outbox.IN_FLIGHT for posting in mains
        )

    def write(self, row: SourceDocument, document: Document, body: dict[str, Any]) -> None:
        """Keeps what the source says now."""
        if row.unreadable:
            for posting in self.postings(row):
                inbox.close(self.session, f"posting:{posting.id}:unreadable")
        row.kind, row.stage, row.body = document.kind, document.stage, body
        row.number, row.party = (
            _short(document.number, 200),
            _short(party_name(document, self.setup.fields), 500),
        )
        row.date, row.total = document.date, document.total
        row.currency = _short(document.currency, 3)
        row.unreadable, row.gone, row.gone_at, row.reread = "", None, None, False
        self.codes.note(document)


def _short(text: str | None, longest: int) -> str:
    return (text or "").replace("\x00", "")[:longest]


def _too_large(document: Document) -> str | None:
    total = document.total
    if total is not None and (abs(total) >= LARGEST or total != round(total, 6)):
        return f"Its total {total} is no amount of money: too large, or more than six decimals."
    if any(len(attachment.id) > LONGEST for attachment in document.attachments):
        return f"One of its files has an id of more than {LONGEST} characters."
    return None


def _material(body: dict[str, Any]) -> dict[str, Any]:
    """What a change of the books can come of: not the version, facts, files or contact data."""
    kept = {name: value for name, value in body.items() if name not in IMMATERIAL}
    kept["codes"] = _codes(body.get("codes", {}))
    kept["lines"] = [
        {
            **{name: value for name, value in line.items() if name != "facts"},
            "codes": _codes(line.get("codes", {})),
        }
        for line in body.get("lines", ())
    ]
    return kept


def _codes(codes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in code.items() if key != "create"}
        if isinstance(code, dict)
        else code
        for name, code in codes.items()
    }

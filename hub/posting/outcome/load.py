"""The history of a posting out of its rows."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Row, Table, select
from sqlalchemy.orm import Session, contains_eager, defer

from hub.db.bulk import among
from hub.models import Attempt, Company, Posting, Proof, SourceDocument
from hub.posting.outcome.session import Worker
from hub.posting.protocol.decisions import CHANGES
from hub.posting.protocol.history import History, Operation, Outcome, Sent
from hub.qbo import payloads

_postings, _documents = cast(Table, Posting.__table__), cast(Table, SourceDocument.__table__)
KEPT = _documents.c.body["quickbooks_id"].as_string().label("kept")
POSTINGS = (
    select(Posting, KEPT).join(Posting.document).where(among(Posting.id, "ids")).order_by(Posting.id)
    .options(defer(Posting.answer)).execution_options(populate_existing=True)
)  # fmt: skip
WHOLE = POSTINGS.options(contains_eager(Posting.document))
JUDGED = (
    "id", "document_id", "company_id", "installation_id", "revision", "operation", "kind", "state", "part", "base",
    "generation", "meaning", "number", "total", "currency", "rekey", "fence", "not_these", "sent_date", "doubted_date",
    "approved_payload", "quickbooks_id",
)  # fmt: skip
OF_DOCUMENTS = (
    "id", "installation_id", "slug", "marker", "gone", "kind", "number", "source_id", "party", "total", "made_for",
)  # fmt: skip
ROWS = (
    select(*(_documents.c[name] for name in OF_DOCUMENTS), KEPT, *(_postings.c[name] for name in JUDGED))
    .join_from(_postings, _documents, _postings.c.document_id == _documents.c.id)
    .where(among(_postings.c.id, "ids")).order_by(_postings.c.id)
)  # fmt: skip
Judged = make_dataclass("Judged", ("document", *JUDGED), slots=True)
OfDocument = make_dataclass("OfDocument", OF_DOCUMENTS, slots=True)
_attempts = cast(Table, Attempt.__table__)
TOLD = ("posting_id", "generation", "outcome", "code", "seen_id", "text", "batch")
_told = select(*(_attempts.c[name] for name in TOLD))
SENDS = _told.where(among(_attempts.c.posting_id, "ids")).order_by(_attempts.c.id)
ABSENCES = (
    select(Proof).where(among(Proof.posting_id, "ids"), Proof.found == "absent").order_by(Proof.id)
)
UNREADABLE: dict[str, Any] = {"unreadable": True}
Sending = Row[*tuple[Any, ...]]
log = logging.getLogger("hub")


@dataclass
class Past:
    """A posting with its history; `since` is from when it may be in QuickBooks, `entity` what was last shown of it."""

    posting: Posting
    history: History
    since: dt.datetime
    said: str = ""
    entity: dict[str, Any] | None = None
    meant: dict[str, Any] | None = None  # by the entity, where that was read already
    shown: Mapping[str, dict[str, Any]] = field(
        default_factory=dict
    )  # whole, by Id, from a complete look

    @property
    def id(self) -> int:
        return self.posting.id

    @cached_property
    def found(self) -> dict[str, Any]:
        """What the transaction that was shown means; nothing where nothing was shown."""
        if self.meant is None:
            return meaning(self.id, self.history.operation, self.posting.kind, self.entity)
        return self.meant

    def answered(
        self, sent: Sent, entity: dict[str, Any] | None, meant: dict[str, Any] | None
    ) -> "Past":
        """The same after one more send, as its rows would tell it."""
        history = replace(self.history, state="sending", sends=(*self.history.sends, sent))
        return Past(self.posting, history, self.since, self.said, entity, meant)

    def with_state(self, state: str) -> "Past":
        """The same as if it were in that state."""
        if self.history.state == state:
            return self
        return replace(self, history=replace(self.history, state=state))


def meaning(id: int, operation: str, kind: str, entity: dict[str, Any] | None) -> dict[str, Any]:
    """What is read of a transaction that was shown to this posting; nothing where nothing of it was shown."""
    if operation not in ("create", "update") or not entity or not entity.get("Id"):
        return {}
    try:
        return payloads.meaning(kind, entity)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("posting %s: what QuickBooks answered cannot be read", id)
        return UNREADABLE


def load(session: Session, worker: Worker, ids: Iterable[int]) -> list[Past]:
    """The postings with their histories, oldest first."""
    wanted = {"ids": list(ids)}
    found = session.execute(WHOLE, wanted, execution_options={"populate_existing": True}).all()
    renewed = any(posting.generation for posting, _ in found)
    told = _Told.of(session, worker, wanted, renewed)
    return [_past(posting, kept, told, worker) for posting, kept in found]


def rows(session: Session, worker: Worker, ids: Iterable[int]) -> list[Past]:
    """The same with no more of them than most need, and that for reading only, which takes a third of the time."""
    wanted, width = {"ids": list(ids)}, len(OF_DOCUMENTS)
    found = session.execute(ROWS, wanted).all()
    told = _Told.of(session, worker, wanted, any(row.generation for row in found))
    return [
        _past(Judged(OfDocument(*row[:width]), *row[width + 1 :]), row[width], told, worker)
        for row in found
    ]


@dataclass(frozen=True)
class _Told:
    """The attempts and absences of many postings, by posting."""

    attempts: Mapping[int, Sequence[Sending]]
    proofs: Mapping[int, Sequence[Proof]]

    @classmethod
    def of(
        cls, session: Session, worker: Worker, wanted: dict[str, list[int]], renewed: bool
    ) -> "_Told":
        attempts: dict[int, list[Sending]] = defaultdict(list)
        for attempt in session.execute(SENDS, wanted):
            attempts[attempt[0]].append(attempt)
        proofs: dict[int, list[Proof]] = defaultdict(list)
        if attempts or renewed or worker.company.restored_since:
            for proof in session.scalars(ABSENCES, wanted):
                proofs[proof.posting_id].append(proof)
        return cls(attempts, proofs)

    def sends(self, id: int) -> Sequence[Sending]:
        return self.attempts.get(id, ())

    def counted(self, id: int, company: Company) -> list[Proof]:
        """The absences that hold: after a restore only later ones do."""
        seen = company.restored_seen
        return [proof for proof in self.proofs.get(id, ()) if not seen or proof.until >= seen]


def _past(posting: Posting, kept: str | None, told: _Told, worker: Worker) -> Past:
    company, attempts = worker.company, told.sends(posting.id)
    counted = told.counted(posting.id, company)
    history = _history(posting, kept, told, worker)
    known = [
        date
        for date in (posting.sent_date, company.restored_since if history.restored else None)
        if date
    ]
    since = counted[-1].until if counted else min(known, default=company.connected_at)
    return Past(posting, history, since, attempts[-1].text if attempts else "")


def _history(posting: Posting, kept: str | None, told: _Told, worker: Worker) -> History:
    meant, document, counted = (
        posting.meaning or {},
        posting.document,
        told.counted(posting.id, worker.company),
    )
    restored = worker.company.restored_since is not None and posting.operation not in CHANGES
    generation = posting.generation
    return History(
        again=posting.operation == "create" and generation > 0 and not told.sends(posting.id),
        restored=restored,
        proofs=len(
            {
                proof.sends
                for proof in told.proofs.get(posting.id, ())
                if proof.generation == generation
            }
        ),
        proved=counted[-1].sends if counted else None,
        operation=cast(Operation, posting.operation),
        kind=posting.kind,
        state=posting.state,
        marker=document.marker if posting.operation != "attach" else "",
        number=str(meant.get("number") or ""),
        party=str(meant.get("party") or ""),
        total=_total(posting, meant),
        base=posting.base,
        kept=kept if posting.operation == "create" and not posting.part else None,
        sends=tuple(map(_sent, told.sends(posting.id))),
        rekey=posting.rekey,
        gone=document.gone is not None,
        rejected=frozenset(posting.not_these or ()),
        quiet=worker.quiet(posting, "restored" if restored and not counted else posting.fence),
    )


def _sent(attempt: Sending) -> Sent:
    outcome = cast(Outcome, attempt.outcome)
    return Sent(
        generation=attempt.generation,
        outcome=outcome,
        code=attempt.code,
        id=attempt.seen_id,
        batched=bool(attempt.batch),
    )


def _total(posting: Posting, meant: dict[str, Any]) -> Decimal | None:
    total = meant.get("total")
    return posting.total if total in (None, "") else Decimal(str(total))

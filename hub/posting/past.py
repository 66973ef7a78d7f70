"""The history of a posting out of its rows."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from sqlalchemy import BindParameter, Row, bindparam, select
from sqlalchemy.orm import Session, defer, joinedload

from hub.models import Attempt, Posting, Proof
from hub.posting.history import History, Operation, Outcome, Quiet, Sent
from hub.posting.protocol import CHANGES
from hub.posting.worker import Worker
from hub.qbo import payloads

IDS: BindParameter[int] = bindparam("ids", expanding=True)
POSTINGS = (
    select(Posting).where(Posting.id.in_(IDS)).order_by(Posting.id)
    .options(joinedload(Posting.document), defer(Posting.answer)).execution_options(populate_existing=True)
)  # fmt: skip
LOCKED = POSTINGS.with_for_update(of=Posting)
TOLD = Attempt.posting_id, Attempt.generation, Attempt.outcome, Attempt.code, Attempt.seen_id, Attempt.text
SENDS = select(*TOLD, Attempt.batch).where(Attempt.posting_id.in_(IDS)).order_by(Attempt.id)
ABSENCES = select(Proof).where(Proof.posting_id.in_(IDS), Proof.found == "absent").order_by(Proof.id)
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
    shown: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # whole, by Id, from a complete look

    @property
    def id(self) -> int:
        return self.posting.id

    @cached_property
    def found(self) -> dict[str, Any]:
        """What the transaction that was shown means; nothing where nothing was shown."""
        if self.meant is None:
            return meaning(self.id, self.history.operation, self.posting.kind, self.entity)
        return self.meant

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


def load(session: Session, worker: Worker, ids: Iterable[int], *, lock: bool = False) -> list[Past]:
    """The postings with their histories, oldest first; with `lock` nobody else moves them in this transaction."""
    wanted = {"ids": list(ids)}
    postings = session.scalars(
        LOCKED if lock else POSTINGS, wanted, execution_options={"populate_existing": True}
    ).all()
    attempts: dict[int, list[Sending]] = defaultdict(list)
    for attempt in session.execute(SENDS, wanted):
        attempts[attempt.posting_id].append(attempt)
    proofs: dict[int, list[Proof]] = defaultdict(list)
    if attempts or worker.company.restored_since:
        for proof in session.scalars(ABSENCES, wanted):
            proofs[proof.posting_id].append(proof)
    return [_past(one, attempts[one.id], proofs[one.id], worker) for one in postings]


def _past(posting: Posting, attempts: Sequence[Sending], proofs: Sequence[Proof], worker: Worker) -> Past:
    company = worker.company
    restored = company.restored_since is not None and posting.operation not in CHANGES
    counted = [proof for proof in proofs if not company.restored_seen or proof.until >= company.restored_seen]
    fence = "restored" if restored and not counted else posting.fence
    known = [date for date in (posting.sent_date, company.restored_since if restored else None) if date]
    since = counted[-1].until if counted else min(known, default=company.connected_at)
    history = _history(posting, attempts, worker.quiet(posting, fence), restored=restored, proofs=proofs, counted=counted)
    return Past(posting, history, since, attempts[-1].text if attempts else "")


def _history(
    posting: Posting, attempts: Sequence[Sending], quiet: Quiet, *, restored: bool, proofs: Sequence[Proof],
    counted: Sequence[Proof],
) -> History:  # fmt: skip
    document, meant = posting.document, posting.meaning or {}
    return History(
        restored=restored,
        proofs=len({proof.sends for proof in proofs if proof.generation == posting.generation}),
        proved=counted[-1].sends if counted else None,
        operation=cast(Operation, posting.operation),
        kind=posting.kind,
        state=posting.state,
        marker=document.marker if posting.operation != "attach" else "",
        number=str(meant.get("number") or ""),
        party=str(meant.get("party") or ""),
        total=_total(posting, meant),
        base=posting.base,
        kept=_kept(posting),
        sends=tuple(map(_sent, attempts)),
        rekey=posting.rekey,
        gone=document.gone is not None,
        rejected=frozenset(posting.not_these or ()),
        quiet=quiet,
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


def _kept(posting: Posting) -> str | None:
    if posting.operation != "create" or posting.part:
        return None
    return posting.document.body.get("quickbooks_id")

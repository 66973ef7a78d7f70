"""Check what would stop a document if it were final now, by the rules of posting; write nothing."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.orm import Session

from hub.collect.batch import CollectBatch
from hub.collect.intake import ingest
from hub.collect.prepare import prepare
from hub.contract.codec import load
from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.models import Posting, SourceDocument
from hub.models.enums import PostingState
from hub.outbox.states import SENDABLE
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import bank_checks, checks
from hub.posting.preflight.bank_reconciliation import ReconciledMonth, fetch_reconciled_month
from hub.posting.preflight.context import CheckContext
from hub.posting.preflight.load import load_context
from hub.reasons import texts


class Rollback(Exception):
    """Leave the transaction of a dry run, so that everything it wrote is rolled back."""


class TrialPlan(NamedTuple):
    """What a document would become: its postings, those that may be sent, and what would stop it.

    The row and the postings exist only as long as the transaction of the dry run. `bank_months` are
    the first days of the months whose reconciled transactions the checks need to know.
    """

    row: SourceDocument
    postings: Sequence[Posting]
    sendable: Sequence[Posting]
    reasons: tuple[str, ...]
    bank_months: frozenset[dt.date]


class BankReconciliations:
    """The reconciled transactions of a company, read for the changes that dry runs plan."""

    def __init__(self, company_id: int) -> None:
        self._company_id = company_id
        self.months: dict[dt.date, ReconciledMonth] = {}

    def read(self, first_days: Collection[dt.date]) -> bool:
        """Read the months that were not read yet; return whether there were any.

        Call this while no transaction is open.
        """
        unread = sorted(set(first_days) - self.months.keys())
        for first_day in unread:
            posting_session = PostingSession(self._company_id)
            self.months[first_day] = fetch_reconciled_month(posting_session, first_day)
        return bool(unread)


@contextmanager
def rolled_back() -> Iterator[Session]:
    """Open a transaction whose writes are all rolled back at the end."""
    with suppress(Rollback), transaction() as session:
        yield session
        raise Rollback


def check(document_id: int) -> tuple[str, ...]:
    """Return a sentence for each reason that would stop the document; empty if none would."""
    with read_only_session() as session:
        row = session.get_one(SourceDocument, document_id)
    if not row.body or row.unreadable or row.gone is not None:
        raise NotNow(
            "There is nothing to check: the source does not show the whole document. Check again"
            " after it has changed there."
        )
    setup = prepare(row.installation_id)
    document = _ignore_awaited(load(Document, row.body))
    reconciliations = BankReconciliations(row.company_id)
    while True:
        with rolled_back() as session:
            batch = CollectBatch(session, setup, [document])
            trial = plan_and_check(batch, document, reconciliations)
        if not reconciliations.read(trial.bank_months):
            return trial.reasons


def _ignore_awaited(document: Document) -> Document:
    """Return the document as if no other document were awaited.

    The `hold` of a pending document only says what it waits for, so it is dropped.
    """
    hold = None if document.stage == Stage.PENDING else document.hold
    return replace(document, stage=Stage.READY, hold=hold)


def plan_and_check(
    batch: CollectBatch, document: Document, reconciliations: BankReconciliations | None
) -> TrialPlan:
    """Plan a batch in the transaction of a dry run; return what would become of this document.

    Without `reconciliations`, leave out the checks before posting. If they lack one of the
    `bank_months` of the plan, read it after the transaction, and plan once more.
    """
    ingest(batch)
    batch.session.flush()
    row = batch.rows[document.source_id]
    postings = batch.transaction_postings(row)
    reasons: list[str] = []
    sendable: list[Posting] = []
    for posting in postings:
        if posting.state == PostingState.HELD and posting.reason:
            reasons.append(posting.reason)
        elif posting.state in SENDABLE:
            sendable.append(posting)
    bank_months: frozenset[dt.date] = frozenset()
    if reconciliations and sendable:
        months = reconciliations.months
        context = load_context(batch.session, row.company_id, sendable, months)
        reasons += _find_preflight_reasons(sendable, context)
        bank_months = _find_bank_months(sendable, context)
    unique_reasons = dict.fromkeys(reasons)
    return TrialPlan(row, postings, sendable, tuple(unique_reasons), bank_months)


def _find_preflight_reasons(postings: Sequence[Posting], context: CheckContext) -> list[str]:
    """Return a sentence for each problem that the checks before posting find."""
    return [
        texts.join_reasons(texts.dump(finding.text))
        for posting in postings
        for finding in checks.find_problems(posting, context)
    ]


def _find_bank_months(postings: Sequence[Posting], context: CheckContext) -> frozenset[dt.date]:
    """Return the first days of the months whose reconciled transactions the checks need."""
    months = (bank_checks.find_changed_month(posting, context.targets) for posting in postings)
    return frozenset(month for month in months if month)

"""Check what would stop a document if it were final now, by the rules of posting; write nothing."""

from collections.abc import Iterator, Sequence
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
from hub.posting.preflight import checks
from hub.posting.preflight.load import load_context
from hub.reasons import texts


class Rollback(Exception):
    """Leave the transaction of a dry run, so that everything it wrote is rolled back."""


class TrialPlan(NamedTuple):
    """What a document would become: its postings, those that may be sent, and what would stop it.

    The row and the postings exist only as long as the transaction of the dry run.
    """

    row: SourceDocument
    postings: Sequence[Posting]
    sendable: Sequence[Posting]
    reasons: tuple[str, ...]


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
    with rolled_back() as session:
        trial = plan_and_check(CollectBatch(session, setup, [document]), document)
    return trial.reasons


def _ignore_awaited(document: Document) -> Document:
    """Return the document as if no other document were awaited.

    The `hold` of a pending document only says what it waits for, so it is dropped.
    """
    hold = None if document.stage == Stage.PENDING else document.hold
    return replace(document, stage=Stage.READY, hold=hold)


def plan_and_check(
    batch: CollectBatch, document: Document, *, is_checked: bool = True
) -> TrialPlan:
    """Plan a batch in the transaction of a dry run; return what would become of this document.

    Unless `is_checked`, leave out the checks before posting.
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
    if is_checked:
        reasons += _find_preflight_reasons(batch.session, sendable)
    unique_reasons = dict.fromkeys(reasons)
    return TrialPlan(row, postings, sendable, tuple(unique_reasons))


def _find_preflight_reasons(session: Session, postings: list[Posting]) -> list[str]:
    """Return a sentence for each problem that the checks before posting find."""
    if not postings:
        return []
    context = load_context(session, postings[0].company_id, postings)
    return [
        texts.join_reasons(texts.dump(finding.text))
        for posting in postings
        for finding in checks.find_problems(posting, context)
    ]

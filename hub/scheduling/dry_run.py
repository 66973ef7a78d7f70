"""Check what would stop a document if it were final now, by the rules of posting; write nothing."""

from dataclasses import replace

from sqlalchemy.orm import Session

from hub.collect.batch import CollectBatch
from hub.collect.intake import ingest
from hub.collect.prepare import prepare
from hub.collect.setup import Setup
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
    reasons: tuple[str, ...] = ()
    try:
        with transaction() as session:
            reasons = _plan_and_check(session, setup, document)
            raise Rollback
    except Rollback:
        return reasons


def _ignore_awaited(document: Document) -> Document:
    """Return the document as if no other document were awaited.

    The `hold` of a pending document only says what it waits for, so it is dropped.
    """
    hold = None if document.stage == Stage.PENDING else document.hold
    return replace(document, stage=Stage.READY, hold=hold)


def _plan_and_check(session: Session, setup: Setup, document: Document) -> tuple[str, ...]:
    """Plan the document inside the open transaction and return the reasons that would stop it."""
    batch = CollectBatch(session, setup, [document])
    ingest(batch)
    session.flush()
    row = batch.rows[document.source_id]
    reasons: list[str] = []
    sendable: list[Posting] = []
    for posting in batch.transaction_postings(row):
        if posting.state == PostingState.HELD and posting.reason:
            reasons.append(posting.reason)
        elif posting.state in SENDABLE:
            sendable.append(posting)
    reasons += find_preflight_reasons(session, sendable)
    unique_reasons = dict.fromkeys(reasons)
    return tuple(unique_reasons)


def find_preflight_reasons(session: Session, postings: list[Posting]) -> list[str]:
    """Return a sentence for each problem that the checks before posting find."""
    if not postings:
        return []
    context = load_context(session, postings[0].company_id, postings)
    return [
        texts.join_reasons(texts.dump(finding.text))
        for posting in postings
        for finding in checks.find_problems(posting, context)
    ]

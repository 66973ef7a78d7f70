"""Find transactions whose marker belongs to no posting, or that several documents share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.causes import (
    MARKER_PREFIX,
    SHARED_PREFIX,
    build_marker_cause,
    build_shared_transaction_cause,
    build_unknown_markers_cause,
)
from hub.contract.document_kinds import LIST_KINDS, words_of
from hub.db import bulk
from hub.errors import Sentence
from hub.models import Case, Posting, SourceDocument, TransactionHead
from hub.models.display_names import DisplayName, format_posting_name
from hub.models.enums import Holder, Operation, PostingState, TransactionState
from hub.outbox.states import IN_FLIGHT
from hub.posting import case_texts
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile.posted_documents import build_first_write_conditions, load_posted
from hub.posting.reconcile.result import MarkerDifference
from hub.reasons import texts
from hub.reasons.texts import CaseText

MAX_LISTED = 20  # transactions with an unknown marker that their case lists


@dataclass(frozen=True, kw_only=True)
class MarkerFinding:
    """A transaction in QuickBooks with an unexpected marker, or with more than one document."""

    cause: str
    text: CaseText
    quickbooks_id: str
    kind: str
    document: str = ""  # how the result of a reconciliation names the document
    installation_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def with_case(self, case_id: int) -> MarkerDifference:
        """Return the entry for this finding in the result of a reconciliation."""
        return MarkerDifference(
            quickbooks_id=self.quickbooks_id,
            kind=self.kind,
            document=self.document,
            reasons=texts.dump(self.text),
            case_id=case_id,
        )


def check(session: Session, posting_session: PostingSession) -> list[MarkerDifference]:
    """Open a case for each finding that nobody has dismissed and close the solved ones.

    Return the findings whose case is open.
    """
    company_id = posting_session.company_id
    findings = [
        *_find_duplicates(session, company_id),
        *_find_unknown_markers(session, company_id),
        *_find_shared_transactions(session, company_id),
    ]
    _close_solved(session, company_id, {finding.cause for finding in findings})
    open_findings = []
    for finding in findings:
        case = _open_case(session, company_id, finding)
        if case:
            open_findings.append(finding.with_case(case.id))
    return open_findings


def _close_solved(session: Session, company_id: int, causes: set[str]) -> None:
    """Close the cases about markers whose finding is not among these causes."""
    for prefix in (MARKER_PREFIX, SHARED_PREFIX):
        for cause in inbox.list_open_causes(session, f"{prefix}{company_id}:"):
            if cause not in causes:
                inbox.close(session, cause)


def _open_case(session: Session, company_id: int, finding: MarkerFinding) -> Case | None:
    """Open the case of a finding; return None if a person has dismissed it."""
    if inbox.is_dismissed(session, finding.cause, finding.text):
        return None
    return inbox.open(
        session,
        finding.cause,
        finding.text,
        company_id=company_id,
        installation_id=finding.installation_id,
        details=dict(finding.details),
    )


def select_unclaimed_heads(company_id: int) -> Select[TransactionHead, SourceDocument]:
    """Select the live heads with a marker that no posting has, each with the marker's document."""
    has_posting = exists().where(
        Posting.company_id == TransactionHead.company_id,
        Posting.kind == TransactionHead.kind,
        Posting.quickbooks_id == TransactionHead.quickbooks_id,
        Posting.operation != Operation.ATTACH,
    )
    has_same_marker = and_(
        SourceDocument.company_id == TransactionHead.company_id,
        SourceDocument.marker == TransactionHead.marker,
    )
    return (
        select(TransactionHead, SourceDocument)
        .outerjoin(SourceDocument, has_same_marker)
        .where(
            TransactionHead.company_id == company_id,
            TransactionHead.marker != "",
            TransactionHead.state == TransactionState.LIVE,
            ~has_posting,
        )
        .order_by(TransactionHead.kind, TransactionHead.quickbooks_id)
    )


def _find_duplicates(session: Session, company_id: int) -> Iterator[MarkerFinding]:
    """Yield transactions with the marker of a document that was not posted as this transaction."""
    query = select_unclaimed_heads(company_id).where(SourceDocument.id.is_not(None))
    for head, document in session.execute(query):
        if _is_being_created(session, document):
            continue
        name = DisplayName.of_document(document)
        owner = f"{name.kind} {name.label}"
        candidate = case_texts.describe_candidate(head.quickbooks_id, head)
        yield MarkerFinding(
            cause=build_marker_cause(company_id, head.kind, head.quickbooks_id),
            text=CaseText("marker.twice", transaction=_format_head_name(head), document=owner),
            quickbooks_id=head.quickbooks_id,
            kind=head.kind,
            document=document.source_id,
            installation_id=document.installation_id,
            details={"candidates": [candidate]},
        )


def _is_being_created(session: Session, document: SourceDocument) -> bool:
    """Return whether a creation of a document may still adopt a transaction with its marker.

    It is being sent or about to be, or a person is asked about it, so the transaction is not
    reported as a duplicate. Changes and files do not count: they do not create a transaction.
    """
    is_asked = (Posting.state == PostingState.HELD) & Posting.held_by.in_(
        (Holder.QUICKBOOKS, Holder.PERSON)
    )
    is_next = Posting.state.in_((*IN_FLIGHT, PostingState.READY))
    query = select(Posting.id).where(
        Posting.document_id == document.id,
        Posting.operation == Operation.CREATE,
        is_next | is_asked,
    )
    return session.scalar(query.limit(1)) is not None


def _find_unknown_markers(session: Session, company_id: int) -> Iterator[MarkerFinding]:
    """Yield one finding for all markers of documents that this hub does not have."""
    query = select_unclaimed_heads(company_id).where(SourceDocument.id.is_(None))
    heads = session.scalars(query.limit(MAX_LISTED)).all()
    if not heads:
        return
    count = bulk.count_rows(session, query.order_by(None))
    first = heads[0]
    transactions = _format_head_name(first)
    if count > 1:
        transactions = Sentence("%(names)s and %(count)s more", names=transactions, count=count - 1)
    candidates = [case_texts.describe_candidate(head.quickbooks_id, head) for head in heads]
    yield MarkerFinding(
        cause=build_unknown_markers_cause(company_id),
        text=CaseText("marker.unknown", transactions=transactions),
        quickbooks_id=first.quickbooks_id,
        kind=first.kind,
        details={"candidates": candidates},
    )


def _find_shared_transactions(session: Session, company_id: int) -> Iterator[MarkerFinding]:
    """Yield transactions that are recorded for more than one document, or part of a document."""
    key = Posting.kind, Posting.quickbooks_id
    query = (
        select(*key)
        .where(*build_first_write_conditions(company_id), Posting.kind.not_in(LIST_KINDS))
        .group_by(*key)
        .having(func.count() > 1)
    )
    for kind, id in session.execute(query).all():
        is_transaction = [Posting.kind == kind, Posting.quickbooks_id == id]
        documents = load_posted(session, company_id, is_transaction)
        if len(documents) < 2:
            continue
        names = " and ".join(format_posting_name(document.posting) for document in documents)
        yield MarkerFinding(
            cause=build_shared_transaction_cause(company_id, kind, str(id)),
            text=CaseText(
                "marker.shared", documents=names, transaction=f"{kind.replace('_', ' ')} {id}"
            ),
            quickbooks_id=str(id),
            kind=kind,
            document=names,
            installation_id=documents[0].posting.installation_id,
        )


def _format_head_name(head: TransactionHead) -> str:
    """Return the name of a transaction for people, with the id by which QuickBooks shows it."""
    kind = words_of(head.kind)
    number = head.number or head.quickbooks_id
    return Sentence(
        "%(kind)s %(number)s (transaction %(quickbooks_id)s)",
        kind=kind,
        number=number,
        quickbooks_id=head.quickbooks_id,
    )

"""Reconcile: compare every posted document and its total with QuickBooks."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select

from hub.cases import unread_kinds
from hub.cases.discrepancies import ABSENT_DISCREPANCIES, Discrepancy
from hub.context import Progress
from hub.db.engine import read_only_session, transaction
from hub.errors import Sentence
from hub.models import Posting
from hub.models.display_names import format_posting_name
from hub.money import ZERO, format_amount, round_amount
from hub.outbox import get_sign_of_kind
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import (
    changes_by_hand,
    discrepancy_cases,
    drift,
    markers,
    needless_removals,
)
from hub.posting.reconcile.control_totals import Totals
from hub.posting.reconcile.posted_documents import (
    PostedDocument,
    PostedSummary,
    build_first_write_conditions,
    iter_posted,
    lock_and_load,
)
from hub.posting.reconcile.refresh import refresh
from hub.posting.reconcile.result import (
    DocumentDifference,
    MarkerDifference,
    OtherSourceTotal,
    ReconciliationResult,
)
from hub.reasons import texts

MAX_LISTED = 1000  # documents in each list of the result; the others have cases as well


@dataclass
class Comparison:
    """The results of a comparison of documents with QuickBooks so far."""

    totals: Totals = field(default_factory=Totals)
    absent: int = 0
    changing: int = 0
    open: int = 0
    accepted: int = 0
    unread: Counter[str] = field(default_factory=Counter)  # documents by kind
    differing: list[DocumentDifference] = field(default_factory=list)
    other_source_totals: list[OtherSourceTotal] = field(default_factory=list)


def reconcile(company_id: int, progress: Progress | None = None) -> ReconciliationResult:
    """Read the transactions of QuickBooks again, compare all posted documents and update cases.

    Documents of a kind that QuickBooks refuses to list are counted and not compared.
    """
    posting_session = PostingSession(company_id, progress=progress)
    refused_kinds = refresh(posting_session)
    changes_by_hand.compare_again(company_id)
    drift.watch(company_id)
    comparison = _compare(posting_session, refused_kinds)
    with transaction() as session:
        unread_kinds.update(
            session,
            company_id,
            unread_kinds.KindReader.RECONCILIATION,
            read=[kind for kind in DOCUMENT_ENTITIES if kind not in refused_kinds],
            problems=refused_kinds,
        )
        marker_differences = markers.check(session, posting_session)
        posting_session.store_date(session)
    return _build_result(posting_session, comparison, marker_differences)


def _compare(posting_session: PostingSession, refused_kinds: Collection[str]) -> Comparison:
    """Compare every posted document with its stored head, except the kinds that were refused."""
    comparison = Comparison()
    company_id = posting_session.company_id
    count = (
        select(func.count()).select_from(Posting).where(*build_first_write_conditions(company_id))
    )
    with read_only_session() as session:
        total = session.scalar(count) or 0
        ids_with_case = discrepancy_cases.list_postings_with_case(session, company_id)
    number = 0
    for summaries in iter_posted(company_id):
        for summary in summaries:
            has_case = summary.id in ids_with_case
            ids_with_case.discard(summary.id)
            if summary.kind in refused_kinds:
                comparison.unread[summary.kind] += 1
            else:
                _add(company_id, comparison, summary, has_case=has_case)
        number += len(summaries)
        posting_session.report_progress("comparing", number, total)
    for posting_id in ids_with_case:  # the rest was removed, created again or skipped
        _update_case(company_id, posting_id)
    return comparison


class ReloadedDocument(NamedTuple):
    """A posted document that was loaded again, and whether its discrepancy is still open."""

    document: PostedDocument
    is_open: bool = True


def _add(
    company_id: int, comparison: Comparison, summary: PostedSummary, *, has_case: bool
) -> None:
    """Add one document to the comparison.

    A document with a discrepancy or an open case is first locked and loaded again, so that its case
    is up to date.
    """
    reloaded = None
    if summary.discrepancy != Discrepancy.NONE or has_case:
        reloaded = _update_case(company_id, summary.id)
        if reloaded is None:
            return
        summary = reloaded.document.summary
    is_accepted = reloaded is not None and not reloaded.is_open
    comparison.totals.add(summary, is_accepted=is_accepted)
    if _has_other_source_total(summary) and len(comparison.other_source_totals) < MAX_LISTED:
        comparison.other_source_totals.append(_build_other_source_total(summary))
    if summary.is_changing:
        comparison.changing += 1
    elif reloaded is not None and summary.discrepancy != Discrepancy.NONE:
        _count_discrepancy(comparison, reloaded)


def _count_discrepancy(comparison: Comparison, reloaded: ReloadedDocument) -> None:
    """Count a document that differs from its transaction, and list it among the first ones."""
    document, is_open = reloaded
    if document.summary.discrepancy in ABSENT_DISCREPANCIES:
        comparison.absent += 1
    if is_open:
        comparison.open += 1
    else:
        comparison.accepted += 1
    if len(comparison.differing) < MAX_LISTED:
        comparison.differing.append(_build_document_difference(document, is_accepted=not is_open))


def _update_case(company_id: int, posting_id: int) -> ReloadedDocument | None:
    """Load one document again and update its cases; None if it is removed or no longer wanted."""
    with transaction() as session:
        document = lock_and_load(session, company_id, posting_id)
        if document is None:
            discrepancy_cases.close_cases(session, posting_id)
            return None
        if not document.is_settled or needless_removals.settle(session, [document]):
            return ReloadedDocument(document)
        if discrepancy_cases.settle_if_unwanted(session, document):
            return None
        discrepancy = document.discrepancy
        if discrepancy == Discrepancy.NONE and document.is_edited:
            # `drift` handles the case of an edited document, because it reads the edits.
            return ReloadedDocument(document)
        is_open = discrepancy_cases.update_case(session, document, discrepancy)
        return ReloadedDocument(document, is_open)


def _has_other_source_total(summary: PostedSummary) -> bool:
    """Return whether the source's total differs from the posted one.

    The total may have changed since, or the difference was within the tolerance.
    """
    if summary.part or not summary.is_settled:
        return False
    if summary.source_total is None or summary.posted_total is None:
        return False
    if summary.source_total == summary.posted_total:
        return False
    return round_amount(summary.source_total, summary.currency) != summary.posted_total


def _build_other_source_total(summary: PostedSummary) -> OtherSourceTotal:
    """Return a document whose source has another total now, as the result lists it."""
    currency = summary.currency or "USD"
    source_total = format_amount(summary.source_total or ZERO, currency)
    posted_total = format_amount(summary.posted_total or ZERO, currency)
    with read_only_session() as session:
        posting = session.get_one(Posting, summary.id)
        name = format_posting_name(posting)
    reason = Sentence(
        "%(name)s: the source says %(source_total)s, %(posted_total)s was posted.",
        name=name,
        source_total=source_total,
        posted_total=posted_total,
    )
    return OtherSourceTotal(summary.id, reason)


def _build_document_difference(
    document: PostedDocument, *, is_accepted: bool
) -> DocumentDifference:
    """Return a document that differs from QuickBooks, as the result lists it.

    The amounts of credits are negative, as in the totals.
    """
    summary = document.summary
    sign = get_sign_of_kind(summary.kind)
    currency = summary.currency
    return DocumentDifference(
        posting_id=summary.id,
        document=format_posting_name(document.posting),
        discrepancy=summary.discrepancy,
        is_accepted=is_accepted,
        reasons=texts.dump(discrepancy_cases.format_discrepancy(document)),
        slug=summary.slug,
        kind=summary.kind,
        number=document.posting.number,
        party=document.posting.document.party,
        date=str(summary.written_date or summary.source_date or ""),
        currency=currency,
        source=round_amount(sign * (summary.expected_total or ZERO), currency),
        posted=round_amount(sign * (summary.posted_total or ZERO), currency),
        quickbooks=round_amount(sign * summary.quickbooks_total, currency),
        quickbooks_id=document.posting.quickbooks_id or "",
    )


def _build_result(
    posting_session: PostingSession,
    comparison: Comparison,
    marker_differences: Sequence[MarkerDifference],
) -> ReconciliationResult:
    documents = comparison.totals.documents
    return ReconciliationResult(
        reconciled_at=posting_session.clock.now().replace(microsecond=0),
        documents=documents,
        found=documents - comparison.absent,
        changing=comparison.changing,
        accepted=comparison.accepted,
        unread=comparison.unread,
        troubles=comparison.open + len(marker_differences),
        totals=comparison.totals.lines(),
        differences=comparison.differing,
        marker_differences=marker_differences[:MAX_LISTED],
        other_source_totals=comparison.other_source_totals,
        writes=posting_session.writes,
        reads=posting_session.reads,
    )

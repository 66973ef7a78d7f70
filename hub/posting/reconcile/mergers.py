"""Detect records that were merged in QuickBooks; all documents of a merger share one case."""

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import payloads
from hub.cases import inbox
from hub.cases.causes import MERGER_PREFIX, build_merger_cause
from hub.cases.discrepancies import detach_from_mergers
from hub.db.engine import read_only_session
from hub.models import Case, Posting, StoredRecord, TransactionSummary, case_posting
from hub.posting import moved_records
from hub.reasons.texts import CaseText


@dataclass(frozen=True)
class Merger:
    """Two records of a list, of which the present one has the transactions of the former one."""

    list_name: str
    former: StoredRecord
    present: StoredRecord


def find_mergers(
    posting: Posting, written_summary: TransactionSummary, current: TransactionSummary
) -> tuple[Merger, ...]:
    """Return the mergers that explain every difference of a transaction; empty if none do.

    When two records are merged, QuickBooks moves the transactions of one to the other, and no
    longer has the former record. A person who moves them by hand and makes the record inactive
    has the same result.
    """
    successors = moved_records.list_successors(posting, written_summary, current)
    if not successors:
        return ()
    moved_summary = moved_records.move(posting, written_summary, successors)
    if payloads.describe_differences(moved_summary, current, compares_billing=True):
        return ()
    mergers = []
    with read_only_session() as session:
        for (list_name, former_id), present_id in sorted(successors.items()):
            former, present = (
                session.get(StoredRecord, (posting.company_id, list_name, id))
                for id in (former_id, present_id)
            )
            if former is None or present is None or former.active or not present.active:
                return ()
            mergers.append(Merger(list_name, former, present))
    return tuple(mergers)


def update_cases(
    session: Session, posting: Posting, mergers: Iterable[Merger], moved_ids: Set[int]
) -> None:
    """Add a document to the cases of the mergers that moved it, and remove it from all others.

    `moved_ids` are the postings in open cases about mergers.
    """
    mergers_by_cause = {_build_cause(posting, merger): merger for merger in mergers}
    if posting.id in moved_ids:
        detach_from_mergers(session, [posting.id], keep=list(mergers_by_cause))
    for cause, merger in mergers_by_cause.items():
        _open_case(session, posting, merger, cause)


def _build_cause(posting: Posting, merger: Merger) -> str:
    """Return the cause of the case of a merger."""
    former, present = merger.former.quickbooks_id, merger.present.quickbooks_id
    return build_merger_cause(posting.installation_id, merger.list_name, former, present)


def _open_case(session: Session, posting: Posting, merger: Merger, cause: str) -> None:
    """Add a document to the case of a merger, unless a person has closed it."""
    text = CaseText("posted.merged", former=merger.former.title, present=merger.present.title)
    if inbox.is_dismissed(session, cause, text):
        return
    inbox.open(
        session,
        cause,
        text,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        postings=[posting],
    )


def find_moved_ids(session: Session, posting_ids: Collection[int]) -> set[int]:
    """Return the postings that are in an open case about a merger."""
    query = (
        select(case_posting.c.posting_id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(
            case_posting.c.posting_id.in_(posting_ids),
            Case.closed_at.is_(None),
            Case.cause.startswith(MERGER_PREFIX),
        )
    )
    return set(session.scalars(query))

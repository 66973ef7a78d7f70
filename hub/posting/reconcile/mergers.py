"""Documents whose party another one has taken over in QuickBooks: one case for all of them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import payloads
from hub.cases import inbox
from hub.cases.causes import MERGER_PREFIX, build_merger_cause
from hub.db.engine import read_only_session
from hub.models import Case, Posting, StoredRecord, TransactionSummary, case_posting
from hub.posting.party_lists import get_party_list
from hub.reasons.texts import CaseText


@dataclass(frozen=True)
class Merger:
    """Two records of a list, of which the present one has the transactions of the former one."""

    list_name: str
    former: StoredRecord
    present: StoredRecord


def find_merger(
    posting: Posting, written: TransactionSummary, current: TransactionSummary
) -> Merger | None:
    """Return the merger that explains every difference of a transaction; None if there is none.

    QuickBooks moves the transactions of a record that is merged with another one, and has the
    record no more. So it is if a person moves them and makes the record inactive.
    """
    if not written.party or not current.party or written.party == current.party:
        return None
    moved = written._replace(party=current.party)
    if payloads.describe_differences(moved, current, compares_billing=True):
        return None
    list_name = get_party_list(posting.kind, posting.summary)
    with read_only_session() as session:
        former, present = (
            session.get(StoredRecord, (posting.company_id, list_name, id))
            for id in (written.party, current.party)
        )
    if former is None or present is None or former.active or not present.active:
        return None
    return Merger(list_name, former, present)


def open_case(session: Session, posting: Posting, merger: Merger) -> None:
    """Add a document to the case of a merger, unless a person has closed it."""
    former, present = merger.former, merger.present
    cause = build_merger_cause(
        posting.installation_id, merger.list_name, former.quickbooks_id, present.quickbooks_id
    )
    text = CaseText("posted.merged", former=former.title, present=present.title)
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


def detach(session: Session, posting: Posting) -> None:
    """Remove a document from the case of a merger that no longer explains how it differs."""
    open_causes = (
        select(Case.cause)
        .join(case_posting, case_posting.c.case_id == Case.id)
        .where(case_posting.c.posting_id == posting.id, Case.closed_at.is_(None))
    )
    causes = session.scalars(open_causes).all()
    others = [cause for cause in causes if not cause.startswith(MERGER_PREFIX)]
    inbox.detach(session, posting, others)

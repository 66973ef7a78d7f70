"""The cases of posted documents that differ from QuickBooks, and how they close."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.causes import (
    DISCREPANCY_SUFFIX,
    MERGER_PREFIX,
    RESPONSE_DIFFERS,
    build_discrepancy_cause,
    build_former_part_cause,
    build_posting_cause,
    is_discrepancy,
    parse_posting_id,
)
from hub.models import Case, Posting, TransactionHead, case_posting
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.reasons.texts import CaseText

GONE_EVERYWHERE = "posted.gone_everywhere"
IS_DISCREPANCY = Case.cause.endswith(DISCREPANCY_SUFFIX)


class Discrepancy(StrEnum):
    """The difference between a posted document and the head of its transaction in QuickBooks."""

    NONE = ""
    MISSING = "missing"
    VOIDED = "voided"
    DIFFERS = "differs"


# With these, nothing of the document is in the books.
ABSENT_DISCREPANCIES = (Discrepancy.MISSING, Discrepancy.VOIDED)


def close_outdated(session: Session, posting_ids: Collection[int], *, is_removed: bool) -> None:
    """Close the cases about a transaction as it was before the hub wrote or removed it.

    `posting_ids` are the earlier postings of its part.
    """
    causes = []
    for id in posting_ids:
        for discrepancy in Discrepancy:
            if discrepancy:
                causes.append(build_discrepancy_cause(id, discrepancy))
        causes.append(build_posting_cause(id, RESPONSE_DIFFERS))
        if is_removed:
            causes.append(build_former_part_cause(id))
    open_causes = select(Case.cause).where(Case.cause.in_(causes), Case.closed_at.is_(None))
    for cause in session.scalars(open_causes.order_by(Case.id)).all():
        inbox.close(session, cause)
    detach_from_mergers(session, posting_ids)


def detach_from_mergers(
    session: Session, posting_ids: Collection[int], keep: Collection[str] = ()
) -> None:
    """Remove documents from the cases of mergers that no longer explain how they differ.

    `keep` holds the causes of those that still do.
    """
    open_causes = (
        select(Case.cause)
        .join(case_posting, case_posting.c.case_id == Case.id)
        .where(case_posting.c.posting_id.in_(posting_ids), Case.closed_at.is_(None))
    )
    causes = set(session.scalars(open_causes))
    outdated_causes = {cause for cause in causes if cause.startswith(MERGER_PREFIX)} - set(keep)
    if outdated_causes:
        inbox.detach_all(session, posting_ids, keep=causes - outdated_causes)


def compare_again(session: Session, cause: str) -> None:
    """Make the next poll of changes compare the transaction of a discrepancy again.

    A payment of the transaction is reported to the source only once a person has accepted the
    discrepancy. Do nothing for a case with another cause.
    """
    posting_id = parse_posting_id(cause) if is_discrepancy(cause) else None
    if posting_id is None:
        return
    posting = session.get(Posting, posting_id)
    if posting is not None:
        compare_transaction_again(session, posting)


def compare_transaction_again(session: Session, posting: Posting) -> None:
    """Make the next poll of changes compare the transaction of a posting with QuickBooks."""
    if posting.quickbooks_id is None:
        return
    key = posting.company_id, posting.kind, posting.quickbooks_id
    head = session.get(TransactionHead, key)
    if head is not None:
        head.news = True


def list_postings_of_part(session: Session, posting: Posting) -> Sequence[int]:
    """Return the ids of all postings of the part of a document, without its files."""
    of_part = select(Posting.id).where(
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.operation != Operation.ATTACH,
    )
    return session.scalars(of_part).all()


def is_absence_open(session: Session, posting_ids: Iterable[int]) -> bool:
    """Return whether an open case asks about one of these postings that left QuickBooks."""
    causes = []
    for id in posting_ids:
        causes += [build_discrepancy_cause(id, absence) for absence in ABSENT_DISCREPANCIES]
    is_open = select(Case.id).where(Case.cause.in_(causes), Case.closed_at.is_(None))
    return session.scalar(is_open.limit(1)) is not None


def is_former_part(session: Session, posting: Posting) -> bool:
    """Return whether a case asked to remove a posted part, and the part was not wanted since.

    The case is about the newest write of the part, which is not the first one if it was changed.
    """
    causes = [build_former_part_cause(id) for id in list_postings_of_part(session, posting)]
    newest = select(Case).where(Case.cause.in_(causes)).order_by(Case.id.desc()).limit(1)
    case = session.scalars(newest).one_or_none()
    return case is not None and (case.closed_at is None or case.code == GONE_EVERYWHERE)


def close_as_gone_everywhere(session: Session, posting: Posting) -> None:
    """Close the cases of a document that is gone from QuickBooks and from its source.

    The closed case states this in the history of the document.
    """
    causes = []
    ids = list_postings_of_part(session, posting)
    for id in ids:
        causes += [build_discrepancy_cause(id, absence) for absence in ABSENT_DISCREPANCIES]
        causes.append(build_former_part_cause(id))
    detach_from_mergers(session, ids)
    query = select(Case).where(Case.cause.in_(causes), Case.closed_at.is_(None))
    for case in session.scalars(query):
        text = CaseText(
            GONE_EVERYWHERE,
            name=format_posting_name(posting),
            quickbooks_id=str(posting.quickbooks_id),
        )
        case.code, case.params = text.code, text.params
        inbox.close(session, case.cause)

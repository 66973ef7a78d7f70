"""Open and close the cases of single postings.

The name of a case is unique among the cases of its posting.
"""

from typing import Any

from sqlalchemy.orm import Session

from hub.cases import discrepancies, inbox
from hub.cases.causes import build_closed_period_cause, build_posting_cause
from hub.cases.findings import Finding
from hub.models import Posting
from hub.models.enums import CHANGE_OPERATIONS, Operation
from hub.outbox.states import REMOVALS
from hub.posting import case_texts
from hub.reasons.texts import CaseText

FILE_CASE = "file"  # the name of the case about a file that could not be fetched or attached


def open_case(
    session: Session,
    posting: Posting,
    name: str,
    text: CaseText,
    details: dict[str, Any] | None = None,
) -> None:
    """Open a case of a posting, or update the open case of this name."""
    finding = Finding(key=name, text=text, details=details or {})
    inbox.open_for_finding(session, finding, [posting])


def open_only_case(
    session: Session, posting: Posting, name: str, text: CaseText, candidate_ids: tuple[str, ...]
) -> None:
    """Open a case and take the posting out of its other cases.

    A refusal because of a closed period has the case of the check of the closing date, which then
    holds the posting if it finds that date.
    """
    details = {}
    if candidate_ids:
        details["candidates"] = case_texts.describe_candidates(session, posting, candidate_ids)
    cause = build_posting_cause(posting.id, name)
    if text.code == case_texts.REFUSED_IN_CLOSED_PERIOD:
        cause = build_closed_period_cause(posting.company_id, posting.installation_id)
    inbox.detach(session, posting, keep=[cause])
    finding = Finding(cause=cause, text=text, details=details)
    inbox.open_for_finding(session, finding, [posting])


def close_cases(session: Session, posting: Posting, *, has_case: bool) -> None:
    """Close the cases of a posted posting, and of the earlier postings that it changes or replaces.

    `has_case` is whether the posting has an open case of its own.
    """
    if has_case:
        inbox.detach(session, posting)
    is_change = posting.operation in CHANGE_OPERATIONS
    is_repeated = posting.operation == Operation.CREATE and posting.generation > 0
    if not is_change and not is_repeated:
        return
    ids = discrepancies.list_postings_of_part(session, posting)
    earlier_ids = [id for id in ids if id < posting.id]
    if is_repeated:
        inbox.detach_all(session, earlier_ids)
        return
    is_removed = posting.operation in REMOVALS
    discrepancies.close_outdated(session, earlier_ids, is_removed=is_removed)

"""Open, join and leave cases as the plans of a batch require."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.findings import Finding
from hub.models import Case, Posting, case_posting
from hub.models.enums import PostingState


class HeldPosting(NamedTuple):
    """A posting that a plan holds, and the findings that hold it."""

    posting: Posting
    findings: tuple[Finding, ...]


@dataclass
class _CaseToOpen:
    """A finding and the postings that its case stops."""

    finding: Finding
    postings: list[Posting] = field(default_factory=list)


def update_cases(session: Session, held_postings: Iterable[HeldPosting]) -> None:
    """Add each held posting to the cases of its findings, and take it out of all others.

    If a posting occurs twice, its last findings count.
    """
    findings_by_posting = _select_last_findings(held_postings)
    if not findings_by_posting:
        return
    session.flush()
    posting_ids = [posting.id for posting in findings_by_posting]
    cases_by_posting = _load_open_cases(session, posting_ids)
    to_open: dict[str, _CaseToOpen] = {}
    for posting, findings in findings_by_posting.items():
        findings_by_cause = {finding.build_cause(posting.id): finding for finding in findings}
        open_cases = cases_by_posting.get(posting.id, {})
        if open_cases.keys() - findings_by_cause.keys():
            inbox.detach(session, posting, keep=findings_by_cause)
        for cause, finding in findings_by_cause.items():
            case = open_cases.get(cause)
            if case and inbox.has_reason(case, finding.text):
                continue
            to_open.setdefault(cause, _CaseToOpen(finding)).postings.append(posting)
    for case_to_open in to_open.values():
        inbox.open_for_finding(session, case_to_open.finding, case_to_open.postings)


def open_case(session: Session, posting: Posting, finding: Finding) -> None:
    """Open a case about a posting that stays as it is."""
    session.flush()  # the cause may name the id of a posting that was just planned
    inbox.open_for_finding(session, finding, [posting])


def _select_last_findings(
    held_postings: Iterable[HeldPosting],
) -> dict[Posting, tuple[Finding, ...]]:
    """Return the last findings of each posting that is still held."""
    findings_by_posting: dict[Posting, tuple[Finding, ...]] = {}
    for posting, findings in held_postings:
        if posting.state == PostingState.HELD:
            findings_by_posting[posting] = findings
    return findings_by_posting


def _load_open_cases(session: Session, posting_ids: list[int]) -> Mapping[int, dict[str, Case]]:
    """Return the open cases of these postings, by posting and cause."""
    link = case_posting.c
    is_of_postings = link.posting_id.in_(posting_ids)
    query = (
        select(link.posting_id, Case)
        .join(Case, Case.id == link.case_id)
        .where(is_of_postings, Case.closed_at.is_(None))
    )
    cases: dict[int, dict[str, Case]] = defaultdict(dict)
    for posting_id, case in session.execute(query):
        cases[posting_id][case.cause] = case
    return cases

"""Texts that say why a posting is held, and the cases that say which action solves it."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.findings import Finding, shorten_cause
from hub.mapping import Missing
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.models.display_names import format_document_name
from hub.models.enums import Holder, PostingState
from hub.outbox.plan_values import Disposition
from hub.reasons.texts import CaseText


def build_held_disposition(holder: Holder, findings: Iterable[Finding]) -> Disposition:
    """Return the disposition of a posting that is held for these reasons."""
    reasons = tuple(finding.text for finding in findings)
    return Disposition(state=PostingState.HELD, holder=holder, reasons=reasons)


def build_match_cause(installation: Installation, field: str, code: str) -> str:
    """Return the cause of the case about a code, which all its postings share."""
    cause = f"match:{installation.id}:{field}:{code}"
    return shorten_cause(cause)


def build_document_finding(
    key: str, row: SourceDocument, code: str, **params: str | CaseText
) -> Finding:
    """Return a reason that concerns one document alone, from its entry in the catalogue.

    `code` is the entry below "document.", and `key` distinguishes the case from others of the
    posting.
    """
    title = format_document_name(row)
    text = CaseText(f"document.{code}", document=title, **params)
    return Finding(key=key, text=text)


def build_missing_finding(installation: Installation, missing: Missing, title: str) -> Finding:
    """Return the reason for a code that cannot be posted yet.

    If a document has no code at all in a field, the case is about this document, with this title.
    """
    suggestions = [
        {"id": ref.id, "name": ref.name, "type": ref.type} for ref in missing.suggestions
    ]
    details = {
        "field": missing.field,
        "label": missing.label,
        "role": missing.role,
        "code": missing.code,
        "name": missing.name,
        "number": missing.number,
        "new_name": missing.new_name,
        "suggestions": suggestions,
    }
    if not missing.code:
        text = CaseText(
            f"document.{missing.solution}",
            document=title,
            field=missing.label,
            problem=missing.problem,
        )
        return Finding(key=missing.field, text=text, details=details)
    return Finding(
        cause=build_match_cause(installation, missing.field, missing.code),
        text=CaseText(f"code.{missing.solution}", code=missing.title, problem=missing.problem),
        details=details,
    )


def update_cases(
    session: Session,
    installation: Installation,
    findings: Iterable[tuple[Posting, tuple[Finding, ...]]],
) -> None:
    """Attach each held posting to the cases of its reasons, and to no others.

    If a posting occurs twice, its last reasons count.
    """
    findings_by_posting = _select_findings_of_held(findings)
    if not findings_by_posting:
        return
    session.flush()
    posting_ids = [posting.id for posting in findings_by_posting]
    open_cases = _load_open_cases(session, posting_ids)
    new_cases: dict[str, tuple[Finding, list[Posting]]] = {}
    for posting, reasons in findings_by_posting.items():
        findings_by_cause = {finding.build_cause(posting.id): finding for finding in reasons}
        cases = open_cases[posting.id]
        if cases.keys() - findings_by_cause.keys():
            inbox.detach(session, posting, keep=findings_by_cause)
        for cause, finding in findings_by_cause.items():
            case = cases.get(cause)
            if case and inbox.has_reason(case, finding.text):
                continue
            _, postings = new_cases.setdefault(cause, (finding, []))
            postings.append(posting)
    for cause, (finding, postings) in new_cases.items():
        _open(session, cause, finding, installation.company_id, installation.id, postings)


def _select_findings_of_held(
    findings: Iterable[tuple[Posting, tuple[Finding, ...]]],
) -> dict[Posting, tuple[Finding, ...]]:
    """Return the last reasons of each posting that is held."""
    findings_by_posting: dict[Posting, tuple[Finding, ...]] = {}
    for posting, reasons in findings:
        if posting.state == PostingState.HELD:
            findings_by_posting[posting] = reasons
    return findings_by_posting


def open_case(session: Session, posting: Posting, finding: Finding) -> None:
    """Open a case about a posting that stays as it is."""
    session.flush()  # the cause may name the id of a posting that was just planned
    cause = finding.build_cause(posting.id)
    _open(session, cause, finding, posting.company_id, posting.installation_id, [posting])


def _load_open_cases(session: Session, posting_ids: list[int]) -> dict[int, dict[str, Case]]:
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
        cases_of_posting = cases[posting_id]
        cases_of_posting[case.cause] = case
    return cases


def _open(
    session: Session,
    cause: str,
    finding: Finding,
    company_id: int,
    installation_id: int,
    postings: list[Posting],
) -> None:
    inbox.open(
        session,
        cause,
        finding.text,
        company_id=company_id,
        installation_id=installation_id,
        details=dict(finding.details),
        postings=postings,
    )

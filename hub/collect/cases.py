"""Texts that say why a posting is held, and the cases that say which action solves it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.value_object import value_object
from hub.mapping import Missing
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.models.display_names import format_document_name
from hub.models.enums import Holder, PostingState
from hub.outbox.plans import Disposition
from hub.reasons.texts import CaseText

MAX_CAUSE_LENGTH = 400
DIGEST_LENGTH = 16


@value_object
class DocumentHold:
    """One reason why a posting is held, and the case that says so.

    `cause` names the case that all postings with this reason share. Without it the posting has a
    case of its own, which `key` tells from its other cases.
    """

    cause: str = ""
    key: str = ""
    text: CaseText
    details: dict[str, Any] = field(default_factory=dict)

    def cause_for(self, posting: Posting) -> str:
        """Return the cause of the case of a posting."""
        cause = self.cause or f"posting:{posting.id}:{self.key}"
        return _shorten(cause)


def build_held_disposition(holder: Holder, holds: Iterable[DocumentHold]) -> Disposition:
    """Return the disposition of a posting that is held for these reasons."""
    reasons = tuple(hold.text for hold in holds)
    return Disposition(state=PostingState.HELD, holder=holder, reasons=reasons)


def match_cause(installation: Installation, field: str, code: str) -> str:
    """Return the cause of the case about a code, which all its postings share."""
    cause = f"match:{installation.id}:{field}:{code}"
    return _shorten(cause)


def _shorten(cause: str) -> str:
    """Replace the end of a cause that is too long for its column by a digest of all of it."""
    if len(cause) <= MAX_CAUSE_LENGTH:
        return cause
    digest = hashlib.sha256(cause.encode()).hexdigest()[:DIGEST_LENGTH]
    beginning = cause[: MAX_CAUSE_LENGTH - DIGEST_LENGTH - 1]
    return f"{beginning}:{digest}"


def build_document_hold(
    key: str, row: SourceDocument, code: str, **params: str | CaseText
) -> DocumentHold:
    """Return a reason that concerns one document alone, from its entry in the catalogue.

    `code` is the entry below "document.", and `key` distinguishes the case from others of the
    posting.
    """
    title = format_document_name(row)
    text = CaseText(f"document.{code}", document=title, **params)
    return DocumentHold(key=key, text=text)


def build_missing_hold(installation: Installation, missing: Missing, title: str) -> DocumentHold:
    """Return the reason for a code that cannot be posted yet.

    A document that has no code at all in a field gets a case of its own, with this title.
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
        return DocumentHold(key=missing.field, text=text, details=details)
    return DocumentHold(
        cause=match_cause(installation, missing.field, missing.code),
        text=CaseText(f"code.{missing.solution}", code=missing.title, problem=missing.problem),
        details=details,
    )


def update_cases(
    session: Session,
    installation: Installation,
    holds: Iterable[tuple[Posting, tuple[DocumentHold, ...]]],
) -> None:
    """Attach each held posting to the cases of its reasons, and to no others.

    Of two entries for one posting the last one counts.
    """
    holds_by_posting = _holds_of_held(holds)
    if not holds_by_posting:
        return
    session.flush()
    posting_ids = [posting.id for posting in holds_by_posting]
    open_cases = _open_cases(session, posting_ids)
    new_cases: dict[str, tuple[DocumentHold, list[Posting]]] = {}
    for posting, reasons in holds_by_posting.items():
        holds_by_cause = {hold.cause_for(posting): hold for hold in reasons}
        cases = open_cases[posting.id]
        if cases.keys() - holds_by_cause.keys():
            inbox.release(session, posting, keep=holds_by_cause)
        for cause, hold in holds_by_cause.items():
            case = cases.get(cause)
            if case and inbox.has_reason(case, hold.text):
                continue
            _, postings = new_cases.setdefault(cause, (hold, []))
            postings.append(posting)
    for cause, (hold, postings) in new_cases.items():
        _open(session, cause, hold, installation.company_id, installation.id, postings)


def _holds_of_held(
    holds: Iterable[tuple[Posting, tuple[DocumentHold, ...]]],
) -> dict[Posting, tuple[DocumentHold, ...]]:
    """Return the last reasons of each posting that is held."""
    holds_by_posting: dict[Posting, tuple[DocumentHold, ...]] = {}
    for posting, reasons in holds:
        if posting.state == PostingState.HELD:
            holds_by_posting[posting] = reasons
    return holds_by_posting


def open_case(session: Session, posting: Posting, hold: DocumentHold) -> None:
    """Open a case about a posting that stays as it is."""
    session.flush()  # the cause may name the id of a posting that was just planned
    cause = hold.cause_for(posting)
    _open(session, cause, hold, posting.company_id, posting.installation_id, [posting])


def _open_cases(session: Session, posting_ids: list[int]) -> dict[int, dict[str, Case]]:
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
    hold: DocumentHold,
    company_id: int,
    installation_id: int,
    postings: list[Posting],
) -> None:
    inbox.open(
        session,
        cause,
        hold.text,
        company_id=company_id,
        installation_id=installation_id,
        details=hold.details,
        postings=postings,
    )

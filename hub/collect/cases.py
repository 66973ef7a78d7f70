"""Texts that say why a posting is held, and the cases that say which action solves it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.documents import value_object
from hub.mapping import Missing
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.models.enums import Holder, PostingState
from hub.outbox.plans import Disposition
from hub.reasons.texts import CaseText

MAX_CAUSE_LENGTH = 400


@value_object
class Hold:
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
        return _shorten(self.cause or f"posting:{posting.id}:{self.key}")


def held(holder: Holder, holds: Iterable[Hold]) -> Disposition:
    """Return the disposition of a posting that is held for these reasons."""
    reasons = tuple(hold.text for hold in holds)
    return Disposition(state=PostingState.HELD, holder=holder, reasons=reasons)


def match_cause(installation: Installation, field: str, code: str) -> str:
    """Return the cause of the case about a code."""
    return _shorten(f"match:{installation.id}:{field}:{code}")


def _shorten(cause: str) -> str:
    if len(cause) <= MAX_CAUSE_LENGTH:
        return cause
    digest = hashlib.sha256(cause.encode()).hexdigest()[:16]
    return f"{cause[: MAX_CAUSE_LENGTH - 17]}:{digest}"


def document_title(row: SourceDocument) -> str:
    """Return the kind, number and party of a document, as a title shows it."""
    kind = (row.kind or "document").replace("_", " ").capitalize()
    if row.made_for and row.party:
        return f"{kind} {row.party}"
    title = f"{kind} {row.number or row.source_id}"
    return f"{title} of {row.party}" if row.party else title


def document_hold(key: str, row: SourceDocument, code: str, **params: str | CaseText) -> Hold:
    """Return a reason that concerns one document alone, from its entry in the catalogue."""
    return Hold(key=key, text=CaseText(f"document.{code}", document=document_title(row), **params))


def missing_hold(installation: Installation, missing: Missing, title: str) -> Hold:
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
        "suggestions": suggestions,
    }
    if not missing.code:
        text = CaseText(
            f"document.{missing.solution}",
            document=title,
            field=missing.label,
            problem=missing.problem,
        )
        return Hold(key=missing.field, text=text, details=details)
    return Hold(
        cause=match_cause(installation, missing.field, missing.code),
        text=CaseText(
            f"code.{missing.solution}", code=_label_with_code(missing), problem=missing.problem
        ),
        details=details,
    )


def _label_with_code(missing: Missing) -> str:
    names = [missing.number, missing.name or missing.code]
    code = " ".join(dict.fromkeys(name for name in names if name))
    return f"{missing.label} “{code}”"


def update_cases(
    session: Session,
    installation: Installation,
    holds: Iterable[tuple[Posting, tuple[Hold, ...]]],
) -> None:
    """Attach each held posting to the cases of its reasons, and to no others."""
    holds_by_posting = {posting: reasons for posting, reasons in holds if posting.state == "held"}
    if not holds_by_posting:
        return
    session.flush()
    open_cases = _open_cases(session, [posting.id for posting in holds_by_posting])
    new_cases: dict[str, tuple[Hold, list[Posting]]] = {}
    for posting, reasons in holds_by_posting.items():
        causes = {hold.cause_for(posting): hold for hold in reasons}
        present = open_cases[posting.id]
        if present.keys() - causes.keys():
            inbox.release(session, posting, keep=causes)
        for cause, hold in causes.items():
            case = present.get(cause)
            if case is None or not inbox.says(case, hold.text):
                new_cases.setdefault(cause, (hold, []))[1].append(posting)
    for cause, (hold, postings) in new_cases.items():
        _open(session, cause, hold, installation.company_id, installation.id, postings)


def open_case(session: Session, posting: Posting, hold: Hold) -> None:
    """Open a case about a posting that stays as it is."""
    session.flush()
    cause = hold.cause_for(posting)
    _open(session, cause, hold, posting.company_id, posting.installation_id, [posting])


def _open_cases(session: Session, posting_ids: list[int]) -> dict[int, dict[str, Case]]:
    """Return the open cases of these postings, by posting and cause."""
    link = case_posting.c
    query = (
        select(link.posting_id, Case)
        .join(Case, Case.id == link.case_id)
        .where(link.posting_id.in_(posting_ids), Case.closed_at.is_(None))
    )
    cases: dict[int, dict[str, Case]] = defaultdict(dict)
    for posting_id, case in session.execute(query):
        cases[posting_id][case.cause] = case
    return cases


def _open(
    session: Session,
    cause: str,
    hold: Hold,
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

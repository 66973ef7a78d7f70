"""Texts that say why a posting is held, and the cases that say which action solves it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.documents import value_object
from hub.mapping import Missing
from hub.models import Case, Installation, Posting, SourceDocument, case_posting

MAX_CAUSE_LENGTH = 400
INSTRUCTIONS = {
    "match": "Choose the record of QuickBooks that it is, or make it there and refresh the lists.",
    "settings": "Choose another record in the settings of the app.",
    "source": "Correct it at the source; the next syncs read it again, Retry does at once.",
    "either": (
        "Do what it says, at the source or in the settings of the app; the next syncs read it again."
    ),
    "differ": (
        "Correct it at the source, or choose in the settings of the app what happens when lines"
        " differ."
    ),
    "void": "Void it in QuickBooks too, or leave it as it is.",
    "delete": "Leave it as it is, or delete it in QuickBooks too.",
    "retry": "Press Retry to do it, or Skip to leave QuickBooks as it is.",
}


@value_object
class HoldText:
    """One reason why a posting is held, as its case shows it.

    `cause` names the case that all postings with this reason share. Without it the posting has a
    case of its own, which `key` tells from its other cases.
    """

    cause: str = ""
    key: str = ""
    title: str
    reason: str
    act: str = "source"
    details: dict[str, Any]

    def cause_for(self, posting: Posting) -> str:
        """Return the cause of the case of a posting."""
        return _shorten(self.cause or f"posting:{posting.id}:{self.key}")


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


def hold_text(key: str, title: str, reason: str, act: str = "source") -> HoldText:
    """Return a reason that concerns one posting alone."""
    return HoldText(key=key, title=title, reason=reason, act=act, details={})


def missing_text(installation: Installation, missing: Missing, title: str) -> HoldText:
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
    label = _label_with_code(missing)
    reason = f"{label}: {missing.why}"
    if not missing.code:
        return HoldText(
            key=missing.field, title=title, reason=reason, act=missing.act, details=details
        )
    return HoldText(
        cause=match_cause(installation, missing.field, missing.code),
        title=f"{label} cannot be posted yet",
        reason=reason,
        act=missing.act,
        details=details,
    )


def _label_with_code(missing: Missing) -> str:
    if not missing.code:
        return missing.label
    texts = [missing.number, missing.name or missing.code]
    code = " ".join(dict.fromkeys(text for text in texts if text))
    return f"{missing.label} “{code}”"


def update_cases(
    session: Session,
    installation: Installation,
    hold_texts: Iterable[tuple[Posting, tuple[HoldText, ...]]],
) -> None:
    """Attach each held posting to the cases of its reasons, and to no others."""
    texts_by_posting = {posting: texts for posting, texts in hold_texts if posting.state == "held"}
    if not texts_by_posting:
        return
    session.flush()
    open_reasons = _open_reasons(session, [posting.id for posting in texts_by_posting])
    new_cases: dict[str, tuple[HoldText, list[Posting]]] = {}
    for posting, texts in texts_by_posting.items():
        causes = {text.cause_for(posting): text for text in texts}
        reasons = open_reasons[posting.id]
        if reasons.keys() - causes.keys():
            inbox.release(session, posting, keep=causes)
        for cause, text in causes.items():
            if reasons.get(cause) != text.reason:
                new_cases.setdefault(cause, (text, []))[1].append(posting)
    for cause, (text, postings) in new_cases.items():
        _open(session, cause, text, installation.company_id, installation.id, postings)


def open_case(session: Session, posting: Posting, text: HoldText) -> None:
    """Open a case about a posting that stays as it is."""
    session.flush()
    cause = text.cause_for(posting)
    _open(session, cause, text, posting.company_id, posting.installation_id, [posting])


def _open_reasons(session: Session, posting_ids: list[int]) -> dict[int, dict[str, str]]:
    """Return the reason of each open case of these postings, by posting and cause."""
    link = case_posting.c
    query = (
        select(link.posting_id, Case.cause, Case.reason)
        .join(Case, Case.id == link.case_id)
        .where(link.posting_id.in_(posting_ids), Case.closed_at.is_(None))
    )
    reasons: dict[int, dict[str, str]] = defaultdict(dict)
    for posting_id, cause, reason in session.execute(query):
        reasons[posting_id][cause] = reason
    return reasons


def _open(
    session: Session,
    cause: str,
    text: HoldText,
    company_id: int,
    installation_id: int,
    postings: list[Posting],
) -> None:
    inbox.open(
        session,
        cause,
        title=text.title,
        reason=text.reason,
        act=text.act,
        do=INSTRUCTIONS[text.act],
        company_id=company_id,
        installation_id=installation_id,
        details=text.details,
        postings=postings,
    )

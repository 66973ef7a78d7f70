"""Facts that decide a match: what the source knows, which documents wait, and how records fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.collect.cases import match_cause
from hub.contract.documents import Code, Item, Party
from hub.mapping import Entry, Ref
from hub.mapping.index import fold_name
from hub.models import (
    NAMES_ONLY,
    Case,
    Installation,
    Posting,
    SeenCode,
    case_posting,
)
from hub.translations.messages import gettext, gettext_noop
from hub.web import case_list
from hub.web.access import load_scope
from hub.web.case_list import CaseRow
from hub.web.source_view import money

FULL_SCORE = 100
SAME_NUMBER = 95
MAX_SIMILAR = 94  # a name that is only similar is never as good as the same number
MAX_DOCUMENTS = 5


@dataclass(frozen=True)
class Suggestion:
    """A record that may be the code: how well it fits, from 0 to 100, and why."""

    ref: Ref
    score: int
    reason: str


@dataclass(frozen=True)
class SourceFacts:
    """What the source knows of a code, and the newest documents that wait for it."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    documents: list[Posting] = field(default_factory=list)
    waiting: CaseRow | None = None


def build_suggestions(code: Any, entries: Mapping[str, Entry]) -> list[Suggestion]:
    """Return the suggestions of a code with score and reason, best first; `entries` are by id."""
    from rapidfuzz import fuzz  # only now: it takes 4 MB of memory

    suggestions = []
    for ref in code.suggestions:
        entry = entries.get(ref.id)
        number = fold_name(code.number)
        has_number = (
            bool(entry) and bool(number) and number == fold_name(entry.number if entry else "")
        )
        if ref.id == code.exact:
            reason = gettext("Same number") if has_number else gettext("Same id or full name")
            suggestions.append(Suggestion(ref, FULL_SCORE, reason))
        elif has_number:
            suggestions.append(Suggestion(ref, SAME_NUMBER, gettext("Same number, other name")))
        else:
            similarity = fuzz.WRatio(fold_name(code.name or code.code), fold_name(ref.name))
            score = min(int(similarity), MAX_SIMILAR)
            is_same = fold_name(code.name) == fold_name(ref.name) != ""
            reason = gettext("Same name") if is_same else gettext("Similar name")
            suggestions.append(Suggestion(ref, score, reason))
    return sorted(suggestions, key=lambda suggestion: -suggestion.score)


def find_best(suggestions: list[Suggestion], threshold: int) -> Suggestion | None:
    """Return the one suggestion that reaches a threshold and is better than all others."""
    if not suggestions or suggestions[0].score < threshold:
        return None
    if len(suggestions) > 1 and suggestions[1].score == suggestions[0].score:
        return None
    return suggestions[0]


def list_source_facts(
    session: Session, installation: Installation, seen: SeenCode, used: Code | str | None
) -> SourceFacts:
    """Return what the source knows of a code; `used` is the code as a document has it."""
    facts = [
        (gettext_noop("Name"), seen.name),
        (gettext_noop("Number"), seen.number),
        (gettext_noop("Id"), seen.code),
    ]
    details = used.create if isinstance(used, Code) else None
    facts += _detail_facts(details)
    cause = match_cause(installation, seen.field, seen.code)
    waiting = load_waiting_documents(session, [cause]).get(cause)
    return SourceFacts(
        facts=[(label, text) for label, text in facts if text],
        documents=_newest_documents(session, waiting.case.id) if waiting else [],
        waiting=waiting,
    )


def load_waiting_documents(session: Session, causes: Iterable[str]) -> dict[str, CaseRow]:
    """Return what waits for codes, by the cause of their open cases."""
    query = select(Case).where(
        Case.cause.in_(list(causes)), Case.closed_at.is_(None), *load_scope().cases()
    )
    rows = case_list.build_rows(session, list(session.scalars(query)))
    return {row.case.cause: row for row in rows}


def _detail_facts(details: Party | Item | None) -> list[tuple[str, str]]:
    """Return what a new record would be created from."""
    if isinstance(details, Party):
        return _party_facts(details)
    if isinstance(details, Item):
        return [
            (gettext("Type"), details.type.replace("_", " ")),
            ("SKU", details.sku or ""),
            ("Description", details.description or ""),
            (gettext("Price"), money(details.price, "")),
            (gettext("Cost"), money(details.cost, "")),
        ]
    return []


def _party_facts(details: Party) -> list[tuple[str, str]]:
    """Return what a new vendor or customer would be created from."""
    address = details.address
    parts = [*address.lines, address.postal_code, address.city] if address else []
    return [
        ("E-mail", details.email or ""),
        (gettext("Phone"), details.phone or ""),
        (gettext("Contact"), details.contact or ""),
        (gettext("Address"), ", ".join(part for part in parts if part)),
        (gettext("Currency"), details.currency or ""),
    ]


def _newest_documents(session: Session, case_id: int) -> list[Posting]:
    """Return the newest documents that a case stops and the person may see."""
    query = (
        select(Posting)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .where(case_posting.c.case_id == case_id, *load_scope().postings())
        .order_by(Posting.id.desc())
        .limit(MAX_DOCUMENTS)
        .options(*NAMES_ONLY)
    )
    return list(session.scalars(query).unique())

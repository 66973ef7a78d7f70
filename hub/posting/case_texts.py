"""Describe a posting in a case: its name, the candidates in QuickBooks, and the reason."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.models import Posting, TransactionHead
from hub.money import format_amount
from hub.posting.protocol.history import FORGOTTEN, LIST_KINDS
from hub.reasons.texts import CaseText

CLOSED_PERIOD_CODES = ("6200", "6210")


def question_text(
    why: str, posting: Posting, candidates: Sequence[Mapping[str, Any]] = ()
) -> CaseText:
    """Return the question about what QuickBooks has; nobody can compare with what is deleted."""
    if why == "alike" and candidates and all(one.get("state") == "deleted" for one in candidates):
        why = "gone"
    if why == "changed":
        return CaseText("outcome.changed", name=posting_title(posting), app=_app_name(posting))
    return CaseText(f"outcome.{why}", name=posting_title(posting))


def refusal_text(
    why: str, posting: Posting, answer: str = "", code: str = "", rounds: int = 0
) -> CaseText:
    """Return why QuickBooks does not take a posting."""
    if why == "rounds":
        return CaseText("outcome.rounds", name=posting_title(posting), rounds=rounds)
    if why == "refused" and code in CLOSED_PERIOD_CODES:
        why = "closed_period"
    return CaseText(f"outcome.{why}", name=posting_title(posting), answer=answer)


class NamedDocument(Protocol):
    """What the name of a posting needs of its document."""

    @property
    def kind(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def source_id(self) -> str: ...

    @property
    def party(self) -> str: ...


class NamedPosting(Protocol):
    """What the name of a posting is made of; a model and a row of its columns both fit."""

    @property
    def kind(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def document(self) -> NamedDocument: ...


def posting_title(posting: NamedPosting) -> str:
    """Return the name of a posting as a person knows it: kind, number, party."""
    document = posting.document
    is_file = posting.operation == "attach"
    kind = "file of " + document.kind if is_file else posting.kind
    number = document.number or document.source_id
    if posting.kind in LIST_KINDS and document.party and not is_file:
        number = document.party  # the id of a code at the source says nothing to a person
    name = f"{kind.replace('_', ' ')} {number}"
    name = name[:1].upper() + name[1:]
    if document.party and document.party != number:
        return f"{name} of {document.party}"
    return name


def candidates(session: Session, posting: Posting, ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """What is known of transactions that a person is asked about, to be shown side by side."""
    mine = (
        TransactionHead.company_id == posting.company_id,
        TransactionHead.kind == posting.kind,
        TransactionHead.quickbooks_id.in_(ids),
    )
    heads = {
        head.quickbooks_id: head for head in session.scalars(select(TransactionHead).where(*mine))
    }
    return [candidate(id, heads.get(id)) for id in ids if id != FORGOTTEN.id]


def candidate(id: str, head: TransactionHead | None) -> dict[str, Any]:
    """One of them."""
    if head is None:
        return {"id": id}
    total = "" if head.total is None else format_amount(head.total, head.currency or "USD")
    date = head.date.isoformat() if head.date else ""
    about = {
        "number": head.number,
        "party": head.party,
        "date": date,
        "total": total,
        "state": head.state,
    }
    return {"id": id, "kind": head.kind, **about}


def _app_name(posting: Posting) -> str:
    slug = posting.document.slug
    app = hub_context.current().plugins.apps.get(slug)
    return app.name if app else slug

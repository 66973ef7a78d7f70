"""Texts of the cases about a posting: title, reason and next step."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.contract.documents import value_object
from hub.models import Posting, TransactionHead
from hub.money import format_amount
from hub.posting.protocol.history import FORGOTTEN, LIST_KINDS

DECIDE = "Compare the two. Press “This is it” when they are the same document, “Not this one” when they are not."
AGAIN = "Correct it in QuickBooks or at the source, then press Retry."


@value_object
class CaseText:
    """The texts of a case and the act that its button does."""

    title: str
    reason: str
    act: str
    do: str


ASK = {
    "alike": CaseText(
        title="Is it this document?",
        reason="{name} was sent, the answer was lost, and QuickBooks has something that may be it, without our mark.",
        act="choose",
        do=DECIDE,
    ),
    "gone": CaseText(
        title="Posted and deleted, or never arrived?",
        reason="{name} was sent and the answer was lost. QuickBooks does not have it, but something was deleted there"
        " since, so it may have been posted and deleted by somebody.",
        act="choose",
        do="Ask who deleted it. Press Skip if it is to stay out, “Not this one” to send it again.",
    ),
    "several": CaseText(
        title="More than once in QuickBooks",
        reason="{name} seems to be in QuickBooks more than once.",
        act="choose",
        do="Delete the surplus ones in QuickBooks, then press “This is it” on the one that stays.",
    ),
    "voided": CaseText(
        title="Voided in QuickBooks",
        reason="{name} is in QuickBooks, but somebody voided it there.",
        act="choose",
        do="Press Skip to leave it out, or “Not this one” to post it anew.",
    ),
    "deleted": CaseText(
        title="Deleted in QuickBooks",
        reason="{name} was in QuickBooks, but somebody deleted it there.",
        act="choose",
        do="Press Skip to leave it out, or “Not this one” to post it anew.",
    ),
    "inactive": CaseText(
        title="Inactive in QuickBooks",
        reason="{name} exists in QuickBooks, but somebody made it inactive.",
        act="choose",
        do="Make it active in QuickBooks and press Retry, or match its code to another record.",
    ),
    "changed": CaseText(
        title="Changed in QuickBooks",
        reason="{name} was changed in QuickBooks since we last wrote it, so the change from {app} was not written.",
        act="choose",
        do="Compare the two. Press “Not this one” to write our version over it, or Skip to leave it as it is.",
    ),
    "forgotten": CaseText(
        title="Perhaps posted and deleted",
        reason="{name} was sent more than thirty days ago without an answer. QuickBooks does not have it, but it does"
        " not remember deletions for longer, so it may have been posted and deleted.",
        act="retry",
        do="Press Retry to send it again, or Skip to leave it out.",
    ),
    "foreign": CaseText(
        title="Belongs to another document",
        reason="{name} should be a transaction in QuickBooks that another document was posted as.",
        act="choose",
        do="Correct the QuickBooks id at the source, or press “Not this one” to post it anew.",
    ),
}
HOLD = {
    "refused": CaseText(
        title="Refused by QuickBooks", reason="{name}: {said}", act="retry", do=AGAIN
    ),
    "rounds": CaseText(
        title="No answer from QuickBooks",
        reason="{name} was sent {rounds} times without an answer; each time QuickBooks was searched and did not have"
        " it.",
        act="retry",
        do="Check that QuickBooks works, then press Retry; it is looked for once more before it is sent.",
    ),
    "number_used": CaseText(
        title="Number already used",
        reason="{name}: {said}",
        act="choose",
        do="Press “This is it” when they are the same document; else change the number at the source, then Retry.",
    ),
    "name_used": CaseText(
        title="Name already used",
        reason="{name}: {said}",
        act="match",
        do="Match its code to the right record, or rename one of them, then press Retry.",
    ),
}
CLOSED = CaseText(
    title="Closed period",
    reason="{name}: {said}",
    act="open_period",
    do="Open the period in QuickBooks (Settings, Advanced, Accounting) or change the date at the source, then Retry.",
)
CLOSED_CODES = ("6200", "6210")


def asking(why: str, posting: Posting, found: Sequence[Mapping[str, Any]] = ()) -> CaseText:
    """The case for a question about what was found; nobody can compare with what is deleted."""
    if why == "alike" and found and all(one.get("state") == "deleted" for one in found):
        why = "gone"
    return _filled(ASK[why], posting)


def holding(
    why: str, posting: Posting, said: str = "", code: str = "", rounds: int = 0
) -> CaseText:
    """The case for a posting that QuickBooks does not take."""
    words = CLOSED if why == "refused" and code in CLOSED_CODES else HOLD[why]
    return _filled(words, posting, said=said, rounds=rounds)


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


def called(posting: NamedPosting) -> str:
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


def _filled(words: CaseText, posting: Posting, **values: Any) -> CaseText:
    app = hub_context.current().plugins.apps.get(posting.document.slug)
    told = {"name": called(posting), "app": app.name if app else posting.document.slug, **values}
    reason = words.reason
    for name, value in told.items():
        reason = reason.replace("{" + name + "}", str(value))
    return CaseText(title=words.title, reason=reason.strip(), act=words.act, do=words.do)

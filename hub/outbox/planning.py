"""Plan postings: create new ones, and give new bytes to those whose key has not left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hub import context as hub_context
from hub.cases import inbox
from hub.models import Attempt, Posting, SourceDocument
from hub.outbox.identity import fingerprint, identity, request_id
from hub.outbox.placeholders import filled

UNSENT = ("held", "waiting", "review", "ready")
IN_FLIGHT = ("sending", "unknown")
REMOVALS = ("delete", "void")
REMOVED_BY = "removed_by"  # key of Posting.meaning: the person who wanted a removal, if any
HARMLESS = ("unsent", "throttled", "unauthorised", "declined")
UNNEEDED = "unneeded"  # holds what would be made for a code while no document that needs it can go
Again = Literal["", "offered", "requested"]
RENEWED = {
    "": (),
    "offered": ("posted",),
    "requested": ("posted", "skipped"),
}  # states of the last creation
FREED_BY_PLAN = ("", "source", "mapping", "preflight")
MAY_HAVE_LANDED = (
    "An earlier send of it may have reached QuickBooks. Press Retry: QuickBooks is looked at first."
)


def history(session: Session, documents: Iterable[SourceDocument]) -> dict[int, list[Posting]]:
    """Return the postings of each document, oldest first, locked until this transaction ends."""
    ids = [row.id for row in documents if row.id is not None]
    heavy = defer(Posting.payload), defer(Posting.meaning), defer(Posting.answer)
    rows = (
        select(Posting)
        .where(Posting.document_id.in_(ids))
        .order_by(Posting.id)
        .options(*heavy)
        .with_for_update(of=Posting)
    )
    postings: dict[int, list[Posting]] = defaultdict(list)
    for posting in session.scalars(rows):
        postings[posting.document_id].append(posting)
    return postings


def active(postings: Sequence[Posting], part: str = "") -> Posting | None:
    """Return the newest posting of a part that has not reached a final state."""
    for posting in reversed(postings):
        if posting.part == part and posting.state in UNSENT + IN_FLIGHT:
            return posting
    return None


def plan(
    session: Session,
    row: SourceDocument,
    *,
    operation: str,
    payload: bytes,
    meaning: dict[str, Any],
    state: str,
    part: str = "",
    base: str = "0",
    kind: str = "",
    number: str = "",
    total: Decimal | None = None,
    currency: str = "",
    hold: str = "",
    reason: str = "",
    after_id: int | None = None,
    quickbooks_id: str | None = None,
    warnings: Sequence[str] = (),
    known: Sequence[Posting] | None = None,
    again: Again = "",
) -> Posting:
    """Plan one operation on one part of a document.

    The result is a new posting, or the present one with new bytes if its key has not left yet.
    `again` plans a creation anew, with the next key, after the posted transaction has left
    QuickBooks: "offered" by the source, or "requested" by a person, who may also have skipped it.
    """
    content = {
        "kind": kind or row.kind,
        "payload": payload,
        "planned": fingerprint(payload),
        "meaning": meaning,
        "number": number,
        "total": total,
        "currency": currency,
        "warnings": list(warnings),
        "after_id": after_id,
    }
    wish = {"state": state, "hold": hold, "reason": reason}
    postings = _postings_of(session, row) if known is None else known
    current = active(postings, part)
    if current and current.state in IN_FLIGHT:
        row.reread = True
        return current
    if current and not _is_same(current, operation, base):
        if not _displace(session, row, current):
            return current
        current = None
    previous = current or _newest(postings, part, operation, base)
    is_renewed = previous is not None and previous.state in RENEWED[again]
    if previous and not is_renewed and not _is_over(previous, fingerprint(payload)):
        return _revise(session, row, previous, content, wish)
    generation = previous.generation + 1 if previous else 0
    values = {**content, **wish, "quickbooks_id": quickbooks_id, "generation": generation}
    if is_renewed:
        values |= _inherited(postings, part)
    return _new(session, row, part, operation, base, values)


def approve_when_planned(session: Session, posting: Posting, who: str) -> None:
    """Let a posting that was just planned go on a person's word, without another approval."""
    posting.state = "waiting" if posting.after_id else "ready"
    posting.hold = posting.reason = ""
    posting.approved_by, posting.approved_payload = who, posting.planned
    session.flush()
    inbox.release(session, posting)


def _postings_of(session: Session, row: SourceDocument) -> Sequence[Posting]:
    return history(session, [row])[row.id] if row.id else ()


def _inherited(postings: Sequence[Posting], part: str) -> dict[str, Any]:
    """Return what a later creation takes over from earlier postings of its part.

    That is from when to search for it in QuickBooks, and which transactions it is known not to be.
    """
    dates = []
    rejected: set[Any] = set()
    for posting in postings:
        if posting.part != part or not posting.quickbooks_id:
            continue
        rejected.add(posting.quickbooks_id)
        rejected.update(posting.not_these)
        if posting.sent_date:
            dates.append(posting.sent_date)
    return {"sent_date": min(dates, default=None), "not_these": sorted(map(str, rejected))}


def rekey(posting: Posting) -> None:
    """Give a posting its next key; only for one that is proved not to have landed."""
    posting.generation += 1
    posting.rekey = False
    posting.fence = ""
    posting.requestid = key_of(
        posting.document, posting.part, posting.operation, posting.base, posting.generation
    )


def key_of(row: SourceDocument, part: str, operation: str, base: str, generation: int) -> str:
    """Return the idempotency key of a request for a document."""
    name = identity(row.installation.company.realm, row.slug, row.tenant, row.source_id)
    return request_id(name, part, operation, base, generation)


def _is_same(posting: Posting, operation: str, base: str) -> bool:
    """Tell whether a posting does this already, perhaps written against a newer SyncToken."""
    if posting.operation != operation:
        return False
    return posting.base.partition(":")[0] == base.partition(":")[0]


def _is_over(posting: Posting, planned: str) -> bool:
    """Tell whether a person skipped this change and another one has come since."""
    if posting.state != "skipped" or posting.operation == "create":
        return False
    return posting.planned != planned


def remover(posting: Posting) -> str:
    """Return the person who removes this from QuickBooks; "" if its source does."""
    return str((posting.meaning or {}).get(REMOVED_BY, ""))


def is_persons_removal(posting: Posting) -> bool:
    """Tell whether a person removes this from QuickBooks, so that the source cannot displace it."""
    return posting.operation in REMOVALS and REMOVED_BY in (posting.meaning or {})


def may_have_landed(session: Session, posting: Posting) -> bool:
    """Tell whether a send under the present key may have landed without proof so far."""
    return posting.state in IN_FLIGHT or _key(session, posting) == "frozen"


def was_sent(session: Session, posting: Posting) -> bool:
    """Tell whether a posting was ever sent, whatever the result."""
    if not posting.id:
        return False
    attempt = select(Attempt.id).where(Attempt.posting_id == posting.id).limit(1)
    return session.scalar(attempt) is not None


def _newest(postings: Sequence[Posting], part: str, operation: str, base: str) -> Posting | None:
    """Return the newest posting that does the same."""
    for posting in reversed(postings):
        if (posting.part, posting.operation, posting.base) == (part, operation, base):
            return posting
    return None


def _new(
    session: Session,
    row: SourceDocument,
    part: str,
    operation: str,
    base: str,
    values: dict[str, Any],
) -> Posting:
    now = hub_context.current().clock.now()
    posting = Posting(
        document=row,
        company_id=row.company_id,
        installation_id=row.installation_id,
        part=part,
        operation=operation,
        base=base,
        revision=0,
        requestid=key_of(row, part, operation, base, values["generation"]),
        created_at=now,
        changed_at=now,
        **values,
    )
    session.add(posting)
    return posting


def _displace(session: Session, row: SourceDocument, posting: Posting) -> bool:
    """Withdraw a posting that gives way to another operation; return whether it did.

    One that may have landed stays, and so does a removal that a person wants.
    """
    if _key(session, posting) == "frozen" or is_persons_removal(posting):
        row.reread = True
        return False
    posting.state = "withdrawn"
    posting.hold = ""
    posting.reason = "Replaced by a later change."
    posting.changed_at = hub_context.current().clock.now()
    inbox.release(session, posting)
    return True


def _revise(
    session: Session,
    row: SourceDocument,
    posting: Posting,
    content: dict[str, Any],
    wish: dict[str, str],
) -> Posting:
    """Bring an existing posting in line with the plan, where that is allowed."""
    if posting.state in ("posted", "skipped"):
        return posting
    if posting.planned != content["planned"] or posting.kind != content["kind"]:
        return _replace(session, row, posting, content, wish)
    if posting.state == "withdrawn" or _may_move(posting, wish):
        posting.warnings = content["warnings"]
        posting.after_id = content["after_id"]
        _set(posting, _with_approval(posting, wish))
    return posting


def _with_approval(posting: Posting, wish: dict[str, str]) -> dict[str, str]:
    """Keep what a person approved out of review: it goes, or waits for what it needs."""
    if wish["state"] == "review" and posting.approved_payload == posting.planned:
        return {**wish, "state": "waiting" if posting.after_id else "ready"}
    return wish


def _may_move(posting: Posting, wish: dict[str, str]) -> bool:
    """Tell whether a plan with the same bytes may change the state.

    It never takes a posting out of a person's or QuickBooks' hands.
    """
    wanted_state = wish["state"]
    if posting.hold == UNNEEDED:
        return wanted_state == "held"
    if posting.state == "held" or posting.hold:
        return posting.hold in FREED_BY_PLAN
    if wish["hold"] == "person":
        return posting.approved_payload != posting.planned
    if wanted_state == "held":
        return True
    if wanted_state != "review" or posting.state != "ready":
        return False
    return not posting.approved_by


def _replace(
    session: Session,
    row: SourceDocument,
    posting: Posting,
    content: dict[str, Any],
    wish: dict[str, str],
) -> Posting:
    """Give a posting new bytes, unless bytes under its key may have landed."""
    key_state = _key(session, posting)
    if key_state == "frozen":
        row.reread = True
        if posting.state == "withdrawn":
            _set(posting, {"state": "held", "hold": "quickbooks", "reason": MAY_HAVE_LANDED})
        return posting
    if key_state == "next":
        rekey(posting)
    was_approved = posting.approved_payload and posting.approved_payload == posting.planned
    if was_approved and filled(session, posting.payload) == content["payload"]:
        # The only difference is the id of a posting that it waited for: the approval still holds.
        posting.approved_payload = content["planned"]
    approved = posting.approved_payload
    for name, value in content.items():
        setattr(posting, name, value)
    posting.revision += 1
    if approved and approved != content["planned"]:
        posting.approved_by = None
        posting.approved_payload = None
        if wish["state"] in ("ready", "waiting"):
            wish = {**wish, "state": "review"}
    if posting.state != "held" or posting.hold != "person":
        _set(posting, _with_approval(posting, wish))
    return posting


def _set(posting: Posting, wish: dict[str, str]) -> None:
    posting.state = wish["state"]
    posting.hold = wish["hold"]
    posting.reason = wish["reason"]
    posting.checked_at = None
    posting.next_try_at = None
    posting.changed_at = hub_context.current().clock.now()


def _key(session: Session, posting: Posting) -> str:
    """Return what the key allows.

    "same": the bytes may change under this key; "next": the next key is free; "frozen": neither.
    """
    if posting.rekey:
        return "next"
    sent = select(Attempt.outcome).where(
        Attempt.posting_id == posting.id, Attempt.generation == posting.generation
    )
    outcomes = set(session.scalars(sent)) if posting.id else set()
    if not outcomes:
        return "same"
    return "next" if outcomes <= set(HARMLESS) else "frozen"

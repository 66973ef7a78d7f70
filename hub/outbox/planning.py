"""What is to be posted: new postings, and new bytes for those whose key has not left."""

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
REMOVED_BY = "removed_by"  # in the meaning of a removal: the person who wanted it, where it was not the source
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
    """The postings of each document, oldest first; nobody else moves them until this transaction ends."""
    ids = [row.id for row in documents if row.id is not None]
    found: dict[int, list[Posting]] = defaultdict(list)
    heavy = defer(Posting.payload), defer(Posting.meaning), defer(Posting.answer)
    rows = select(Posting).where(Posting.document_id.in_(ids)).order_by(Posting.id).options(*heavy)
    for posting in session.scalars(rows.with_for_update(of=Posting)):
        found[posting.document_id].append(posting)
    return found


def active(known: Sequence[Posting], part: str = "") -> Posting | None:
    """The posting of a part that is not at its end yet."""
    found = [
        posting for posting in known if posting.part == part and posting.state in UNSENT + IN_FLIGHT
    ]
    return found[-1] if found else None


def plan(
    session: Session, row: SourceDocument, *, operation: str, payload: bytes, meaning: dict[str, Any], state: str,
    part: str = "", base: str = "0", kind: str = "", number: str = "", total: Decimal | None = None,
    currency: str = "", hold: str = "", reason: str = "", after_id: int | None = None,
    quickbooks_id: str | None = None, warnings: Sequence[str] = (), known: Sequence[Posting] | None = None,
    again: Again = "",
) -> Posting:  # fmt: skip
    """Plan one operation on one part: a new posting, new bytes while its key has not left, else nothing.

    `again` plans a creation anew, with the next key, after what was posted has left QuickBooks: "offered" by the source,
    or "requested" by a person, who may also have skipped it before.
    """
    content = {
        "kind": kind or row.kind, "payload": payload, "planned": fingerprint(payload), "meaning": meaning,
        "number": number, "total": total, "currency": currency, "warnings": list(warnings), "after_id": after_id,
    }  # fmt: skip
    wish = {"state": state, "hold": hold, "reason": reason}
    known = history(session, [row])[row.id] if known is None and row.id else known or ()
    now = active(known, part)
    if now and now.state in IN_FLIGHT:
        row.reread = True
        return now
    if now and not _is_same(now, operation, base):
        if not _displace(session, row, now):
            return now
        now = None
    found = now or _ended(known, part, operation, base)
    renewed = found is not None and found.state in RENEWED[again]
    if found and not renewed and not _is_over(found, fingerprint(payload)):
        return _revise(session, row, found, content, wish)
    generation = found.generation + 1 if found else 0
    values = {**content, **wish, "quickbooks_id": quickbooks_id, "generation": generation}
    if renewed:
        values |= _look_back(known, part)
    return _new(session, row, part, operation, base, values)


def approve_when_planned(session: Session, posting: Posting, who: str) -> None:
    """Let a posting that was just planned go on a person's word, without another approval."""
    posting.state = "waiting" if posting.after_id else "ready"
    posting.hold = posting.reason = ""
    posting.approved_by, posting.approved_payload = who, posting.planned
    session.flush()
    inbox.release(session, posting)


def _look_back(known: Sequence[Posting], part: str) -> dict[str, Any]:
    """Return what a later creation takes over: how far back to look for it, and what it is known not to be."""
    earlier = [one for one in known if one.part == part and one.quickbooks_id]
    dates = [one.sent_date for one in earlier if one.sent_date]
    rejected = {one.quickbooks_id for one in earlier}.union(*(one.not_these for one in earlier))
    return {"sent_date": min(dates, default=None), "not_these": sorted(map(str, rejected))}


def rekey(posting: Posting) -> None:
    """Gives a posting its next key; only for one that is proved not to have landed."""
    posting.generation += 1
    posting.rekey = False
    posting.fence = ""
    posting.requestid = key_of(
        posting.document, posting.part, posting.operation, posting.base, posting.generation
    )


def key_of(row: SourceDocument, part: str, operation: str, base: str, generation: int) -> str:
    """The key of a request for a document."""
    name = identity(row.installation.company.realm, row.slug, row.tenant, row.source_id)
    return request_id(name, part, operation, base, generation)


def _is_same(posting: Posting, operation: str, base: str) -> bool:
    """Whether it does this already: a change may meanwhile have been written against a newer SyncToken."""
    return (
        posting.operation == operation and posting.base.partition(":")[0] == base.partition(":")[0]
    )


def _is_over(posting: Posting, planned: str) -> bool:
    """Whether a person skipped this change, and another one has come since."""
    return (
        posting.state == "skipped" and posting.operation != "create" and posting.planned != planned
    )


def is_persons_removal(posting: Posting) -> bool:
    """Whether a person wants this removed from QuickBooks, so that it does not give way to what the source says."""
    return posting.operation in REMOVALS and REMOVED_BY in (posting.meaning or {})


def may_have_landed(session: Session, posting: Posting) -> bool:
    """Whether bytes left under its key and nothing proves yet what became of them."""
    return posting.state in IN_FLIGHT or _key(session, posting) == "frozen"


def was_sent(session: Session, posting: Posting) -> bool:
    """Whether it was ever sent, whatever came of it."""
    return (
        bool(posting.id)
        and session.scalar(select(Attempt.id).where(Attempt.posting_id == posting.id).limit(1))
        is not None
    )


def _ended(known: Sequence[Posting], part: str, operation: str, base: str) -> Posting | None:
    same = [one for one in known if (one.part, one.operation, one.base) == (part, operation, base)]
    return same[-1] if same else None


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
    """Withdraw a posting that gives way to another operation; not one that may have landed, nor a person's removal."""
    if _key(session, posting) == "frozen" or is_persons_removal(posting):
        row.reread = True
        return False
    posting.state, posting.hold, posting.reason = "withdrawn", "", "Replaced by a later change."
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
    if posting.state in ("posted", "skipped"):
        return posting
    if posting.planned != content["planned"] or posting.kind != content["kind"]:
        return _replace(session, row, posting, content, wish)
    if posting.state == "withdrawn" or _may_move(posting, wish):
        posting.warnings, posting.after_id = content["warnings"], content["after_id"]
        _set(posting, _with_approval(posting, wish))
    return posting


def _with_approval(posting: Posting, wish: dict[str, str]) -> dict[str, str]:
    """Keep what a person approved out of review: it goes, or waits for what it needs."""
    if wish["state"] == "review" and posting.approved_payload == posting.planned:
        return {**wish, "state": "waiting" if posting.after_id else "ready"}
    return wish


def _may_move(posting: Posting, wish: dict[str, str]) -> bool:
    """Whether the same bytes may change their state: never out of a person's or QuickBooks' hands."""
    if posting.hold == UNNEEDED:
        return wish["state"] == "held"
    if posting.state == "held" or posting.hold:
        return posting.hold in FREED_BY_PLAN
    if wish["hold"] == "person":
        return posting.approved_payload != posting.planned
    if wish["state"] == "held":
        return True
    return wish["state"] == "review" and posting.state == "ready" and not posting.approved_by


def _replace(
    session: Session,
    row: SourceDocument,
    posting: Posting,
    content: dict[str, Any],
    wish: dict[str, str],
) -> Posting:
    left = _key(session, posting)
    if left == "frozen":
        row.reread = True
        if posting.state == "withdrawn":
            _set(posting, {"state": "held", "hold": "quickbooks", "reason": MAY_HAVE_LANDED})
        return posting
    if left == "next":
        rekey(posting)
    approved = posting.approved_payload
    if (
        approved
        and approved == posting.planned
        and filled(session, posting.payload) == content["payload"]
    ):
        approved = posting.approved_payload = content[
            "planned"
        ]  # only what it waited for has an id by now
    for name, value in content.items():
        setattr(posting, name, value)
    posting.revision += 1
    if approved and approved != content["planned"]:
        posting.approved_by = posting.approved_payload = None
        wish = {**wish, "state": "review"} if wish["state"] in ("ready", "waiting") else wish
    if not (posting.state == "held" and posting.hold == "person"):
        _set(posting, _with_approval(posting, wish))
    return posting


def _set(posting: Posting, wish: dict[str, str]) -> None:
    posting.state, posting.hold, posting.reason = wish["state"], wish["hold"], wish["reason"]
    posting.checked_at = posting.next_try_at = None
    posting.changed_at = hub_context.current().clock.now()


def _key(session: Session, posting: Posting) -> str:
    """What the key allows: "same" bytes may still change, the "next" key is free, or it is "frozen"."""
    if posting.rekey:
        return "next"
    sent = select(Attempt.outcome).where(
        Attempt.posting_id == posting.id, Attempt.generation == posting.generation
    )
    outcomes = set(session.scalars(sent)) if posting.id else set()
    if not outcomes:
        return "same"
    return "next" if outcomes <= set(HARMLESS) else "frozen"

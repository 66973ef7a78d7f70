"""What becomes of a document: planned, left alone, held, or taken back."""

from typing import TYPE_CHECKING, Any

from hub import outbox, sources
from hub.cases import inbox
from hub.collect import cases, redelivery
from hub.collect import removal as collect_removal
from hub.collect.operation import Target, target, wanted
from hub.collect.setup import MADE
from hub.contract.documents import Document
from hub.mapping import resolve
from hub.models import Posting, SourceDocument

if TYPE_CHECKING:
    from hub.collect.batch import Group


def decide(group: "Group", row: SourceDocument, document: Document) -> str:
    """Plans a document by its stage, its dates and its codes; returns what happened in one word."""
    if document.stage == "pending":
        return _not_yet(group, row, document)
    landed = [posting for posting in mains(group, row) if posting.state == "posted"]
    if document.stage == "closed":
        said = document.hold or f"{group.setup.app.name} does not want it in the books."
        return unwanted(group, row, said, gone=bool(landed))
    if not landed and (said := _too_early(group, row, document)):
        return unwanted(group, row, said)
    if document.hold:
        return _hold(group, row, document, "source", _told(row, document.hold))
    if landed and landed[-1].kind != document.kind:
        return _other_kind(group, row, document, landed[-1])
    return _by_codes(group, row, document)


def unreadable(group: "Group", row: SourceDocument, reason: str) -> str:
    """A row that cannot be translated holds what is unsent; what is in the books stays, with a case."""
    known = mains(group, row)
    if row.gone is not None:
        _keep_in_books(group, row, known)
    row.reread = any(posting.state in outbox.IN_FLIGHT for posting in known)
    row.unreadable = reason
    said = cases.own("unreadable", cases.called(row), reason)
    landed = [posting for posting in known if posting.state == "posted"]
    if landed:
        _note(group, landed[-1], said)
    elif not row.reread:
        for place in _targets(group, row, None):
            group.plan(row, said, **place.values, **_nothing("held", "source", reason))
    return "unreadable"


def _keep_in_books(group: "Group", row: SourceDocument, known: list[Posting]) -> None:
    """Take back the plan to remove a document from QuickBooks: the source has it again."""
    row.gone = row.gone_at = None
    for posting in known:
        unsent = posting.state in outbox.UNSENT and posting.operation in outbox.REMOVALS
        if unsent and not outbox.may_have_landed(group.session, posting):
            outbox.withdraw(group.session, posting, "The source has it again.")


def unwanted(group: "Group", row: SourceDocument, reason: str, gone: bool = False) -> str:
    """Takes back what is unsent; what is in the books follows the app's rule for documents that are gone."""
    known = mains(group, row)
    _take_back(group, row, reason)
    if not known and row.stage != "pending" and row.gone is None:
        group.plan(row, operation="create", kind=row.kind, **_nothing("withdrawn", "", reason))
    if gone and row.kind not in MADE:
        for posting in _in_books(known):
            collect_removal.undo(
                group,
                row,
                posting,
                reason,
                sources.gone(group.setup.app, group.setup.site.settings),
            )
    return "gone" if row.gone is not None else "withdrawn"


def mains(group: "Group", row: SourceDocument) -> list[Posting]:
    """The postings of a document itself, oldest first."""
    return [posting for posting in group.postings(row) if posting.operation != "attach"]


# -- before it is mapped ---------------------------------------------------------------------------------------------


def _told(row: SourceDocument, hold: str) -> cases.Held:
    """What the app itself says against it; its sentence tells where that is put right."""
    return cases.own("source", cases.called(row), hold, act="either")


def _too_early(group: "Group", row: SourceDocument, document: Document) -> str:
    """Return why a document from before the start date is left out; "" if it counts or was included."""
    start, day = group.setup.site.start, document.received or document.date
    if row.before_start == "included":
        return ""
    if start is None or day is None or day >= start:
        row.before_start = ""
        return ""
    row.before_start = "excluded"
    which = "received" if document.received else "dated"
    return f"It was {which} {day}, before {start}, the first day that counts for {group.setup.app.name}."


def _not_yet(group: "Group", row: SourceDocument, document: Document) -> str:
    _take_back(
        group, row, document.hold or f"{group.setup.app.name} does not want it in the books yet."
    )
    return "pending"


def _take_back(group: "Group", row: SourceDocument, reason: str) -> None:
    for posting in group.postings(row):
        if posting.state in outbox.IN_FLIGHT:
            row.reread = True
        elif posting.state in outbox.UNSENT and posting.operation not in outbox.REMOVALS:
            if outbox.may_have_landed(group.session, posting):
                row.reread = True
            else:
                outbox.withdraw(group.session, posting, reason)


def _in_books(known: list[Posting]) -> list[Posting]:
    """The posting that speaks for each part that QuickBooks holds."""
    last = {posting.part: posting for posting in known if posting.state == "posted"}
    return [posting for posting in last.values() if posting.operation not in outbox.REMOVALS]


def _other_kind(group: "Group", row: SourceDocument, document: Document, landed: Posting) -> str:
    before, now = (
        f"{'an' if kind[0] in 'ei' else 'a'} {kind.replace('_', ' ')}"
        for kind in (landed.kind, document.kind)
    )
    said = f"It is in QuickBooks as {before}, but is {now} at the source now. Undo one of the two by hand."
    return _hold(
        group, row, document, "source", cases.own("kind", cases.called(row), said), kind=landed.kind
    )


# -- mapped ----------------------------------------------------------------------------------------------------------


def _by_codes(group: "Group", row: SourceDocument, document: Document) -> str:
    setup = group.setup
    active = [posting for posting in mains(group, row) if posting.state in outbox.UNSENT]
    if any(
        posting.kind != document.kind and outbox.was_sent(group.session, posting)
        for posting in active
    ):
        return _other_kind(group, row, document, active[-1])
    found = resolve(document, setup.fields, setup.book, wanted(group, document))
    if isinstance(found, list):
        reasons = tuple(
            cases.of_missing(group.installation, missing, cases.called(row)) for missing in found
        )
        return _hold(group, row, document, "mapping", *reasons)
    parts = found.parts or (found,)
    outcomes = [_part(group, row, target(group, row, mapped)) for mapped in parts]
    if "held" not in outcomes:
        row.requested_by = ""
    _left_over(group, row, {mapped.part for mapped in parts})
    return max(outcomes, key=_WEIGHT.index)


_WEIGHT = ("none", "unchanged", "changed", "new", "held")


def _part(group: "Group", row: SourceDocument, place: Target | None) -> str:
    if place is None:
        return "none"
    assert place.mapped
    document, landed = place.mapped.document, place.landed
    active = outbox.active(group.postings(row), place.part)
    if active and outbox.is_persons_removal(active):
        if landed is None or landed.planned != outbox.fingerprint(place.payload):
            row.reread = True  # what has changed is decided after the removal
        return "unchanged"
    if place.is_old and not active:
        return "unchanged"
    if landed and landed.planned == outbox.fingerprint(place.payload):
        if (
            active
            and active.state in outbox.UNSENT
            and not outbox.may_have_landed(group.session, active)
        ):
            outbox.withdraw(group.session, active, "The source says again what QuickBooks has.")
        posting = landed
    elif active and redelivery.try_again(group, row, active, outbox.fingerprint(place.payload)):
        posting = active
    else:
        posting = group.plan(row, *place.reasons, **place.values, **place.content)
        _grant_request(group, row, place, posting)
    if document.attachments or not place.part:
        group.mains.append((row, document, posting))
    if posting is landed:
        return "unchanged"
    return "held" if posting.state == "held" else "changed" if landed or posting.revision else "new"


def _grant_request(group: "Group", row: SourceDocument, place: Target, posting: Posting) -> None:
    """Let a document go that a person wants posted again, once nothing else holds it."""
    held = place.content["state"] == "held" or place.content["hold"]
    if place.values["again"] == "requested" and not held and posting.state in outbox.UNSENT:
        outbox.approve_when_planned(group.session, posting, row.requested_by)


def _left_over(group: "Group", row: SourceDocument, parts: set[str]) -> None:
    """Parts that the document is not divided into any more."""
    for part in {posting.part for posting in mains(group, row)} - parts:
        active = outbox.active(group.postings(row), part)
        if (
            active
            and active.state in outbox.UNSENT
            and not outbox.may_have_landed(group.session, active)
        ):
            outbox.withdraw(group.session, active, "The document is divided otherwise now.")
    for posting in _in_books([one for one in mains(group, row) if one.part not in parts]):
        said = "The document is divided otherwise now, and this part of it is in QuickBooks. Undo it there by hand."
        _note(group, posting, cases.own("parts", cases.called(row), said))


def _hold(
    group: "Group",
    row: SourceDocument,
    document: Document,
    by: str,
    *reasons: cases.Held,
    kind: str = "",
) -> str:
    said = " ".join(reason.reason for reason in reasons)
    values = {**_nothing("held", by, said), "kind": kind or document.kind}
    values |= {"number": row.number, "total": document.total, "currency": row.currency}
    for place in _targets(group, row, document):
        group.plan(row, *reasons, **place.values, **values)
    return "held"


def _targets(group: "Group", row: SourceDocument, document: Document | None) -> list[Target]:
    """What is open or in the books of a document, else its creation."""
    parts = dict.fromkeys(
        posting.part for posting in mains(group, row) if posting.state not in ("withdrawn",)
    )
    found = [target(group, row, None, part=part, document=document) for part in parts or ("",)]
    return [place for place in found if place]


def _nothing(state: str, by: str, reason: str) -> dict[str, Any]:
    return {"payload": b"", "meaning": {}, "state": state, "hold": by, "reason": reason}


def _note(group: "Group", posting: Posting, held: cases.Held) -> None:
    """A case about a posting that stays as it is."""
    group.session.flush()
    inbox.open(
        group.session,
        held.of(posting),
        title=held.title,
        reason=held.reason,
        act=held.act,
        do=cases.ACTS[held.act],
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        postings=[posting],
    )

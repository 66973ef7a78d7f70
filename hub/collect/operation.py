"""Where a part of a document goes: a creation, or a change of what QuickBooks has; and with which bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from hub import outbox
from hub.collect import cases, contact_data
from hub.collect import existing as collect_existing
from hub.collect import removal as collect_removal
from hub.collect.setup import MADE
from hub.contract.codec import dump
from hub.contract.documents import Document, Kind, Party
from hub.mapping import Create, Link, Mapped, Ref, party_name
from hub.models import Head, Posting, Record, SourceDocument
from hub.money import to_cents
from hub.qbo import payloads

if TYPE_CHECKING:
    from hub.collect.batch import Group


ENDED = ("withdrawn", "skipped")
MADE_AS = {"category": "item"}  # what is made for a role, where that is no kind


@dataclass(kw_only=True)
class Target:
    """One operation on one part: `values` name it, `content` is what it says, `reasons` hold it."""

    part: str
    values: dict[str, Any]
    landed: Posting | None
    mapped: Mapped | None = None
    payload: bytes = b""
    content: dict[str, Any]
    reasons: tuple[cases.Held, ...] = ()
    is_old: bool = False  # it left QuickBooks, and nothing is new about it


def target(
    group: "Group",
    row: SourceDocument,
    mapped: Mapped | None,
    part: str = "",
    document: Document | None = None,
) -> Target | None:
    """The operation that a part needs now; None for one that must be in QuickBooks already and is not."""
    part = mapped.part if mapped else part
    document = mapped.document if mapped else document
    ours = [one for one in group.postings(row) if one.operation != "attach" and one.part == part]
    posted = [one for one in ours if one.state == "posted"]
    landed = posted[-1] if posted and not _why_away(group, posted[-1]) else None
    again = _again(row, ours, landed)
    values: dict[str, Any] = {"part": part, "operation": "create", "again": again}
    known, troubles = (
        collect_existing.found(group, row, document)
        if mapped and document and not (posted or again)
        else (None, ())
    )
    kept = (document.quickbooks_id if document else None) or known
    if landed:
        values |= _change(landed.quickbooks_id or "", landed.sync_token)
    elif kept and document and not again:
        values |= _change(kept, _token(group, document.kind, kept))
    elif document and document.stage == "update_only":
        return None
    found = Target(part=part, values=values, landed=landed, content={}, reasons=troubles)
    if mapped and (id := values.get("quickbooks_id")):
        mapped = collect_existing.settled(group, mapped, id, landed)
    if not mapped:
        return found
    away = _why_away(group, posted[-1]) if again == "offered" else ""
    place = _filled(group, row, found, mapped, away)
    place.is_old = again == "offered" and _was_left(posted, place.payload)
    return place


def _was_left(posted: list[Posting], payload: bytes) -> bool:
    """Whether a document is as it was when it left QuickBooks by no wish of its source: then it stays out."""
    written = [one for one in posted if one.operation not in outbox.REMOVALS]
    removal = posted[-1] if posted[-1].operation in outbox.REMOVALS else None
    by_source = removal is not None and not outbox.is_persons_removal(removal)
    is_same = bool(written) and written[-1].planned == outbox.fingerprint(payload)
    return is_same and not by_source


def _again(row: SourceDocument, ours: list[Posting], landed: Posting | None) -> outbox.Again:
    """Whether a creation would be a second one, for what was posted has left QuickBooks; and who wants it."""
    left = [one for one in ours if one.state == "posted" or _is_given_up(one)]
    if landed or not left:
        return ""
    if row.requested_by:
        return "requested"
    return "offered" if left[-1].state == "posted" else ""


def _is_given_up(posting: Posting) -> bool:
    """Whether it was posted, taken out of QuickBooks by somebody, and then left out by a person."""
    created = posting.operation == "create" and posting.quickbooks_id is not None
    return created and posting.state == "skipped"


def _why_away(group: "Group", newest: Posting) -> str:
    """Say how the transaction of the newest posting left the books; "" while it is there."""
    if newest.operation in outbox.REMOVALS:
        return "removed from"
    head = group.session.get(Head, (newest.company_id, newest.kind, newest.quickbooks_id))
    return f"{head.state} in" if head and head.state != "live" else ""


def wanted(group: "Group", document: Document) -> Mapping[str, Link]:
    """The transactions that lines apply to, by source id; one that is not posted yet stands for itself."""
    ids = {line.applied.document for line in document.lines if line.applied}
    group.look(ids)
    if ids:
        group.session.flush()  # what this group has planned is named by its id
    found: dict[str, Link] = {}
    for source_id in ids:
        row = group.rows.get(source_id)
        mains = (
            [one for one in group.postings(row) if one.operation != "attach" and not one.part]
            if row
            else []
        )
        known = [one for one in mains if one.operation == "create" and one.state not in ENDED]
        if known:
            found[source_id] = _link(known[-1], [one for one in mains if one.state == "posted"])
    return found


def _link(made: Posting, posted: list[Posting]) -> Link:
    """The transaction and its lines; as long as it is not posted, each stands for itself."""
    kind, waits = cast(Kind, made.kind), made.state != "posted" or not made.quickbooks_id
    if waits:
        ids = [str(line.get("id")) for line in (made.meaning or {}).get("lines") or ()]
        return Link(
            kind=kind,
            id=outbox.placeholder(made.id),
            lines={id: outbox.placeholder(made.id, id) for id in ids},
        )
    newest = next((one for one in reversed(posted) if one.operation in ("create", "update")), made)
    return Link(kind=kind, id=made.quickbooks_id or "", lines=outbox.line_ids(newest.meaning))


def _change(quickbooks_id: str, token: str | None) -> dict[str, Any]:
    return {
        "operation": "update",
        "base": f"{quickbooks_id}:{token or ''}",
        "quickbooks_id": quickbooks_id,
    }


def _token(group: "Group", kind: str, quickbooks_id: str) -> str:
    key = (group.installation.company_id, kind, quickbooks_id)
    if kind in MADE:
        record = group.session.get(Record, key)
        return str(record.body.get("sync_token", "")) if record else ""
    head = group.session.get(Head, key)
    return head.sync_token if head else ""


def _filled(
    group: "Group", row: SourceDocument, place: Target, mapped: Mapped, away: str
) -> Target:
    """Put the bytes and the state into a target; what has to be made first is planned beside it.

    Nothing is planned for a document that the source has to correct: a party cannot be taken back.
    """
    document, after = mapped.document, None
    place.mapped = mapped
    built = payloads.build(mapped, group.setup.facts, row.marker)
    found = _reasons(group, row, place, built.problems, away)
    if mapped.creates and not (found and _holder(found) == "source"):
        after, mapped, troubles = _creates(group, row, mapped)
        found = (*troubles, *found)
        place.mapped = mapped
        built = payloads.build(mapped, group.setup.facts, row.marker)
    contact_data.fill(group, mapped)
    waits = after or _applied(mapped)
    body, meaning = collect_removal.by_status(document, built, place.landed, group.postings(row))
    place.payload = payloads.encode(body)
    place.reasons = (*place.reasons, *found)
    state, by = ("held", _holder(place.reasons)) if place.reasons else (group.setup.state, "")
    if unknown := _unknown(group, mapped):
        never = any(_ended(group, source_id) for source_id in _absent(mapped))
        state, by = "held" if never else "waiting", "source"
        place.reasons = (cases.own("link", cases.called(row), unknown),) if never else ()
    place.content = {
        "kind": document.kind,
        "payload": place.payload,
        "meaning": meaning,
        "number": row.number if not mapped.part else (document.number or "")[:200],
        "total": _total(document, group.setup.facts.currency, built.meaning.get("total")),
        "currency": row.currency or group.installation.company.currency,
        "warnings": [*mapped.warnings, *built.warnings],
        "after_id": waits,
        "state": "waiting" if waits and state == "ready" else state,
        "hold": by,
        "reason": " ".join(reason.reason for reason in place.reasons) or unknown,
    }
    return place


def _reasons(
    group: "Group", row: SourceDocument, place: Target, problems: tuple[str, ...], away: str
) -> tuple[cases.Held, ...]:
    title = cases.called(row)
    if problems:
        name = "currency" if _is_foreign(group, place) else "content"
        return (cases.own(name, title, " ".join(problems)),)
    if said := _unkept_currency(group, place):
        return (cases.own("currency", title, said),)
    if away:
        said = f"It was {away} QuickBooks, and the source wants it again. Press Retry to post it again, or Skip."
        return (cases.own("again", title, said, act="retry"),)
    is_closing = bool(place.mapped and place.mapped.document.closed)
    if place.landed and not is_closing and (said := _untouchable(group)):
        return (cases.own("changed", title, said, act="retry"),)
    return ()


def _is_foreign(group: "Group", place: Target) -> bool:
    """Whether a document is in a currency that the company does not keep books in."""
    facts = group.setup.facts
    currency = place.mapped.document.currency if place.mapped else None
    return not facts.multicurrency and currency not in (None, facts.currency)


def _unkept_currency(group: "Group", place: Target) -> str:
    """Say why a party cannot be made: QuickBooks would keep it in the home currency forever."""
    document = place.mapped.document if place.mapped else None
    details = document.details if document else None
    is_new = place.values["operation"] == "create"
    if not (document and isinstance(details, Party) and is_new and _is_foreign(group, place)):
        return ""
    return (
        f"{details.name} is kept in {document.currency} at the source, but this company keeps books in"
        f" {group.setup.facts.currency} only, and QuickBooks never changes the currency of a {document.kind}."
        " Switch on several currencies in QuickBooks, or correct it at the source."
    )


def _untouchable(group: "Group") -> str:
    """Why a change after posting needs a person; what hangs on it is looked at right before the change is sent."""
    if group.setup.app.changed == "hold":
        return "It changed at the source after it was posted. Press Retry to change it in QuickBooks too, or Skip."
    return ""


def _holder(reasons: tuple[cases.Held, ...]) -> str:
    return "person" if reasons[0].act == "retry" else "source"


def _total(document: Document, home: str, comes_to: Any) -> Decimal | None:
    """What the source says that it comes to, in cents, else what its lines do."""
    if document.total is not None:
        return to_cents(document.total, document.currency or home)
    return None if comes_to is None else Decimal(str(comes_to))


# -- what has to be made first ---------------------------------------------------------------------------------------


def _creates(
    group: "Group", row: SourceDocument, mapped: Mapped
) -> tuple[int | None, Mapped, tuple[cases.Held, ...]]:
    """Plan what a document needs made, and put it into the document's records; the last one is waited for."""
    ids, troubles, after = {}, [], None
    for create in mapped.creates:
        posting = made(group, _in_currency(group, row, create, mapped.document.currency))
        ids[f"@{create.role}:{create.code}"] = posting.quickbooks_id or outbox.placeholder(
            posting.id
        )
        after = after if posting.state == "posted" else posting.id
        if posting.state in ("skipped", "withdrawn"):
            said = f"{create.details.name} is not made in QuickBooks, for that was skipped. Match it to a record."
            troubles.append(
                cases.own(create.field, party_name(mapped.document, group.setup.fields), said)
            )
    return after, _placed(mapped, ids) if ids else mapped, tuple(troubles)


def _in_currency(
    group: "Group", row: SourceDocument, create: Create, currency: str | None
) -> Create:
    """Give a party without a currency that of its document; the first document that needs it decides."""
    details = create.details
    if not isinstance(details, Party) or details.currency or not currency:
        return create
    planned = group.made(create.code, _kind(create), create.field)
    if planned.currency and planned.currency != currency:
        creations = [one for one in group.postings(planned) if one.state in outbox.UNSENT]
        others = outbox.dependents(group.session, creations, but=row)
        currency = planned.currency if others else currency
    return replace(create, details=replace(details, currency=currency))


def made(group: "Group", create: Create, requested_by: str = "") -> Posting:
    """Return the posting that makes a record for a code, planned if there is none.

    One that a person requested is made even if no document needs it.
    """
    row = group.made(create.code, _kind(create), create.field)
    if row.made_for or not group.postings(row):
        requested_by = requested_by or outbox.creation_requested_by(row)
        row.made_for, document = create.field, _document(create, requested_by)
        group.write(row, document, dump(document))
        group.decide(row, document)
        group.session.flush()
    return next(one for one in reversed(group.postings(row)) if one.operation == "create")


def _kind(create: Create) -> str:
    return MADE_AS.get(create.role, create.role)


def _document(create: Create, requested_by: str) -> Document:
    details = create.details
    return Document(
        kind=cast(Kind, _kind(create)),
        source_id=create.code,
        details=details,
        currency=details.currency if isinstance(details, Party) else None,
        codes={} if isinstance(details, Party) else details.codes,
        facts={outbox.REQUESTED_BY: requested_by} if requested_by else {},
    )


def _placed(mapped: Mapped, ids: Mapping[str, str]) -> Mapped:
    lines = tuple(replace(line, refs=_refs(line.refs, ids)) for line in mapped.lines)
    return replace(mapped, header=_refs(mapped.header, ids), lines=lines)


def _refs(refs: Mapping[Any, Ref], ids: Mapping[str, str]) -> dict[Any, Ref]:
    return {role: replace(ref, id=ids.get(ref.id, ref.id)) for role, ref in refs.items()}


def _applied(mapped: Mapped) -> int | None:
    waits = [
        line.applied.id for line in mapped.lines if line.applied and line.applied.id.startswith("@")
    ]
    return int(waits[-1].rpartition(":")[2]) if waits else None


def _absent(mapped: Mapped) -> list[str]:
    """The documents that lines name and that have no posting to wait for."""
    return list(
        dict.fromkeys(
            line.line.applied.document
            for line in mapped.lines
            if line.line.applied and not line.applied
        )
    )


def _unknown(group: "Group", mapped: Mapped) -> str:
    """Which documents lines name that are not on their way into the books, and why."""
    absent = _absent(mapped)
    return (
        f"It waits for {'; '.join(_why_absent(group, source_id) for source_id in absent)}"
        if absent
        else ""
    )


def _why_absent(group: "Group", source_id: str) -> str:
    row = group.rows.get(source_id)
    if row is None:
        return f"{source_id}, which the source has not shown yet."
    if ended := _ended(group, source_id):
        step = "Have that posted, or press Skip and enter this one in QuickBooks by hand."
        return (
            f"{cases.called(row)}, which is not posted: {ended.reason or 'it was skipped.'} {step}"
        )
    return f"{cases.called(row)}, which is not posted yet: {row.body.get('hold') or 'the source does not want it yet.'}"


def _ended(group: "Group", source_id: str) -> Posting | None:
    """The posting of a document that will not be sent by itself any more."""
    row = group.rows.get(source_id)
    if row is None or row.stage == "pending":
        return None
    return next(
        (
            one
            for one in reversed(group.postings(row))
            if one.operation == "create" and one.state in ENDED
        ),
        None,
    )

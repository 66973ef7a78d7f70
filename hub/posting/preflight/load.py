"""Load what the checks of many postings look at: their columns, records, heads and settings."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import make_dataclass
from decimal import Decimal
from typing import Any, cast

from marshmallow import Schema
from sqlalchemy import Table, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub import outbox
from hub.db.bulk import among
from hub.models import Head, Installation, ListState, Posting, Record, SourceDocument
from hub.models.enums import CHANGE_OPERATIONS
from hub.posting.actions import removals
from hub.posting.preflight import first_posting
from hub.posting.preflight.context import (
    By,
    CheckContext,
    Heads,
    date_of,
    refs,
    settles,
    total_of,
)
from hub.posting.preflight.duplicate_checks import BANK_FEED
from hub.qbo import company
from hub.qbo.entities import DOCUMENTS

TO_CHECK = ("ready", "review", "waiting")
NAMES = (
    "id",
    "document_id",
    "company_id",
    "installation_id",
    "kind",
    "part",
    "operation",
    "base",
    "state",
    "meaning",
    "currency",
    "not_these",
)
OF_DOCUMENTS = ("slug", "source_id", "kind", "marker", "number", "party", "total")
_postings, _documents = cast(Table, Posting.__table__), cast(Table, SourceDocument.__table__)
CHECKED = (
    select(*(_documents.c[name] for name in OF_DOCUMENTS), *(_postings.c[name] for name in NAMES))
    .join_from(_postings, _documents, _postings.c.document_id == _documents.c.id)
    .where(among(_postings.c.id, "ids"), _postings.c.state.in_(bindparam("states", expanding=True)))
    .order_by(_postings.c.id)
)
Checked = make_dataclass("Checked", ("document", *NAMES), slots=True)
OfDocument = make_dataclass("OfDocument", OF_DOCUMENTS, slots=True)


def read(
    session: Session, ids: Sequence[int], states: Sequence[str] = TO_CHECK
) -> Sequence[Posting]:
    """Return what the checks look at of those of the postings that are in these states, for reading only."""
    width = len(OF_DOCUMENTS)
    wanted = {"ids": list(ids), "states": list(states)}
    return [
        Checked(OfDocument(*row[:width]), *row[width:]) for row in session.execute(CHECKED, wanted)
    ]


def load(session: Session, company_id: int, postings: Sequence[Posting]) -> CheckContext:
    """All that the checks of these postings look at."""
    named_by = {posting.id: refs(posting) for posting in postings}
    by_list: dict[str, set[str]] = defaultdict(set)
    for name, id in set[tuple[str, str]]().union(*named_by.values()):
        by_list[name].add(id)
    named = [
        and_(Record.list == name, Record.quickbooks_id.in_(ids)) for name, ids in by_list.items()
    ]
    rows = (
        session.scalars(select(Record).where(Record.company_id == company_id, or_(*named)))
        if named
        else ()
    )
    facts = company.facts(session, company_id)
    stored = {(row.list, row.quickbooks_id): row for row in rows}
    read = select(ListState.list).where(ListState.company_id == company_id)
    targets = _targets(session, company_id, postings)
    return CheckContext(
        facts=facts,
        company_id=company_id,
        lists=frozenset(session.scalars(read)),
        records=stored | _planned_parties(session, postings, facts.currency),
        heads=_heads(session, company_id, postings),
        targets=targets,
        removals=removals.pending(session, company_id, targets),
        refs=named_by,
        unset=_unset(session, {posting.installation_id for posting in postings}),
        gated=first_posting.closed(session, {posting.installation_id for posting in postings}),
        tolerances=_tolerances(session, postings),
    )


def _planned_parties(
    session: Session, postings: Sequence[Posting], home: str
) -> dict[tuple[str, str], Record]:
    """Return the parties that are still to be created for these postings, as if they were there."""
    parties = {str((one.meaning or {}).get("party") or "").encode() for one in postings}
    ids = {id for party in parties for id in outbox.awaited(b'"%s"' % party)}
    found = (
        select(Posting.id, SourceDocument.kind, SourceDocument.party, SourceDocument.currency)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(Posting.id.in_(ids), Posting.state != "held")  # one that is held has its own case
    )
    planned = {}
    for id, kind, name, currency in session.execute(found) if ids else ():
        place = outbox.placeholder(id)
        planned[kind, place] = Record(
            list=kind, quickbooks_id=place, name=name, currency=currency or home, active=True
        )
    return planned


def _tolerances(session: Session, postings: Sequence[Posting]) -> Mapping[int, Decimal]:
    """By how much the source says that its total may be off, where it is."""
    off = [one.document_id for one in postings if one.document.total not in (None, total_of(one))]
    said = SourceDocument.body["tolerance"].as_string()
    found = (
        select(SourceDocument.id, said).where(SourceDocument.id.in_(off), said.is_not(None))
        if off
        else None
    )
    return {} if found is None else {id: Decimal(text) for id, text in session.execute(found)}


def _heads(session: Session, company_id: int, postings: Sequence[Posting]) -> Heads:
    """What has the number or the looks of one of these, and what they settle."""
    new = [
        posting
        for posting in postings
        if posting.operation == "create" and posting.kind in DOCUMENTS
    ]
    wanted = {key for posting in postings for key in settles(posting)}
    named = [and_(Head.kind == kind, Head.quickbooks_id == id) for kind, id in wanted]
    found = (
        session.scalars(select(Head).where(Head.company_id == company_id, or_(*named))).all()
        if named
        else ()
    )
    alike = _like(session, company_id, new) if new else ()
    return Heads(
        numbered=_by(
            (head for head in alike if head.number), lambda head: (head.kind, head.number)
        ),
        alike=_by(alike, lambda head: (head.kind, head.total)),
        settled={(head.kind, head.quickbooks_id): head for head in found},
    )


def _like(session: Session, company_id: int, postings: Sequence[Posting]) -> Sequence[Head]:
    """Return the transactions with their numbers, or with their totals on about their days."""
    numbers: set[str] = set()
    days: set[dt.date] = set()
    totals: set[Decimal] = set()
    for posting in postings:
        numbers.add(str((posting.meaning or {}).get("number") or ""))
        date = date_of(posting)
        if date:
            days.update(date + shift for shift in _shifts(posting))
        total = total_of(posting)
        if total is not None:
            totals.add(total)
    numbers.discard("")
    candidates = select(Head).where(
        Head.company_id == company_id,
        Head.kind.in_({posting.kind for posting in postings}),
        Head.state == "live",
    )
    same = candidates.where(Head.number.in_(numbers))
    alike = candidates.where(Head.date.in_(days), Head.total.in_(totals))
    return list(dict.fromkeys([*session.scalars(same), *session.scalars(alike)]))


def _shifts(posting: Posting) -> Iterable[dt.timedelta]:
    reach = BANK_FEED.days if posting.kind == "expense" else 0
    return (dt.timedelta(days=days) for days in range(-reach, reach + 1))


def _by(heads: Iterable[Head], key: Callable[[Head], tuple[Any, ...]]) -> By:
    found: dict[tuple[Any, ...], list[Head]] = defaultdict(list)
    for head in heads:
        found[key(head)].append(head)
    return found


def _targets(session: Session, company_id: int, postings: Sequence[Posting]) -> Mapping[int, Head]:
    changes = {
        posting.id: posting for posting in postings if posting.operation in CHANGE_OPERATIONS
    }
    found = {
        id: session.get(Head, (company_id, posting.kind, posting.base.rpartition(":")[0]))
        for id, posting in changes.items()
    }
    return {id: head for id, head in found.items() if head}


def _unset(session: Session, installation_ids: Iterable[int]) -> Mapping[int, str]:
    """The installations whose app wants a payable account that is not chosen."""
    found = {}
    for installation in session.scalars(
        select(Installation).where(Installation.id.in_(list(installation_ids)))
    ):
        app = hub_context.current().plugins.apps.get(installation.slug)
        for name in _payables(app.settings) if app else ():
            if not installation.settings.get(name):
                found[installation.id] = (
                    f"{app.name if app else installation.slug} has no credit account chosen yet."
                )
    return found


def _payables(settings: Schema | type[Schema]) -> list[str]:
    schema = settings() if isinstance(settings, type) else settings
    return [
        name
        for name, one in schema.fields.items()
        if one.metadata.get("choices_from") == "payable_account"
    ]

"""Check postings before they are sent, without asking QuickBooks for anything."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import make_dataclass
from decimal import Decimal
from typing import Any, cast

from marshmallow import Schema
from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub import context as hub_context
from hub import outbox, sources
from hub.cases import inbox
from hub.db.bulk import among
from hub.db.engine import reading, transaction
from hub.models import (
    Case,
    Head,
    Installation,
    ListState,
    Posting,
    Record,
    SourceDocument,
    case_posting,
)
from hub.posting.actions import removals
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import first_posting
from hub.posting.preflight.checks import find_problems
from hub.posting.preflight.context import (
    By,
    CheckContext,
    Finding,
    Heads,
    date_of,
    refs,
    settles,
    total_of,
)
from hub.posting.preflight.duplicate_checks import BANK_FEED
from hub.posting.protocol.decisions import CHANGES
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.recovery import startup_scan
from hub.qbo import company
from hub.qbo.entities import DOCUMENTS

AT_ONCE = 300
_creation = aliased(Posting)  # made once: making an alias takes longer than most statements
TO_CHECK = ("ready", "review", "waiting")
STALE = dt.timedelta(hours=1)  # after which what waits is checked again, for records change
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


def check(posting_session: PostingSession, *, held: bool = True) -> None:
    """Check what is about to be sent or reviewed, and unless told otherwise what earlier checks hold.

    What may be in QuickBooks already, or is by its mark, is not held before that is known.
    """
    ids = _unchecked(posting_session)
    if recovery_resolve.doubt_after_restore(posting_session, ids):
        ids = _unchecked(posting_session)
    for kind in _kinds(ids) if ids else ():
        startup_scan.adopt(posting_session, kind)
    for first in range(0, len(ids), AT_ONCE):
        with transaction() as session:
            _check(session, posting_session, ids[first : first + AT_ONCE])
        posting_session.report_progress("check", min(first + AT_ONCE, len(ids)), len(ids))
    ids = _held(posting_session) if held else []
    for first in range(0, len(ids), AT_ONCE):
        with transaction() as session:
            _check_held(session, posting_session, ids[first : first + AT_ONCE])


def _held(posting_session: PostingSession) -> list[int]:
    """Return what the checks hold: the reason may have ceased since, by what was read or posted."""
    mine = *posting_session.own_postings(), Posting.state == "held", Posting.hold == "preflight"
    with reading() as session:
        return list(session.scalars(select(Posting.id).where(*mine).order_by(Posting.id)))


def _unchecked(posting_session: PostingSession) -> list[int]:
    """After a restore what waits for a person is checked when QuickBooks was searched for what was forgotten."""
    searched = not posting_session.company.restored_since or posting_session.company.restored_until
    old = Posting.checked_at < posting_session.clock.now() - STALE
    states = Posting.state.in_(("ready", "review") if searched else ("ready",))
    unchecked = or_(Posting.checked_at.is_(None), and_(Posting.state == "ready", old))
    before_creations = or_(Posting.checked_at.is_(None), old)
    mine = select(Posting.id).where(*posting_session.own_postings())
    with reading() as session:
        due = session.scalars(mine.where(states, unchecked)).all()
        waiting = session.scalars(mine.where(*_waits_for_a_creation(), before_creations)).all()
    return sorted({*due, *waiting})


def _waits_for_a_creation() -> list[ColumnElement[bool]]:
    """Whether a posting waits for a record that would be made for it: it is checked before that is made."""
    made = exists().where(
        _creation.id == Posting.after_id,
        _creation.state.in_(outbox.UNSENT),
        SourceDocument.id == _creation.document_id,
        SourceDocument.made_for != "",
    )
    waits = Posting.state == "waiting", Posting.hold == "", Posting.operation != "attach"
    return [*waits, made]


def _kinds(ids: Sequence[int]) -> list[str]:
    with reading() as session:
        creates = Posting.id.in_(ids), Posting.operation == "create"
        return list(session.scalars(select(Posting.kind).where(*creates).distinct()))


def _check(session: Session, posting_session: PostingSession, ids: Sequence[int]) -> None:
    """Check postings: mark those without findings as checked, hold the others."""
    postings = read(session, ids)
    context = load(session, posting_session.company_id, postings)
    findings = {posting.id: find_problems(posting, context) for posting in postings}
    passed = [posting.id for posting in postings if not findings[posting.id]]
    session.execute(
        update(Posting).where(Posting.id.in_(passed)).values(checked_at=posting_session.clock.now())
    )
    _release(session, passed)
    awaited_removals = {id: context.removals[id] for id in passed if id in context.removals}
    removals.wait(session, awaited_removals)
    for posting in postings:
        if findings[posting.id]:
            row = session.get_one(Posting, posting.id)
            _hold(session, posting_session, row, findings[posting.id])


def _check_held(session: Session, posting_session: PostingSession, ids: Sequence[int]) -> None:
    """Release what nothing stops any more, and renew the reasons of the rest where they have changed."""
    postings = read(session, ids, ("held",))
    context = load(session, posting_session.company_id, postings)
    found = {posting.id: find_problems(posting, context) for posting in postings}
    _set_free(
        session, posting_session, [id for id, stopped in found.items() if not stopped], context
    )
    for posting in postings:
        row, stopped = session.get_one(Posting, posting.id), found[posting.id]
        if stopped and row.reason != _reason(stopped):
            _hold(session, posting_session, row, stopped)


def _set_free(
    session: Session, posting_session: PostingSession, ids: Sequence[int], context: CheckContext
) -> None:
    """Let postings begin again, each where its installation's postings begin."""
    of: dict[int, list[int]] = defaultdict(list)
    rows = select(Posting.id, Posting.installation_id).where(Posting.id.in_(ids))
    for id, installation_id in session.execute(rows) if ids else ():
        of[installation_id].append(id)
    for installation_id, theirs in of.items():
        installation = session.get_one(Installation, installation_id)
        app = hub_context.current().plugins.apps.get(installation.slug)
        if app is None:
            continue
        begin = sources.initial_state(app, sources.settings_of(installation), installation.mode)
        outbox.release_checked(session, theirs, begin, posting_session.clock.now())
        inbox.release_all(session, theirs)
        removals.wait(
            session, {id: context.removals[id] for id in theirs if id in context.removals}
        )


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
    changes = {posting.id: posting for posting in postings if posting.operation in CHANGES}
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


def _release(session: Session, ids: Sequence[int]) -> None:
    """Those that had open cases leave them."""
    link = case_posting.c
    held = (
        select(link.posting_id).join(Case, Case.id == link.case_id).where(Case.closed_at.is_(None))
    )
    for id in set(session.scalars(held.where(link.posting_id.in_(ids)))):
        inbox.release(session, id)


def _reason(found: Sequence[Finding]) -> str:
    return " ".join(f"{problem.title}. {problem.reason}" for problem in found)


def _hold(
    session: Session, posting_session: PostingSession, posting: Posting, found: Sequence[Finding]
) -> None:
    causes = {problem.cause or f"posting:{posting.id}:{problem.own}": problem for problem in found}
    posting.state, posting.hold, posting.changed_at = (
        "held",
        "preflight",
        posting_session.clock.now(),
    )
    posting.reason = _reason(found)
    inbox.release(session, posting, keep=causes)
    for cause, problem in causes.items():
        inbox.open(
            session,
            cause,
            title=problem.title,
            reason=problem.reason,
            act=problem.act,
            do=problem.do,
            company_id=posting.company_id,
            installation_id=posting.installation_id,
            details=dict(problem.details),
            postings=[posting],
        )

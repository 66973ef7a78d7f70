"""How the documents of an installation stand, and their sums."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    func,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.orm import Session

from hub.models import Head, Posting, SourceDocument
from hub.models.postings import BESIDE_THE_FIRST, MADE_FOR_CODES
from hub.money import ZERO
from hub.outbox.transitions import REMOVALS

KEYS = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")
STUCK = ("held", "unknown")
SUMS = ("source", "posted", "quickbooks")
HALF = 10**9  # of a sum of millionths: what is added up above it, and what below
FIRST = Posting.operation == "create", Posting.part == "", Posting.generation == 0
CREDITS = ("vendor_credit", "credit_memo", "refund")
# A document of several parts stands as the one that needs most: the first of these that any part is in.
ORDER = (
    "unknown",
    "sending",
    "held",
    "review",
    "ready",
    "waiting",
    "posted",
    "skipped",
    "withdrawn",
)


def counts(session: Session, installation_id: int) -> dict[str, int]:
    """Documents by where they stand; without files, what was made for codes, and those not wanted yet.

    Most have one posting, their first: the database counts these. Only the others are looked at one by one.
    """
    firsts = select(Posting.state, func.count()).where(*FIRST).group_by(Posting.state)
    several = _several(installation_id)
    apart = union(several, _made(installation_id)).subquery()
    found = Counter(_by_state(session, firsts.where(Posting.installation_id == installation_id)))
    found.subtract(
        _by_state(session, firsts.join(apart, apart.c.document_id == Posting.document_id))
    )
    found.update(_states(session, Posting.document_id.in_(several)).values())
    shown = {
        key: sum(count for state, count in found.items() if _shown(state) == key) for key in KEYS
    }
    return {"documents": sum(shown.values()), **shown}


def files(session: Session, installation_id: int) -> dict[str, int]:
    """The files that did not arrive, by what keeps them: held or in doubt."""
    mine = (
        Posting.installation_id == installation_id,
        Posting.state.in_(STUCK),
        Posting.operation == "attach",
    )
    return _by_state(
        session, select(Posting.state, func.count()).where(*mine).group_by(Posting.state)
    )


def _several(installation_id: int) -> Select[int]:
    """The documents that have more than their first posting."""
    return select(Posting.document_id).where(
        Posting.installation_id == installation_id, text(BESIDE_THE_FIRST)
    )


def _made(installation_id: int) -> Select[int]:
    """Those that were made for codes."""
    return select(SourceDocument.id).where(
        SourceDocument.installation_id == installation_id, text(MADE_FOR_CODES)
    )


def _by_state(session: Session, counted: Select[str, int]) -> dict[str, int]:
    return dict(iter(session.execute(counted)))


def states(session: Session, installation_id: int) -> dict[int, str]:
    """The state of each document by its main posting."""
    return _states(session, Posting.installation_id == installation_id)


def _states(session: Session, which: ColumnElement[bool]) -> dict[int, str]:
    of_document: dict[int, list[str]] = defaultdict(list)
    for document_id, _, operation, state in session.execute(_current(which)):
        undone = state == "posted" and operation in REMOVALS
        of_document[document_id].append("withdrawn" if undone else state)
    return {id: min(states, key=ORDER.index) for id, states in of_document.items()}


def sums(session: Session, installation_id: int) -> dict[str, dict[str, Decimal]]:
    """Of the posted documents, by currency: the source's totals, what QuickBooks answered, what it holds now.

    As with the counts, the database adds up those that have one posting, and only the others are looked at one by one.
    """
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SUMS, ZERO))
    for kind, currency, *halves in session.execute(_added_up(installation_id)):
        sign = -1 if kind in CREDITS else 1
        for name, big, small in zip(SUMS, halves[::2], halves[1::2], strict=True):
            found[currency][name] += sign * Decimal(int(big) * HALF + int(small)).scaleb(-6)
    _add_others(session, installation_id, found)
    return dict(found)


def _added_up(installation_id: int) -> Select[Any]:
    """The sums of documents with one posting, each in two halves: all millionths together may outgrow a number."""
    live = case((Head.state == "live", Head.total), else_=None)
    source = func.coalesce(SourceDocument.total, Posting.total)
    whole = [type_coerce(amount, BigInteger) for amount in (source, Posting.posted_total, live)]
    halves = [
        func.coalesce(func.sum(half), 0)
        for amount in whole
        for half in (amount // HALF, amount % HALF)
    ]
    apart = union(_several(installation_id), _made(installation_id))
    columns: Any = (Posting.kind, Posting.currency, *halves)
    return (
        select(*columns)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(Head, _same_transaction())
        .where(*FIRST, Posting.installation_id == installation_id, Posting.state == "posted")
        .where(source.is_not(None), Posting.document_id.not_in(apart))
        .group_by(Posting.kind, Posting.currency)
    )


def _add_others(
    session: Session, installation_id: int, found: dict[str, dict[str, Decimal]]
) -> None:
    """Adds the documents that have more than one posting."""
    several = Posting.document_id.in_(_several(installation_id))
    posted = {id for id, state in _states(session, several).items() if state == "posted"}
    seen: set[int] = set()
    for row in _amounts(session, several):
        if row.document_id not in posted or (row.source is None and row.total is None):
            continue
        sign = -1 if row.kind in CREDITS else 1
        line = found[row.currency]
        if row.document_id not in seen or row.source is None:
            line["source"] += sign * (row.total if row.source is None else row.source)
        seen.add(row.document_id)
        line["posted"] += sign * (row.posted_total or ZERO)
        line["quickbooks"] += sign * (row.held or ZERO)


def _shown(state: str) -> str:
    return "waiting" if state in ("ready", "sending") else state


def _current(which: ColumnElement[bool]) -> Select[Any]:
    """The posting that speaks for each part: one under way, else the last posted one, else the last of all."""
    rank = case(
        (Posting.state.in_(("skipped", "withdrawn")), 2), (Posting.state == "posted", 1), else_=0
    )
    order = func.row_number().over(
        partition_by=(Posting.document_id, Posting.part), order_by=(rank, Posting.id.desc())
    )
    ranked = (
        select(
            Posting.id,
            Posting.document_id,
            Posting.part,
            Posting.operation,
            Posting.state,
            order.label("place"),
        )
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(which, Posting.operation != "attach")
        .where(SourceDocument.made_for == "")
        .subquery()
    )
    columns = ranked.c.document_id, ranked.c.id, ranked.c.operation, ranked.c.state
    return select(*columns).where(ranked.c.place == 1)


def _amounts(session: Session, which: ColumnElement[bool]) -> Iterator[Row[Any]]:
    current = _current(which).subquery()
    live = case((Head.state == "live", Head.total), else_=None)
    statement = (
        select(
            Posting.document_id, Posting.kind, Posting.currency, Posting.total, Posting.posted_total,
            SourceDocument.total.label("source"), live.label("held"),
        )
        .join(current, current.c.id == Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(Head, _same_transaction())
        .where(Posting.state == "posted")
        .order_by(Posting.id)
    )  # fmt: skip
    yield from session.execute(statement)


def _same_transaction() -> ColumnElement[bool]:
    return and_(
        Head.company_id == Posting.company_id,
        Head.kind == Posting.kind,
        Head.quickbooks_id == Posting.quickbooks_id,
    )

"""How the documents of an installation stand, and their sums."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, select, text, union
from sqlalchemy.orm import Session

from hub.models import Head, Posting, SourceDocument
from hub.models.postings import BESIDE_THE_FIRST, MADE_FOR_CODES
from hub.money import ZERO

KEYS = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")
CREDITS = ("vendor_credit", "credit_memo", "refund")
# A document of several parts stands as the one that needs most: the first of these that any part is in.
ORDER = ("unknown", "sending", "held", "review", "ready", "waiting", "posted", "skipped", "withdrawn")


def counts(session: Session, installation_id: int) -> dict[str, int]:
    """Documents by where they stand; without files, what was made for codes, and those not wanted yet.

    Most have one posting, their first: the database counts these. Only the others are looked at one by one.
    """
    first = Posting.operation == "create", Posting.part == "", Posting.generation == 0
    firsts = select(Posting.state, func.count()).where(*first).group_by(Posting.state)
    several = select(Posting.document_id).where(Posting.installation_id == installation_id, text(BESIDE_THE_FIRST))
    made = select(SourceDocument.id).where(SourceDocument.installation_id == installation_id, text(MADE_FOR_CODES))
    apart = union(several, made).subquery()
    found = Counter(_by_state(session, firsts.where(Posting.installation_id == installation_id)))
    found.subtract(_by_state(session, firsts.join(apart, apart.c.document_id == Posting.document_id)))
    found.update(_states(session, Posting.document_id.in_(several)).values())
    shown = {key: sum(count for state, count in found.items() if _shown(state) == key) for key in KEYS}
    return {"documents": sum(shown.values()), **shown}


def _by_state(session: Session, counted: Select[str, int]) -> dict[str, int]:
    return dict(iter(session.execute(counted)))


def states(session: Session, installation_id: int) -> dict[int, str]:
    """The state of each document by its main posting."""
    return _states(session, Posting.installation_id == installation_id)


def _states(session: Session, which: ColumnElement[bool]) -> dict[int, str]:
    of_document: dict[int, list[str]] = defaultdict(list)
    for document_id, _, operation, state in session.execute(_current(which)):
        undone = state == "posted" and operation in ("delete", "void")
        of_document[document_id].append("withdrawn" if undone else state)
    return {id: min(states, key=ORDER.index) for id, states in of_document.items()}


def sums(session: Session, installation_id: int) -> dict[str, dict[str, Decimal]]:
    """Of the posted documents, by currency: the source's totals, what QuickBooks answered, what it holds now."""
    posted = {id for id, state in states(session, installation_id).items() if state == "posted"}
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(("source", "posted", "quickbooks"), ZERO))
    seen: set[int] = set()
    for row in _amounts(session, installation_id):
        if row.document_id not in posted or (row.source is None and row.total is None):
            continue
        sign = -1 if row.kind in CREDITS else 1
        line = found[row.currency]
        if row.document_id not in seen or row.source is None:
            line["source"] += sign * (row.total if row.source is None else row.source)
        seen.add(row.document_id)
        line["posted"] += sign * (row.posted_total or ZERO)
        line["quickbooks"] += sign * (row.held or ZERO)
    return dict(found)


def _shown(state: str) -> str:
    return "waiting" if state in ("ready", "sending") else state


def _current(which: ColumnElement[bool]) -> Select[Any]:
    """The posting that speaks for each part: one under way, else the last posted one, else the last of all."""
    rank = case((Posting.state.in_(("skipped", "withdrawn")), 2), (Posting.state == "posted", 1), else_=0)
    order = func.row_number().over(partition_by=(Posting.document_id, Posting.part), order_by=(rank, Posting.id.desc()))
    ranked = (
        select(Posting.id, Posting.document_id, Posting.part, Posting.operation, Posting.state, order.label("place"))
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(which, Posting.operation != "attach")
        .where(SourceDocument.made_for == "")
        .subquery()
    )
    columns = ranked.c.document_id, ranked.c.id, ranked.c.operation, ranked.c.state
    return select(*columns).where(ranked.c.place == 1)


def _amounts(session: Session, installation_id: int) -> Iterator[Row[Any]]:
    current = _current(Posting.installation_id == installation_id).subquery()
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

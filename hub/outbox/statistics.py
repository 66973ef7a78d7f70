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
    case,
    func,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.lists import NOT_LIVE
from hub.models.postings import BESIDE_THE_FIRST, MADE_FOR_CODES
from hub.money import ZERO
from hub.outbox.main_posting import (
    MISSING,
    ORDER,
    REMOVED,
    counts_for_its_part,
    same_transaction,
    state_column,
)
from hub.outbox.planning import REMOVALS

# The states in which documents are counted; "ready" and "sending" count as "waiting".
DOCUMENT_STATES = (
    "posted",
    "held",
    "review",
    "waiting",
    "unknown",
    MISSING,
    REMOVED,
    "skipped",
    "withdrawn",
)
STUCK = ("held", "unknown")
SUMS = ("source", "posted", "quickbooks")
HALF = 10**9  # of a sum of millionths: what is added up above it, and what below
FIRST = Posting.operation == "create", Posting.part == "", Posting.generation == 0
CREDITS = ("vendor_credit", "credit_memo", "refund")
WAITING = ("waiting", "ready", "sending")  # states that count as one
SAME_TRANSACTION = same_transaction(Posting, TransactionHead)


def counts(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state.

    Files, records created for codes and postponed postings are left out. The database counts the
    documents that have only their first posting; only the others are read one by one.
    """
    firsts = select(Posting.state, func.count()).where(*FIRST).group_by(Posting.state)
    several = _several(installation_id)
    apart = union(several, _made(installation_id)).subquery()
    found = Counter(_by_state(session, firsts.where(Posting.installation_id == installation_id)))
    found.subtract(
        _by_state(session, firsts.join(apart, apart.c.document_id == Posting.document_id))
    )
    missing = session.scalar(_missing_firsts(installation_id)) or 0
    found.update({"posted": -missing, MISSING: missing})
    found.update(_states(session, Posting.document_id.in_(several)).values())
    counted: Counter[str] = Counter()
    for state, count in found.items():
        counted["waiting" if state in WAITING else state] += count
    shown = {state: counted[state] for state in DOCUMENT_STATES}
    return {"documents": sum(shown.values()), **shown}


def files(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files that did not arrive, by state: held or in doubt."""
    mine = (
        Posting.installation_id == installation_id,
        Posting.state.in_(STUCK),
        Posting.operation == "attach",
    )
    return _by_state(
        session, select(Posting.state, func.count()).where(*mine).group_by(Posting.state)
    )


def _several(installation_id: int) -> Select[int]:
    """Return a query for the documents that have more than their first posting."""
    return select(Posting.document_id).where(
        Posting.installation_id == installation_id, text(BESIDE_THE_FIRST)
    )


def _missing_firsts(installation_id: int) -> Select[int]:
    """Return a query for the number of single postings voided or deleted in QuickBooks."""
    apart = union(_several(installation_id), _made(installation_id))
    return (
        select(func.count())
        .select_from(TransactionHead)
        .join(Posting, SAME_TRANSACTION)
        .where(text(NOT_LIVE), *FIRST, Posting.state == "posted")
        .where(Posting.installation_id == installation_id, Posting.document_id.not_in(apart))
    )


def _made(installation_id: int) -> Select[int]:
    """Return a query for the documents that create records for codes."""
    return select(SourceDocument.id).where(
        SourceDocument.installation_id == installation_id, text(MADE_FOR_CODES)
    )


def _by_state(session: Session, counted: Select[str, int]) -> dict[str, int]:
    return dict(iter(session.execute(counted)))


def states(session: Session, installation_id: int) -> dict[int, str]:
    """Return the state of each document."""
    return _states(session, Posting.installation_id == installation_id)


def _states(session: Session, which: ColumnElement[bool]) -> dict[int, str]:
    of_document: dict[int, list[str]] = defaultdict(list)
    found = _counting(which).add_columns(
        Posting.document_id, state_column(Posting, TransactionHead)
    )
    for _, document_id, state in session.execute(found):
        of_document[document_id].append(state)
    return {id: min(states, key=ORDER.index) for id, states in of_document.items()}


def sums(session: Session, installation_id: int) -> dict[str, dict[str, Decimal]]:
    """Add up the posted documents by currency: source totals, posted totals, totals in QuickBooks.

    Documents that are missing in QuickBooks are included, so that their amount is a difference;
    removed ones are not. The database adds up the documents that have only their first posting.
    """
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SUMS, ZERO))
    for kind, currency, *halves in session.execute(_added_up(installation_id)):
        sign = -1 if kind in CREDITS else 1
        for name, big, small in zip(SUMS, halves[::2], halves[1::2], strict=True):
            found[currency][name] += sign * Decimal(int(big) * HALF + int(small)).scaleb(-6)
    _add_others(session, installation_id, found)
    return dict(found)


def _added_up(installation_id: int) -> Select[Any]:
    """Return a query for the sums of documents with one posting.

    Each sum has two halves, because all millionths together may exceed the largest integer.
    """
    live = case((TransactionHead.state == "live", TransactionHead.total), else_=None)
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
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(*FIRST, Posting.installation_id == installation_id, Posting.state == "posted")
        .where(source.is_not(None), Posting.document_id.not_in(apart))
        .group_by(Posting.kind, Posting.currency)
    )


def _add_others(
    session: Session, installation_id: int, totals: dict[str, dict[str, Decimal]]
) -> None:
    """Add the documents that have more than one posting."""
    several = Posting.document_id.in_(_several(installation_id))
    counted = set()
    for id, state in _states(session, several).items():
        if state in ("posted", MISSING):
            counted.add(id)
    with_source_total: set[int] = set()
    for row in _amounts(session, several):
        if row.document_id not in counted:
            continue
        if row.source is None and row.total is None:
            continue
        sign = -1 if row.kind in CREDITS else 1
        line = totals[row.currency]
        if row.source is None:
            line["source"] += sign * row.total
        elif row.document_id not in with_source_total:
            line["source"] += sign * row.source
        with_source_total.add(row.document_id)
        line["posted"] += sign * (row.posted_total or ZERO)
        line["quickbooks"] += sign * (row.held or ZERO)


def _counting(which: ColumnElement[bool]) -> Select[Any]:
    """Return a query for the postings that count for their parts, joined with their heads."""
    return (
        select(Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(which, counts_for_its_part(Posting), SourceDocument.made_for == "")
    )


def _amounts(session: Session, which: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Yield the amounts of posted documents that have several postings."""
    live = case((TransactionHead.state == "live", TransactionHead.total), else_=None)
    amounts: Any = (
        Posting.document_id,
        Posting.kind,
        Posting.currency,
        Posting.total,
        Posting.posted_total,
        SourceDocument.total.label("source"),
        live.label("held"),
    )
    written = Posting.state == "posted", Posting.operation.not_in(REMOVALS)
    yield from session.execute(
        _counting(which).add_columns(*amounts).where(*written).order_by(Posting.id)
    )

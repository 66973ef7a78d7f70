"""Which transactions a bank reconciliation covers: only QuickBooks' list of transactions tells."""

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Any

from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile.refresh import Shown

# Only these move money on a bank or credit card account.
BANKED = ("expense", "payment", "refund", "deposit", "bill_payment")


def reconciled(posting_session: PostingSession, shown: Shown) -> frozenset[str]:
    """The ids of those that a reconciliation covers; one read for each month in which one of them is dated."""
    days = {_day(entity) for (kind, _), entity in shown.items() if kind in BANKED}
    months = sorted({day.replace(day=1) for day in days})
    return frozenset(id for month in months for id in _covered(posting_session, month))


def _covered(posting_session: PostingSession, first: dt.date) -> Iterator[str]:
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    period = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    told = (
        posting_session.note(
            posting_session.client().report("TransactionList", period | {"cleared": "Reconciled"})
        )
        .check()
        .body
    )
    place = _place(told)
    for cells in _rows(told.get("Rows")):
        if place < len(cells) and cells[place].get("id"):
            yield str(cells[place]["id"])


def _place(report: dict[str, Any]) -> int:
    """Return which column names the transaction; the ids in others are of parties and accounts."""
    columns = (report.get("Columns") or {}).get("Column") or []
    for place, column in enumerate(columns):
        for entry in column.get("MetaData") or ():
            if str(entry.get("Value")) == "txn_type":
                return place
    return 1


def _rows(part: Any) -> Iterator[list[dict[str, Any]]]:
    """The cells of each line, however deep it lies."""
    for row in (part or {}).get("Row") or ():
        if isinstance(row.get("ColData"), list):
            yield row["ColData"]
        yield from _rows(row.get("Rows"))


def _day(entity: dict[str, Any]) -> dt.date:
    return dt.date.fromisoformat(str(entity["TxnDate"])[:10])

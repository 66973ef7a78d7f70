"""Fetch the transactions that a bank reconciliation covers, from the report that lists them."""

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from hub.contract.value_object import value_object
from hub.errors import Sentence
from hub.models.enums import SendOutcome
from hub.posting.outcome.session import PostingSession

# Only these move money on a bank or credit card account.
BANK_KINDS = ("expense", "payment", "refund", "deposit", "bill_payment")
# The HTTP statuses of an address that does not exist, or that cannot be read.
ABSENT_STATUSES = (404, 405, 501)
Cell = Mapping[str, Any]


@value_object
class ReconciledMonth:
    """The transactions of a month that a bank reconciliation covers.

    `problem` is why QuickBooks did not list them; None if it did. `is_refused` is whether it would
    not list them at another attempt either, as far as its answer shows.
    """

    ids: frozenset[str] = frozenset()
    problem: Sentence | None = None
    is_refused: bool = False


ReconciledMonths = Mapping[dt.date, ReconciledMonth]  # by the first day of the month


def fetch_reconciled_month(posting_session: PostingSession, first_day: dt.date) -> ReconciledMonth:
    """Return the transactions of a month that a bank reconciliation covers.

    Costs one read. A row without an id is a problem, because it could be any transaction.
    """
    _, days = calendar.monthrange(first_day.year, first_day.month)
    last_day = first_day.replace(day=days)
    parameters = {
        "start_date": first_day.isoformat(),
        "end_date": last_day.isoformat(),
        "cleared": "Reconciled",
    }
    month = f"{first_day:%Y-%m}"
    response = posting_session.client().report("TransactionList", parameters)
    if response.outcome in (SendOutcome.REFUSED, SendOutcome.DOUBT):
        is_absent = response.status in ABSENT_STATUSES
        problem = Sentence(
            "QuickBooks did not list the reconciled transactions of %(month)s: %(answer)s",
            month=month,
            answer=response.text,
        )
        is_refused = response.outcome == SendOutcome.REFUSED or is_absent
        return ReconciledMonth(problem=problem, is_refused=is_refused)
    report = posting_session.note_date(response).check().body
    column = _find_transaction_column(report)
    ids = set()
    for cells in _iter_report_rows(report.get("Rows")):
        id = cells[column].get("id") if column < len(cells) else None
        if id:
            ids.add(str(id))
        elif any(cell.get("value") for cell in cells):
            problem = Sentence(
                "QuickBooks lists reconciled transactions of %(month)s without their ids, so the"
                " hub cannot tell which ones they are. Make this change in QuickBooks.",
                month=month,
            )
            return ReconciledMonth(problem=problem)
    return ReconciledMonth(ids=frozenset(ids))


def _find_transaction_column(report: Mapping[str, Any]) -> int:
    """Return the index of the column whose ids are those of the transactions."""
    columns = (report.get("Columns") or {}).get("Column") or []
    for index, column in enumerate(columns):
        metadata = column.get("MetaData") or ()
        for entry in metadata:
            content = str(entry.get("Value"))
            if content == "txn_type":
                return index
    return 1


def _iter_report_rows(section: Mapping[str, Any] | None) -> Iterator[list[Cell]]:
    """Yield the cells of each row, also of nested sections."""
    for row in (section or {}).get("Row") or ():
        cells = row.get("ColData")
        if isinstance(cells, list):
            yield cells
        yield from _iter_report_rows(row.get("Rows"))

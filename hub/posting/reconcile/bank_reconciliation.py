"""Find the transactions that a bank reconciliation covers, from the report that lists them."""

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from hub.errors import Refused
from hub.payloads.entities import parse_day
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile.refresh import EntitiesByKey

# Only these move money on a bank or credit card account.
BANK_KINDS = ("expense", "payment", "refund", "deposit", "bill_payment")
Cell = Mapping[str, Any]


def fetch_reconciled_ids(
    posting_session: PostingSession, entities: EntitiesByKey
) -> frozenset[str]:
    """Return the ids of the transactions that a bank reconciliation covers.

    Costs one read for each month in which one of these transactions is dated.
    """
    months = set()
    for (kind, _), entity in entities.items():
        if kind in BANK_KINDS:
            months.add(parse_day(entity["TxnDate"]).replace(day=1))
    ids: set[str] = set()
    for first_day in sorted(months):
        ids.update(_fetch_reconciled_in_month(posting_session, first_day))
    return frozenset(ids)


def _fetch_reconciled_in_month(
    posting_session: PostingSession, first_day: dt.date
) -> Iterator[str]:
    """Yield the ids of all reconciled transactions of a month.

    Raise Refused if a row has no id, because it could be any of the transactions to be removed.
    """
    _, days = calendar.monthrange(first_day.year, first_day.month)
    last_day = first_day.replace(day=days)
    parameters = {
        "start_date": first_day.isoformat(),
        "end_date": last_day.isoformat(),
        "cleared": "Reconciled",
    }
    response = posting_session.client().report("TransactionList", parameters)
    report = posting_session.note_date(response).check().body
    column = _find_transaction_column(report)
    for cells in _iter_report_rows(report.get("Rows")):
        id = cells[column].get("id") if column < len(cells) else None
        if id:
            yield str(id)
        elif any(cell.get("value") for cell in cells):
            raise Refused(
                "QuickBooks lists reconciled transactions of %(month)s without their ids, so the"
                " hub cannot tell which ones may be removed. Remove them in QuickBooks.",
                month=f"{first_day:%Y-%m}",
            )


def _find_transaction_column(report: Mapping[str, Any]) -> int:
    """Return the index of the column with transaction ids; others have other ids."""
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

"""Due dates that QuickBooks works out, because the source states none."""

from collections.abc import Collection
from typing import Any

from hub.models.transaction_summary import TransactionSummary
from hub.payloads.entities import read_ref_id
from hub.payloads.line_ids import with_line_ids

DAY_LENGTH = len("2026-03-02")  # a time zone may follow


def complete_last_write(summary: TransactionSummary, answer: dict[str, Any]) -> TransactionSummary:
    """Return the summary of the last write with what QuickBooks added to it.

    `answer` is the transaction as QuickBooks answered, with the ids of its lines.
    """
    completed_summary = with_line_ids(summary, answer)
    if summary.due:
        return completed_summary
    return completed_summary._replace(computed_due=_read_day(answer, "DueDate"))


def is_due_date_outdated(
    update: dict[str, Any],
    current: dict[str, Any],
    last: TransactionSummary | None,
    emptied_fields: Collection[str],
) -> bool:
    """Return whether QuickBooks has to work out the due date again: its date or terms change.

    A sparse update would leave the due date as it was, which may be before the new date. A due date
    that a person has entered stays. `emptied_fields` are those that the update empties.
    """
    if last is None or not last.computed_due or "DueDate" in update:
        return False
    if _read_day(current, "DueDate") != last.computed_due:
        return False
    if _read_day(update, "TxnDate") != _read_day(current, "TxnDate"):
        return True
    return "SalesTermRef" in emptied_fields or _has_new_terms(update, current)


def _has_new_terms(update: dict[str, Any], current: dict[str, Any]) -> bool:
    """Return whether an update states other terms; without any, those of QuickBooks stay."""
    terms = read_ref_id(update, "SalesTermRef")
    return bool(terms) and terms != read_ref_id(current, "SalesTermRef")


def _read_day(entity: dict[str, Any], name: str) -> str:
    """Return a day without what follows it; "" without one."""
    return str(entity.get(name) or "")[:DAY_LENGTH]

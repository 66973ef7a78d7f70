"""Read changed or single invoices with their payments, and find deleted ones.

A payment has no list of its own in Harvest. It changes its invoice, so the payments of each changed
invoice are read with it. The ids of all payments are remembered: one that the list of its invoice
no longer has was deleted. Deleted invoices are found once a day, by comparing all ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub import (
    ChangeCursor,
    Checkpoint,
    DeletionSweep,
    Gone,
    Outcome,
    PartSweep,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    money,
    readable,
    row_version,
)
from hub_harvest import documents
from hub_harvest.client import Harvest

ROW_VERSION = row_version("updated_at")
# The stream whose cursor has the ids of all payments, and its name in earlier versions.
PAYMENT_DELETIONS_STREAM = "payment-deletions"
FORMER_PAYMENT_DELETIONS_STREAM = "payments"  # the same in earlier versions of the app
DELETED_REASON = Sentence("It was deleted in Harvest.")
MISSING_REASON = Sentence("Harvest no longer has it.")
NO_ID = None  # in source ids: the hub knows from it that the row has none
NO_ID_REASON = Sentence("Harvest sent a row without an id.")


def read_exactly(site: Site, source: Harvest, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these ids, in their order."""
    for id in ids:
        kind, _, number = id.partition(":")
        invoice_number, _, payment_number = number.partition("-")
        invoice = source.invoice(invoice_number)
        if invoice is None:
            yield Gone(source_id=id, reason=MISSING_REASON)
        elif not _has_id(invoice):
            yield Unreadable(source_id=id, reason=NO_ID_REASON)
        elif kind == "invoice":
            yield _read_invoice(site, source, invoice)
        else:
            yield _find_payment(site, source, invoice, payment_number)


def iter_changes(site: Site, source: Harvest, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield every document that changed since the cursors, and every deleted one."""
    if PAYMENT_DELETIONS_STREAM not in cursors and FORMER_PAYMENT_DELETIONS_STREAM in cursors:
        former_cursor = cursors[FORMER_PAYMENT_DELETIONS_STREAM]
        cursors = {**cursors, PAYMENT_DELETIONS_STREAM: former_cursor}
        yield Checkpoint(cursor=former_cursor, stream=PAYMENT_DELETIONS_STREAM)
    payments = PartSweep(
        cursors.get(PAYMENT_DELETIONS_STREAM, ""),
        prefix="payment:",
        stream=PAYMENT_DELETIONS_STREAM,
    )
    sweep = DeletionSweep(
        cursors.get("deletions", ""),
        site.today,
        prefix="invoice:",
    )
    changes = _iter_changed_invoices(site, source, cursors.get("", ""), payments)
    yield from payments.watch(sweep.watch(changes))
    if sweep.is_due:
        yield from payments.watch(_sweep_invoices(site, source, sweep, payments))


def _sweep_invoices(
    site: Site, source: Harvest, sweep: DeletionSweep, payments: PartSweep
) -> Iterator[Yielded]:
    """Yield what is gone with deleted invoices, and the invoices that were never read."""
    present = list(_iter_invoice_ids(source))
    yield from payments.compare_rows(present, reason=DELETED_REASON)
    yield from sweep.compare(
        present,
        reason=DELETED_REASON,
        read=lambda ids: _read_unread(site, source, ids, payments),
    )


def _read_unread(
    site: Site, source: Harvest, ids: Sequence[str], payments: PartSweep
) -> Iterator[Outcome]:
    """Yield the invoices with these ids, each with its payments."""
    for id in ids:
        _, _, number = id.partition(":")
        invoice = source.invoice(number)
        if invoice is not None and _has_id(invoice):
            yield from _read_with_payments(site, source, invoice, payments)


def _iter_invoice_ids(source: Harvest) -> Iterator[int]:
    """Yield the ids of all invoices that Harvest has."""
    for rows, _ in source.invoices("", ""):
        for row in filter(_has_id, rows):
            yield row["id"]


def _iter_changed_invoices(
    site: Site, source: Harvest, text: str, payments: PartSweep
) -> Iterator[Yielded]:
    """Yield the invoices that changed since the cursor, each with its payments."""
    cursor = ChangeCursor.parse(text)
    for rows, next_page in source.invoices(cursor.changed_since, cursor.page):
        cursor.begin(source.api.date)
        for row in rows:
            if not _has_id(row):
                yield Unreadable(source_id=f"invoice:{NO_ID}", reason=NO_ID_REASON)
            elif _is_new(cursor, row):
                yield from _read_with_payments(site, source, row, payments)
        if next_page:
            cursor.page = next_page
            yield Checkpoint(cursor=str(cursor))
    yield Checkpoint(cursor=str(cursor.finished()))


def _has_id(row: Any) -> bool:
    """Return whether Harvest sent a row with an id."""
    return isinstance(row, dict) and bool(row.get("id"))


def _is_new(cursor: ChangeCursor, row: Row) -> bool:
    """Return whether an invoice was not yet read in this version.

    One without a time of change that can be read is always new, so that it stops no other.
    """
    try:
        return cursor.is_new(*ROW_VERSION(row))
    except ValueError:
        return True


def _read_with_payments(
    site: Site, source: Harvest, invoice: Row, payments: PartSweep
) -> Iterator[Outcome]:
    """Yield an invoice, its payments, and those that it no longer has."""
    yield _read_invoice(site, source, invoice)
    is_paid = readable(documents.build_invoice_id(invoice), _may_be_paid, invoice, payments)
    if is_paid is False:  # else it may be paid, or cannot be read
        return
    rows = source.payments(invoice["id"])
    if all(map(_has_id, rows)):
        payment_ids = [row["id"] for row in rows]
        yield from payments.compare(invoice["id"], payment_ids, reason=DELETED_REASON)
    for row in rows:
        yield _read_payment(site, source, invoice, row)


def _may_be_paid(invoice: Row, payments: PartSweep) -> bool:
    """Return whether an invoice may have payments, or had some.

    Those of an invoice that never had any are not requested.
    """
    if invoice["state"] == "draft":
        return False
    is_unpaid = money(invoice["due_amount"]) == money(invoice["amount"])
    return not is_unpaid or payments.has_parts(invoice["id"])


def _read_invoice(site: Site, source: Harvest, row: Row) -> Outcome:
    """Return the document of an invoice, or Unreadable with the reason.

    For a written-off invoice, the payments are requested, too: only they show whether it was paid
    in part.
    """
    has_payments = row.get("state") == "closed" and bool(source.payments(row["id"]))
    return readable(
        documents.build_invoice_id(row),
        documents.build_invoice,
        site,
        row,
        source.invoice_url(row),
        has_payments=has_payments,
    )


def _find_payment(site: Site, source: Harvest, invoice: Row, number: str) -> Outcome:
    """Return one payment of an invoice, or Gone if the invoice does not have it."""
    for row in source.payments(invoice["id"]):
        if _has_id(row) and str(row["id"]) == number:
            return _read_payment(site, source, invoice, row)
    return Gone(source_id=f"payment:{invoice['id']}-{number}", reason=MISSING_REASON)


def _read_payment(site: Site, source: Harvest, invoice: Row, row: Row) -> Outcome:
    """Return the document of a payment, or Unreadable with the reason."""
    if not _has_id(row):
        return Unreadable(source_id=f"payment:{invoice['id']}-{NO_ID}", reason=NO_ID_REASON)
    return readable(
        documents.build_payment_id(invoice, row),
        documents.build_payment,
        site,
        invoice,
        row,
        source.invoice_url(invoice),
    )

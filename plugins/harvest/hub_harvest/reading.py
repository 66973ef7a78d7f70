"""Read changed or single invoices with their payments, and find deleted ones.

A payment has no list of its own in Harvest. It changes its invoice, so the payments of each changed
invoice are read with it. The ids of all payments are remembered: one that the list of its invoice
no longer has was deleted. Deleted invoices are found once a day, by comparing all ids.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub import (
    ChangeCursor,
    Checkpoint,
    DeletionSweep,
    Gone,
    Outcome,
    Row,
    Sentence,
    Site,
    Yielded,
    format_ids,
    money,
    parse_ids,
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


def read_exactly(site: Site, source: Harvest, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these ids, in their order."""
    for id in ids:
        kind, _, number = id.partition(":")
        invoice_number, _, payment_number = number.partition("-")
        invoice = source.invoice(invoice_number)
        if invoice is None:
            yield Gone(source_id=id, reason=MISSING_REASON)
        elif kind == "invoice":
            yield _read_invoice(site, source, invoice)
        else:
            yield _find_payment(site, source, invoice, payment_number)


def iter_changes(site: Site, source: Harvest, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield every document that changed since the cursors, and every deleted one."""
    payments = PaymentIds(
        cursors.get(PAYMENT_DELETIONS_STREAM) or cursors.get(FORMER_PAYMENT_DELETIONS_STREAM, "")
    )
    changes = _iter_changed_invoices(site, source, cursors.get("", ""), payments)
    sweep = DeletionSweep(
        cursors.get("deletions", ""),
        site.today,
        prefix="invoice:",
    )
    yield from sweep.watch(changes)
    if not sweep.is_due:
        return
    present = list(_iter_invoice_ids(source))
    yield from payments.remove_without_invoice(present)
    yield payments.checkpoint()
    yield from sweep.compare(present, reason=DELETED_REASON)


def _iter_invoice_ids(source: Harvest) -> Iterator[int]:
    """Yield the ids of all invoices that Harvest has."""
    for rows, _ in source.invoices("", ""):
        for row in rows:
            yield row["id"]


class PaymentIds:
    """The ids of the payments that were read, each with the id of its invoice before it."""

    def __init__(self, cursor: str) -> None:
        """Read the ids of a cursor."""
        self._ids_of_invoice = defaultdict[str, set[str]](set)
        for id in parse_ids(cursor):
            invoice_id = _get_invoice_id(id)
            self._ids_of_invoice[invoice_id].add(id)

    def compare(self, invoice: Row, rows: Iterable[Row]) -> Iterator[Gone]:
        """Yield a Gone for each payment that an invoice no longer has."""
        invoice_id = str(invoice["id"])
        present = {f"{invoice_id}-{row['id']}" for row in rows}
        former = set(self._ids_of_invoice[invoice_id])
        self._ids_of_invoice[invoice_id] |= present
        yield from self._remove(former - present)

    def remove_without_invoice(self, invoice_ids: Iterable[int]) -> Iterator[Gone]:
        """Yield a Gone for each payment of an invoice that is not among these."""
        present = {str(id) for id in invoice_ids}
        absent = set(self._ids_of_invoice) - present
        for invoice_id in sorted(absent):
            payment_ids = set(self._ids_of_invoice[invoice_id])
            yield from self._remove(payment_ids)

    def has_payments(self, invoice: Row) -> bool:
        """Return whether an invoice had payments when it was read last."""
        invoice_id = str(invoice["id"])
        return bool(self._ids_of_invoice.get(invoice_id))

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of the ids."""
        ids: set[str] = set()
        for ids_of_invoice in self._ids_of_invoice.values():
            ids |= ids_of_invoice
        return Checkpoint(cursor=format_ids(ids), stream=PAYMENT_DELETIONS_STREAM)

    def _remove(self, ids: Iterable[str]) -> Iterator[Gone]:
        """Forget these ids, and yield a Gone for each."""
        for id in sorted(ids):
            invoice_id = _get_invoice_id(id)
            self._ids_of_invoice[invoice_id].discard(id)
            yield Gone(
                source_id=f"payment:{id}",
                reason=DELETED_REASON,
                inferred=True,
            )


def _get_invoice_id(payment_id: str) -> str:
    """Return the id of the invoice, with which the id of its payment begins."""
    return payment_id.partition("-")[0]


def _iter_changed_invoices(
    site: Site, source: Harvest, text: str, payments: PaymentIds
) -> Iterator[Yielded]:
    """Yield the invoices that changed since the cursor, each with its payments."""
    cursor = ChangeCursor.parse(text)
    for rows, next_page in source.invoices(cursor.changed_since, cursor.page):
        cursor.begin(source.api.date)
        for row in rows:
            if cursor.is_new(*ROW_VERSION(row)):
                yield _read_invoice(site, source, row)
                yield from _iter_payments(site, source, row, payments)
        yield payments.checkpoint()
        if next_page:
            cursor.page = next_page
            yield Checkpoint(cursor=str(cursor))
    yield Checkpoint(cursor=str(cursor.finished()))


def _iter_payments(
    site: Site, source: Harvest, invoice: Row, payments: PaymentIds
) -> Iterator[Outcome]:
    """Yield the payments of an invoice, and those that it no longer has.

    The payments of an invoice that never had any are not requested.
    """
    if invoice["state"] == "draft":
        return
    is_unpaid = money(invoice["due_amount"]) == money(invoice["amount"])
    if is_unpaid and not payments.has_payments(invoice):
        return
    rows = source.payments(invoice["id"])
    for row in rows:
        yield _read_payment(site, source, invoice, row)
    yield from payments.compare(invoice, rows)


def _read_invoice(site: Site, source: Harvest, row: Row) -> Outcome:
    """Return the document of an invoice, or Unreadable with the reason.

    For a written-off invoice, the payments are requested, too: only they show whether it was paid
    in part.
    """
    has_payments = row["state"] == "closed" and bool(source.payments(row["id"]))
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
        if str(row["id"]) == number:
            return _read_payment(site, source, invoice, row)
    return Gone(source_id=f"payment:{invoice['id']}-{number}", reason=MISSING_REASON)


def _read_payment(site: Site, source: Harvest, invoice: Row, row: Row) -> Outcome:
    """Return the document of a payment, or Unreadable with the reason."""
    return readable(
        documents.build_payment_id(invoice, row),
        documents.build_payment,
        site,
        invoice,
        row,
        source.invoice_url(invoice),
    )

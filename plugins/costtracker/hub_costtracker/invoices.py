"""The invoices of CostTracker: reading those that changed, or single ones, and their receipts."""

from collections.abc import Iterator, Sequence

from hub import (
    Checkpoint,
    Document,
    Gone,
    Receipt,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    format_moment,
    readable,
)
from hub_costtracker import names
from hub_costtracker.bills import PREFIX, build_document
from hub_costtracker.client import CostTracker

STATES = {"changed": "changed_in_ledger", "missing": "missing_in_ledger"}


def iter_changes(site: Site, source: CostTracker, cursor: str | None) -> Iterator[Yielded]:
    """Yield every invoice that changed since the cursor, with a Checkpoint after each page."""
    for rows, after in source.invoices(cursor):
        for row in rows:
            yield read(site, row)
        if after:
            yield Checkpoint(cursor=after)


def read_exactly(site: Site, source: CostTracker, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the invoices with these source ids."""
    for source_id in ids:
        row = source.invoice(source_id.removeprefix(PREFIX))
        if row is None:
            yield Gone(
                source_id=source_id,
                reason=Sentence("CostTracker does not have it any more."),
            )
        else:
            yield read(site, row)


def read_all(site: Site, source: CostTracker) -> Iterator[Yielded]:
    """Read every invoice."""
    for rows, _ in source.invoices():
        for row in rows:
            yield read(site, row)


def read(site: Site, row: Row) -> Document | Gone | Unreadable:
    """Convert a row; return Unreadable if that fails."""
    if not isinstance(row, dict) or not row.get(names.Invoice.ID):
        reason = Sentence("CostTracker sent an invoice without an id.")
        return Unreadable(source_id=f"{PREFIX}?", reason=reason)
    return readable(f"{PREFIX}{row[names.Invoice.ID]}", _read, site, row)


def _read(site: Site, row: Row) -> Document | Gone:
    """Return the document of a row with an id."""
    deleted_at = row.get(names.Invoice.DELETED_AT)
    if not deleted_at:
        return build_document(site, row)
    return Gone(
        source_id=f"{PREFIX}{row[names.Invoice.ID]}",
        reason=Sentence(
            "Deleted in CostTracker on %(deleted_at)s.",
            deleted_at=deleted_at[:10],
        ),
    )


def report(source: CostTracker, document: Document, receipt: Receipt) -> None:
    """Write a receipt to its invoice.

    CostTracker refuses one for an older version of the invoice than it has, and then gets it
    once more for the present one.
    """
    id = document.source_id.removeprefix(PREFIX)
    version = int(document.version or 0)
    if source.set_status(id, _build_status(receipt, version)):
        return
    row = source.invoice(id)
    if not row:
        return
    current_version = row[names.Invoice.VERSION]
    if current_version != version:
        source.set_status(id, _build_status(receipt, current_version))


def _build_status(receipt: Receipt, version: int) -> Row:
    """Return a receipt as CostTracker wants it."""
    paid_on = f"Paid on {receipt.paid_on}" if receipt.paid_on else None
    status = {
        names.Status.STATE: STATES.get(receipt.state, receipt.state),
        names.Status.SYSTEM: "quickbooks_online",
        names.Status.EXTERNAL_ID: receipt.id,
        names.Status.EXTERNAL_NUMBER: receipt.number,
        names.Status.EXTERNAL_URL: receipt.url,
        names.Status.AMOUNT_PAID: receipt.paid,
        names.Status.MESSAGE: receipt.message or paid_on,
        names.Status.AT: format_moment(receipt.at),
        names.Status.VERSION: version,
    }
    return {name: value for name, value in status.items() if value is not None}

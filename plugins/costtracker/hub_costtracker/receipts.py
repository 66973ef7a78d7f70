"""Receipts to CostTracker: the state of invoices in accounting."""

from hub import Document, Receipt, Retry, Row, format_moment
from hub_costtracker import names
from hub_costtracker.client import CostTracker
from hub_costtracker.invoices import PREFIX

MAX_TRIES = 3  # each for a newer version of the invoice
STATE_NAMES = {"changed": "changed_in_ledger", "missing": "missing_in_ledger"}


def report(source: CostTracker, document: Document, receipt: Receipt) -> None:
    """Report the state of an invoice; edits of suppliers have no state in CostTracker.

    CostTracker refuses a state for an older version of the invoice than its own. Then report it
    for the current version. If that is the same, CostTracker knows a newer state.
    """
    if not document.source_id.startswith(PREFIX):
        return
    id = document.source_id.removeprefix(PREFIX)
    version = int(document.version or 0)
    for _ in range(MAX_TRIES):
        if source.set_status(id, _build_status(receipt, version)):
            return
        row = source.invoice(id)
        if not row or row[names.Invoice.VERSION] == version:
            return
        version = row[names.Invoice.VERSION]
    raise Retry("Invoice %(id)s changed in CostTracker while the hub wrote to it.", id=id)


def _build_status(receipt: Receipt, version: int) -> Row:
    """Return the fields of a receipt in CostTracker's API."""
    paid_on = f"Paid on {receipt.paid_on}" if receipt.paid_on else None
    status = {
        names.Status.STATE: STATE_NAMES.get(receipt.state, receipt.state),
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

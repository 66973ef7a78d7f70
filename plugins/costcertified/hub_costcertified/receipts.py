"""What CostCertified is told of its invoices and payments."""

from typing import Any

from hub import Document, Receipt, format_moment
from hub_costcertified import invoices, names, payments
from hub_costcertified.client import CostCertified

LISTS = {invoices.PREFIX: invoices.THINGS, payments.PREFIX: payments.THINGS}


def report(source: CostCertified, document: Document, receipt: Receipt) -> None:
    """Write a receipt to its row, unless CostCertified has a newer one."""
    prefix, colon, id = document.source_id.partition(":")
    things = LISTS.get(prefix + colon)
    if not things:
        return
    version = int(document.version or 0)
    if source.set_status(things, id, _build_status(receipt, version)):
        return
    row = source.one(things, id)
    if row and row[names.Row.VERSION] != version:
        source.set_status(things, id, _build_status(receipt, row[names.Row.VERSION]))


def _build_status(receipt: Receipt, version: Any) -> Any:
    """Return a receipt as CostCertified wants it."""
    status = {
        names.Status.STATE: receipt.state,
        names.Status.SYSTEM: "quickbooks_online",
        names.Status.EXTERNAL_ID: receipt.id,
        names.Status.EXTERNAL_NUMBER: receipt.number,
        names.Status.EXTERNAL_URL: receipt.url,
        names.Status.MESSAGE: receipt.message,
        names.Status.AT: format_moment(receipt.at),
        names.Status.VERSION: version,
    }
    return {name: value for name, value in status.items() if value is not None}

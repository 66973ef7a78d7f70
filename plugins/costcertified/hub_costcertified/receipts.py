"""What CostCertified is told of its invoices and payments."""

import datetime as dt
from typing import Any

from hub import Document, Receipt
from hub_costcertified import invoices, names, payments
from hub_costcertified.client import CostCertified

TOLD = {invoices.PREFIX: invoices.THINGS, payments.PREFIX: payments.THINGS}


def report(source: CostCertified, document: Document, receipt: Receipt) -> None:
    """Write a receipt to its row, unless CostCertified has a newer one."""
    prefix, colon, id = document.source_id.partition(":")
    things = TOLD.get(prefix + colon)
    if not things or source.set_status(things, id, _status(receipt, int(document.version or 0))):
        return
    now = source.one(things, id)
    if now and now[names.Row.VERSION] != int(document.version or 0):
        source.set_status(things, id, _status(receipt, now[names.Row.VERSION]))


def _status(receipt: Receipt, version: Any) -> Any:
    at = receipt.at.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    status = {
        names.Status.STATE: receipt.state,
        names.Status.SYSTEM: "quickbooks_online",
        names.Status.EXTERNAL_ID: receipt.id,
        names.Status.EXTERNAL_NUMBER: receipt.number,
        names.Status.EXTERNAL_URL: receipt.url,
        names.Status.MESSAGE: receipt.message,
        names.Status.AT: at.replace("+00:00", "Z"),
        names.Status.VERSION: version,
    }
    return {name: value for name, value in status.items() if value is not None}

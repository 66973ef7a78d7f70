"""Receipts to CostCertified: the state of invoices and payments in accounting."""

from hub import Document, Receipt, Retry, Row, format_moment
from hub_costcertified import invoices, names, payments
from hub_costcertified.client import CostCertified

MAX_TRIES = 3  # each for a newer version of the row
LIST_NAMES_BY_PREFIX = {invoices.PREFIX: invoices.LIST_NAME, payments.PREFIX: payments.LIST_NAME}


def report(source: CostCertified, document: Document, receipt: Receipt) -> None:
    """Report the state of an invoice or payment; CostCertified has none for other documents.

    CostCertified refuses a state for an older version of the row than its own. Then report it for
    the current version. If that is the same, CostCertified knows a newer state.
    """
    prefix, colon, id = document.source_id.partition(":")
    list_name = LIST_NAMES_BY_PREFIX.get(f"{prefix}{colon}")
    if not list_name:
        return
    version = int(document.version or 0)
    for _ in range(MAX_TRIES):
        if source.set_status(list_name, id, _build_status(receipt, version)):
            return
        row = source.row(list_name, id)
        if not row or row[names.Row.VERSION] == version:
            return
        version = row[names.Row.VERSION]
    raise Retry("The document %(id)s changed in CostCertified while the hub wrote to it.", id=id)


def _build_status(receipt: Receipt, version: int) -> Row:
    """Return the fields of a receipt in CostCertified's API."""
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

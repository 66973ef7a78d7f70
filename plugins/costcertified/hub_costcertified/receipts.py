"""What CostCertified is told of its invoices and payments."""

import datetime as dt

from hub_costcertified import invoices, payments

TOLD = {invoices.PREFIX: invoices.THINGS, payments.PREFIX: payments.THINGS}


def report(source, document, receipt):
    """Writes a receipt to its row; one that CostCertified has a newer one for is not wanted any more."""
    prefix, colon, id = document.source_id.partition(":")
    things = TOLD.get(prefix + colon)
    if not things or source.set_status(things, id, _status(receipt, int(document.version))):
        return
    now = source.one(things, id)
    if now and now["version"] != int(document.version):
        source.set_status(things, id, _status(receipt, now["version"]))


def _status(receipt, version):
    status = {
        "state": receipt.state,
        "system": "quickbooks_online",
        "external_id": receipt.id,
        "external_number": receipt.number,
        "external_url": receipt.url,
        "message": receipt.message,
        "at": receipt.at.astimezone(dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "version": version,
    }
    return {name: value for name, value in status.items() if value is not None}

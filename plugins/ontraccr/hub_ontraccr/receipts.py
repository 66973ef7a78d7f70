"""Receipts to Ontraccr: the state of payables, and the links of records that the hub created."""

from hub import Document, Receipt, Retry, Row, format_moment
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.payables import PREFIX
from hub_ontraccr.profiles import RECORD_TYPES

MAX_TRIES = 3  # each for a newer version of the payable
STATE_NAMES = {"changed": "changed_in_ledger", "missing": "missing_in_ledger"}


def report(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """Report the state of a payable, or link the profile that a record was created for."""
    if document.source_id.startswith(PREFIX):
        _report_payable(source, document, receipt)
    else:
        _link_profile(source, document, receipt)


def _report_payable(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """Report a state to a payable.

    Ontraccr refuses a state for an older version of the payable than its own. Then report it for
    the current version. If that is the same, Ontraccr knows a newer state.
    """
    id = document.source_id.removeprefix(PREFIX)
    version = int(document.version or 0)
    for _ in range(MAX_TRIES):
        if source.set_status(id, _build_status(receipt, version)):
            return
        row = source.payable(id)
        if not row or row[names.Payable.VERSION] == version:
            return
        version = row[names.Payable.VERSION]
    raise Retry("Payable %(id)s changed in Ontraccr while the hub wrote to it.", id=id)


def _link_profile(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """Link a profile to the record that the hub created for it."""
    kind, _, id = document.source_id.partition(":")
    if kind not in RECORD_TYPES or not document.details:
        return
    if receipt.state == "posted" and receipt.id:
        name = document.details.name
        source.link(kind, id, receipt.id, name, RECORD_TYPES[kind])


def _build_status(receipt: Receipt, version: int) -> Row:
    """Return the fields of a receipt in Ontraccr's API."""
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

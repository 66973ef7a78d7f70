"""Receipts to Harvest: a message on an invoice that is in QuickBooks."""

from hub import Document, Receipt, Site
from hub_harvest.client import Harvest


def report(site: Site, source: Harvest, document: Document, receipt: Receipt) -> None:
    """Add a message to the invoice, once.

    The messages of the invoice are read first, because an earlier call may have added it although
    its response was lost.
    """
    address = site.settings["receipt_address"]
    kind, _, id = document.source_id.partition(":")
    if kind != "invoice" or not address:
        return
    number = receipt.number or document.number
    subject = f"Invoice {number} is in QuickBooks"
    earlier_subjects = (message["subject"] for message in source.messages(id))
    if subject in earlier_subjects:
        return
    body = f"It was posted to QuickBooks with the id {receipt.id}. {receipt.url or ''}"
    message = {
        "recipients": [{"email": address}],
        "subject": subject,
        "body": body.strip(),
    }
    source.add_message(id, message)

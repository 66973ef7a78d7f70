"""Tell people in Harvest that an invoice is in QuickBooks."""

from hub import Document, Receipt, Site
from hub_harvest.client import Harvest


def report(site: Site, source: Harvest, document: Document, receipt: Receipt) -> None:
    """Add a message to the invoice, once.

    Harvest adds a message twice if it is asked twice, so the messages of the invoice are read
    first: an earlier call may have arrived although its answer was lost.
    """
    address = site.settings["receipt_address"]
    kind, _, id = document.source_id.partition(":")
    if kind != "invoice" or not address:
        return
    subject = f"Invoice {receipt.number or document.number} is in QuickBooks"
    if any(message["subject"] == subject for message in source.messages(id)):
        return
    body = f"It was posted to QuickBooks with the id {receipt.id}. {receipt.url or ''}".strip()
    source.add_message(id, {"recipients": [{"email": address}], "subject": subject, "body": body})

"""Receipts to ION: the number of an order in QuickBooks, on the order."""

from hub import Document, Receipt, Site
from hub_ion.client import Ion
from hub_ion.orders import PREFIX
from hub_ion.references import is_imported


def report(site: Site, source: Ion, document: Document, receipt: Receipt) -> None:
    """Write the number of a posted order to it, if the settings want it.

    An order that was made in QuickBooks and imported into ION names its number already.
    """
    location = site.settings["write_back"]
    if location == "no" or document.kind != "purchase_order":
        return
    if receipt.state != "posted" or is_imported(document.facts.get("Reference")):
        return
    id = document.source_id.removeprefix(PREFIX)
    key = site.settings["write_back_attribute"] if location == "attribute" else ""
    number = receipt.number or receipt.id or ""
    source.write_number(id, key, number)

"""Why an e-invoice waits for a person: its sums are wrong, or what it changes is unclear."""

from hub import Sentence
from hub_files.e_invoice import EInvoice
from hub_files.invoice_checks import check_e_invoice
from hub_files.invoice_types import CREDIT_NOTE


def find_hold(invoice: EInvoice) -> str | None:
    """Return why an e-invoice waits for a person, or None."""
    return _find_wrong_sums(invoice) or _find_negative_credit(invoice) or _find_replaced(invoice)


def is_credit_note(invoice: EInvoice) -> bool:
    """Return whether a document is a credit note, not an invoice."""
    return invoice.kind == CREDIT_NOTE.kind


def _find_wrong_sums(invoice: EInvoice) -> str | None:
    """Return a hold that names the wrong sums of an e-invoice; None if all are correct."""
    findings = list(map(str, check_e_invoice(invoice)))
    if not findings:
        return None
    sums = " ".join(findings)
    return Sentence("%(sums)s Ask the sender for a corrected e-invoice and upload it.", sums=sums)


def _find_negative_credit(invoice: EInvoice) -> str | None:
    """Return a hold for a credit note with a negative total; None for any other document.

    Some senders write the amounts of every credit note as negative, others take back a credit.
    """
    if not is_credit_note(invoice) or invoice.totals.tax_inclusive >= 0:
        return None
    return Sentence(
        "The credit note has a negative total, so that it may be a credit, or take one back. Ask"
        " the sender for a corrected e-invoice and upload it; or enter it in QuickBooks, and press"
        " Skip."
    )


def _find_replaced(invoice: EInvoice) -> str | None:
    """Return a hold for a corrected invoice with a number of its own; None for any other document.

    The invoice that it replaces has another id, and would be in the books as well.
    """
    if invoice.corrected_number in (None, invoice.number):
        return None
    replaced = Sentence("invoice %(number)s", number=invoice.corrected_number)
    return Sentence(
        "It is a corrected invoice in place of %(replaced)s, which may be in the books. Ask the"
        " sender for a credit note and a new invoice; or correct that one in QuickBooks by hand,"
        " and press Skip.",
        replaced=replaced if invoice.corrected_number else Sentence("an earlier invoice"),
    )

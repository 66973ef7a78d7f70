"""Why an e-invoice waits for a person.

Its sums are wrong, what it changes is unclear, or its amount may be in the books already.
"""

from hub import Sentence, Site
from hub_files.e_invoice import EInvoice
from hub_files.invoice_checks import check_e_invoice
from hub_files.invoice_types import CORRECTED_INVOICE_TYPE, CREDIT_NOTE, PREPAYMENT_TYPE

MAX_NUMBERS_IN_MESSAGE = 5
MAX_SUMS_IN_MESSAGE = 10


def find_hold(site: Site, invoice: EInvoice) -> str | None:
    """Return why an e-invoice waits for a person, or None."""
    return (
        _find_wrong_sums(invoice)
        or _find_negative_credit(invoice)
        or _find_replaced(invoice)
        or _find_prepayment(invoice)
        or _find_prepaid(site, invoice)
    )


def is_credit_note(invoice: EInvoice) -> bool:
    """Return whether a document is a credit note, not an invoice."""
    return invoice.kind == CREDIT_NOTE.kind


def _find_wrong_sums(invoice: EInvoice) -> str | None:
    """Return a hold that names the wrong sums of an e-invoice; None if all are correct."""
    findings = list(map(str, check_e_invoice(invoice)))
    if not findings:
        return None
    sums = " ".join(findings[:MAX_SUMS_IN_MESSAGE])
    if len(findings) > MAX_SUMS_IN_MESSAGE:
        return Sentence(
            "%(sums)s %(count)s more of its sums are wrong. Ask the sender for a corrected"
            " e-invoice and upload it.",
            sums=sums,
            count=len(findings) - MAX_SUMS_IN_MESSAGE,
        )
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
    if invoice.type_code != CORRECTED_INVOICE_TYPE:
        return None
    number = invoice.preceding_numbers[0] if invoice.preceding_numbers else ""
    if number == invoice.number:
        return None
    earlier_invoice = Sentence("invoice %(number)s", number=number)
    return Sentence(
        "It is a corrected invoice in place of %(replaced)s, which may be in the books. Ask the"
        " sender for a credit note and a new invoice; or correct that one in QuickBooks by hand,"
        " and press Skip.",
        replaced=earlier_invoice if number else Sentence("an earlier invoice"),
    )


def _find_prepayment(invoice: EInvoice) -> str | None:
    """Return a hold for an invoice for a prepayment; None for any other document.

    The final invoice has the whole amount, with what was prepaid.
    """
    if invoice.type_code != PREPAYMENT_TYPE:
        return None
    return Sentence(
        "It is an invoice for a prepayment, and the final invoice has the same amount again. Enter"
        " the prepayment in QuickBooks, and press Skip."
    )


def _find_prepaid(site: Site, invoice: EInvoice) -> str | None:
    """Return a hold for an invoice of which a part was paid before; None for any other document.

    The total (BT-112) contains the part that was paid before (BT-113). What has an invoice of its
    own would be in the books twice. Without one, as after a payment by card, the total is right.
    """
    if not invoice.totals.prepaid or is_credit_note(invoice):
        return None
    prepaid_amount = f"{invoice.currency} {invoice.totals.prepaid}"
    numbers = [number for number in invoice.preceding_numbers if number != invoice.number]
    if numbers:
        return Sentence(
            "%(paid)s was paid before, and it refers to %(numbers)s, which may be in the books with"
            " that amount. Enter in QuickBooks what is missing there, and press Skip.",
            paid=prepaid_amount,
            numbers=", ".join(numbers[:MAX_NUMBERS_IN_MESSAGE]),
        )
    if site.settings["prepaid"] == "post":
        return None
    return Sentence(
        "%(paid)s was paid before. An invoice for that amount may be in the books, and this one"
        " has it again. If there is none, choose in the settings of Files to post such e-invoices"
        " in full. Otherwise enter in QuickBooks what is missing there, and press Skip.",
        paid=prepaid_amount,
    )

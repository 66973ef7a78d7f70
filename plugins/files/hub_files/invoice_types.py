"""The types of e-invoices that are read: invoices and credit notes of Peppol."""

from typing import NamedTuple

from hub import Sentence
from hub_files.invoice_node import UBL, InvoiceNode, build_problem

SPECIFICATION = "urn:cen.eu:en16931:2017"  # Peppol BIS Billing 3.0 and EHF 3 begin with it (BT-24)
INVOICE_TYPES = (  # that Peppol allows; credit notes and self-billed invoices are not among them
    "71 80 82 84 102 218 219 326 331 380 382 383 384 386 388 393 395 553 575 623 780 817 870 875"
    " 876 877"
)
CREDIT_NOTE_TYPES = "81 83 381 396 532"
SELF_BILLED_TYPES = ("389", "261")  # an invoice and a credit note that the customer writes
CORRECTED_INVOICE_TYPE = "384"
PREPAYMENT_TYPE = "386"


class DocumentForm(NamedTuple):
    """A kind of document; `element` is the prefix in the names of other elements."""

    kind: str
    element: str
    quantity_path: str
    type_codes: str


INVOICE = DocumentForm("invoice", "Invoice", "cbc:InvoicedQuantity", INVOICE_TYPES)
CREDIT_NOTE = DocumentForm("credit_note", "CreditNote", "cbc:CreditedQuantity", CREDIT_NOTE_TYPES)
FORMS_BY_TAG = {
    f"{{{UBL}:Invoice-2}}Invoice": INVOICE,
    f"{{{UBL}:CreditNote-2}}CreditNote": CREDIT_NOTE,
}


def read_type(root: InvoiceNode, form: DocumentForm) -> str:
    """Return the type; raise an error for other specifications, such as EHF 2, or other types."""
    specification = root.text("cbc:CustomizationID") or "no specification"
    if not specification.startswith(SPECIFICATION):
        raise build_problem(
            Sentence(
                "Peppol BIS Billing 3.0 or EHF 3 is expected, and it is “%(specification)s”",
                specification=specification,
            )
        )
    path = f"cbc:{form.element}TypeCode"
    code = root.require(path, Sentence("document type"))
    if code in SELF_BILLED_TYPES:
        raise ValueError(
            Sentence(
                "Type “%(code)s” (%(path)s) is self-billed: the customer writes it for the"
                " supplier. Files does not read it; enter it in QuickBooks.",
                code=code,
                path=path,
            )
        )
    if code not in form.type_codes.split():
        raise build_problem(
            Sentence(
                "Type “%(code)s” (%(path)s) is not a type of invoice or credit note in Peppol",
                code=code,
                path=path,
            )
        )
    return code

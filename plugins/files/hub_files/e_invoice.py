"""E-invoices in UBL 2.1, as Peppol BIS Billing 3.0 and EHF 3 use it: invoices and credit notes.

The names of elements are those of UBL; BT and BG in comments are the terms of EN 16931.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMESPACES = {"cac": f"{UBL}:CommonAggregateComponents-2", "cbc": f"{UBL}:CommonBasicComponents-2"}
# The root element of each kind of document, with the names of its lines and of their quantity.
INVOICE = f"{{{UBL}:Invoice-2}}Invoice"
CREDIT_NOTE = f"{{{UBL}:CreditNote-2}}CreditNote"
LINES = {
    INVOICE: ("cac:InvoiceLine", "cbc:InvoicedQuantity"),
    CREDIT_NOTE: ("cac:CreditNoteLine", "cbc:CreditedQuantity"),
}
ZERO, ONE = Decimal(0), Decimal(1)
Element = Any  # lxml brings no types


@dataclass(frozen=True, slots=True)
class Party:
    """The seller or the buyer; `ids` are its registration, VAT and electronic addresses."""

    name: str
    ids: tuple[str, ...]
    email: str
    country: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance or, if `is_charge`, a charge, on a line or on the whole document."""

    is_charge: bool
    amount: Decimal
    reason: str
    tax_category: str
    tax_rate: Decimal

    @property
    def net(self) -> Decimal:
        """Return what it adds to the amount: an allowance is negative."""
        return self.amount if self.is_charge else -self.amount


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line (BG-25); `amount` is without VAT, after its allowances and charges (BT-131)."""

    id: str
    name: str
    description: str
    quantity: Decimal
    price: Decimal  # of `price_quantity` units
    price_quantity: Decimal
    amount: Decimal
    tax_category: str
    tax_rate: Decimal
    account: str  # the buyer's accounting reference (BT-133)
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """The VAT of one category and rate (BG-23)."""

    category: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a document (BG-22), by the names of UBL."""

    lines: Decimal
    allowances: Decimal
    charges: Decimal
    without_tax: Decimal
    tax: Decimal
    with_tax: Decimal
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file inside an e-invoice."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An invoice or a credit note."""

    is_credit_note: bool
    number: str
    date: dt.date
    due: dt.date | None
    currency: str
    note: str
    buyer_reference: str
    order: str
    account: str  # the buyer's accounting reference of the whole document (BT-19)
    payment_reference: str
    seller: Party
    buyer: Party
    lines: tuple[InvoiceLine, ...]
    allowances: tuple[Allowance, ...]
    tax_subtotals: tuple[TaxSubtotal, ...]
    totals: Totals


def read_e_invoice(content: bytes) -> EInvoice:
    """Return the invoice or credit note in a file; raise ValueError with a sentence if none is."""
    root = _parse(content)
    line_path, quantity_path = LINES[root.tag]
    is_credit_note = root.tag == CREDIT_NOTE
    due = _text(root, "cbc:DueDate") or _text(root, "cac:PaymentMeans/cbc:PaymentDueDate")
    currency = _required(root, "cbc:DocumentCurrencyCode")
    lines = [_line(element, quantity_path) for element in _all(root, line_path)]
    if not lines:
        raise ValueError("It has no lines. Ask its sender for a complete one.")
    return EInvoice(
        is_credit_note=is_credit_note,
        number=_required(root, "cbc:ID"),
        date=_date(_required(root, "cbc:IssueDate")),
        due=_date(due) if due else None,
        currency=currency,
        note=_text(root, "cbc:Note"),
        buyer_reference=_text(root, "cbc:BuyerReference"),
        order=_text(root, "cac:OrderReference/cbc:ID"),
        account=_text(root, "cbc:AccountingCost"),
        payment_reference=_text(root, "cac:PaymentMeans/cbc:PaymentID"),
        seller=_party(root, "cac:AccountingSupplierParty/cac:Party"),
        buyer=_party(root, "cac:AccountingCustomerParty/cac:Party"),
        lines=tuple(lines),
        allowances=tuple(_allowances(root)),
        tax_subtotals=tuple(_tax_subtotals(root, currency)),
        totals=_totals(root, currency),
    )


def embedded_files(content: bytes) -> Iterator[EmbeddedFile]:
    """Yield the files inside an e-invoice, such as a PDF; one that is damaged is left out."""
    path = "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    for element in _all(_parse(content), path):
        try:
            decoded = base64.b64decode("".join((element.text or "").split()), validate=True)
        except binascii.Error:
            continue
        name = element.get("filename") or "attachment"
        yield EmbeddedFile(name, element.get("mimeCode") or "application/octet-stream", decoded)


def _parse(content: bytes) -> Element:
    """Return the root of a UBL document; no entity is resolved and nothing is loaded."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"It is not XML: {error.msg}. Ask its sender for it again.") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("It declares a document type, which no e-invoice has.")
    if root.tag not in LINES:
        name = etree.QName(root).localname
        raise ValueError(f"Its root is {name}, and not an invoice or credit note in UBL 2.1.")
    return root


def _party(root: Element, path: str) -> Party:
    """Return a party by its legal name, else by the name that it trades under."""
    element = root.find(path, NAMESPACES)
    if element is None:
        raise ValueError(f"It lacks {path.partition('/')[0]}. Ask its sender for a complete one.")
    legal_name = _text(element, "cac:PartyLegalEntity/cbc:RegistrationName")
    name = legal_name or _text(element, "cac:PartyName/cbc:Name")
    if not name:
        raise ValueError(f"It lacks a name in {path.partition('/')[0]}. Ask its sender for one.")
    ids = [
        _text(element, "cac:PartyLegalEntity/cbc:CompanyID"),
        _text(element, "cac:PartyTaxScheme/cbc:CompanyID"),
        _text(element, "cbc:EndpointID"),
        _text(element, "cac:PartyIdentification/cbc:ID"),
    ]
    return Party(
        name=name,
        ids=tuple(dict.fromkeys(id for id in ids if id)),
        email=_text(element, "cac:Contact/cbc:ElectronicMail"),
        country=_text(element, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
    )


def _line(element: Element, quantity_path: str) -> InvoiceLine:
    """Return one line."""
    price = element.find("cac:Price", NAMESPACES)
    tax = element.find("cac:Item/cac:ClassifiedTaxCategory", NAMESPACES)
    return InvoiceLine(
        id=_required(element, "cbc:ID"),
        name=_text(element, "cac:Item/cbc:Name"),
        description=_text(element, "cac:Item/cbc:Description"),
        quantity=_amount(element, quantity_path, ONE),
        price=_amount(price, "cbc:PriceAmount", ZERO),
        price_quantity=_amount(price, "cbc:BaseQuantity", ONE) or ONE,
        amount=_required_amount(element, "cbc:LineExtensionAmount"),
        tax_category=_text(tax, "cbc:ID"),
        tax_rate=_amount(tax, "cbc:Percent", ZERO),
        account=_text(element, "cbc:AccountingCost"),
        allowances=tuple(_allowances(element)),
    )


def _allowances(element: Element) -> Iterator[Allowance]:
    """Yield the allowances and charges of a line or of the document."""
    for one in _all(element, "cac:AllowanceCharge"):
        yield Allowance(
            is_charge=_text(one, "cbc:ChargeIndicator") in ("true", "1"),
            amount=_required_amount(one, "cbc:Amount"),
            reason=_text(one, "cbc:AllowanceChargeReason"),
            tax_category=_text(one, "cac:TaxCategory/cbc:ID"),
            tax_rate=_amount(one, "cac:TaxCategory/cbc:Percent", ZERO),
        )


def _tax_subtotals(root: Element, currency: str) -> Iterator[TaxSubtotal]:
    """Yield the VAT of each category and rate, in the currency of the document."""
    for one in _all(root, "cac:TaxTotal/cac:TaxSubtotal"):
        if _currency_of(one, "cbc:TaxAmount") not in ("", currency):
            continue
        yield TaxSubtotal(
            category=_text(one, "cac:TaxCategory/cbc:ID"),
            rate=_amount(one, "cac:TaxCategory/cbc:Percent", ZERO),
            taxable=_required_amount(one, "cbc:TaxableAmount"),
            tax=_required_amount(one, "cbc:TaxAmount"),
        )


def _totals(root: Element, currency: str) -> Totals:
    """Return the totals; a second tax total is that of the currency of the tax authority."""
    totals = root.find("cac:LegalMonetaryTotal", NAMESPACES)
    if totals is None:
        raise ValueError("It lacks cac:LegalMonetaryTotal. Ask its sender for a complete one.")
    tax = ZERO
    for one in _all(root, "cac:TaxTotal"):
        if _currency_of(one, "cbc:TaxAmount") in ("", currency):
            tax += _required_amount(one, "cbc:TaxAmount")
    return Totals(
        lines=_required_amount(totals, "cbc:LineExtensionAmount"),
        allowances=_amount(totals, "cbc:AllowanceTotalAmount", ZERO),
        charges=_amount(totals, "cbc:ChargeTotalAmount", ZERO),
        without_tax=_required_amount(totals, "cbc:TaxExclusiveAmount"),
        tax=tax,
        with_tax=_required_amount(totals, "cbc:TaxInclusiveAmount"),
        prepaid=_amount(totals, "cbc:PrepaidAmount", ZERO),
        rounding=_amount(totals, "cbc:PayableRoundingAmount", ZERO),
        payable=_required_amount(totals, "cbc:PayableAmount"),
    )


# -- elements --------------------------------------------------------------------------------------


def _all(element: Element, path: str) -> list[Element]:
    return list(element.findall(path, NAMESPACES))


def _text(element: Element | None, path: str) -> str:
    """Return the text of an element, empty if there is none."""
    text = None if element is None else element.findtext(path, namespaces=NAMESPACES)
    return " ".join((text or "").split())


def _currency_of(element: Element, path: str) -> str:
    """Return the currency of an amount, empty if it has none."""
    amount = element.find(path, NAMESPACES)
    return "" if amount is None else amount.get("currencyID", "")


def _required(element: Element, path: str) -> str:
    text = _text(element, path)
    if not text:
        raise ValueError(f"It lacks {path}. Ask its sender for a complete one.")
    return text


def _required_amount(element: Element, path: str) -> Decimal:
    return _to_decimal(path, _required(element, path))


def _amount(element: Element | None, path: str, default: Decimal) -> Decimal:
    text = _text(element, path)
    return _to_decimal(path, text) if text else default


def _to_decimal(path: str, text: str) -> Decimal:
    """Return a number of XML; raise ValueError for anything else, such as "1e5" or "NaN"."""
    try:
        if set(text) <= set("+-.0123456789"):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise ValueError(f"Its {path} “{text}” is no amount. Ask its sender for a correct one.")


def _date(text: str) -> dt.date:
    """Return a date of XML, which may have a time zone after it."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"Its date “{text}” is none. Ask its sender for a correct one.") from None

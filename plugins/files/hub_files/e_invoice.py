"""E-invoices in UBL 2.1 as Peppol BIS Billing 3.0 and EHF 3 use it: invoices and credit notes.

The paths are those of UBL; BT and BG in comments are the terms of EN 16931.
"""

import base64
import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from hub import Sentence
from hub_files.invoice_node import Element, InvoiceNode, build_problem, to_date
from hub_files.invoice_types import FORMS_BY_TAG, read_type

RESOURCE_LIMIT_EXCEEDED = 114  # the code of libxml2
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class EInvoiceParty:
    """The supplier or the customer; absent details are empty."""

    name: str
    registration_id: str
    vat_id: str
    endpoint_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance or, if `is_charge`, a charge, on a line or on the whole document."""

    is_charge: bool
    amount: Decimal
    reason: str
    vat_category: str
    vat_percent: Decimal | None

    @property
    def signed_amount(self) -> Decimal:
        """Return the amount of a charge, or the negative amount of an allowance."""
        return self.amount if self.is_charge else -self.amount


@dataclass(frozen=True, slots=True)
class EInvoiceLine:
    """A line (BG-25); `amount` has no VAT and contains the line's allowances and charges."""

    id: str
    name: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal  # of `base_quantity` units
    base_quantity: Decimal
    amount: Decimal
    vat_category: str
    vat_percent: Decimal | None
    allowances: tuple[Allowance, ...]
    seller_item_id: str
    accounting_cost: str


@dataclass(frozen=True, slots=True)
class VatSubtotal:
    """The VAT of one category and percentage (BG-23)."""

    taxable: Decimal
    tax: Decimal
    category: str
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class EInvoiceTotals:
    """The totals of the document (BG-22); an optional one that is absent is zero."""

    line_extension: Decimal
    allowance: Decimal
    charge: Decimal
    tax_exclusive: Decimal
    tax: Decimal
    tax_inclusive: Decimal
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """An account to pay to, and the reference that the payment has to carry."""

    account_id: str
    payment_reference: str


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file inside the document."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An invoice or a credit note; the amounts of a credit note are positive, too."""

    kind: str  # "invoice" or "credit_note"
    type_code: str
    number: str
    issue_date: dt.date
    due_date: dt.date | None
    currency: str
    buyer_reference: str
    order_reference: str
    accounting_cost: str
    note: str
    supplier: EInvoiceParty
    customer: EInvoiceParty
    lines: tuple[EInvoiceLine, ...]
    allowances: tuple[Allowance, ...]
    vat_subtotals: tuple[VatSubtotal, ...]
    totals: EInvoiceTotals
    payment_means: tuple[PaymentMeans, ...]
    embedded_files: tuple[EmbeddedFile, ...]
    preceding_numbers: tuple[str, ...]  # of the invoices that it refers to (BG-3)


def read_e_invoice(content: bytes) -> EInvoice:
    """Return the invoice or credit note in a file; raise ValueError if there is none."""
    element = _parse(content)
    form = FORMS_BY_TAG[element.tag]
    currency = InvoiceNode(element, "").require("cbc:DocumentCurrencyCode", Sentence("currency"))
    root = InvoiceNode(element, currency)
    type_code = read_type(root, form)
    lines = root.nodes(f"cac:{form.element}Line")
    if not lines:
        raise build_problem(
            Sentence("The e-invoice has no line (cac:%(element)sLine)", element=form.element)
        )
    due = root.text("cbc:DueDate") or root.text("cac:PaymentMeans/cbc:PaymentDueDate")
    supplier = _read_party(root, "cac:AccountingSupplierParty/cac:Party")
    if not supplier.name:
        raise build_problem(
            Sentence("The e-invoice has no supplier name (cac:AccountingSupplierParty)")
        )
    return EInvoice(
        kind=form.kind,
        type_code=type_code,
        number=root.require("cbc:ID", Sentence("invoice number")),
        issue_date=to_date(
            root.require("cbc:IssueDate", Sentence("issue date")), Sentence("issue date")
        ),
        due_date=to_date(due, Sentence("due date")) if due else None,
        currency=root.currency,
        buyer_reference=root.text("cbc:BuyerReference"),
        order_reference=root.text("cac:OrderReference/cbc:ID"),
        accounting_cost=root.text("cbc:AccountingCost"),
        note=root.text("cbc:Note"),
        supplier=supplier,
        customer=_read_party(root, "cac:AccountingCustomerParty/cac:Party"),
        lines=tuple(_read_line(node, form.quantity_path) for node in lines),
        allowances=_read_allowances(root),
        vat_subtotals=_list_vat_subtotals(root),
        totals=_read_totals(root),
        payment_means=tuple(
            PaymentMeans(
                means.text("cac:PayeeFinancialAccount/cbc:ID"), means.text("cbc:PaymentID")
            )
            for means in root.nodes("cac:PaymentMeans")
        ),
        embedded_files=_list_embedded_files(root),
        preceding_numbers=_list_preceding_numbers(root),
    )


def _parse(content: bytes) -> Element:
    """Return the root of a UBL document, without resolving entities or loading other files."""
    from lxml import etree  # only now: it takes 4 MB, and most processes read no e-invoice

    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if error.code == RESOURCE_LIMIT_EXCEEDED:
            raise build_problem(
                Sentence(
                    "The e-invoice is beyond what is safe to read, with a text of more"
                    " than 10 MB (such as an embedded file), more than 256 levels, or"
                    " entities that multiply"
                )
            ) from None
        reason = " ".join((error.msg or "it is empty").split())
        raise build_problem(
            Sentence(
                "An e-invoice in XML is expected, and the file is not (%(reason)s)", reason=reason
            )
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise build_problem(Sentence("The e-invoice declares a DTD, which no e-invoice may have"))
    if root.tag not in FORMS_BY_TAG:
        name = etree.QName(root).localname
        raise build_problem(
            Sentence(
                "An Invoice or CreditNote in UBL 2.1 is expected, and it is “%(name)s”", name=name
            )
        )
    return root


def _list_preceding_numbers(root: InvoiceNode) -> tuple[str, ...]:
    """Return the numbers of the earlier invoices that it corrects or continues, each once.

    A reference without a number is left out.
    """
    references = root.nodes("cac:BillingReference/cac:InvoiceDocumentReference")
    numbers = dict.fromkeys(reference.text("cbc:ID") for reference in references)
    return tuple(filter(None, numbers))


def _read_party(root: InvoiceNode, path: str) -> EInvoiceParty:
    """Return a party with its legal name, or else its trading name."""
    legal_name = root.text(f"{path}/cac:PartyLegalEntity/cbc:RegistrationName")
    vat_ids = [
        scheme.text("cbc:CompanyID")
        for scheme in root.nodes(f"{path}/cac:PartyTaxScheme")
        if scheme.text("cac:TaxScheme/cbc:ID").upper() == "VAT"  # Norway also uses TAX, for a text
    ]
    return EInvoiceParty(
        name=legal_name or root.text(f"{path}/cac:PartyName/cbc:Name"),
        registration_id=root.text(f"{path}/cac:PartyLegalEntity/cbc:CompanyID"),
        vat_id=vat_ids[0] if vat_ids else "",
        endpoint_id=root.text(f"{path}/cbc:EndpointID"),
        email=root.text(f"{path}/cac:Contact/cbc:ElectronicMail"),
    )


def _read_line(node: InvoiceNode, quantity_path: str) -> EInvoiceLine:
    """Return one line."""
    return EInvoiceLine(
        id=node.require("cbc:ID", Sentence("line number")),
        name=node.text("cac:Item/cbc:Name"),
        description=node.text("cac:Item/cbc:Description"),
        quantity=node.decimal(quantity_path, Sentence("quantity"), ONE),
        unit=node.attribute(quantity_path, "unitCode"),
        unit_price=node.decimal("cac:Price/cbc:PriceAmount", Sentence("price"), ZERO),
        base_quantity=node.decimal(
            "cac:Price/cbc:BaseQuantity", Sentence("price base quantity"), ONE
        ),
        amount=node.decimal("cbc:LineExtensionAmount", Sentence("line amount")),
        vat_category=node.text("cac:Item/cac:ClassifiedTaxCategory/cbc:ID"),
        vat_percent=node.percent("cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
        allowances=_read_allowances(node),
        seller_item_id=node.text("cac:Item/cac:SellersItemIdentification/cbc:ID"),
        accounting_cost=node.text("cbc:AccountingCost"),
    )


def _read_allowances(node: InvoiceNode) -> tuple[Allowance, ...]:
    """Return the allowances and charges of a line or of the document."""
    return tuple(
        Allowance(
            is_charge=_is_charge(element),
            amount=element.decimal("cbc:Amount", Sentence("amount of an allowance or charge")),
            reason=element.text("cbc:AllowanceChargeReason"),
            vat_category=element.text("cac:TaxCategory/cbc:ID"),
            vat_percent=element.percent("cac:TaxCategory/cbc:Percent"),
        )
        for element in node.nodes("cac:AllowanceCharge")
    )


def _is_charge(node: InvoiceNode) -> bool:
    """Return whether it is a charge; never guess, because that decides the sign of its amount."""
    indicator = node.text("cbc:ChargeIndicator")
    if indicator not in ("true", "false"):
        raise build_problem(
            Sentence(
                "cbc:ChargeIndicator must be true or false, and it is “%(indicator)s”",
                indicator=indicator,
            )
        )
    return indicator == "true"


def _list_tax_totals(root: InvoiceNode) -> list[InvoiceNode]:
    """Return the tax totals, except the one in the currency of the tax authority (BT-111)."""
    path = "cbc:TaxAmount"
    name = "currencyID"
    currencies = ("", root.currency)
    return [
        total for total in root.nodes("cac:TaxTotal") if total.attribute(path, name) in currencies
    ]


def _list_vat_subtotals(root: InvoiceNode) -> tuple[VatSubtotal, ...]:
    """Return the VAT of each category and percentage."""
    return tuple(
        VatSubtotal(
            taxable=subtotal.decimal("cbc:TaxableAmount", Sentence("taxable amount")),
            tax=subtotal.decimal("cbc:TaxAmount", Sentence("VAT amount")),
            category=subtotal.text("cac:TaxCategory/cbc:ID"),
            percent=subtotal.percent("cac:TaxCategory/cbc:Percent"),
        )
        for total in _list_tax_totals(root)
        for subtotal in total.nodes("cac:TaxSubtotal")
    )


def _read_totals(root: InvoiceNode) -> EInvoiceTotals:
    """Return the totals of the document."""
    path = "cac:LegalMonetaryTotal/cbc:"
    taxes = [
        total.decimal("cbc:TaxAmount", Sentence("VAT amount")) for total in _list_tax_totals(root)
    ]
    return EInvoiceTotals(
        line_extension=root.decimal(f"{path}LineExtensionAmount", Sentence("sum of the lines")),
        allowance=root.decimal(
            f"{path}AllowanceTotalAmount", Sentence("sum of the allowances"), ZERO
        ),
        charge=root.decimal(f"{path}ChargeTotalAmount", Sentence("sum of the charges"), ZERO),
        tax_exclusive=root.decimal(f"{path}TaxExclusiveAmount", Sentence("total without VAT")),
        tax=sum(taxes, ZERO),
        tax_inclusive=root.decimal(f"{path}TaxInclusiveAmount", Sentence("total with VAT")),
        prepaid=root.decimal(f"{path}PrepaidAmount", Sentence("prepaid amount"), ZERO),
        rounding=root.decimal(f"{path}PayableRoundingAmount", Sentence("rounding amount"), ZERO),
        payable=root.decimal(f"{path}PayableAmount", Sentence("amount due")),
    )


def _list_embedded_files(root: InvoiceNode) -> tuple[EmbeddedFile, ...]:
    """Return the files inside the document; raise an error if one is damaged."""
    path = "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    files = []
    for node in root.nodes(path):
        name = re.split(r"[\\/]", node.attribute(".", "filename"))[-1] or "attachment"
        try:
            content = base64.b64decode(node.text(".").replace(" ", ""), validate=True)
        except ValueError:
            raise build_problem(
                Sentence("The embedded file “%(name)s” is damaged", name=name)
            ) from None
        files.append(EmbeddedFile(name, node.attribute(".", "mimeCode"), content))
    return tuple(files)

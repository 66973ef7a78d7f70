"""An e-invoice as the document that it is to become."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from hub import (
    Attachment,
    Document,
    Kind,
    Line,
    Party,
    ReceivedFile,
    Refused,
    Sentence,
    Site,
    Unreadable,
    readable,
)
from hub_files import e_invoice
from hub_files.columns import BILLS, INVOICES
from hub_files.e_invoice import Allowance, EInvoice, EInvoiceLine, EInvoiceParty
from hub_files.identity import digest_of, document_id
from hub_files.invoice_checks import check_e_invoice
from hub_files.lines import line_codes, missing_default, party_code
from hub_files.values import rate_name

ZERO, CENT = Decimal(0), Decimal("0.01")
MAX_PRICE_DECIMALS = 6
XML = "application/xml"
XML_ID = "file"
# Standard VAT, and the taxes in its place on the Canary Islands and in Ceuta and Melilla: which of
# them it is follows from the percentage. Without a category only the percentage is known.
CATEGORIES_BY_RATE = ("S", "L", "M", "")
# The kinds of a purchase and of a sale, each with that of its credit.
KINDS: dict[str, tuple[Kind, Kind]] = {
    BILLS: ("bill", "vendor_credit"),
    INVOICES: ("invoice", "credit_memo"),
}
# How the ids of e-invoices begin, and those of credit notes. Also a negative invoice, which becomes
# a credit, has a number among those of the invoices.
ID_PREFIXES: dict[str, tuple[str, str]] = {
    BILLS: (BILLS, "vendor_credit"),
    INVOICES: (INVOICES, "credit_memo"),
}


class TaxedPart(NamedTuple):
    """A line, allowance or charge with the category and rate of its VAT."""

    amount: Decimal
    category: str
    rate: Decimal


def source_id(site: Site, invoice: EInvoice) -> str:
    """Return the id of an e-invoice: the other party by its first number, and the document's."""
    holds = _decide_direction(site, invoice)
    party = _other_party(holds, invoice)
    prefix = ID_PREFIXES[holds][_is_credit_note(invoice)]
    return document_id(prefix, _first_id(party) or party.name, invoice.number)


def read_document(site: Site, file: ReceivedFile, content: bytes) -> Document | Unreadable:
    """Return the document of an accepted e-invoice."""
    return readable(f"file:{file.digest[:32]}", _build_document, site, file, content)


def read_attachment(content: bytes, attachment: Attachment) -> bytes:
    """Return the file itself, or the embedded file with the id of an attachment."""
    if attachment.id.startswith(XML_ID):
        return content
    for file in e_invoice.read_e_invoice(content).embedded_files:
        if _id_of(file) == attachment.id:
            return file.content
    raise Refused("The e-invoice has no file %(name)s any more.", name=attachment.name)


def _build_document(site: Site, file: ReceivedFile, content: bytes) -> Document:
    """Return the document of an e-invoice; wrong sums hold it."""
    invoice = e_invoice.read_e_invoice(content)
    holds = _decide_direction(site, invoice)
    other = _other_party(holds, invoice)
    is_negative = invoice.totals.tax_inclusive < 0
    sign = -1 if is_negative else 1
    lines = list(_iter_lines(site, holds, invoice, sign))
    party = Party(
        name=other.name,
        email=other.email or None,
        currency=invoice.currency,
        number=other.registration_id or other.vat_id or None,
    )
    id = source_id(site, invoice)
    return Document(
        kind=KINDS[holds][_is_credit_note(invoice) != is_negative],
        source_id=id,
        version=file.digest[:16],
        hold=_find_wrong_sums(invoice) or missing_default(holds, lines),
        date=invoice.issue_date,
        due=invoice.due_date,
        number=invoice.number,
        memo=invoice.note or None,
        currency=invoice.currency,
        codes=party_code(holds, _first_id(other) or other.name.casefold(), party),
        lines=tuple(lines),
        total=(invoice.totals.tax_inclusive + invoice.totals.rounding) * sign,
        tax_total=invoice.totals.tax * sign,
        attachments=tuple(_iter_attachments(site, file, invoice)),
        warnings=_collect_warnings(invoice),
        facts=_collect_facts(file, invoice),
    )


def _is_credit_note(invoice: EInvoice) -> bool:
    """Return whether a document is a credit note, not an invoice."""
    return invoice.kind == e_invoice.CREDIT_NOTE.kind


def _decide_direction(site: Site, invoice: EInvoice) -> str:
    """Return whether it is a sale or a purchase: a sale if the seller has one of our numbers."""
    own_ids = site.settings["own_ids"].split(",")
    own_numbers = {_plain_number(id) for id in own_ids if id.strip()}
    sellers = {_plain_number(id) for id in _party_numbers(invoice.supplier)}
    return INVOICES if own_numbers & sellers else BILLS


def _party_numbers(party: EInvoiceParty) -> list[str]:
    """Return the numbers of a party, that of the register of companies first."""
    numbers = (party.registration_id, party.vat_id, party.endpoint_id)
    return list(filter(None, numbers))


def _first_id(party: EInvoiceParty) -> str:
    """Return the number that identifies a party; empty if it has none."""
    numbers = _party_numbers(party)
    return numbers[0] if numbers else ""


def _plain_number(id: str) -> str:
    """Return a number as letters and digits: "NO 987 654 321 MVA" is "NO987654321MVA"."""
    characters = filter(str.isalnum, id.upper())
    return "".join(characters)


def _other_party(holds: str, invoice: EInvoice) -> EInvoiceParty:
    """Return the supplier of a bill or the customer of an invoice; raise ValueError without one."""
    party = invoice.supplier if holds == BILLS else invoice.customer
    if not party.name:
        raise ValueError(
            Sentence("The e-invoice names no customer; ask the sender for a correct e-invoice.")
        )
    return party


# -- lines -----------------------------------------------------------------------------------------


def _iter_lines(site: Site, holds: str, invoice: EInvoice, sign: int) -> Iterator[Line]:
    """Yield the lines, then the allowances and charges of the whole document, then its rounding."""
    taxes = _tax_amounts(invoice, _taxed_parts(invoice))
    line_taxes = taxes[: len(invoice.lines)]
    allowance_taxes = taxes[len(invoice.lines) :]
    for line, tax in zip(invoice.lines, line_taxes, strict=True):
        yield _build_line(site, holds, invoice, line, tax, sign)
    allowances = zip(invoice.allowances, allowance_taxes, strict=True)
    for number, (allowance, tax) in enumerate(allowances, 1):
        yield _build_allowance(site, holds, invoice, allowance, number, tax, sign)
    if invoice.totals.rounding:
        yield Line(
            id="rounding",
            amount=invoice.totals.rounding * sign,
            description="Rounding",
            tax=ZERO,
            codes=line_codes(
                site, holds, accounting_cost=invoice.accounting_cost, tax=rate_name(ZERO)
            ),
        )


def _build_line(
    site: Site, holds: str, invoice: EInvoice, line: EInvoiceLine, tax: Decimal, sign: int
) -> Line:
    """Return a line of the e-invoice with its tax."""
    cost = line.accounting_cost or invoice.accounting_cost
    tax_name = _tax_name(line.vat_category, line.vat_percent)
    return Line(
        id=line.id,
        amount=line.amount * sign,
        quantity=abs(line.quantity),
        unit_price=_price_of_one(line),
        description=line.description or line.name or None,
        tax=tax * sign,
        codes=line_codes(site, holds, accounting_cost=cost, tax=tax_name),
    )


def _build_allowance(
    site: Site,
    holds: str,
    invoice: EInvoice,
    allowance: Allowance,
    number: int,
    tax: Decimal,
    sign: int,
) -> Line:
    """Return an allowance or charge of the whole document as a line."""
    tax_name = _tax_name(allowance.vat_category, allowance.vat_percent)
    return Line(
        id=f"allowance-{number}",
        amount=_net_amount(allowance) * sign,
        description=allowance.reason or ("Charge" if allowance.is_charge else "Allowance"),
        tax=tax * sign,
        codes=line_codes(site, holds, accounting_cost=invoice.accounting_cost, tax=tax_name),
    )


def _tax_name(category: str, percent: Decimal | None) -> str:
    """Return the name of a tax: its percentage, with its category if no rate of its own tells it.

    Reverse charge, exports and exempt sales all have 0 %, and go to different boxes of a VAT
    return.
    """
    rate = rate_name(percent or ZERO)
    if category in CATEGORIES_BY_RATE:
        return rate
    return f"{rate} {category}"


def _taxed_parts(invoice: EInvoice) -> list[TaxedPart]:
    """Return the lines, then the allowances and charges, with the rates of their tax."""
    parts = []
    for line in invoice.lines:
        parts.append(TaxedPart(line.amount, line.vat_category, line.vat_percent or ZERO))
    for part in invoice.allowances:
        parts.append(TaxedPart(_net_amount(part), part.vat_category, part.vat_percent or ZERO))
    return parts


def _net_amount(allowance: Allowance) -> Decimal:
    """Return what an allowance or charge adds to the amount."""
    return allowance.amount if allowance.is_charge else -allowance.amount


def _price_of_one(line: EInvoiceLine) -> Decimal | None:
    """Return the price of one unit; None if it has more digits than a price may have."""
    price = line.unit_price / (line.base_quantity or 1)
    if price != round(price, MAX_PRICE_DECIMALS):
        return None
    return price


def _tax_amounts(invoice: EInvoice, parts: Sequence[TaxedPart]) -> list[Decimal]:
    """Return the tax of each part; those of one category and rate add up to its tax."""
    taxes = [ZERO] * len(parts)
    for subtotal in invoice.vat_subtotals:
        rate = subtotal.percent or ZERO
        places = []
        for place, part in enumerate(parts):
            if (part.category, part.rate) == (subtotal.category, rate):
                places.append(place)
        if not places:
            continue
        for place in places:
            exact = parts[place].amount * rate / 100
            taxes[place] = exact.quantize(CENT)
        taxes[places[-1]] += subtotal.tax - sum(taxes[place] for place in places)
    return taxes


# -- what else a document says ---------------------------------------------------------------------


def _find_wrong_sums(invoice: EInvoice) -> str | None:
    """Return which sums of an e-invoice are wrong, so that it is held; None if all are right."""
    findings = list(map(str, check_e_invoice(invoice)))
    if not findings:
        return None
    sums = " ".join(findings)
    return Sentence("%(sums)s Ask the sender for a corrected e-invoice and upload it.", sums=sums)


def _collect_warnings(invoice: EInvoice) -> tuple[str, ...]:
    """Return what a reviewer should know and QuickBooks has no field for."""
    if not invoice.totals.prepaid:
        return ()
    paid = f"{invoice.currency} {invoice.totals.prepaid}"
    return (Sentence("%(paid)s was paid before. The payment is not posted with it.", paid=paid),)


def _collect_facts(file: ReceivedFile, invoice: EInvoice) -> dict[str, str]:
    """Collect what a reviewer wants to see and QuickBooks has no place for."""
    facts = {
        "File": file.name,
        "Order": invoice.order_reference,
        "Reference": invoice.buyer_reference,
        "Payment reference": _payment_reference(invoice),
    }
    return {label: text for label, text in facts.items() if text}


def _payment_reference(invoice: EInvoice) -> str:
    """Return the references of all means of payment, each once."""
    references = [means.payment_reference for means in invoice.payment_means]
    distinct = dict.fromkeys(filter(None, references))
    return ", ".join(distinct)


def _iter_attachments(site: Site, file: ReceivedFile, invoice: EInvoice) -> Iterator[Attachment]:
    """Yield the files inside an e-invoice, and the e-invoice itself."""
    if not site.settings["attach"]:
        return
    for inner_file in invoice.embedded_files:
        size = len(inner_file.content)
        yield Attachment(
            id=_id_of(inner_file), name=inner_file.name, mime=inner_file.mime_type, size=size
        )
    id = f"{XML_ID}:{file.digest[:32]}"
    yield Attachment(id=id, name=file.name, mime=XML, size=file.size, sha256=file.digest)


def _id_of(file: e_invoice.EmbeddedFile) -> str:
    """Return the id of an embedded file, which follows from its content."""
    return f"embedded:{digest_of(file.content)}"

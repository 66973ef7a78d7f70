"""Build the document of an e-invoice."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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
    round_amount,
)
from hub_files import e_invoice
from hub_files.columns import BILLS, INVOICES
from hub_files.e_invoice import Allowance, EInvoice, EInvoiceLine, EInvoiceParty
from hub_files.identity import VERSION_LENGTH, build_document_id, compute_digest
from hub_files.invoice_holds import find_hold, is_credit_note
from hub_files.lines import build_line_codes, build_party_code, find_missing_default
from hub_files.values import format_rate_name

ZERO, CENT = Decimal(0), Decimal("0.01")
MAX_PRICE_DECIMALS = 6
XML_MIME_TYPE = "application/xml"
XML_ATTACHMENT_ID = "file"
UNREADABLE_PREFIX = "file:"  # of the id of an e-invoice that cannot be read
# Standard VAT, the taxes of the Canary Islands and of Ceuta and Melilla, and no category: their
# percentage alone identifies the tax.
CATEGORIES_BY_RATE = ("S", "L", "M", "")
# The kinds of a purchase and of a sale, each with that of its credit.
KINDS: dict[str, tuple[Kind, Kind]] = {
    BILLS: ("bill", "vendor_credit"),
    INVOICES: ("invoice", "credit_memo"),
}
# The prefixes of the ids of e-invoices and of credit notes. A negative invoice becomes a credit,
# but has the prefix of invoices, because its number is one of an invoice.
ID_PREFIXES: dict[str, tuple[str, str]] = {
    BILLS: (BILLS, "vendor_credit"),
    INVOICES: (INVOICES, "credit_memo"),
}


class TaxedPart(NamedTuple):
    """A line, allowance or charge with the category and rate of its VAT."""

    amount: Decimal
    category: str
    rate: Decimal


def build_source_id(site: Site, invoice: EInvoice) -> str:
    """Return the id of an e-invoice, with the number of the other party and of the document."""
    return _build_id_by_direction(_decide_direction(site, invoice), invoice)


def build_id_of_other_direction(site: Site, invoice: EInvoice) -> str | None:
    """Return the id of a bill as a sale, or of a sale as a bill; None if it can only be one."""
    direction = INVOICES if _decide_direction(site, invoice) == BILLS else BILLS
    try:
        return _build_id_by_direction(direction, invoice)
    except ValueError:  # it names no customer
        return None


def _build_id_by_direction(direction: str, invoice: EInvoice) -> str:
    """Return the id of an e-invoice that is a purchase or a sale."""
    party = _get_other_party(direction, invoice)
    prefix = ID_PREFIXES[direction][is_credit_note(invoice)]
    return build_document_id(prefix, _get_first_id(party) or party.name, invoice.number)


def read_document(site: Site, file: ReceivedFile, content: bytes) -> Document | Unreadable:
    """Return the document of an accepted e-invoice."""
    return readable(build_unreadable_id(file), _build_document, site, file, content)


def build_unreadable_id(file: ReceivedFile) -> str:
    """Return the id of an e-invoice whose own id cannot be read."""
    return f"{UNREADABLE_PREFIX}{file.digest[:32]}"


def read_attachment(content: bytes, attachment: Attachment) -> bytes:
    """Return the file itself, or the embedded file with the id of an attachment."""
    if attachment.id.startswith(XML_ATTACHMENT_ID):
        return content
    for file in e_invoice.read_e_invoice(content).embedded_files:
        if _build_file_id(file) == attachment.id:
            return file.content
    raise Refused("The e-invoice has no file %(name)s any more.", name=attachment.name)


def _build_document(site: Site, file: ReceivedFile, content: bytes) -> Document:
    """Return the document of an e-invoice, on hold if a person has to look at it."""
    invoice = e_invoice.read_e_invoice(content)
    direction = _decide_direction(site, invoice)
    other = _get_other_party(direction, invoice)
    is_negative = invoice.totals.tax_inclusive < 0
    sign = -1 if is_negative else 1
    lines = list(_make_ids_unique(_iter_lines(site, direction, invoice, sign)))
    party = Party(
        name=other.name,
        email=other.email or None,
        currency=invoice.currency,
        number=other.registration_id or other.vat_id or None,
    )
    id = build_source_id(site, invoice)
    return Document(
        kind=KINDS[direction][is_credit_note(invoice) or is_negative],
        source_id=id,
        version=file.digest[:VERSION_LENGTH],
        hold=find_hold(site, invoice) or find_missing_default(direction, lines),
        date=invoice.issue_date,
        due=invoice.due_date,
        number=invoice.number,
        memo=invoice.note or None,
        currency=invoice.currency,
        codes=build_party_code(direction, _get_first_id(other) or other.name.casefold(), party),
        lines=tuple(lines),
        total=(invoice.totals.tax_inclusive + invoice.totals.rounding) * sign,
        tax_total=invoice.totals.tax * sign,
        attachments=tuple(_iter_attachments(site, file, invoice)),
        warnings=_collect_warnings(invoice),
        facts=_collect_facts(file, invoice),
    )


def _decide_direction(site: Site, invoice: EInvoice) -> str:
    """Return INVOICES if the supplier has one of our own numbers, else BILLS."""
    own_ids = site.settings["own_ids"].split(",")
    own_numbers = {_keep_letters_and_digits(id) for id in own_ids if id.strip()}
    sellers = {_keep_letters_and_digits(id) for id in _list_party_numbers(invoice.supplier)}
    return INVOICES if own_numbers & sellers else BILLS


def _list_party_numbers(party: EInvoiceParty) -> list[str]:
    """Return the numbers of a party, its registration number first."""
    numbers = (party.registration_id, party.vat_id, party.endpoint_id)
    return list(filter(None, numbers))


def _get_first_id(party: EInvoiceParty) -> str:
    """Return the number that identifies a party; empty if it has none."""
    numbers = _list_party_numbers(party)
    return numbers[0] if numbers else ""


def _keep_letters_and_digits(id: str) -> str:
    """Return only the letters and digits: "NO987654321MVA" for "NO 987 654 321 MVA"."""
    characters = filter(str.isalnum, id.upper())
    return "".join(characters)


def _get_other_party(direction: str, invoice: EInvoice) -> EInvoiceParty:
    """Return the supplier of a bill or the customer of an invoice; raise ValueError without one."""
    party = invoice.supplier if direction == BILLS else invoice.customer
    if not party.name:
        raise ValueError(
            Sentence("The e-invoice names no customer; ask the sender for a correct e-invoice.")
        )
    return party


# -- lines -----------------------------------------------------------------------------------------


def _iter_lines(site: Site, direction: str, invoice: EInvoice, sign: int) -> Iterator[Line]:
    """Yield the lines, then the allowances and charges of the whole document, then its rounding."""
    taxes = _list_tax_amounts(invoice, _list_taxed_parts(invoice))
    line_taxes = taxes[: len(invoice.lines)]
    allowance_taxes = taxes[len(invoice.lines) :]
    for line, tax in zip(invoice.lines, line_taxes, strict=True):
        yield _build_line(site, direction, invoice, line, tax, sign)
    allowances = zip(invoice.allowances, allowance_taxes, strict=True)
    for number, (allowance, tax) in enumerate(allowances, 1):
        yield _build_allowance(site, direction, invoice, allowance, number, tax, sign)
    if invoice.totals.rounding:
        yield Line(
            id="rounding",
            amount=invoice.totals.rounding * sign,
            description="Rounding",
            tax=ZERO,
            codes=build_line_codes(
                site, direction, accounting_cost=invoice.accounting_cost, tax=format_rate_name(ZERO)
            ),
        )


def _make_ids_unique(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with different ids, because some senders give all lines one number."""
    ids: set[str] = set()
    counts: Counter[str] = Counter()
    for line in lines:
        id = line.id
        while id in ids:
            counts[line.id] += 1
            id = f"{line.id}-{counts[line.id] + 1}"
        ids.add(id)
        yield replace(line, id=id)


def _build_line(
    site: Site, direction: str, invoice: EInvoice, line: EInvoiceLine, tax: Decimal, sign: int
) -> Line:
    """Return a line of the e-invoice with its tax."""
    cost = line.accounting_cost or invoice.accounting_cost
    tax_name = _format_tax_name(line.vat_category, line.vat_percent)
    return Line(
        id=line.id,
        amount=line.amount * sign,
        quantity=line.quantity * sign,
        unit_price=_get_unit_price(line),
        description=line.description or line.name or None,
        tax=tax * sign,
        codes=build_line_codes(site, direction, accounting_cost=cost, tax=tax_name),
    )


def _build_allowance(
    site: Site,
    direction: str,
    invoice: EInvoice,
    allowance: Allowance,
    number: int,
    tax: Decimal,
    sign: int,
) -> Line:
    """Return an allowance or charge of the whole document as a line."""
    tax_name = _format_tax_name(allowance.vat_category, allowance.vat_percent)
    return Line(
        id=f"allowance-{number}",
        amount=allowance.signed_amount * sign,
        description=allowance.reason or ("Charge" if allowance.is_charge else "Allowance"),
        tax=tax * sign,
        codes=build_line_codes(
            site, direction, accounting_cost=invoice.accounting_cost, tax=tax_name
        ),
    )


def _format_tax_name(category: str, percent: Decimal | None) -> str:
    """Return the name of a tax: its percentage, with its category if the percentage is ambiguous.

    Reverse charge, exports and exempt sales all have 0 %, but belong in different boxes of a VAT
    return.
    """
    rate = format_rate_name(percent or ZERO)
    if category in CATEGORIES_BY_RATE:
        return rate
    return f"{rate} {category}"


def _list_taxed_parts(invoice: EInvoice) -> list[TaxedPart]:
    """Return the lines, then the allowances and charges, with the rates of their tax."""
    parts = []
    for line in invoice.lines:
        parts.append(TaxedPart(line.amount, line.vat_category, line.vat_percent or ZERO))
    for part in invoice.allowances:
        parts.append(TaxedPart(part.signed_amount, part.vat_category, part.vat_percent or ZERO))
    return parts


def _get_unit_price(line: EInvoiceLine) -> Decimal | None:
    """Return the price of one unit; None if it has too many decimals for QuickBooks."""
    price = line.unit_price / (line.base_quantity or 1)
    if price != round(price, MAX_PRICE_DECIMALS):
        return None
    return price


def _list_tax_amounts(invoice: EInvoice, parts: Sequence[TaxedPart]) -> list[Decimal]:
    """Return the tax of each part; the parts of a category and rate add up to its VAT subtotals.

    Each tax has the decimals of the currency, but two at most, because QuickBooks keeps no more.
    """
    taxes = [ZERO] * len(parts)
    subtotals: dict[tuple[str, Decimal], Decimal] = {}  # a sender may split one into several
    for subtotal in invoice.vat_subtotals:
        key = (subtotal.category, subtotal.percent or ZERO)
        subtotals[key] = subtotals.get(key, ZERO) + subtotal.tax
    indexes_by_key: dict[tuple[str, Decimal], list[int]] = {}
    for index, part in enumerate(parts):
        indexes_by_key.setdefault((part.category, part.rate), []).append(index)
    for key, subtotal_tax in subtotals.items():
        indexes = indexes_by_key.get(key, [])
        if not indexes:
            continue
        _, rate = key
        for index in indexes:
            exact = parts[index].amount * rate / 100
            taxes[index] = round_amount(exact.quantize(CENT), invoice.currency)
        taxes[indexes[-1]] += subtotal_tax - sum(taxes[index] for index in indexes)
    return taxes


# -- warnings, facts and attachments --------------------------------------------------------------


def _collect_warnings(invoice: EInvoice) -> tuple[str, ...]:
    """Return a warning if a part of the amount was prepaid."""
    if not invoice.totals.prepaid:
        return ()
    amount = f"{invoice.currency} {invoice.totals.prepaid}"
    return (Sentence("%(paid)s was paid before. The payment is not posted with it.", paid=amount),)


def _collect_facts(file: ReceivedFile, invoice: EInvoice) -> dict[str, str]:
    """Return the details of an e-invoice that QuickBooks has no field for."""
    facts = {
        "File": file.name,
        "Order": invoice.order_reference,
        "Reference": invoice.buyer_reference,
        "Payment reference": _format_payment_reference(invoice),
    }
    return {label: text for label, text in facts.items() if text}


def _format_payment_reference(invoice: EInvoice) -> str:
    """Return the references of all means of payment, each once."""
    references = [means.payment_reference for means in invoice.payment_means]
    distinct = dict.fromkeys(filter(None, references))
    return ", ".join(distinct)


def _iter_attachments(site: Site, file: ReceivedFile, invoice: EInvoice) -> Iterator[Attachment]:
    """Yield the files inside an e-invoice, each content once, and the e-invoice itself."""
    if not site.settings["attach"]:
        return
    files = {
        _build_file_id(inner_file): inner_file for inner_file in reversed(invoice.embedded_files)
    }
    for inner_file in reversed(files.values()):
        size = len(inner_file.content)
        yield Attachment(
            id=_build_file_id(inner_file),
            name=inner_file.name,
            mime=inner_file.mime_type,
            size=size,
        )
    id = f"{XML_ATTACHMENT_ID}:{file.digest[:32]}"
    yield Attachment(id=id, name=file.name, mime=XML_MIME_TYPE, size=file.size, sha256=file.digest)


def _build_file_id(file: e_invoice.EmbeddedFile) -> str:
    """Return the id of an embedded file, which is a digest of its content."""
    return f"embedded:{compute_digest(file.content)}"

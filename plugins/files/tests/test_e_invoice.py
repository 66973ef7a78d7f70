"""E-invoices of different senders are read in full; other files are refused with a reason."""

import datetime as dt
import socket
from decimal import Decimal

import pytest
from e_invoices import PDF, UBL, credit_note, invoice, prefixed_invoice
from hub_files.e_invoice import (
    Allowance,
    EInvoiceParty,
    EInvoiceTotals,
    EmbeddedFile,
    PaymentMeans,
    VatSubtotal,
    read_e_invoice,
)

LINE = "cac:InvoiceLine[1]"
TOTAL = "cac:LegalMonetaryTotal"


def read(sample):
    return read_e_invoice(sample.xml())


def refusal(content):
    """Return the sentence with which a file is refused."""
    with pytest.raises(ValueError, match=r"; ask the sender for a correct e-invoice\.$") as caught:
        read_e_invoice(content)
    assert type(caught.value) is ValueError
    return str(caught.value)


def test_the_head_of_an_invoice_is_read():
    document = read(invoice())
    assert (document.kind, document.number, document.currency) == ("invoice", "10417", "NOK")
    assert document.issue_date == dt.date(2026, 11, 5)
    assert document.due_date == dt.date(2026, 12, 5)
    assert (document.buyer_reference, document.order_reference) == ("Kari Nordby", "BEST-77")
    assert (document.accounting_cost, document.note) == ("4300", "Levert på byggeplassen")
    assert document.payment_means == (PaymentMeans("86011117947", "0104171"),)


def test_the_parties_of_an_invoice_are_read():
    document = read(invoice())
    assert document.supplier == EInvoiceParty(
        name="Fjordbygg Trelast AS",
        registration_id="984661185",
        vat_id="NO984661185MVA",
        endpoint_id="984661185",
        email="faktura@fjordbygg.example",
    )
    assert document.customer == EInvoiceParty(
        name="Solsiden Eiendom AS",
        registration_id="991825827",
        vat_id="",
        endpoint_id="991825827",
        email="",
    )


def test_a_line_with_an_allowance_and_a_charge():
    line = read(invoice()).lines[0]
    assert (line.id, line.name, line.description) == ("1", "Terrassebord", "Impregnert, 48 x 98")
    assert (line.quantity, line.unit) == (12, "MTR")
    assert (line.unit_price, line.base_quantity) == (Decimal("249.50"), 1)
    assert (line.amount, line.vat_category, line.vat_percent) == (2950, "S", 25)
    assert (line.seller_item_id, line.accounting_cost) == ("TB-4898", "4310")
    assert line.allowances == (
        Allowance(False, Decimal("94.00"), "Kvist", "", None),
        Allowance(True, Decimal("50.00"), "Kapping", "", None),
    )


def test_a_price_for_a_number_of_units():
    line = read(invoice()).lines[1]
    assert (line.unit_price, line.base_quantity, line.amount) == (118, 100, 295)


def test_allowances_and_charges_on_the_document():
    assert read(invoice()).allowances == (
        Allowance(False, Decimal("245.00"), "Kunderabatt", "S", Decimal(25)),
        Allowance(True, Decimal("180.00"), "Frakt", "S", Decimal(25)),
    )


def test_the_vat_of_each_category_and_percentage():
    assert read(invoice()).vat_subtotals == (
        VatSubtotal(Decimal(3180), Decimal(795), "S", Decimal(25)),
        VatSubtotal(Decimal(3294), Decimal("494.10"), "S", Decimal(15)),
        VatSubtotal(Decimal(1500), Decimal(0), "E", Decimal(0)),
    )


def test_the_totals_leave_out_the_vat_in_another_currency():
    assert read(invoice()).totals == EInvoiceTotals(
        line_extension=Decimal(8039),
        allowance=Decimal(245),
        charge=Decimal(180),
        tax_exclusive=Decimal(7974),
        tax=Decimal("1289.10"),
        tax_inclusive=Decimal("9263.10"),
        prepaid=Decimal(2000),
        rounding=Decimal("-0.10"),
        payable=Decimal(7263),
    )


def test_an_embedded_file_without_the_folder_of_its_sender():
    assert read(invoice()).embedded_files == (EmbeddedFile("10417.pdf", "application/pdf", PDF),)


def test_a_credit_note_is_read_with_its_own_element_names():
    document = read(credit_note())
    assert (document.kind, document.number) == ("credit_note", "K-311")
    assert document.due_date == dt.date(2026, 12, 12)
    assert (document.totals.payable, document.totals.prepaid) == (Decimal("623.75"), 0)
    (line,) = document.lines
    assert (line.quantity, line.unit, line.amount) == (2, "MTR", 499)


def test_another_style_of_xml_with_prefixes_comments_and_time_zone():
    document = read(prefixed_invoice())
    assert (document.number, document.issue_date) == ("2026/88", dt.date(2026, 11, 2))
    assert document.due_date is None
    supplier = document.supplier
    assert (supplier.name, supplier.vat_id) == ("Hansen & Partner", "DE811223344")
    assert document.customer.name == ""
    assert document.payment_means == (PaymentMeans("DE02100500000024290661", ""),)


def test_another_style_of_xml_has_quantities_and_totals():
    document = read(prefixed_invoice())
    assert [line.quantity for line in document.lines] == [Decimal("7.5"), 3]
    totals = document.totals
    assert (totals.tax_inclusive, totals.payable) == (Decimal("1134.88"), Decimal("1134.88"))


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16BE", "ISO-8859-1"])
def test_utf_16_and_latin_1_are_read(encoding):
    content = invoice().xml(encoding)
    assert "på".encode() not in content
    marked = b"\xfe\xff" + content if encoding == "UTF-16BE" else content
    assert read_e_invoice(marked).note == "Levert på byggeplassen"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("cbc:ID", "invoice number"),
        ("cbc:IssueDate", "issue date"),
        ("cbc:DocumentCurrencyCode", "currency"),
        ("cbc:InvoiceTypeCode", "document type"),
        ("cac:AccountingSupplierParty", "supplier name"),
        (f"{TOTAL}/cbc:LineExtensionAmount", "sum of the lines"),
        (f"{TOTAL}/cbc:TaxExclusiveAmount", "total without VAT"),
        (f"{TOTAL}/cbc:TaxInclusiveAmount", "total with VAT"),
        (f"{TOTAL}/cbc:PayableAmount", "amount due"),
        (f"{LINE}/cbc:ID", "line number"),
        (f"{LINE}/cbc:LineExtensionAmount", "line amount"),
        (f"{LINE}/cac:AllowanceCharge/cbc:Amount", "amount of an allowance or charge"),
        ("cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount", "taxable amount"),
        ("cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount", "VAT amount"),
    ],
)
def test_an_e_invoice_without_a_required_element_is_refused(path, name):
    sentence = refusal(invoice().remove(path).xml())
    assert sentence.startswith(f"The e-invoice has no {name} (")
    assert path.split("/")[-1] in sentence


def test_an_invoice_without_lines_is_refused():
    sample = prefixed_invoice().remove(LINE).remove(LINE)
    assert "no line (cac:InvoiceLine)" in refusal(sample.xml())


@pytest.mark.parametrize(
    "text", ["12,50", "1 250.00", "1e3", "NaN", "Infinity", "٣", "0x10", "1_000", ".", "9" * 13]
)
def test_an_amount_that_is_not_a_number_is_refused(text):
    sentence = refusal(invoice().set(f"{TOTAL}/cbc:PayableAmount", text).xml())
    assert sentence.startswith("A number such as 1250.00 is expected as amount due")
    assert f"“{text}”" in sentence


@pytest.mark.parametrize(
    "path",
    [
        f"{LINE}/cbc:InvoicedQuantity",
        f"{LINE}/cac:Price/cbc:PriceAmount",
        f"{LINE}/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent",
        "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent",
        f"{TOTAL}/cbc:PrepaidAmount",
        f"{TOTAL}/cbc:PayableRoundingAmount",
    ],
)
def test_every_number_is_checked(path):
    assert "not “many”" in refusal(invoice().set(path, "many").xml())


@pytest.mark.parametrize("text", ["5.11.2026", "2026-02-30", "20261105", "2026-W45-4"])
@pytest.mark.parametrize(
    ("path", "name"), [("cbc:IssueDate", "issue date"), ("cbc:DueDate", "due date")]
)
def test_an_invalid_date_is_refused(path, name, text):
    sentence = refusal(invoice().set(path, text).xml())
    assert f"is expected as {name}, and it is “{text}”" in sentence


def test_an_amount_in_another_currency_than_the_invoice_is_refused():
    sample = invoice().set(f"{TOTAL}/cbc:PayableAmount", "7263.00", currencyID="EUR")
    assert "is in EUR and must be in NOK" in refusal(sample.xml())


@pytest.mark.parametrize("text", ["", "no", "TRUE"])
def test_an_allowance_is_not_guessed(text):
    sample = invoice().set("cac:AllowanceCharge/cbc:ChargeIndicator", text)
    assert "cbc:ChargeIndicator must be true or false" in refusal(sample.xml())


def test_a_damaged_embedded_file_is_refused():
    path = "cac:AdditionalDocumentReference[2]/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    assert "“10417.pdf” is damaged" in refusal(invoice().set(path, "JVBE*").xml())


@pytest.mark.parametrize("code", ["381", "325", "38"])
def test_a_type_that_is_no_invoice_is_refused(code):
    sentence = refusal(invoice().set("cbc:InvoiceTypeCode", code).xml())
    assert sentence.startswith(f"Type “{code}” (cbc:InvoiceTypeCode) is not a type of invoice")


def test_a_type_that_is_no_credit_note_is_refused():
    assert "Type “380”" in refusal(credit_note().set("cbc:CreditNoteTypeCode", "380").xml())


@pytest.mark.parametrize("text", ["urn:www.cenbii.eu:transaction:biitrns010:ver2.0", ""])
def test_a_document_by_other_rules_is_refused(text):
    sentence = refusal(invoice().set("cbc:CustomizationID", text).xml())
    assert f"and it is “{text or 'no specification'}”" in sentence


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (f'<Order xmlns="{UBL}:Order-2"/>'.encode(), "Order"),
        (b"<Invoice/>", "Invoice"),
        (f'<Invoice xmlns="{UBL}:CreditNote-2"/>'.encode(), "Invoice"),
        (b"<html><body/></html>", "html"),
    ],
)
def test_another_root_element_is_refused(content, name):
    sentence = refusal(content)
    assert "An Invoice or CreditNote in UBL 2.1 is expected" in sentence
    assert f"“{name}”" in sentence


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"number;date",
        b"\x00\x01",
        b"<Invoice>",
        b"<?xml version='1.0' encoding='none'?><Invoice/>",
        b"<Invoice>&unknown;</Invoice>",
        invoice().xml()[:-20],
    ],
)
def test_a_file_that_is_no_xml_is_refused(content):
    assert "An e-invoice in XML is expected, and the file is not (" in refusal(content)


def with_dtd(declarations, number):
    """Return an invoice with a DTD, and a number that may use its entities."""
    content = invoice().xml().decode()
    start = content.index("<Invoice")
    dtd = f"<!DOCTYPE Invoice {declarations}>"
    content = content[:start] + dtd + content[start:]
    return content.replace("<cbc:ID>10417</cbc:ID>", f"<cbc:ID>{number}</cbc:ID>", 1).encode()


@pytest.mark.parametrize("place", ["&e9;", '<cbc:ID schemeID="&e9;">1</cbc:ID>'])
def test_entities_that_multiply_are_refused(place):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    sentence = refusal(with_dtd(f'[<!ENTITY e0 "ha">{entities}]', place))
    assert "beyond what is safe to read" in sentence


def test_an_entity_from_a_file_is_refused_and_not_shown(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("4711")
    sentence = refusal(with_dtd(f'[<!ENTITY e SYSTEM "{secret.as_uri()}">]', "&e;"))
    assert "declares a DTD" in sentence
    assert "4711" not in sentence


def test_nothing_is_loaded_from_the_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/e.dtd"
        for dtd in (f'SYSTEM "{address}"', f'[<!ENTITY % e SYSTEM "{address}"> %e;]'):
            assert "declares a DTD" in refusal(with_dtd(dtd, "10417"))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_dtd_without_entities_is_refused():
    assert "declares a DTD" in refusal(with_dtd("", "10417"))


@pytest.mark.parametrize(
    "content", [b"<a>" + b"x" * 10_000_001 + b"</a>", b"<a>" * 257 + b"</a>" * 257]
)
def test_a_text_without_end_and_levels_without_end_are_refused(content):
    assert "beyond what is safe to read" in refusal(content)

"""E-invoices become bills, credits and invoices with their files; wrong sums hold them."""

import datetime as dt
from decimal import Decimal

import pytest
from e_invoices import PDF, credit_note, invoice, prefixed_invoice

from hub import Code, Company, Document, Gone, Refused, Unreadable
from hub.testing.bench import Bench

LINE = "cac:InvoiceLine[1]"
EXEMPT_LINE = "cac:InvoiceLine[4]/cac:Item/cac:ClassifiedTaxCategory"
EXEMPT_SUBTOTAL = "cac:TaxTotal/cac:TaxSubtotal[3]/cac:TaxCategory"
OWN = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID"


@pytest.fixture
def bench():
    company = Company(country="NO", currency="NOK")
    settings = {"account": "7", "item": "9", "own_ids": "912 345 678, NO912345678MVA"}
    settings["prepaid"] = "post"
    return Bench("files", settings, company=company)


def read(bench, sample, name="invoice.xml"):
    """Return the document of an e-invoice."""
    bench.receive(name, sample.xml())
    return bench.read()[-2]


def amounts(document):
    return [(line.amount, line.tax, line.codes["tax"].name) for line in document.lines]


def test_an_e_invoice_becomes_a_bill_with_its_lines_and_taxes(bench):
    bill = read(bench, invoice())
    assert (bill.kind, bill.number, bill.currency) == ("bill", "10417", "NOK")
    assert bill.source_id == "bill:984661185:10417"
    assert (bill.date, bill.due) == (dt.date(2026, 11, 5), dt.date(2026, 12, 5))
    assert bill.hold is None
    assert amounts(bill) == [
        (Decimal("2950.00"), Decimal("737.50"), "25 %"),
        (Decimal("295.00"), Decimal("73.75"), "25 %"),
        (Decimal("3294.00"), Decimal("494.10"), "15 %"),
        (Decimal("1500.00"), Decimal("0.00"), "0 % E"),
        (Decimal("-245.00"), Decimal("-61.25"), "25 %"),
        (Decimal("180.00"), Decimal("45.00"), "25 %"),
        (Decimal("-0.10"), Decimal(0), "0 %"),
    ]
    assert bill.lines[1].unit_price == Decimal("1.18")
    assert bill.codes["supplier"].create.email == "faktura@fjordbygg.example"
    assert [line.codes["accounting_cost"].number for line in bill.lines[:2]] == ["4310", "4300"]
    assert bill.facts["Payment reference"] == "0104171"


@pytest.mark.parametrize("category", ["E", "AE", "Z", "K", "G", "O"])
def test_each_category_without_vat_is_matched_to_a_tax_code_of_its_own(bench, category):
    sample = invoice().set(f"{EXEMPT_LINE}/cbc:ID", category)
    sample.set(f"{EXEMPT_SUBTOTAL}/cbc:ID", category)
    bill = read(bench, sample)
    assert bill.hold is None
    assert bill.lines[3].codes["tax"] == Code(id=f"tax:0 % {category}", name=f"0 % {category}")


@pytest.mark.parametrize("category", ["S", "L", "M"])
def test_a_category_with_vat_is_matched_by_its_percentage(bench, category):
    sample = invoice().set(f"{EXEMPT_LINE}/cbc:ID", category)
    sample.set(f"{EXEMPT_SUBTOTAL}/cbc:ID", category)
    bill = read(bench, sample)
    assert bill.hold is None
    assert bill.lines[3].codes["tax"] == Code(id="tax:0 %", name="0 %")
    assert bill.lines[0].codes["tax"] == Code(id="tax:25 %", name="25 %")


def test_an_allowance_has_the_tax_of_its_category(bench):
    sample = invoice()
    allowance = "cac:AllowanceCharge/cac:TaxCategory"
    sample.set(f"{allowance}/cbc:ID", "AE").set(f"{allowance}/cbc:Percent", "0")
    assert read(bench, sample).lines[4].codes["tax"].name == "0 % AE"


@pytest.mark.parametrize("sample", [invoice, credit_note, prefixed_invoice])
def test_lines_and_tax_add_up_to_the_total_of_each_sender(bench, sample):
    document = read(bench, sample())
    assert sum(line.amount for line in document.lines) + document.tax_total == document.total
    assert sum(line.tax for line in document.lines) == document.tax_total


def test_an_amount_paid_before_is_posted_with_a_warning_only_if_the_settings_say_so(bench):
    bill = read(bench, invoice())
    assert (bill.total, bill.hold) == (Decimal("9263.00"), None)
    assert bill.warnings == ("NOK 2000.00 was paid before. The payment is not posted with it.",)
    bench.set(prepaid="hold")
    (held, _) = bench.read()
    assert held.hold.startswith("NOK 2000.00 was paid before. An invoice for that amount may be")
    assert "choose in the settings of Files to post such e-invoices in full" in held.hold
    unpaid = read(bench, prefixed_invoice(), "unpaid.xml")
    assert (unpaid.hold, unpaid.warnings) == (None, ())


def test_an_amount_paid_with_an_earlier_invoice_is_held_whatever_the_settings_say(bench):
    content = with_references(invoice().xml(), "10401", "10402", "10401")
    bench.receive("final.xml", content)
    bill = bench.read()[-2]
    assert "and it refers to 10401, 10402, which may be in the books" in bill.hold


def test_a_partial_invoice_that_was_not_paid_may_name_the_one_before(bench):
    content = with_references(prefixed_invoice().xml(), "10401", cac="a", cbc="b")
    bench.receive("second.xml", content)
    assert bench.read()[-2].hold is None


def test_a_corrected_invoice_that_was_paid_before_does_not_count_as_its_own_prepayment(bench):
    sample = invoice().set("cbc:InvoiceTypeCode", "384")
    bench.receive("corrected.xml", with_references(sample.xml(), "10417"))
    assert bench.read()[-2].hold is None


def test_a_credit_note_that_was_paid_out_before_is_posted_with_a_warning(bench):
    bench.set(prepaid="hold")
    prepaid = '<cbc:PrepaidAmount currencyID="NOK">623.75</cbc:PrepaidAmount><cbc:PayableAmount'
    sample = credit_note().set("cac:LegalMonetaryTotal/cbc:PayableAmount", "0.00")
    content = with_references(sample.xml(), "10417").replace(
        b"<cbc:PayableAmount", prepaid.encode()
    )
    bench.receive("credit-note.xml", content)
    credit = bench.read()[-2]
    assert (credit.total, credit.hold) == (Decimal("623.75"), None)
    assert credit.warnings == ("NOK 623.75 was paid before. The payment is not posted with it.",)


def test_an_invoice_for_a_prepayment_is_held(bench):
    sample = prefixed_invoice().set("cbc:InvoiceTypeCode", "386")
    assert "the final invoice has the same amount again" in read(bench, sample).hold


@pytest.mark.parametrize(
    ("sample", "element", "code"),
    [(invoice, "Invoice", "389"), (credit_note, "CreditNote", "261")],
)
def test_a_self_billed_document_is_not_blamed_on_its_sender(bench, sample, element, code):
    content = sample().set(f"cbc:{element}TypeCode", code).xml()
    with pytest.raises(Refused, match=rf"“{code}” .* is self-billed: .* enter it in QuickBooks\.$"):
        bench.receive("self-billed.xml", content)


def test_the_files_inside_and_the_e_invoice_itself_are_attached(bench):
    bill = read(bench, invoice())
    assert [attachment.name for attachment in bill.attachments] == ["10417.pdf", "invoice.xml"]
    contents = [bench.attachment(bill, attachment) for attachment in bill.attachments]
    assert contents == [PDF, invoice().xml()]
    bench.set(attach=False)
    assert bench.read()[0].attachments == ()


@pytest.mark.parametrize(
    ("name", "mime_type", "expected"),
    [
        ("Faktura 10.417", "application/pdf", "Faktura 10.417.pdf"),
        ("scan", "image/jpeg", "scan.jpg"),
        ("10417.PDF", "application/pdf", "10417.PDF"),
        ("", "application/pdf", "attachment.pdf"),
        ("data", "application/octet-stream", "data"),
    ],
)
def test_an_embedded_file_has_the_suffix_of_its_type(bench, name, mime_type, expected):
    path = "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    sample = invoice()
    sample.set(path, sample.text(path), filename=name, mimeCode=mime_type)
    assert read(bench, sample).attachments[0].name == expected


def test_a_credit_note_is_a_vendor_credit(bench):
    credit = read(bench, credit_note())
    assert (credit.kind, credit.total) == ("vendor_credit", Decimal("623.75"))


def test_a_credit_note_with_the_number_of_its_invoice_is_another_document(bench):
    bill = read(bench, invoice())
    credit = read(bench, credit_note().set("cbc:ID", "10417"), "credit-note.xml")
    assert (bill.kind, bill.source_id) == ("bill", "bill:984661185:10417")
    assert (credit.kind, credit.source_id) == ("vendor_credit", "vendor_credit:984661185:10417")
    both = bench.read(ids=[bill.source_id, credit.source_id])
    assert [document.total for document in both] == [bill.total, credit.total]


def test_a_credit_note_of_our_own_with_the_number_of_its_invoice_is_another_document(bench):
    sent = read(bench, invoice().set(OWN, "912345678"))
    sample = credit_note().set(OWN, "912345678").set("cbc:ID", "10417")
    credit = read(bench, sample, "credit-note.xml")
    assert (sent.kind, sent.source_id) == ("invoice", "invoice:991825827:10417")
    assert (credit.kind, credit.source_id) == ("credit_memo", "credit_memo:991825827:10417")


def test_a_negative_invoice_is_a_credit_with_positive_amounts(bench):
    sample = prefixed_invoice()
    text = sample.xml().decode()
    for amount in ("959.70", "900.00", "59.70", "175.18", "171.00", "4.18", ">7.5<", ">3<"):
        number = amount.strip("<>")
        text = text.replace(f">{number}<", f">-{number}<")
    text = text.replace("1<!-- thousand -->134.88", "-1134.88").replace("1134.88]", "-1134.88]")
    text = text.replace(">1134.88<", ">-1134.88<").replace("--", "-")
    bench.receive("negative.xml", text.replace("<!- by hand ->", "").encode())
    credit = bench.read()[0]
    assert (credit.kind, credit.hold) == ("vendor_credit", None)
    assert credit.source_id == "bill:de811223344:2026/88"
    assert credit.total == Decimal("1134.88")
    assert [line.amount for line in credit.lines] == [Decimal("900.00"), Decimal("59.70")]
    assert [line.quantity for line in credit.lines] == [Decimal("7.5"), Decimal(3)]


def test_a_returned_line_of_an_invoice_has_a_negative_quantity(bench):
    line = "cac:InvoiceLine"
    sample = invoice().set(f"{line}/cbc:InvoicedQuantity", "-12")
    returned, *_ = read(bench, sample.set(f"{line}/cbc:LineExtensionAmount", "-2994.00")).lines
    assert (returned.quantity, returned.unit_price) == (-12, Decimal("249.50"))
    assert returned.amount == Decimal("-2994.00")


def test_a_negative_credit_note_is_held_because_it_may_be_a_credit_or_take_one_back(bench):
    text = credit_note().xml().decode()
    for amount in (">124.75<", ">499.00<", ">623.75<", ">2<"):
        text = text.replace(amount, f">-{amount[1:]}")
    bench.receive("negative.xml", text.encode())
    credit = bench.read()[0]
    assert (credit.kind, credit.total) == ("vendor_credit", Decimal("623.75"))
    assert "may be a credit, or take one back" in credit.hold


def test_an_e_invoice_of_our_own_is_an_invoice_to_its_customer(bench):
    sent = read(bench, invoice().set(OWN, "912345678"))
    assert (sent.kind, sent.source_id) == ("invoice", "invoice:991825827:10417")
    assert sent.codes["customer"].name == "Solsiden Eiendom AS"
    assert sent.lines[0].codes["item"] == "9"


def test_an_e_invoice_keeps_its_id_when_it_turns_out_to_be_of_our_own(bench):
    bench.receive("ours.xml", invoice().xml())
    (bill, _) = bench.read()
    bench.set(own_ids="984661185")
    (sale, _) = bench.read()
    assert (bill.kind, sale.kind) == ("bill", "invoice")
    assert sale.source_id == bill.source_id
    assert sale.codes["customer"].name == "Solsiden Eiendom AS"
    assert bench.read(ids=[bill.source_id]) == [sale]
    bench.receive("corrected.xml", invoice().set("cbc:Note", "Corrected").xml())
    corrected = bench.read(ids=[bill.source_id])
    assert [document.memo for document in corrected] == ["Corrected"]


def test_each_year_of_our_own_e_invoices_keeps_its_id(bench):
    years = {"2026-11-05": "991825827", "2027-03-01": "977000003"}
    customer = "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID"
    for date, number in years.items():
        sample = invoice().set("cbc:IssueDate", date).set(customer, number)
        bench.receive(f"{date}.xml", sample.xml())
    bills = [item for item in bench.read() if isinstance(item, Document)]
    bench.set(own_ids="984661185")
    sales = [item for item in bench.read() if isinstance(item, Document)]
    assert [sale.kind for sale in sales] == ["invoice", "invoice"]
    assert [sale.source_id for sale in sales] == [bill.source_id for bill in bills]
    assert bench.read(ids=[bill.source_id for bill in bills]) == sales


def test_an_e_invoice_of_our_own_without_a_customer_is_refused(bench):
    name = "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"
    sample = invoice().set(OWN, "912345678").remove(name)
    with pytest.raises(Refused, match="names no customer"):
        bench.receive("own.xml", sample.xml())


def test_wrong_sums_hold_the_document_with_both_amounts(bench):
    bill = read(bench, invoice().set(f"{LINE}/cbc:LineExtensionAmount", "2951.00"))
    assert "(BR-CO-10)" in bill.hold
    assert "(PEPPOL-EN16931-R120)" in bill.hold
    assert bill.hold.endswith("Ask the sender for a corrected e-invoice and upload it.")


def test_the_last_line_of_a_rate_has_the_cent_that_rounding_leaves(bench):
    sample = invoice().add("0.01", "cac:TaxTotal[1]/cbc:TaxAmount")
    sample.add("0.01", "cac:TaxTotal[1]/cac:TaxSubtotal[1]/cbc:TaxAmount")
    sample.add("0.01", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount")
    sample.add("0.01", "cac:LegalMonetaryTotal/cbc:PayableAmount")
    bill = read(bench, sample)
    assert bill.hold is None
    assert bill.lines[5].tax == Decimal("45.01")
    assert sum(line.tax for line in bill.lines) == bill.tax_total == Decimal("1289.11")


def test_the_vat_of_a_rate_that_the_sender_splits_is_added_up(bench):
    subtotal = "cac:TaxTotal/cac:TaxSubtotal"
    taxable, tax = f"{subtotal}[2]/cbc:TaxableAmount", f"{subtotal}[2]/cbc:TaxAmount"
    sample = invoice().repeat(f"{subtotal}[1]")
    sample.set(taxable, "400.00").set(tax, "100.00")
    sample.add("-400.00", f"{subtotal}[1]/cbc:TaxableAmount")
    sample.add("-100.00", f"{subtotal}[1]/cbc:TaxAmount")
    assert amounts(read(bench, sample)) == amounts(read(bench, invoice(), "whole.xml"))


def test_a_price_with_endless_digits_is_left_out(bench):
    sample = invoice().set("cac:InvoiceLine[2]/cac:Price/cbc:BaseQuantity", "300")
    sample.set("cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount", "354.01")
    bill = read(bench, sample)
    assert (bill.lines[1].unit_price, bill.lines[1].amount) == (None, Decimal("295.00"))


def with_references(content, *numbers, cac="cac", cbc="cbc"):
    """Return an e-invoice that refers to earlier invoices; `cac` and `cbc` are its prefixes."""
    path = (f"{cac}:BillingReference", f"{cac}:InvoiceDocumentReference")
    begin = "".join(f"<{name}>" for name in path)
    end = "".join(f"</{name}>" for name in reversed(path))
    references = [f"{begin}<{cbc}:ID>{number}</{cbc}:ID>{end}" for number in numbers]
    next_element = f"<{cac}:AccountingSupplierParty>"
    text = content.decode()
    assert next_element in text
    return text.replace(next_element, "".join(references) + next_element, 1).encode()


def corrected_invoice(of=""):
    """Return a corrected invoice, which may name the invoice that it replaces."""
    sample = invoice().set("cbc:InvoiceTypeCode", "384")
    for path, amount in (("PrepaidAmount", "0.00"), ("PayableAmount", "9263.00")):
        sample.set(f"cac:LegalMonetaryTotal/cbc:{path}", amount)
    return with_references(sample.xml(), *filter(None, [of]))


@pytest.mark.parametrize(
    ("number", "text"),
    [("10400", "in place of invoice 10400"), ("", "in place of an earlier invoice")],
)
def test_a_corrected_invoice_with_a_number_of_its_own_is_held(bench, number, text):
    bench.receive("corrected.xml", corrected_invoice(number))
    bill = bench.read()[-2]
    assert text in bill.hold


def test_a_corrected_invoice_with_the_same_number_changes_the_bill(bench):
    bench.receive("invoice.xml", invoice().xml())
    bench.receive("corrected.xml", corrected_invoice("10417"))
    first, _, second, _ = bench.read()
    assert first.source_id == second.source_id
    assert (first.hold, second.hold) == (None, None)


def test_a_file_that_is_no_e_invoice_is_refused_with_its_name(bench):
    with pytest.raises(Refused, match=r"^order\.xml: An Invoice or CreditNote in UBL 2\.1 is"):
        bench.receive("order.xml", b"<Order/>")


@pytest.mark.parametrize("id", ["1", "rounding", "allowance-1"])
def test_lines_with_one_number_are_read(bench, id):
    sample = invoice()
    for number in (1, 2):
        sample.set(f"cac:InvoiceLine[{number}]/cbc:ID", id)
    bill = read(bench, sample)
    assert bill.total == Decimal("9263.00")
    ids = [line.id for line in bill.lines]
    assert ids[0] == id
    assert len(set(ids)) == len(bill.lines) == 7


def test_an_accepted_file_that_cannot_be_read_any_more_is_unreadable(bench, monkeypatch):
    bench.receive("a.xml", invoice().xml())
    monkeypatch.setattr(bench.files, "content", lambda file: b"<Order/>")
    item = bench.read()[0]
    assert isinstance(item, Unreadable)
    assert "it is “Order”" in item.reason
    known_id = "bill:984661185:10417"
    items = bench.read(ids=[item.source_id, known_id])
    assert items == [item, Unreadable(source_id=known_id, reason=item.reason)]


def test_an_e_invoice_that_can_be_read_again_ends_the_case_of_its_file(bench, monkeypatch):
    bench.receive("a.xml", invoice().xml())
    with monkeypatch.context() as damaged:
        damaged.setattr(bench.files, "content", lambda file: b"<Order/>")
        unreadable = bench.read()[0]
    bill, gone = bench.read(ids=[unreadable.source_id])
    assert (bill.source_id, bill.kind) == ("bill:984661185:10417", "bill")
    assert gone == Gone(source_id=unreadable.source_id, reason="a.xml can be read now.")


def test_a_content_that_an_e_invoice_has_under_two_names_is_attached_once(bench):
    sample = invoice().repeat("cac:AdditionalDocumentReference[2]")
    path = "cac:AdditionalDocumentReference[3]/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    sample.set(path, sample.text(path), filename="copy.pdf")
    names = [attachment.name for attachment in read(bench, sample).attachments]
    assert names == ["10417.pdf", "invoice.xml"]

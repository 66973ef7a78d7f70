"""E-invoices become bills, credits and invoices; wrong sums and hostile XML do not."""

import datetime as dt
from decimal import Decimal

import pytest
from e_invoices import Line, Sample

from hub import Company, Refused, Unreadable
from hub.testing.bench import Bench

PDF = b"%PDF-1.4 bill"


@pytest.fixture
def bench():
    company = Company(country="NO", currency="NOK")
    settings = {"account": "7", "item": "9", "own_ids": "912 345 678, NO912345678MVA"}
    return Bench("files", settings, company=company)


def read(bench, sample):
    """Return the document of an e-invoice."""
    bench.receive(f"{sample.number}.xml", sample.xml())
    return bench.read()[-2]


def amounts(document):
    return [(line.amount, line.tax, line.codes["tax"].name) for line in document.lines]


def test_an_e_invoice_becomes_a_bill_with_its_lines_taxes_and_files(bench):
    bill = read(bench, Sample(pdf=PDF))
    assert (bill.kind, bill.number, bill.currency) == ("bill", "F-1001", "NOK")
    assert bill.source_id == "bill:987654321:f-1001"
    assert (bill.date, bill.due) == (dt.date(2026, 11, 5), dt.date(2026, 12, 5))
    assert amounts(bill) == [
        (Decimal("200.00"), Decimal("50.00"), "25 %"),
        (Decimal("50.00"), Decimal("7.50"), "15 %"),
    ]
    assert (bill.total, bill.tax_total, bill.hold) == (Decimal("307.50"), Decimal("57.50"), None)
    assert bill.codes["supplier"].create.email == "post@bygg.example"
    assert bill.lines[0].codes["account_code"].number == "4010"
    assert bill.facts["Order"] == "PO-7"
    contents = [bench.attachment(bill, one) for one in bill.attachments]
    assert contents == [PDF, Sample(pdf=PDF).xml()]


def test_prefixes_of_another_sender_change_nothing(bench):
    first = read(bench, Sample())
    second = read(bench, Sample(prefix="a"))
    assert (first.lines, first.total) == (second.lines, second.total)


def test_a_credit_note_is_a_vendor_credit(bench):
    credit = read(bench, Sample(root="CreditNote"))
    assert (credit.kind, credit.total) == ("vendor_credit", Decimal("307.50"))


def test_a_negative_invoice_is_a_credit_with_positive_amounts(bench):
    credit = read(bench, Sample(lines=(Line(quantity="-2"),)))
    assert credit.kind == "vendor_credit"
    assert amounts(credit) == [(Decimal("200.00"), Decimal("50.00"), "25 %")]
    assert credit.lines[0].quantity == 2
    assert credit.total == Decimal("250.00")


def test_an_e_invoice_of_our_own_is_an_invoice_to_its_buyer(bench):
    invoice = read(bench, Sample(seller_id="912345678", buyer_id="555"))
    assert (invoice.kind, invoice.source_id) == ("invoice", "invoice:555:f-1001")
    assert invoice.codes["customer"].name == "Fjord & Sons"
    assert invoice.lines[0].codes["item"] == "9"


def test_allowances_charges_and_rounding_are_lines_and_the_total_is_theirs(bench):
    sample = Sample(allowance="20.00", charge="30.00", prepaid="100.00", rounding="-0.50")
    bill = read(bench, sample)
    assert [(line.description, line.amount) for line in bill.lines[2:]] == [
        ("Freight", Decimal("-20.00")),
        ("Freight", Decimal("30.00")),
        ("Rounding", Decimal("-0.50")),
    ]
    net = sum(line.amount for line in bill.lines)
    assert net + bill.tax_total == bill.total == Decimal("319.50")
    assert sum(line.tax for line in bill.lines) == bill.tax_total
    assert bill.warnings == ("NOK 100.00 was paid before. The payment is not posted with it.",)


def test_the_taxes_of_lines_add_up_to_the_tax_of_their_rate(bench):
    bill = read(bench, Sample(lines=tuple(Line(quantity="1", price="0.33") for _ in range(7))))
    assert bill.tax_total == Decimal("0.58")
    assert sum(line.tax for line in bill.lines) == Decimal("0.58")


def test_a_price_of_several_units_and_an_allowance_of_a_line_are_right_sums(bench):
    bill = read(bench, Sample(lines=(Line(quantity="250", price="40", base="100", allowance="9"),)))
    assert bill.hold is None
    assert bill.lines[0].unit_price == Decimal("0.4")


def tax(amount):
    return f'<cbc:TaxAmount currencyID="NOK">{amount}</cbc:TaxAmount>'


def total(name, amount):
    return f"<cbc:{name}>{amount}</cbc:{name}>"


RULES = {
    "PEPPOL-EN16931-R120": (total("PriceAmount", "100.00"), total("PriceAmount", "100.02")),
    "BR-CO-10": (
        total("LineExtensionAmount", "250.00") + "\n<cbc:TaxE",
        total("LineExtensionAmount", "250.01") + "\n<cbc:TaxE",
    ),
    "BR-CO-11": (total("AllowanceTotalAmount", "20.00"), total("AllowanceTotalAmount", "20.01")),
    "BR-CO-12": (total("ChargeTotalAmount", "30.00"), total("ChargeTotalAmount", "30.01")),
    "BR-CO-13": (total("TaxExclusiveAmount", "260.00"), total("TaxExclusiveAmount", "260.01")),
    "BR-CO-14": (f"<cac:TaxTotal>{tax('60.00')}", f"<cac:TaxTotal>{tax('60.01')}"),
    "BR-CO-15": (total("TaxInclusiveAmount", "320.00"), total("TaxInclusiveAmount", "320.01")),
    "BR-CO-16": (total("PayableAmount", "320.00"), total("PayableAmount", "320.01")),
    "BR-CO-17": (tax("7.50"), tax("8.50")),
    "BR-S-08": (total("TaxableAmount", "210.00"), total("TaxableAmount", "211.00")),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_sum_that_breaks_a_rule_holds_the_document_with_both_amounts(bench, rule):
    bill = read(bench, Sample(allowance="20.00", charge="30.00", changes=(RULES[rule],)))
    assert f"({rule})" in bill.hold
    assert "would be right" in bill.hold
    assert "Ask the sender for a corrected e-invoice" in bill.hold


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (total("PriceAmount", "100.00"), total("PriceAmount", "100.01")),
        (total("TaxableAmount", "200.00"), total("TaxableAmount", "200.99")),
    ],
)
def test_differences_that_the_rules_allow_do_not_hold(bench, old, new):
    assert read(bench, Sample(changes=((old, new),))).hold is None


def test_a_second_tax_total_in_the_currency_of_the_authority_does_not_count(bench):
    second = '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">5.00</cbc:TaxAmount></cac:TaxTotal>'
    end = "</cac:TaxTotal>"
    bill = read(bench, Sample(changes=((end, end + second),)))
    assert (bill.hold, bill.tax_total) == (None, Decimal("57.50"))


LAUGHS = """<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&b;</Invoice>"""
OUTSIDE = """<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&a;</Invoice>"""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no XML", "It is not XML"),
        ("<Order/>", "Its root is Order, and not an invoice or credit note"),
        (LAUGHS, "declares a document type"),
        (OUTSIDE, "declares a document type"),
        (Sample(lines=()).xml().decode(), "It has no lines"),
        (Sample(changes=(("2026-11-05", "yesterday"),)).xml().decode(), "Its date “yesterday”"),
        (Sample(changes=((">250.00<", ">1e5<"),)).xml().decode(), "“1e5” is no amount"),
        (Sample(changes=((">250.00<", ">NaN<"),)).xml().decode(), "“NaN” is no amount"),
        (Sample(number="").xml().decode(), "It lacks cbc:ID"),
        (Sample(seller="").xml().decode(), "lacks a name in cac:AccountingSupplierParty"),
    ],
)
def test_what_is_no_e_invoice_is_refused_with_the_reason(bench, content, reason):
    with pytest.raises(Refused, match=reason):
        bench.receive("a.xml", content.encode())


def test_an_e_invoice_in_utf_16_is_read(bench):
    content = Sample(seller="Blåbær AS").xml().decode().replace("UTF-8", "UTF-16")
    bench.receive("a.xml", content.encode("utf-16"))
    assert bench.read()[0].codes["supplier"].name == "Blåbær AS"


def test_an_accepted_file_that_cannot_be_read_any_more_is_unreadable(bench, monkeypatch):
    bench.receive("a.xml", Sample().xml())
    monkeypatch.setattr(bench.files, "content", lambda file: b"<Order/>")
    item = bench.read()[0]
    assert isinstance(item, Unreadable)
    assert "Its root is Order" in item.reason

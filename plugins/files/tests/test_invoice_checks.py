"""The sums of e-invoices are checked by the rules of EN 16931 and Peppol, with their tolerances."""

from decimal import Decimal

import pytest
from e_invoices import credit_note, invoice, prefixed_invoice
from hub_files.e_invoice import read_e_invoice
from hub_files.invoice_checks import Finding, check_e_invoice

TOTAL = "cac:LegalMonetaryTotal"
LINES = f"{TOTAL}/cbc:LineExtensionAmount"
ALLOWANCES = f"{TOTAL}/cbc:AllowanceTotalAmount"
CHARGES = f"{TOTAL}/cbc:ChargeTotalAmount"
WITHOUT_VAT = f"{TOTAL}/cbc:TaxExclusiveAmount"
WITH_VAT = f"{TOTAL}/cbc:TaxInclusiveAmount"
DUE = f"{TOTAL}/cbc:PayableAmount"
VAT = "cac:TaxTotal[1]/cbc:TaxAmount"
SUBTOTAL_25 = "cac:TaxTotal/cac:TaxSubtotal[1]"
SUBTOTAL_15 = "cac:TaxTotal/cac:TaxSubtotal[2]"
SUBTOTAL_EXEMPT = "cac:TaxTotal/cac:TaxSubtotal[3]"
LINE_1 = "cac:InvoiceLine[1]"
LINE_3 = "cac:InvoiceLine[3]"


def check(sample):
    return check_e_invoice(read_e_invoice(sample.xml()))


def rules(sample):
    return [finding.rule for finding in check(sample)]


def finding(sample):
    """Return rule, expected and actual amount of the only finding."""
    (result,) = check(sample)
    return result.rule, str(result.expected), str(result.actual)


@pytest.mark.parametrize("sample", [invoice, credit_note, prefixed_invoice])
def test_correct_sums_pass_every_check(sample):
    assert check(sample()) == []


# Each changes one amount, and those that follow from it, so that one rule alone is broken.
def test_r120_the_amount_of_a_line():
    sample = invoice().set(f"{LINE_1}/cac:Price/cbc:PriceAmount", "249.51")
    assert finding(sample) == ("PEPPOL-EN16931-R120", "2950.12", "2950.00")


def test_co_10_the_sum_of_the_lines():
    sample = invoice().add("0.01", LINES, WITHOUT_VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-10", "8039.00", "8039.01")


def test_co_11_the_sum_of_the_allowances():
    sample = invoice().add("0.01", ALLOWANCES).add("-0.01", WITHOUT_VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-11", "245.00", "245.01")


def test_co_11_allowances_without_a_sum():
    sample = invoice().remove(ALLOWANCES).add("245", WITHOUT_VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-11", "245.00", "0")


def test_co_12_the_sum_of_the_charges():
    sample = invoice().add("0.01", CHARGES, WITHOUT_VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-12", "180.00", "180.01")


def test_co_13_the_total_without_vat():
    sample = invoice().add("-0.01", WITHOUT_VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-13", "7974.00", "7973.99")


def test_co_14_the_total_vat():
    sample = invoice().add("0.01", VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-14", "1289.10", "1289.11")


def test_co_15_the_total_with_vat():
    assert finding(invoice().add("0.01", WITH_VAT, DUE)) == ("BR-CO-15", "9263.10", "9263.11")


def test_co_16_the_amount_due():
    assert finding(invoice().add("0.01", DUE)) == ("BR-CO-16", "7263.00", "7263.01")


@pytest.mark.parametrize(
    ("part", "expected"), [("PrepaidAmount", "9263.00"), ("PayableRoundingAmount", "7263.10")]
)
def test_co_16_counts_what_is_prepaid_and_rounded(part, expected):
    sample = invoice().remove(f"{TOTAL}/cbc:{part}")
    assert finding(sample) == ("BR-CO-16", expected, "7263.00")


def test_co_17_the_vat_of_a_category():
    sample = invoice().add("1", f"{SUBTOTAL_15}/cbc:TaxAmount", VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-CO-17", "494.10", "495.10")


def test_s_08_the_taxable_amount_of_a_percentage():
    sample = invoice().add("-1", f"{SUBTOTAL_15}/cbc:TaxableAmount")
    assert finding(sample) == ("BR-S-08", "3294.00", "3293.00")


@pytest.mark.parametrize(
    ("category", "rule"),
    [("E", "E"), ("Z", "Z"), ("AE", "AE"), ("G", "G"), ("O", "O"), ("K", "IC")],
)
def test_08_the_taxable_amount_of_a_category_without_vat(category, rule):
    sample = invoice()
    sample.set("cac:InvoiceLine[4]/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", category)
    sample.set(f"{SUBTOTAL_EXEMPT}/cac:TaxCategory/cbc:ID", category)
    assert check(sample) == []
    sample.add("0.01", f"{SUBTOTAL_EXEMPT}/cbc:TaxableAmount")
    assert finding(sample) == (f"BR-{rule}-08", "1500.00", "1500.01")


def test_09_vat_of_a_category_without_vat():
    sample = invoice().add("0.01", f"{SUBTOTAL_EXEMPT}/cbc:TaxAmount", VAT, WITH_VAT, DUE)
    assert finding(sample) == ("BR-E-09", "0.00", "0.01")


def test_a_category_without_its_vat():
    sample = invoice().set(f"{LINE_3}/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", "12")
    assert [str(result) for result in check(sample)] == [
        "The taxable amount of category S with 12 % is 0.00 and should be 3294.00: the lines of"
        " that category, less allowances, plus charges (BR-S-08).",
        "The taxable amount of category S with 15 % is 3294.00 and should be 0.00: the lines of"
        " that category, less allowances, plus charges (BR-S-08).",
    ]


def test_an_allowance_counts_in_its_own_category():
    sample = invoice().set("cac:AllowanceCharge/cac:TaxCategory/cbc:Percent", "15")
    assert rules(sample) == ["BR-S-08", "BR-S-08"]


@pytest.mark.parametrize(
    ("price", "is_correct"),
    [
        ("1500.02", True),
        ("1499.98", True),
        ("1500.020001", False),  # the rule does not round what it compares
        ("1500.03", False),
        ("1499.97", False),
    ],
)
def test_the_tolerance_of_a_line(price, is_correct):
    sample = invoice().set("cac:InvoiceLine[4]/cac:Price/cbc:PriceAmount", price)
    assert rules(sample) == ([] if is_correct else ["PEPPOL-EN16931-R120"])


@pytest.mark.parametrize(("difference", "is_correct"), [("0.99", True), ("1.00", False)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_the_tolerance_of_vat(sign, difference, is_correct):
    amounts = (f"{SUBTOTAL_15}/cbc:TaxAmount", VAT, WITH_VAT, DUE)
    assert rules(invoice().add(sign + difference, *amounts)) == ([] if is_correct else ["BR-CO-17"])


@pytest.mark.parametrize(("difference", "is_correct"), [("0.99", True), ("1.00", False)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_the_tolerance_of_a_taxable_amount(sign, difference, is_correct):
    sample = invoice().add(sign + difference, f"{SUBTOTAL_15}/cbc:TaxableAmount")
    assert rules(sample) == ([] if is_correct else ["BR-S-08"])


@pytest.mark.parametrize(("vat", "is_correct"), [("495.08", True), ("493.09", False)])
def test_vat_is_rounded_half_up_before_it_is_compared(vat, is_correct):
    # 15 % of 3293.90 is 494.085, so that both are off by 0.995; from 494.09 only one is.
    sample = invoice().set(f"{SUBTOTAL_15}/cbc:TaxableAmount", "3293.90")
    difference = str(Decimal(vat) - Decimal("494.10"))
    sample.add(difference, f"{SUBTOTAL_15}/cbc:TaxAmount", VAT, WITH_VAT, DUE)
    assert rules(sample) == ([] if is_correct else ["BR-CO-17"])


def test_a_negative_invoice():
    sample = credit_note()
    for path in (
        "cac:CreditNoteLine/cbc:CreditedQuantity",
        "cac:CreditNoteLine/cbc:LineExtensionAmount",
        f"{SUBTOTAL_25}/cbc:TaxableAmount",
        f"{SUBTOTAL_25}/cbc:TaxAmount",
        VAT,
        LINES,
        WITHOUT_VAT,
        WITH_VAT,
        DUE,
    ):
        sample.set(path, f"-{sample.text(path)}")
    assert check(sample) == []
    sample.set(f"{SUBTOTAL_25}/cbc:TaxAmount", "124.75")
    assert rules(sample) == ["BR-CO-14", "BR-CO-17"]


def test_the_vat_in_another_currency_is_not_added():
    assert rules(invoice().set("cac:TaxTotal[2]/cbc:TaxAmount", "999.00")) == []


def test_a_base_quantity_of_zero_counts_as_one():
    sample = invoice().set("cac:InvoiceLine[2]/cac:Price/cbc:BaseQuantity", "0")
    assert finding(sample) == ("PEPPOL-EN16931-R120", "29500.00", "295.00")


def test_the_largest_and_smallest_numbers():
    line = "cac:InvoiceLine[2]"
    sample = invoice().set(f"{line}/cbc:InvoicedQuantity", "9" * 12)
    sample.set(f"{line}/cac:Price/cbc:PriceAmount", "9" * 12)
    sample.set(f"{line}/cac:Price/cbc:BaseQuantity", f"0.{'0' * 19}1")
    assert rules(sample) == ["PEPPOL-EN16931-R120"]


def test_vat_without_categories_is_found_by_the_categories():
    sample = credit_note().remove(SUBTOTAL_25)
    assert rules(sample) == ["BR-S-08"]


def test_every_violation_is_found_in_the_order_of_the_rules():
    sample = invoice().add("1", f"{LINE_1}/cbc:LineExtensionAmount", DUE)
    assert rules(sample) == ["PEPPOL-EN16931-R120", "BR-CO-10", "BR-CO-16", "BR-S-08"]


@pytest.mark.parametrize(
    ("sample", "sentence"),
    [
        (
            invoice().set(f"{LINE_1}/cac:Price/cbc:PriceAmount", "250"),
            "The amount of line 1 is 2950.00 and should be 2956.00: quantity times price, plus"
            " charges, less allowances (PEPPOL-EN16931-R120).",
        ),
        (
            invoice().add("1", DUE),
            "The amount due is 7264.00 and should be 7263.00: the total with VAT, less the prepaid"
            " amount, plus the rounding amount (BR-CO-16).",
        ),
        (
            invoice().add("0.001", DUE),
            "The amount due is 7263.001 and should be 7263.00: the total with VAT, less the"
            " prepaid amount, plus the rounding amount (BR-CO-16).",
        ),
        (
            invoice().add("2", f"{SUBTOTAL_25}/cbc:TaxAmount", VAT, WITH_VAT, DUE),
            "The VAT of category S with 25 % is 797.00 and should be 795.00: 25 % of 3180.00"
            " (BR-CO-17).",
        ),
    ],
)
def test_a_finding_is_a_sentence(sample, sentence):
    (result,) = check(sample)
    assert isinstance(result, Finding)
    assert str(result) == result.sentence == sentence


def test_amounts_are_exact_decimals():
    (result,) = check(invoice().add("0.01", DUE))
    assert (result.expected, result.actual) == (Decimal("7263.00"), Decimal("7263.01"))

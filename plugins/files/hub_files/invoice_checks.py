"""Check the sums of an e-invoice: rules of EN 16931 and of Peppol, with their tolerances.

BR-CO-10 to BR-CO-16 hold to the cent. The tax of a category and its taxable amount may differ by
less than one unit of the currency, the amount of a line by 0.02.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hub_files.e_invoice import EInvoice, InvoiceLine, TaxSubtotal

ZERO, CENT = Decimal(0), Decimal("0.01")
TAX_TOLERANCE = Decimal("0.99")  # less than one
LINE_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class WrongSum:
    """An amount that breaks a rule, with the amount that follows from the others."""

    rule: str
    what: str
    actual: Decimal
    expected: Decimal

    def __str__(self) -> str:
        """Return the finding as a sentence."""
        return f"{self.what} is {self.actual}, and {self.expected} would be right ({self.rule})."


def find_wrong_sums(invoice: EInvoice) -> Iterator[WrongSum]:
    """Yield each amount of an e-invoice that does not follow from the others."""
    for line in invoice.lines:
        yield from _compare(
            "PEPPOL-EN16931-R120",
            f"The amount of line {line.id}",
            line.amount,
            _line_amount(line),
            LINE_TOLERANCE,
        )
    yield from _wrong_totals(invoice)
    yield from _wrong_taxes(invoice)


def _line_amount(line: InvoiceLine) -> Decimal:
    """Return quantity times price, with the charges and without the allowances of a line."""
    allowances = sum((one.net for one in line.allowances), ZERO)
    return line.quantity * line.price / line.price_quantity + allowances


def _wrong_totals(invoice: EInvoice) -> Iterator[WrongSum]:
    """Yield the totals that are not the sums of their parts."""
    totals = invoice.totals
    lines = sum((line.amount for line in invoice.lines), ZERO)
    charges = sum((one.amount for one in invoice.allowances if one.is_charge), ZERO)
    allowances = sum((one.amount for one in invoice.allowances if not one.is_charge), ZERO)
    tax = sum((one.tax for one in invoice.tax_subtotals), ZERO)
    yield from _compare("BR-CO-10", "The sum of the lines", totals.lines, lines)
    yield from _compare("BR-CO-11", "The sum of the allowances", totals.allowances, allowances)
    yield from _compare("BR-CO-12", "The sum of the charges", totals.charges, charges)
    yield from _compare(
        "BR-CO-13",
        "The total without VAT",
        totals.without_tax,
        totals.lines - totals.allowances + totals.charges,
    )
    yield from _compare("BR-CO-14", "The VAT", totals.tax, tax)
    yield from _compare(
        "BR-CO-15", "The total with VAT", totals.with_tax, totals.without_tax + totals.tax
    )
    yield from _compare(
        "BR-CO-16",
        "The amount due",
        totals.payable,
        totals.with_tax - totals.prepaid + totals.rounding,
    )


def _wrong_taxes(invoice: EInvoice) -> Iterator[WrongSum]:
    """Yield the taxes and taxable amounts that do not fit their category and rate."""
    for one in invoice.tax_subtotals:
        name = f"{one.rate.normalize():f} % VAT (category {one.category})"
        tax = one.taxable * one.rate / 100
        yield from _compare("BR-CO-17", name, one.tax, tax, TAX_TOLERANCE)
        yield from _compare(
            f"BR-{one.category}-08",
            f"The amount with {name}",
            one.taxable,
            _taxable_amount(invoice, one),
            TAX_TOLERANCE,
        )


def _taxable_amount(invoice: EInvoice, subtotal: TaxSubtotal) -> Decimal:
    """Return what lines, charges and allowances of a category and rate add up to."""
    key = (subtotal.category, subtotal.rate)
    amount = ZERO
    for line in invoice.lines:
        if (line.tax_category, line.tax_rate) == key:
            amount += line.amount
    for one in invoice.allowances:
        if (one.tax_category, one.tax_rate) == key:
            amount += one.net
    return amount


def _compare(
    rule: str, what: str, actual: Decimal, expected: Decimal, tolerance: Decimal = ZERO
) -> Iterator[WrongSum]:
    """Yield an amount that differs from the expected one by more than is tolerated."""
    expected = expected.quantize(CENT, ROUND_HALF_UP)
    if abs(actual - expected) > tolerance:
        yield WrongSum(rule, what, actual, expected)

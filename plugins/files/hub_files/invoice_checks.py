"""Checks of the sums of an e-invoice: rules of EN 16931 and of Peppol, with their tolerances.

BR-CO-10 to BR-CO-16 hold to the cent, as does the taxable amount of a category without VAT, whose
VAT is zero. Where VAT is charged, the VAT of a category and its taxable amount may be off by less
than one unit of the currency. The amount of a line may be off by 0.02.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hub import Sentence
from hub_files.e_invoice import Allowance, EInvoice, EInvoiceLine, VatSubtotal

ZERO, ONE, CENT = Decimal(0), Decimal(1), Decimal("0.01")
LINE_TOLERANCE = Decimal("0.02")
PRECISION = 100  # digits; a quantity times a price always has fewer
UNTAXED_CATEGORIES = ("AE", "E", "G", "K", "O", "Z")
RULE_FAMILIES = {"K": "IC", "L": "AF", "M": "AG"}  # other families have the name of the category
VatGroup = tuple[str, Decimal | None]  # a VAT category, with the percentage if VAT is charged


@dataclass(frozen=True, slots=True)
class Finding:
    """An amount that breaks a rule, with the expected amount."""

    rule: str
    expected: Decimal
    actual: Decimal
    sentence: str

    def __str__(self) -> str:
        """Return the finding as a sentence."""
        return self.sentence


def check_e_invoice(invoice: EInvoice) -> list[Finding]:
    """Return the amounts of an e-invoice that break a rule."""
    findings: list[Finding] = []
    with localcontext(prec=PRECISION):
        for check in CHECKS:
            findings += check(invoice)
    return findings


def check_line_amounts(invoice: EInvoice) -> Iterator[Finding]:
    """Check each line by Peppol R120: quantity times price, plus charges, less allowances."""
    for line in invoice.lines:
        base_quantity = line.base_quantity or ONE
        expected_amount = line.quantity * line.unit_price / base_quantity + _sum_net_amount(
            line.allowances
        )
        if abs(line.amount - expected_amount) > LINE_TOLERANCE:
            yield _build_finding(
                "PEPPOL-EN16931-R120",
                Sentence("The amount of line %(id)s", id=line.id),
                Sentence("quantity times price, plus charges, less allowances"),
                expected_amount,
                line.amount,
            )


def check_line_sum(invoice: EInvoice) -> Iterator[Finding]:
    """Check the sum of the line amounts."""
    yield from _check_exact(
        "BR-CO-10",
        Sentence("The sum of the lines"),
        Sentence("the amounts of all lines"),
        sum((line.amount for line in invoice.lines), ZERO),
        invoice.totals.line_extension,
    )


def check_allowance_sum(invoice: EInvoice) -> Iterator[Finding]:
    """Check the sum of the document's allowances."""
    yield from _check_exact(
        "BR-CO-11",
        Sentence("The sum of the allowances"),
        Sentence("all allowances on the document"),
        sum(
            (allowance.amount for allowance in invoice.allowances if not allowance.is_charge), ZERO
        ),
        invoice.totals.allowance,
    )


def check_charge_sum(invoice: EInvoice) -> Iterator[Finding]:
    """Check the sum of the document's charges."""
    yield from _check_exact(
        "BR-CO-12",
        Sentence("The sum of the charges"),
        Sentence("all charges on the document"),
        sum((charge.amount for charge in invoice.allowances if charge.is_charge), ZERO),
        invoice.totals.charge,
    )


def check_total_without_vat(invoice: EInvoice) -> Iterator[Finding]:
    """Check the total without VAT."""
    totals = invoice.totals
    yield from _check_exact(
        "BR-CO-13",
        Sentence("The total without VAT"),
        Sentence("the sum of the lines, less allowances, plus charges"),
        totals.line_extension - totals.allowance + totals.charge,
        totals.tax_exclusive,
    )


def check_vat_sum(invoice: EInvoice) -> Iterator[Finding]:
    """Check the sum of the VAT of all categories, if there are any."""
    if invoice.vat_subtotals:
        yield from _check_exact(
            "BR-CO-14",
            "The total VAT",
            Sentence("the VAT of all categories"),
            sum((subtotal.tax for subtotal in invoice.vat_subtotals), ZERO),
            invoice.totals.tax,
        )


def check_total_with_vat(invoice: EInvoice) -> Iterator[Finding]:
    """Check the total with VAT."""
    totals = invoice.totals
    yield from _check_exact(
        "BR-CO-15",
        Sentence("The total with VAT"),
        Sentence("the total without VAT plus the total VAT"),
        totals.tax_exclusive + totals.tax,
        totals.tax_inclusive,
    )


def check_amount_due(invoice: EInvoice) -> Iterator[Finding]:
    """Check the amount due."""
    totals = invoice.totals
    yield from _check_exact(
        "BR-CO-16",
        "The amount due",
        Sentence("the total with VAT, less the prepaid amount, plus the rounding amount"),
        totals.tax_inclusive - totals.prepaid + totals.rounding,
        totals.payable,
    )


def check_vat_amounts(invoice: EInvoice) -> Iterator[Finding]:
    """Check the VAT of each category: its taxable amount times its percentage."""
    for subtotal in invoice.vat_subtotals:
        group = _group_key(subtotal.category, subtotal.percent)
        percent = group[1] or ZERO
        expected_tax = _to_cents(subtotal.taxable * percent / 100)
        if not _is_within_tolerance(subtotal.category, expected_tax, subtotal.tax):
            is_untaxed = subtotal.category in UNTAXED_CATEGORIES
            yield _build_finding(
                _get_category_rule(subtotal.category, "09") if is_untaxed else "BR-CO-17",
                Sentence("The VAT of %(name)s", name=_group_name(group)),
                Sentence(
                    "%(percent)s %% of %(taxable)s",
                    percent=f"{percent.normalize():f}",
                    taxable=_format_amount(subtotal.taxable),
                ),
                expected_tax,
                subtotal.tax,
            )


def check_taxable_amounts(invoice: EInvoice) -> Iterator[Finding]:
    """Check the taxable amount of each category and percentage, also where one is absent."""
    expected_amounts = _sum_by_group(_iter_taxed_amounts(invoice))
    actual = _sum_by_group(map(_get_taxable_amount, invoice.vat_subtotals))
    for group in sorted(expected_amounts | actual, key=_group_name):
        taxable = actual.get(group, ZERO)
        if not _is_within_tolerance(group[0], expected_amounts.get(group, ZERO), taxable):
            yield _build_finding(
                _get_category_rule(group[0], "08"),
                Sentence("The taxable amount of %(name)s", name=_group_name(group)),
                Sentence("the lines of that category, less allowances, plus charges"),
                expected_amounts.get(group, ZERO),
                taxable,
            )


CHECKS: tuple[Callable[[EInvoice], Iterator[Finding]], ...] = (
    check_line_amounts,
    check_line_sum,
    check_allowance_sum,
    check_charge_sum,
    check_total_without_vat,
    check_vat_sum,
    check_total_with_vat,
    check_amount_due,
    check_vat_amounts,
    check_taxable_amounts,
)


# -- VAT categories --------------------------------------------------------------------------------


def _group_key(category: str, percent: Decimal | None) -> VatGroup:
    """Return the group of an amount; the percentage is part of it only if VAT is charged."""
    return (category, None if category in UNTAXED_CATEGORIES else percent)


def _get_category_rule(category: str, number: str) -> str:
    """Return the name of a rule of a VAT category."""
    return f"BR-{RULE_FAMILIES.get(category, category)}-{number}"


def _group_name(group: VatGroup) -> str:
    """Return the name of a category and percentage."""
    category, percent = group
    if percent is None:
        return Sentence("category %(category)s", category=category)
    return Sentence(
        "category %(category)s with %(percent)s %%",
        category=category,
        percent=f"{percent.normalize():f}",
    )


def _iter_taxed_amounts(invoice: EInvoice) -> Iterator[tuple[VatGroup, Decimal]]:
    """Yield the amounts of lines, charges and allowances that have a VAT category."""
    parts: list[EInvoiceLine | Allowance] = [*invoice.lines, *invoice.allowances]
    for part in parts:
        amount = part.signed_amount if isinstance(part, Allowance) else part.amount
        if part.vat_category:
            yield _group_key(part.vat_category, part.vat_percent), amount


def _get_taxable_amount(subtotal: VatSubtotal) -> tuple[VatGroup, Decimal]:
    """Return the taxable amount of a category, with its group."""
    group = _group_key(subtotal.category, subtotal.percent)
    return group, subtotal.taxable


def _sum_by_group(amounts: Iterable[tuple[VatGroup, Decimal]]) -> dict[VatGroup, Decimal]:
    """Add up the amounts of each category and percentage."""
    sums: dict[VatGroup, Decimal] = {}
    for group, amount in amounts:
        sums[group] = sums.get(group, ZERO) + amount
    return sums


def _is_within_tolerance(category: str, expected_amount: Decimal, actual: Decimal) -> bool:
    """Return whether an amount is as close to the expected one as its category requires."""
    if category in UNTAXED_CATEGORIES:
        return actual == expected_amount
    return abs(actual - expected_amount) < ONE


# -- amounts ---------------------------------------------------------------------------------------


def _sum_net_amount(allowances: Iterable[Allowance]) -> Decimal:
    """Return the charges less the allowances."""
    return sum((allowance.signed_amount for allowance in allowances), ZERO)


def _check_exact(
    rule: str, subject: str, meaning: str, expected_amount: Decimal, actual: Decimal
) -> Iterator[Finding]:
    """Yield a finding if an amount is not the expected one, rounded to cents."""
    if actual != _to_cents(expected_amount):
        yield _build_finding(rule, subject, meaning, expected_amount, actual)


def _build_finding(
    rule: str, subject: str, meaning: str, expected_amount: Decimal, actual: Decimal
) -> Finding:
    """Return a finding with its sentence."""
    rounded_amount = _to_cents(expected_amount)
    sentence = Sentence(
        "%(subject)s is %(actual)s and should be %(rounded)s: %(meaning)s (%(rule)s).",
        subject=subject,
        actual=_format_amount(actual),
        rounded=_format_amount(rounded_amount),
        meaning=meaning,
        rule=rule,
    )
    return Finding(rule, rounded_amount, actual, sentence)


def _to_cents(amount: Decimal) -> Decimal:
    """Return an amount rounded to cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _format_amount(amount: Decimal) -> str:
    """Return an amount with two decimals, or with all of them if it has more."""
    rounded_amount = _to_cents(amount)
    return f"{rounded_amount if rounded_amount == amount else amount:f}"

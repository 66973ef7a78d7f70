"""Tax in companies where every line has a tax code: amounts with or without it, and stated tax."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.contract.document_kinds import PURCHASE_KINDS, SALES_KINDS
from hub.errors import Sentence
from hub.mapping.mapped import MappedDocument, MappedLine
from hub.mapping.split import get_amount
from hub.money import ZERO, format_amount, sum_amounts
from hub.payloads.builder import PayloadBuilder, RoundingDifference, drop_empty
from hub.payloads.company_facts import CompanyFacts
from hub.payloads.rounding import CENT, round_computed, smallest_amount
from hub.payloads.summary import compute_gross_total, compute_net_total

CALCULATIONS = {
    "exclusive": "TaxExcluded",
    "computed": "TaxExcluded",
    "inclusive": "TaxInclusive",
    "none": "NotApplicable",
}
NO_TAX_APPLIES = Sentence(
    "It says that no tax applies and states tax all the same. Fix this at the source."
)
TAX_NOT_SET_UP = Sentence(
    "It is taxed, but QuickBooks has no tax codes, because sales tax is not set up. Set it up"
    " there, or fix this at the source."
)
KINDS_WITH_TAX = (*PURCHASE_KINDS, *SALES_KINDS)
Pairs = Sequence[tuple[MappedLine, dict[str, Any]]]
Rates = Sequence[tuple[str, Decimal]]  # id and percent of each rate of a tax code


def settle_tax_mode(mapped_document: MappedDocument, facts: CompanyFacts) -> MappedDocument:
    """Return a document to which no tax applies if it has none and QuickBooks has no tax codes.

    Such a company cannot give its lines a tax code, which QuickBooks requires otherwise.
    """
    if not facts.tax_codes or facts.tax_set_up or _has_tax(mapped_document):
        return mapped_document
    return replace(mapped_document, document=replace(mapped_document.document, tax_mode="none"))


def _has_tax(mapped_document: MappedDocument) -> bool:
    """Return whether a document states tax, or a line has a tax code."""
    document = mapped_document.document
    if document.tax_total or any(line.tax for line in document.lines):
        return True
    return any("tax_code" in line.refs for line in mapped_document.lines)


def build_tax_detail(
    builder: PayloadBuilder, pairs: Pairs, *, whole: bool = True
) -> dict[str, Any]:
    """Return the fields that state how amounts are taxed; none in the United States.

    `pairs` are the taxed lines with their bodies. `whole` is false if something else, such as a
    discount, changes the taxed amounts.
    """
    document = builder.document
    if not builder.facts.tax_codes:
        return {}
    tax = read_stated_tax(builder)
    if document.tax_mode == "none" and tax:
        builder.problems.append(NO_TAX_APPLIES)
    fields: dict[str, Any] = {"GlobalTaxCalculation": CALCULATIONS[document.tax_mode]}
    if document.tax_mode in ("none", "computed") or tax is None:
        return fields
    tax_lines = _build_tax_lines(builder, pairs, tax) if whole else []
    fields["TxnTaxDetail"] = {"TotalTax": tax} | drop_empty(TaxLine=tax_lines)
    return fields


def read_stated_tax(builder: PayloadBuilder) -> Decimal | None:
    """Return the tax that the document states, as a whole or line by line."""
    document = builder.document
    if document.tax_total is not None:
        return builder.cents(document.tax_total)
    taxes = [line.tax for line in document.lines if line.tax is not None]
    if not taxes:
        return None
    return builder.cents(sum_amounts(taxes))


def list_posted_taxes(builder: PayloadBuilder) -> list[Decimal | None]:
    """Return the stated taxes, not rounded, that are posted beside the amounts of the lines.

    On a purchase in the United States that is the tax of each line, else the tax in all.
    """
    document = builder.document
    if document.tax_mode != "exclusive" or document.kind not in KINDS_WITH_TAX:
        return []
    taxes = [line.tax for line in document.lines]
    if document.kind in PURCHASE_KINDS and not builder.facts.tax_codes:
        return taxes
    return [sum_amounts(taxes) if document.tax_total is None else document.tax_total]


def describe_line_taxes(
    builder: PayloadBuilder, computed_tax: Decimal, stated_tax: Decimal
) -> Sentence:
    """State which tax the lines state, and which one the document states in all."""
    return Sentence(
        "The taxes of its lines add up to %(computed)s, and it states %(stated)s in all. Correct"
        " the tax at the source.",
        computed=format_amount(computed_tax, builder.currency),
        stated=format_amount(stated_tax, builder.currency),
    )


def choose_tax_code(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, str] | None:
    """Return the tax code of a line; None if no tax applies, and in the United States."""
    if not builder.facts.tax_codes or builder.document.tax_mode == "none":
        return None
    code = builder.line_reference(mapped_line, "tax_code")
    if code is None and not builder.facts.tax_set_up:
        builder.problems.append(TAX_NOT_SET_UP)
    elif code is None:
        builder.report(
            Sentence(
                "Line %(line)s has no tax code, which QuickBooks requires here. Match its tax"
                " code.",
                line=mapped_line.line.id,
            ),
            "match",
        )
    return code


def compute_amount_without_tax(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> Decimal:
    """Return the amount without the tax that it includes.

    If the line does not state its tax, the rates of its tax code are taken off, or where rates are
    unknown its share of the tax that the document states. The largest line takes the rounding
    difference between the lines and the stated tax.
    """
    if not builder.facts.tax_codes or builder.document.tax_mode != "inclusive":
        return line_amount
    net_amount = _compute_amount_without_rates(builder, mapped_line, line_amount)
    if builder.net_rounding is None:
        builder.net_rounding = _find_rounding_difference(builder)
    if mapped_line is builder.net_rounding.line:
        return net_amount + builder.net_rounding.amount
    return net_amount


def _find_rounding_difference(builder: PayloadBuilder) -> RoundingDifference:
    """Return the difference between the tax of the rounded lines and the stated tax.

    The line with the largest amount takes it. A difference that is too large for rounding is not
    corrected.
    """
    tax = read_stated_tax(builder)
    if tax is None:
        return RoundingDifference()
    net_amounts: list[tuple[Decimal, MappedLine]] = []
    difference = -tax
    for mapped_line in builder.mapped.lines:
        line_amount = get_amount(mapped_line.line)
        if line_amount is None:
            continue
        gross_amount = builder.cents(line_amount)
        net_amount = _compute_amount_without_rates(builder, mapped_line, gross_amount)
        difference += gross_amount - net_amount
        net_amounts.append((net_amount, mapped_line))
    max_difference = smallest_amount(builder.currency) * len(net_amounts)
    if not net_amounts or abs(difference) > max_difference:
        return RoundingDifference()
    _, largest_line = max(net_amounts, key=lambda row: abs(row[0]))
    return RoundingDifference(largest_line, difference)


def _compute_amount_without_rates(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> Decimal:
    """Return the amount of a line without its stated tax, else without the rates of its code."""
    stated_tax = mapped_line.line.tax
    if stated_tax is not None:
        return line_amount - builder.cents(stated_tax)
    if builder.facts.knows_rates:
        percent = sum_amounts(share for _, share in _find_tax_rates(builder, mapped_line))
        without_tax = line_amount / (1 + percent / 100)
    else:
        without_tax = line_amount * (1 - _compute_presumed_share(builder))
    return round_computed(without_tax, builder.currency)


def _compute_presumed_share(builder: PayloadBuilder) -> Decimal:
    """Return the share of tax in lines that do not state it, assuming that it is equal in all."""
    tax = read_stated_tax(builder) or ZERO
    gross = ZERO
    for line in builder.document.lines:
        if line.tax is None:
            gross += get_amount(line) or ZERO
        else:
            tax -= builder.cents(line.tax)
    return tax / gross if gross else ZERO


def compute_discount_without_tax(
    builder: PayloadBuilder,
    discount: Decimal,
    discounts: Sequence[MappedLine],
    taxed_lines: Pairs,
) -> Decimal:
    """Return the amount of a discount on the whole document without the tax that it includes.

    QuickBooks subtracts the discount from the amounts without tax, and divides it among the lines.
    The discount therefore includes the same proportion of tax as the lines, unless the source
    states another tax that its tax code explains.
    """
    if not builder.facts.tax_codes or builder.document.tax_mode != "inclusive":
        return discount
    taxes = [mapped_line.line.tax for mapped_line in discounts]
    if None not in taxes:
        return discount + builder.cents(sum_amounts(taxes))
    net = sum_amounts(body["Amount"] for _, body in taxed_lines)
    gross = sum_amounts(body[body["DetailType"]]["TaxInclusiveAmt"] for _, body in taxed_lines)
    share = net / gross if gross else Decimal(1)
    in_proportion = round_computed(discount * share, builder.currency)
    tax = read_stated_tax(builder)
    if tax is None:
        return in_proportion
    by_tax = discount - (gross - net - tax)
    by_codes = _compute_discount_by_codes(builder, discounts)
    max_difference = smallest_amount(builder.currency) * (len(taxed_lines) + 1)
    if min(abs(by_tax - in_proportion), abs(by_tax - by_codes)) <= max_difference:
        return by_tax
    return in_proportion


def compute_total_with_tax(builder: PayloadBuilder, body: dict[str, Any]) -> Decimal:
    """Return the sum of the lines of a body, with the tax that lines and discounts contain."""
    return compute_gross_total(body) - builder.tax_in_discounts


def compute_contained_tax(builder: PayloadBuilder, body: dict[str, Any]) -> Decimal:
    """Return the tax that the amounts of a body contain, less that of the discounts."""
    return compute_total_with_tax(builder, body) - compute_net_total(body)


def _compute_discount_by_codes(builder: PayloadBuilder, discounts: Sequence[MappedLine]) -> Decimal:
    """Return the amount of discounts without the tax of their own tax codes."""
    net_amounts = [
        _compute_amount_without_rates(builder, mapped_line, get_amount(mapped_line.line) or ZERO)
        for mapped_line in discounts
    ]
    return -sum_amounts(net_amounts)


def compute_gross_amount(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, Decimal]:
    """Return the amount with tax, if the amounts of the document include it."""
    if not builder.facts.tax_codes or builder.document.tax_mode != "inclusive":
        return {}
    line_amount = get_amount(mapped_line.line)
    if line_amount is None:
        return {}
    return {"TaxInclusiveAmt": builder.cents(line_amount)}


def _find_tax_rates(builder: PayloadBuilder, mapped_line: MappedLine) -> Rates:
    """Return the rates of a line's tax code on its date; sales and purchases have others."""
    code = mapped_line.refs.get("tax_code")
    if code is None:
        return ()
    document = builder.document
    return builder.facts.list_rates(code.id, document.date, is_sale=document.kind in SALES_KINDS)


def find_compound_rates(builder: PayloadBuilder, mapped_line: MappedLine) -> str:
    """Return the names of the rates of a line that are computed on another tax; "" if none is."""
    code = mapped_line.refs.get("tax_code")
    is_sale = builder.document.kind in SALES_KINDS
    facts = builder.facts
    rates = facts.compound_sales_rates if is_sale else facts.compound_rates
    return rates.get(code.id, "") if code else ""


def _build_tax_lines(builder: PayloadBuilder, pairs: Pairs, tax: Decimal) -> list[dict[str, Any]]:
    """Return the stated tax by rate; nothing if the lines do not add up to it.

    The largest tax takes the rounding difference between the lines and the stated tax. Where a rate
    is computed on another tax, QuickBooks divides the stated tax itself.
    """
    if any(find_compound_rates(builder, mapped_line) for mapped_line, _ in pairs):
        return []
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    for mapped_line, body in pairs:
        rates = _find_tax_rates(builder, mapped_line)
        if not rates:
            continue  # such as out of scope; a tax of an unknown rate is missing in the sum
        net_amount = body["Amount"]
        shares = _divide_tax(builder, mapped_line, net_amount, rates)
        for (rate, percent), share in zip(rates, shares, strict=True):
            bases[rate] = bases.get(rate, ZERO) + net_amount
            taxes[rate] = taxes.get(rate, ZERO) + share
            percents[rate] = percent
    difference = tax - sum_amounts(taxes.values())
    if difference:
        largest = max(taxes, key=lambda rate: abs(taxes[rate]), default="")
        max_difference = smallest_amount(builder.currency) * len(pairs)
        if not taxes.get(largest) or abs(difference) > max_difference:
            return []
        taxes[largest] += difference
    return [_build_tax_line(rate, taxes[rate], percents[rate], bases[rate]) for rate in bases]


def _divide_tax(
    builder: PayloadBuilder, mapped_line: MappedLine, net_amount: Decimal, rates: Rates
) -> list[Decimal]:
    """Divide the tax of a line over its rates; the last one takes the rounding difference."""
    shares = []
    for _, percent in rates:
        share = net_amount * percent / 100
        shares.append(round_computed(share, builder.currency))
    if mapped_line.line.tax is not None:
        line_tax = builder.cents(mapped_line.line.tax)
        shares[-1] += line_tax - sum_amounts(shares)
    return shares


def _build_tax_line(rate: str, tax: Decimal, percent: Decimal, base: Decimal) -> dict[str, Any]:
    """Return the line for the tax of one rate; `base` is the amount that is taxed.

    If the tax is based on a percentage, QuickBooks computes it with two decimals, whatever the
    currency. Any other tax is stated as an amount.
    """
    detail: dict[str, Any] = {"TaxRateRef": {"value": rate}, "NetAmountTaxable": base}
    if (base * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP) == tax:
        detail |= {"PercentBased": True, "TaxPercent": percent}
    else:
        detail |= {"PercentBased": False}
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}

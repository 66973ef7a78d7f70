"""Tax where every line has a code: how amounts are meant, and what the document states of the tax."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.money import ZERO, to_cents, total
from hub.qbo.payloads.builder import PayloadBuilder

HOW = {
    "exclusive": "TaxExcluded",
    "computed": "TaxExcluded",
    "inclusive": "TaxInclusive",
    "none": "NotApplicable",
}
SELLING = ("invoice", "credit_memo", "refund")
Pairs = Sequence[tuple[MappedLine, dict[str, Any]]]


def detail(builder: PayloadBuilder, pairs: Pairs, whole: bool = True) -> dict[str, Any]:
    """How tax is meant, and the tax that the document states; nothing in the United States.

    `pairs` are the taxed lines with their bodies; they are `whole` unless something else changes what is taxed.
    """
    document = builder.document
    if not builder.facts.tax_codes:
        return {}
    tax = stated(builder)
    if document.tax_mode == "none" and tax:
        builder.problems.append(
            "It says that no tax applies and states tax all the same. Correct it at the source."
        )
    if document.tax_mode in ("none", "computed") or tax is None:
        return {"GlobalTaxCalculation": HOW[document.tax_mode]}
    by_rate = _tax_lines(builder, pairs, tax) if whole else []
    stated_so = {"TotalTax": tax} | ({"TaxLine": by_rate} if by_rate else {})
    return {"GlobalTaxCalculation": HOW[document.tax_mode], "TxnTaxDetail": stated_so}


def stated(builder: PayloadBuilder) -> Decimal | None:
    """The tax that the document states, as a whole or line by line."""
    document = builder.document
    if document.tax_total is not None:
        return builder.cents(document.tax_total)
    taxes = [line.tax for line in document.lines if line.tax is not None]
    return builder.cents(total(taxes)) if taxes else None


def line_code(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, str] | None:
    """The tax code of a line; none where no tax applies, nor in the United States, which has another way."""
    if not builder.facts.tax_codes or builder.document.tax_mode == "none":
        return None
    code = builder.on_line(mapped, "tax_code")
    if code is None:
        why = f"Line {mapped.line.id} has no tax code, which QuickBooks requires here. Match its tax code."
        builder.problems.append(why)
    return code


def net(builder: PayloadBuilder, mapped: MappedLine, worth: Decimal) -> Decimal:
    """The amount without the tax that it includes."""
    if not builder.facts.tax_codes or builder.document.tax_mode != "inclusive":
        return worth
    if mapped.line.tax is not None:
        return worth - builder.cents(mapped.line.tax)
    percent = total(share for _, share in _rates(builder, mapped))
    return to_cents(worth / (1 + percent / 100), builder.currency)


def gross(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, Decimal]:
    """The amount with the tax that it includes, where amounts are meant so."""
    worth = amount(mapped.line)
    if worth is None or not builder.facts.tax_codes or builder.document.tax_mode != "inclusive":
        return {}
    return {"TaxInclusiveAmt": builder.cents(worth)}


def _rates(builder: PayloadBuilder, mapped: MappedLine) -> Iterable[tuple[str, Decimal]]:
    code = mapped.refs.get("tax_code")
    rates = (
        builder.facts.sales_rates if builder.document.kind in SELLING else builder.facts.tax_rates
    )
    return rates.get(code.id, ()) if code else ()


def _tax_lines(builder: PayloadBuilder, pairs: Pairs, tax: Decimal) -> list[dict[str, Any]]:
    """The stated tax rate by rate, where the lines say how much belongs to each; else QuickBooks divides it."""
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    for mapped, body in pairs:
        rates = tuple(_rates(builder, mapped))
        if not rates:
            return []
        for (rate, percent), share in zip(
            rates, _shares(builder, mapped, body["Amount"], rates), strict=True
        ):
            bases[rate] = bases.get(rate, ZERO) + body["Amount"]
            taxes[rate] = taxes.get(rate, ZERO) + share
            percents[rate] = percent
    if total(taxes.values()) != tax:
        return []
    return [_tax_line(rate, taxes[rate], percents[rate], bases[rate]) for rate in bases]


def _shares(
    builder: PayloadBuilder,
    mapped: MappedLine,
    net: Decimal,
    rates: tuple[tuple[str, Decimal], ...],
) -> list[Decimal]:
    """The tax of a line divided over its rates, the last taking what rounding leaves."""
    shares = [to_cents(net * percent / 100, builder.currency) for _, percent in rates]
    if mapped.line.tax is not None:
        shares[-1] += builder.cents(mapped.line.tax) - total(shares)
    return shares


def _tax_line(rate: str, tax: Decimal, percent: Decimal, base: Decimal) -> dict[str, Any]:
    about = {
        "TaxRateRef": {"value": rate},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": base,
    }
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": about}

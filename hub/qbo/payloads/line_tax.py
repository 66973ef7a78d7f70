"""Tax where every line has a code: how amounts are meant, and what the document states of the tax."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.money import ZERO, to_cents, total
from hub.qbo.payloads.builder import Work

HOW = {
    "exclusive": "TaxExcluded",
    "computed": "TaxExcluded",
    "inclusive": "TaxInclusive",
    "none": "NotApplicable",
}
SELLING = ("invoice", "credit_memo", "refund")
Pairs = Sequence[tuple[MappedLine, dict[str, Any]]]


def detail(work: Work, pairs: Pairs, whole: bool = True) -> dict[str, Any]:
    """How tax is meant, and the tax that the document states; nothing in the United States.

    `pairs` are the taxed lines with their bodies; they are `whole` unless something else changes what is taxed.
    """
    document = work.document
    if not work.facts.tax_codes:
        return {}
    tax = stated(work)
    if document.tax_mode == "none" and tax:
        work.problems.append(
            "It says that no tax applies and states tax all the same. Correct it at the source."
        )
    if document.tax_mode in ("none", "computed") or tax is None:
        return {"GlobalTaxCalculation": HOW[document.tax_mode]}
    by_rate = _tax_lines(work, pairs, tax) if whole else []
    stated_so = {"TotalTax": tax} | ({"TaxLine": by_rate} if by_rate else {})
    return {"GlobalTaxCalculation": HOW[document.tax_mode], "TxnTaxDetail": stated_so}


def stated(work: Work) -> Decimal | None:
    """The tax that the document states, as a whole or line by line."""
    document = work.document
    if document.tax_total is not None:
        return work.cents(document.tax_total)
    taxes = [line.tax for line in document.lines if line.tax is not None]
    return work.cents(total(taxes)) if taxes else None


def line_code(work: Work, mapped: MappedLine) -> dict[str, str] | None:
    """The tax code of a line; none where no tax applies, nor in the United States, which has another way."""
    if not work.facts.tax_codes or work.document.tax_mode == "none":
        return None
    code = work.on_line(mapped, "tax_code")
    if code is None:
        why = f"Line {mapped.line.id} has no tax code, which QuickBooks requires here. Match its tax code."
        work.problems.append(why)
    return code


def net(work: Work, mapped: MappedLine, worth: Decimal) -> Decimal:
    """The amount without the tax that it includes."""
    if not work.facts.tax_codes or work.document.tax_mode != "inclusive":
        return worth
    if mapped.line.tax is not None:
        return worth - work.cents(mapped.line.tax)
    percent = total(share for _, share in _rates(work, mapped))
    return to_cents(worth / (1 + percent / 100), work.currency)


def gross(work: Work, mapped: MappedLine) -> dict[str, Decimal]:
    """The amount with the tax that it includes, where amounts are meant so."""
    worth = amount(mapped.line)
    if worth is None or not work.facts.tax_codes or work.document.tax_mode != "inclusive":
        return {}
    return {"TaxInclusiveAmt": work.cents(worth)}


def _rates(work: Work, mapped: MappedLine) -> Iterable[tuple[str, Decimal]]:
    code = mapped.refs.get("tax_code")
    rates = work.facts.sales_rates if work.document.kind in SELLING else work.facts.tax_rates
    return rates.get(code.id, ()) if code else ()


def _tax_lines(work: Work, pairs: Pairs, tax: Decimal) -> list[dict[str, Any]]:
    """The stated tax rate by rate, where the lines say how much belongs to each; else QuickBooks divides it."""
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    for mapped, body in pairs:
        rates = tuple(_rates(work, mapped))
        if not rates:
            return []
        for (rate, percent), share in zip(
            rates, _shares(work, mapped, body["Amount"], rates), strict=True
        ):
            bases[rate] = bases.get(rate, ZERO) + body["Amount"]
            taxes[rate] = taxes.get(rate, ZERO) + share
            percents[rate] = percent
    if total(taxes.values()) != tax:
        return []
    return [_tax_line(rate, taxes[rate], percents[rate], bases[rate]) for rate in bases]


def _shares(
    work: Work, mapped: MappedLine, net: Decimal, rates: tuple[tuple[str, Decimal], ...]
) -> list[Decimal]:
    """The tax of a line divided over its rates, the last taking what rounding leaves."""
    shares = [to_cents(net * percent / 100, work.currency) for _, percent in rates]
    if mapped.line.tax is not None:
        shares[-1] += work.cents(mapped.line.tax) - total(shares)
    return shares


def _tax_line(rate: str, tax: Decimal, percent: Decimal, base: Decimal) -> dict[str, Any]:
    about = {
        "TaxRateRef": {"value": rate},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": base,
    }
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": about}

"""The tax of what is bought, where QuickBooks keeps it: how it is meant, and what the document states of it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub.mapping import MappedLine, amount
from hub.money import ZERO, to_cents, total
from hub.qbo.payloads.work import Work

HOW = {"exclusive": "TaxExcluded", "computed": "TaxExcluded", "inclusive": "TaxInclusive", "none": "NotApplicable"}


def detail(work: Work, body_lines: list[dict[str, Any]]) -> dict[str, Any]:
    """How tax is meant, and the tax that the document states; nothing in the United States, where bills carry none."""
    document = work.document
    if not work.facts.tax_codes:
        return {}
    stated = _stated(work)
    if document.tax_mode == "none" and stated:
        work.problems.append("It says that no tax applies and states tax all the same. Correct it at the source.")
    if document.tax_mode in ("none", "computed") or stated is None:
        return {"GlobalTaxCalculation": HOW[document.tax_mode]}
    by_rate = _tax_lines(work, body_lines, stated)
    stated_so = {"TotalTax": stated} | ({"TaxLine": by_rate} if by_rate else {})
    return {"GlobalTaxCalculation": HOW[document.tax_mode], "TxnTaxDetail": stated_so}


def _stated(work: Work) -> Decimal | None:
    document = work.document
    if document.tax_total is not None:
        return to_cents(document.tax_total, work.currency)
    taxes = [line.tax for line in document.lines if line.tax is not None]
    return to_cents(total(taxes), work.currency) if taxes else None


def net(work: Work, mapped: MappedLine, worth: Decimal) -> Decimal:
    """The amount without the tax that it includes."""
    if not work.facts.tax_codes or work.document.tax_mode != "inclusive":
        return worth
    if mapped.line.tax is not None:
        return worth - to_cents(mapped.line.tax, work.currency)
    percent = total(share for _, share in _rates(work, mapped))
    return to_cents(worth / (1 + percent / 100), work.currency)


def _rates(work: Work, mapped: MappedLine) -> Iterable[tuple[str, Decimal]]:
    code = mapped.refs.get("tax_code")
    return work.facts.tax_rates.get(code.id, ()) if code else ()


def _tax_lines(work: Work, body_lines: list[dict[str, Any]], stated: Decimal) -> list[dict[str, Any]]:
    """The stated tax rate by rate, where the lines say how much belongs to each; else QuickBooks divides it."""
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    taxed = (mapped for mapped in work.mapped.lines if amount(mapped.line) is not None)
    for mapped, body in zip(taxed, body_lines, strict=True):
        rates = tuple(_rates(work, mapped))
        if not rates:
            return []
        for (rate, percent), share in zip(rates, _shares(work, mapped, body["Amount"], rates), strict=True):
            bases[rate] = bases.get(rate, ZERO) + body["Amount"]
            taxes[rate] = taxes.get(rate, ZERO) + share
            percents[rate] = percent
    if total(taxes.values()) != stated:
        return []
    return [_tax_line(rate, taxes[rate], percents[rate], bases[rate]) for rate in bases]


def _shares(work: Work, mapped: MappedLine, net: Decimal, rates: tuple[tuple[str, Decimal], ...]) -> list[Decimal]:
    """The tax of a line divided over its rates, the last taking what rounding leaves."""
    shares = [to_cents(net * percent / 100, work.currency) for _, percent in rates]
    if mapped.line.tax is not None:
        shares[-1] += to_cents(mapped.line.tax, work.currency) - total(shares)
    return shares


def _tax_line(rate: str, tax: Decimal, percent: Decimal, base: Decimal) -> dict[str, Any]:
    about = {"TaxRateRef": {"value": rate}, "PercentBased": True, "TaxPercent": percent, "NetAmountTaxable": base}
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": about}

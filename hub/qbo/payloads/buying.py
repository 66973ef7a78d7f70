"""Lines of what is bought, with their tax: shared by bills, vendor credits, expenses and purchase orders."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub.documents import Line
from hub.mapping import MappedLine, amount
from hub.money import ZERO, to_cents, total
from hub.qbo.payloads.work import Work, clean, given

ACCOUNT, ITEM, TEXT = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DescriptionOnly"
LONGEST_DESCRIPTION = 4000
HOW = {"exclusive": "TaxExcluded", "computed": "TaxExcluded", "inclusive": "TaxInclusive", "none": "NotApplicable"}


def lines(work: Work) -> list[dict[str, Any]]:
    """Every line, on its account or item."""
    return [_line(work, line) for line in work.mapped.lines]


def tax(work: Work, body_lines: list[dict[str, Any]]) -> dict[str, Any]:
    """How tax is meant, and the tax that the document states; nothing in the United States, where bills carry none."""
    document = work.document
    if not work.facts.tax_codes:
        return {}
    stated = _stated(work)
    if document.tax_mode == "none" and stated:
        work.problems.append("It says that no tax applies and states tax all the same. Correct it at the source.")
    if document.tax_mode in ("none", "computed") or stated is None:
        return {"GlobalTaxCalculation": HOW[document.tax_mode]}
    detail = given(TotalTax=stated, TaxLine=_tax_lines(work, body_lines, stated))
    return {"GlobalTaxCalculation": HOW[document.tax_mode], "TxnTaxDetail": {"TotalTax": stated} | detail}


def _stated(work: Work) -> Decimal | None:
    document = work.document
    if document.tax_total is not None:
        return to_cents(document.tax_total, work.currency)
    taxes = [line.tax for line in document.lines if line.tax is not None]
    return to_cents(total(taxes), work.currency) if taxes else None


def _line(work: Work, mapped: MappedLine) -> dict[str, Any]:
    line = mapped.line
    worth = _worth(work, mapped)
    text = clean(line.description or "")
    if worth is None:
        return {"DetailType": TEXT, "Description": text[:LONGEST_DESCRIPTION], "DescriptionLineDetail": {}}
    kind = ITEM if "item" in mapped.refs else ACCOUNT
    detail = _tags(work, mapped)
    if kind == ITEM:
        detail |= given(ItemRef=work.on_line(mapped, "item")) | _price(line, worth)
    else:
        detail |= given(AccountRef=work.on_line(mapped, "account"))
    if line.quantity is not None and "Qty" not in detail:
        text = _with_price(text, line)
    body = {"DetailType": kind, "Amount": _net(work, mapped, worth), kind: detail}
    return body | given(Description=text[:LONGEST_DESCRIPTION])


def _worth(work: Work, mapped: MappedLine) -> Decimal | None:
    """What the line comes to in the currency's decimals; in the United States its tax has no other place."""
    worth = amount(mapped.line)
    if worth is None:
        return None
    if not work.facts.tax_codes and mapped.line.tax and work.document.tax_mode == "exclusive":
        worth += mapped.line.tax
        work.warnings.append("QuickBooks in the United States keeps no tax on purchases; it is part of the lines.")
    return to_cents(worth, work.currency)


def _tags(work: Work, mapped: MappedLine) -> dict[str, Any]:
    customer = work.on_line(mapped, "customer")
    billable = mapped.line.billable and customer is not None
    return given(
        ClassRef=work.line_class(mapped),
        CustomerRef=customer,
        BillableStatus="Billable" if billable else "NotBillable",
        TaxCodeRef=_code(work, mapped),
        **_gross(work, mapped),
    )


def _code(work: Work, mapped: MappedLine) -> dict[str, str] | None:
    code = work.on_line(mapped, "tax_code")
    if work.facts.tax_codes and work.document.tax_mode != "none" and code is None:
        work.problems.append(
            f"Line {mapped.line.id} has no tax code, which QuickBooks requires here. Match its tax code."
        )
    if work.document.tax_mode == "none" and work.facts.tax_codes:
        return None
    return code


def _price(line: Line, worth: Decimal) -> dict[str, Any]:
    """Quantity and price where they come to the amount exactly; QuickBooks refuses anything else."""
    if line.quantity is None or not line.quantity:
        return {}
    price = worth / line.quantity if line.unit_price is None else line.unit_price
    if line.unit_price is None:
        price = price.quantize(Decimal("0.0000001"))
    if (line.quantity * price).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") != worth:
        return {}
    return {"Qty": line.quantity, "UnitPrice": price}


def _with_price(text: str, line: Line) -> str:
    priced = f"{line.quantity:f}" + ("" if line.unit_price is None else f" x {line.unit_price:f}")
    return f"{text} ({priced})" if text else priced


def _gross(work: Work, mapped: MappedLine) -> dict[str, Decimal]:
    worth = amount(mapped.line)
    if worth is None or not work.facts.tax_codes or work.document.tax_mode != "inclusive":
        return {}
    return {"TaxInclusiveAmt": to_cents(worth, work.currency)}


def _net(work: Work, mapped: MappedLine, worth: Decimal) -> Decimal:
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
    for mapped, body in zip(work.mapped.lines, body_lines, strict=True):
        if "Amount" not in body:
            continue
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
    detail = {"TaxRateRef": {"value": rate}, "PercentBased": True, "TaxPercent": percent, "NetAmountTaxable": base}
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}

"""Sales tax on transactions: TAX and NON in the United States, a code on every line elsewhere."""

from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import ACCOUNT_LINE, ITEM_LINE, SALES_LINE, TxnKind
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import ONE, ZERO, round_money, shortest_number
from qbo_sandbox.entities import sales
from qbo_sandbox.kit.json_object import JsonObject

HUNDRED = Decimal(100)
PRICE = Decimal("0.0000001")
US_CODES = ("TAX", "NON")
NO_RATE = "Make sure all your transactions have a GST/HST rate before you save."


def apply(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Check the codes, put the tax detail and the lines' net amounts in place."""
    if company.options.tax != "codes":
        return _tax_american(company, rule, data)
    how = data.get("GlobalTaxCalculation")
    if not how:
        raise missing_field("GlobalTaxCalculation")
    stated_tax = data.pop("TxnTaxDetail", None) or {}
    if how == "NotApplicable":
        if stated_tax.get("TaxLine") or Decimal(str(stated_tax.get("TotalTax") or 0)):
            raise Refusal(
                "6170", "Tax detail cannot be given when GlobalTaxCalculation is NotApplicable", ""
            )
        for detail in _tax_details(data):
            detail.pop("TaxCodeRef", None)
        return None
    return _check_codes(company, rule, data, stated_tax, how)


def _tax_american(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Compute automated sales tax; lines are taxable or not."""
    data.pop("GlobalTaxCalculation", None)
    for detail in _tax_details(data):
        code = (detail.get("TaxCodeRef") or {}).get("value", "NON")
        if code not in US_CODES:
            raise Refusal("6100", f"Invalid Tax Code : line tax code {code} must be TAX or NON", "")
        detail["TaxCodeRef"] = {"value": code}
    stated_tax = data.pop("TxnTaxDetail", None) or {}
    if rule.side == "sell" and company.options.tax != "off":
        data["TxnTaxDetail"] = sales.us_tax(company, data, stated_tax)


def _check_codes(
    company: Company, rule: TxnKind, data: JsonObject, stated_tax: JsonObject, how: str
) -> None:
    """Compute the tax of each rate from the tax codes of the lines."""
    taxed: dict[str, Decimal] = {}
    share = sales.taxed_share(data) if how == "TaxExcluded" else ONE
    for line in sales.flatten_lines(data["Line"]):
        detail = _tax_detail(line)
        if detail is None:
            continue
        code = (detail.get("TaxCodeRef") or {}).get("value")
        if not code:
            raise business_error(NO_RATE)
        rates = _code_rates(company, code, rule.side)
        if how == "TaxInclusive":
            _make_net(company, line, detail, rates)
        for rate in rates:
            taxed[rate] = taxed.get(rate, ZERO) + line["Amount"] * share
    lines = [_tax_line(company, rate, base) for rate, base in taxed.items()]
    if how == "TaxInclusive" and not stated_tax:
        stated_tax = {"TotalTax": sum(map(_included_tax, sales.flatten_lines(data["Line"])), ZERO)}
    data["TxnTaxDetail"] = _apply_stated_tax(lines, stated_tax)


def _included_tax(line: JsonObject) -> Decimal:
    """Return the tax that an inclusive line contains."""
    detail = _tax_detail(line)
    return Decimal(detail["TaxInclusiveAmt"]) - Decimal(line["Amount"]) if detail else ZERO


def _make_net(company: Company, line: JsonObject, detail: JsonObject, rates: list[str]) -> None:
    """Make the amounts net, and put gross amounts into TaxInclusiveAmt."""
    percent = sum((_rate_percent(company, rate) for rate in rates), ZERO)
    gross = detail.get("TaxInclusiveAmt")
    if gross is None and company.switches.inclusive_amount == "net":
        gross = line["Amount"] * (1 + percent / HUNDRED)
    elif gross is None:
        gross = line["Amount"]
        line["Amount"] = round_money(gross / (1 + percent / HUNDRED))
        if detail.get("Qty") and detail.get("UnitPrice"):
            detail["UnitPrice"] = shortest_number((line["Amount"] / detail["Qty"]).quantize(PRICE))
    detail["TaxInclusiveAmt"] = round_money(gross)


def _tax_line(company: Company, rate: str, base: Decimal) -> JsonObject:
    """Return the line of the tax detail for one rate."""
    percent = _rate_percent(company, rate)
    detail = {
        "TaxRateRef": {"value": rate},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": round_money(base),
    }
    return {
        "Amount": round_money(base * percent / HUNDRED),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": detail,
    }


def _stated_amounts(stated_tax: JsonObject) -> dict[Any, Any]:
    """Return the amounts that the client states, by the id of the rate."""
    amounts = {}
    for line in stated_tax.get("TaxLine") or ():
        detail = line.get("TaxLineDetail") or {}
        rate = detail.get("TaxRateRef", {}).get("value")
        amounts[rate] = line.get("Amount")
    return amounts


def _apply_stated_tax(lines: list[JsonObject], stated_tax: JsonObject) -> JsonObject:
    """Replace computed tax by the amounts that the client states, rate by rate.

    If it only states a total, the difference goes to the last rate that is not zero.
    """
    stated = _stated_amounts(stated_tax)
    for line in lines:
        amount = stated.get(line["TaxLineDetail"]["TaxRateRef"]["value"])
        if amount is not None:
            line["Amount"] = round_money(str(amount))
    taxed = [line for line in lines if line["TaxLineDetail"]["TaxPercent"]]
    if not stated and stated_tax.get("TotalTax") is not None and taxed:
        taxed[-1]["Amount"] += round_money(str(stated_tax["TotalTax"])) - _sum_rates(lines)
    return {"TotalTax": round_money(_sum_rates(lines)), "TaxLine": lines}


def _sum_rates(lines: list[JsonObject]) -> Decimal:
    """Return the tax of all rates."""
    return sum((line["Amount"] for line in lines), ZERO)


def total_tax(data: JsonObject) -> Decimal:
    """Return the tax of a transaction."""
    return Decimal((data.get("TxnTaxDetail") or {}).get("TotalTax") or 0)


def _code_rates(company: Company, code: str, side: str) -> list[str]:
    """Return the ids of the rates of a tax code, for sales or for purchases."""
    row = company.row("TaxCode", code)
    listed = (row.read() if row else {}).get(
        "PurchaseTaxRateList" if side == "buy" else "SalesTaxRateList"
    ) or {}
    return [str(entry["TaxRateRef"]["value"]) for entry in listed.get("TaxRateDetail", ())]


def _rate_percent(company: Company, rate: str) -> Decimal:
    """Return the percentage of a tax rate; zero if there is no such rate."""
    row = company.row("TaxRate", rate)
    return Decimal(row.read()["RateValue"]) if row else ZERO


def _tax_detail(line: JsonObject) -> JsonObject | None:
    """Return the part of a line that has a tax code; None for other types of lines."""
    detail: JsonObject | None = (
        line.get(ACCOUNT_LINE) or line.get(ITEM_LINE) or line.get(SALES_LINE)
    )
    return detail


def _tax_details(data: JsonObject) -> list[JsonObject]:
    """Return the parts with tax codes of all lines."""
    return [
        detail
        for detail in map(_tax_detail, sales.flatten_lines(data["Line"]))
        if detail is not None
    ]

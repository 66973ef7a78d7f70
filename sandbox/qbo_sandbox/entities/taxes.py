"""Sales tax on transactions: TAX and NON in the United States, a code on every line elsewhere."""

from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import ACCOUNT_LINE, ITEM_LINE, SALES_LINE, TxnKind
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import ZERO, drop_trailing_zeros, round_money
from qbo_sandbox.entities import sales, tax_rates
from qbo_sandbox.kit.json_object import JsonObject

HUNDRED = Decimal(100)
PRICE_STEP = Decimal("0.0000001")
US_TAX_CODES = ("TAX", "NON")
NO_RATE_MESSAGE = "Make sure all your transactions have a GST/HST rate before you save."


def apply(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Check the codes, put the tax detail and the lines' net amounts in place."""
    if company.options.tax == "automated" or company.options.country == "US":
        _apply_us_tax(company, rule, data)
        return
    calculation = data.get("GlobalTaxCalculation")
    if not calculation:
        raise missing_field("GlobalTaxCalculation")
    stated_tax = data.pop("TxnTaxDetail", None) or {}
    if calculation == "NotApplicable":
        _remove_codes(data, stated_tax)
    else:
        if company.switches.stated_tax == "computed":
            stated_tax = _select_fixed_tax(stated_tax)
        _apply_codes(company, rule, data, stated_tax, calculation)


def _select_fixed_tax(stated_tax: JsonObject) -> JsonObject:
    """Return the part of a stated tax that is not based on a percentage."""
    lines = []
    for line in stated_tax.get("TaxLine") or ():
        detail = line.get("TaxLineDetail") or {}
        if detail.get("PercentBased") is False:
            lines.append(line)
    return {"TaxLine": lines} if lines else {}


def _remove_codes(data: JsonObject, stated_tax: JsonObject) -> None:
    """Remove the tax codes of a transaction without tax; refuse one that states a tax."""
    total = Decimal(str(stated_tax.get("TotalTax") or 0))
    if total or stated_tax.get("TaxLine"):
        raise Refusal(
            "6170", "Tax detail cannot be given when GlobalTaxCalculation is NotApplicable", ""
        )
    for detail in _list_tax_details(data):
        detail.pop("TaxCodeRef", None)


def _apply_us_tax(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Compute automated sales tax; lines are taxable or not.

    Only sales are taxed; on purchases the codes are just kept.
    """
    data.pop("GlobalTaxCalculation", None)
    for detail in _list_tax_details(data):
        reference = detail.get("TaxCodeRef") or {}
        code = reference.get("value", "NON")
        if code not in US_TAX_CODES:
            raise Refusal("6100", f"Invalid Tax Code : line tax code {code} must be TAX or NON", "")
        detail["TaxCodeRef"] = {"value": code}
    stated_tax = data.pop("TxnTaxDetail", None) or {}
    if rule.side == "sell" and company.options.tax != "off":
        data["TxnTaxDetail"] = sales.build_us_tax(company, data, stated_tax)


def _apply_codes(
    company: Company, rule: TxnKind, data: JsonObject, stated_tax: JsonObject, calculation: str
) -> None:
    """Compute the tax of each rate from the tax codes of the lines."""
    lines = list(sales.flatten_lines(data["Line"]))
    is_inclusive = calculation == "TaxInclusive"
    rates_of_lines = []
    for line in lines:
        detail = _find_tax_detail(line)
        if detail is None:
            continue
        rates = _list_line_rates(company, rule, detail)
        if is_inclusive:
            percent = sum((_get_rate_percent(company, rate, data) for rate in rates), ZERO)
            _make_amounts_net(company, line, detail, percent)
        rates_of_lines.append((line, rates))
    share = sales.compute_taxable_share(data)
    base_by_rate: dict[str, Decimal] = {}
    for line, rates in rates_of_lines:
        for rate in rates:
            base = base_by_rate.get(rate, ZERO)
            base_by_rate[rate] = base + line["Amount"] * share
    tax_lines = []
    for rate, base in base_by_rate.items():
        percent = _get_rate_percent(company, rate, data)
        tax_lines.append(_build_tax_line(rate, base, percent))
    if is_inclusive and not stated_tax:
        stated_tax = {"TotalTax": _compute_discounted_tax(lines, share)}
    data["TxnTaxDetail"] = _apply_stated_tax(tax_lines, stated_tax)


def _list_line_rates(company: Company, rule: TxnKind, detail: JsonObject) -> list[str]:
    """Return the ids of the rates of a line; refuse a line without a tax code."""
    reference = detail.get("TaxCodeRef") or {}
    code = reference.get("value")
    if not code:
        raise business_error(NO_RATE_MESSAGE)
    return _list_code_rates(company, code, rule.side)


def _compute_discounted_tax(lines: list[JsonObject], share: Decimal) -> Decimal:
    """Return the tax that inclusive lines contain; the rest of it is part of their discount."""
    gross, net = ZERO, ZERO
    for line in lines:
        detail = _find_tax_detail(line)
        if detail:
            gross += Decimal(detail["TaxInclusiveAmt"])
            net += Decimal(line["Amount"])
    return round_money(gross * share) - round_money(net * share)


def _make_amounts_net(
    company: Company, line: JsonObject, detail: JsonObject, percent: Decimal
) -> None:
    """Make the amounts net, and put gross amounts into TaxInclusiveAmt.

    A client may state the gross amount there. If it does not, a switch says whether its Amount is
    gross or net.
    """
    factor = 1 + percent / HUNDRED
    gross = detail.get("TaxInclusiveAmt")
    if gross is None and company.switches.inclusive_amount == "net":
        gross = line["Amount"] * factor
    elif gross is None:
        gross = line["Amount"]
        net = round_money(gross / factor)
        line["Amount"] = net
        if detail.get("Qty") and detail.get("UnitPrice"):
            price = net / detail["Qty"]
            detail["UnitPrice"] = drop_trailing_zeros(price.quantize(PRICE_STEP))
    detail["TaxInclusiveAmt"] = round_money(gross)


def _build_tax_line(rate: str, base: Decimal, percent: Decimal) -> JsonObject:
    """Return the line of the tax detail for one rate."""
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


def _get_stated_amounts(stated_tax: JsonObject) -> dict[Any, Any]:
    """Return the amounts that the client states, by the id of the rate."""
    amounts = {}
    for line in stated_tax.get("TaxLine") or ():
        detail = line.get("TaxLineDetail") or {}
        reference = detail.get("TaxRateRef", {})
        rate = reference.get("value")
        amounts[rate] = line.get("Amount")
    return amounts


def _apply_stated_tax(lines: list[JsonObject], stated_tax: JsonObject) -> JsonObject:
    """Replace computed tax by the amounts that the client states, rate by rate.

    If it only states a total, the difference goes to the last rate that is not zero.
    """
    stated_amounts = _get_stated_amounts(stated_tax)
    for line in lines:
        rate = line["TaxLineDetail"]["TaxRateRef"]["value"]
        amount = stated_amounts.get(rate)
        if amount is not None:
            line["Amount"] = round_money(str(amount))
    taxed_lines = [line for line in lines if line["TaxLineDetail"]["TaxPercent"]]
    total = stated_tax.get("TotalTax")
    if taxed_lines and not stated_amounts and total is not None:
        difference = round_money(str(total)) - _sum_rates(lines)
        taxed_lines[-1]["Amount"] += difference
    return {"TotalTax": round_money(_sum_rates(lines)), "TaxLine": lines}


def _sum_rates(lines: list[JsonObject]) -> Decimal:
    """Return the tax of all rates."""
    amounts = (line["Amount"] for line in lines)
    return sum(amounts, ZERO)


def get_total_tax(data: JsonObject) -> Decimal:
    """Return the tax of a transaction."""
    detail = data.get("TxnTaxDetail") or {}
    return Decimal(detail.get("TotalTax") or 0)


def _list_code_rates(company: Company, code: str, side: str) -> list[str]:
    """Return the ids of the rates of a tax code, for sales or for purchases."""
    row = company.row("TaxCode", code)
    if row is None:
        return []
    field = "PurchaseTaxRateList" if side == "buy" else "SalesTaxRateList"
    rates = row.read().get(field) or {}
    entries = rates.get("TaxRateDetail", ())
    return [str(entry["TaxRateRef"]["value"]) for entry in entries]


def _get_rate_percent(company: Company, rate: str, data: JsonObject) -> Decimal:
    """Return the percentage of a tax rate on a transaction's date; zero without such a rate."""
    row = company.row("TaxRate", rate)
    if row is None:
        return ZERO
    return tax_rates.find_percent(row.read(), data["TxnDate"])


def _find_tax_detail(line: JsonObject) -> JsonObject | None:
    """Return the part of a line that has a tax code; None for other types of lines."""
    detail: JsonObject | None = (
        line.get(ACCOUNT_LINE) or line.get(ITEM_LINE) or line.get(SALES_LINE)
    )
    return detail


def _list_tax_details(data: JsonObject) -> list[JsonObject]:
    """Return the parts with tax codes of all lines."""
    lines = sales.flatten_lines(data["Line"])
    details = map(_find_tax_detail, lines)
    return [detail for detail in details if detail is not None]

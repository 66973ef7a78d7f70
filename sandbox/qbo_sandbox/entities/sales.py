"""The rules of invoices, estimates, receipts, credit memos and refunds."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from qbo_sandbox.accounting import preferences
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import (
    DISCOUNT_LINE,
    GROUP_LINE,
    SALES_LINE,
    SUBTOTAL_LINE,
    TxnKind,
)
from qbo_sandbox.accounting.references import (
    add_reference_name,
    resolve,
    resolve_all,
    resolve_in_currency,
)
from qbo_sandbox.accounting.refusals import Refusal, missing_field
from qbo_sandbox.accounting.values import ONE, ZERO, drop_trailing_zeros, round_money
from qbo_sandbox.entities import tax_rates
from qbo_sandbox.kit.json_object import JsonObject

ONLINE_PAYMENT_FIELDS = (
    "AllowIPNPayment",
    "AllowOnlinePayment",
    "AllowOnlineCreditCardPayment",
    "AllowOnlineACHPayment",
)
MONEY_ACCOUNT_TYPES = ("Bank", "Other Current Asset")
HUNDRED = Decimal(100)


def prepare(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Fill in the customer's addresses and the account of the money."""
    _complete_addresses(company, data)
    if data.get("EmailStatus") == "NeedToSend" and not data.get("BillEmail"):
        raise missing_field("BillEmail")
    if rule.name == "SalesReceipt":
        data.setdefault("DepositToAccountRef", {"value": company.undeposited_funds()})
    if rule.counter and data.get(rule.counter):
        data[rule.counter] = add_reference_name(company, "Account", data[rule.counter])
    data.pop("TaxReviewStatus", None)
    if rule.name == "Estimate":
        _require_estimates(company)


def _complete_addresses(company: Company, data: JsonObject) -> None:
    """Fill in the addresses of the customer that the client leaves out."""
    if not data.get("CustomerRef"):
        return
    customer = resolve(company, "Customer", data["CustomerRef"]).read()
    for field in ("BillAddr", "ShipAddr"):
        if customer.get(field):
            data.setdefault(field, customer[field])


def _require_estimates(company: Company) -> None:
    """Refuse an estimate in a company that has switched them off."""
    if company.preference("SalesFormsPrefs", "AllowEstimates") is False:
        raise Refusal(
            "5020", "Feature Not Supported Error : estimates are switched off in this company", ""
        )


def finish(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Fill in the fields that every sales form has after its totals."""
    data["CustomField"] = preferences.complete_custom_fields(
        company.preferences(), data.get("CustomField") or []
    )
    if rule.counter:
        require_money_account(company, data, data[rule.counter])
    data.setdefault("ApplyTaxAfterDiscount", False)
    data.setdefault("PrintStatus", "NeedToPrint")
    data.setdefault("EmailStatus", "NotSet")
    if rule.name == "Invoice":
        data.setdefault("LinkedTxn", [])
        for field in ONLINE_PAYMENT_FIELDS:
            data.setdefault(field, False)
    elif rule.name == "Estimate":
        data.setdefault("TxnStatus", "Pending")
    elif rule.name == "CreditMemo":
        data["Balance"] = data["RemainingCredit"]
    else:
        data["Balance"] = Decimal(0)


def require_money_account(company: Company, data: JsonObject, reference: JsonObject) -> None:
    """Refuse an account that cannot take the money of a customer.

    Its currency must be that of the transaction or the home currency.
    """
    code = data["CurrencyRef"]["value"]
    account = resolve_in_currency(company, "Account", reference, code, company.options.currency)
    if account["AccountType"] not in MONEY_ACCOUNT_TYPES:
        field = "DepositToAccountRef"
        raise Refusal("6430", f"Invalid account type : {field} must be of type Bank", field)


def complete_item_line(
    company: Company, data: JsonObject, line: JsonObject, detail: JsonObject
) -> None:
    """Complete the detail of a sales line; its item is by default the company's."""
    if not detail.get("ItemRef"):
        detail["ItemRef"] = {"value": _find_default_item(company)}
        resolve_all(company, detail)
    product = resolve(company, "Item", detail["ItemRef"]).read()
    if product["Type"] == "Category":
        raise Refusal(
            "2500", f"Invalid Reference Id : Items element id {product['Id']} not found", ""
        )
    if company.options.classes != "line":
        detail.pop("ClassRef", None)


def _find_default_item(company: Company) -> str:
    """Return the id of the item of sales lines that name none.

    It is one of the preferences that have no field of their own.
    """
    other_preferences = company.preference("OtherPrefs", "NameValue") or ()
    for preference in other_preferences:
        if preference["Name"] == "SalesFormsPrefs.DefaultItem":
            return str(preference["Value"])
    return "1"


def complete_bundle(
    company: Company, data: JsonObject, line: JsonObject, detail: JsonObject
) -> None:
    """Complete a bundle: its lines count, not its amount; by default they are those of the item."""
    bundle = {}
    if detail.get("GroupItemRef"):
        bundle = resolve(company, "Item", detail["GroupItemRef"]).read()
    detail["Quantity"] = drop_trailing_zeros(str(detail.get("Quantity") or 1))
    parts = detail.get("Line")
    if not parts:
        parts = _expand_bundle(company, bundle, detail)
    detail["Line"] = [_complete_bundle_part(company, data, dict(part)) for part in parts]
    line["Amount"] = ZERO


def _expand_bundle(company: Company, bundle: JsonObject, detail: JsonObject) -> list[JsonObject]:
    """Return a line for each item of a bundle, at its price."""
    group = bundle.get("ItemGroupDetail") or {}
    lines = []
    for part in group.get("ItemGroupLine") or ():
        item = resolve(company, "Item", part["ItemRef"]).read()
        price = Decimal(str(item.get("UnitPrice") or 0))
        quantity = Decimal(str(part["Qty"])) * detail["Quantity"]
        line = {
            "Amount": quantity * price,
            "DetailType": SALES_LINE,
            SALES_LINE: {"ItemRef": part["ItemRef"], "Qty": quantity, "UnitPrice": price},
        }
        lines.append(line)
    return lines


def _complete_bundle_part(company: Company, data: JsonObject, part: JsonObject) -> JsonObject:
    """Complete a part of a bundle."""
    detail = dict(part.get(SALES_LINE) or {})
    resolve_all(company, detail)
    complete_item_line(company, data, part, detail)
    for field in ("Qty", "UnitPrice"):
        if detail.get(field) is not None:
            detail[field] = drop_trailing_zeros(str(detail[field]))
    return part | {
        "Amount": round_money(str(part.get("Amount") or 0)),
        "DetailType": SALES_LINE,
        SALES_LINE: detail,
    }


def flatten_lines(lines: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Yield the lines, with the lines of a bundle in its place."""
    for line in lines:
        if line["DetailType"] == GROUP_LINE:
            yield from line[GROUP_LINE]["Line"]
        else:
            yield line


def with_subtotal(lines: list[JsonObject]) -> list[JsonObject]:
    """Return the lines followed by their subtotal and the discounts.

    The amount of a discount in percent is computed from the subtotal.
    """
    goods: list[JsonObject] = []
    discounts: list[JsonObject] = []
    for line in lines:
        if line["DetailType"] == DISCOUNT_LINE:
            discounts.append(line)
        else:
            goods.append(line)
    subtotal = ZERO
    for line in flatten_lines(goods):
        if line["DetailType"] == SALES_LINE:
            subtotal += line["Amount"]
    for line in discounts:
        detail = line[DISCOUNT_LINE]
        if detail.get("PercentBased") and detail.get("DiscountPercent") is not None:
            line["Amount"] = round_money(
                subtotal * Decimal(str(detail["DiscountPercent"])) / HUNDRED
            )
    between = {
        "Amount": round_money(subtotal),
        "DetailType": SUBTOTAL_LINE,
        SUBTOTAL_LINE: {},
    }
    return [*goods, between, *discounts]


def compute_taxable_share(data: JsonObject) -> Decimal:
    """Return the taxed share of each line: less than 1 with a discount before tax."""
    if str(data.get("ApplyTaxAfterDiscount")).lower() != "true":
        return ONE
    whole = ZERO
    for line in flatten_lines(data["Line"]):
        if line["DetailType"] == SALES_LINE:
            whole += line["Amount"]
    discount = ZERO
    for line in data["Line"]:
        if line["DetailType"] == DISCOUNT_LINE:
            discount += line["Amount"]
    return (whole - discount) / whole if whole else ONE


def build_us_tax(company: Company, data: JsonObject, tax: JsonObject) -> JsonObject:
    """Return automated sales tax: as the client states, else by the company's code."""
    taxable = _sum_taxable(data)
    if not taxable:
        return {"TotalTax": Decimal(0)}
    reference = tax.get("TxnTaxCodeRef") or {}
    code = reference.get("value") or "2"
    tax_code = resolve(company, "TaxCode", {"value": code}).read()
    lines = []
    for entry in tax_code.get("SalesTaxRateList", {}).get("TaxRateDetail", ()):
        rate = entry["TaxRateRef"]["value"]
        percent = _get_rate_percent(company, rate, data)
        lines.append(_build_tax_line(rate, taxable, percent))
    if lines and tax.get("TotalTax") is not None:
        difference = round_money(str(tax["TotalTax"])) - _sum_amounts(lines)
        lines[-1]["Amount"] += difference
    return {
        "TxnTaxCodeRef": {"value": code},
        "TotalTax": round_money(_sum_amounts(lines)),
        "TaxLine": lines,
    }


def _sum_taxable(data: JsonObject) -> Decimal:
    """Return the amount of the taxed lines, less their share of a discount before tax."""
    taxed_lines = filter(_is_taxed, flatten_lines(data["Line"]))
    return round_money(_sum_amounts(taxed_lines) * compute_taxable_share(data))


def _sum_amounts(lines: Iterable[JsonObject]) -> Decimal:
    """Return the sum of the amounts of lines."""
    amounts = (line["Amount"] for line in lines)
    return sum(amounts, ZERO)


def _is_taxed(line: JsonObject) -> bool:
    """Return whether a line has sales tax."""
    detail = line.get(SALES_LINE) or {}
    reference = detail.get("TaxCodeRef", {})
    return bool(reference.get("value") == "TAX")


def _get_rate_percent(company: Company, rate: str, data: JsonObject) -> Decimal:
    """Return the percentage of a tax rate on a transaction's date."""
    row = resolve(company, "TaxRate", {"value": rate})
    return tax_rates.find_percent(row.read(), data["TxnDate"])


def _build_tax_line(rate: str, base: Decimal, percent: Decimal) -> JsonObject:
    """Return the line of the tax detail for one rate."""
    detail = {
        "TaxRateRef": {"value": rate},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": base,
    }
    return {
        "Amount": round_money(base * percent / HUNDRED),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": detail,
    }

"""What is special about invoices, estimates, receipts, credit memos and refunds."""

from decimal import Decimal
from typing import Any

from hub.qbo.sandbox import preferences
from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import DISCOUNT_LINE, GROUP_LINE, SALES_LINE, SUBTOTAL_LINE, TxnKind
from hub.qbo.sandbox.references import fill, named, resolve
from hub.qbo.sandbox.refusals import Refusal, missing
from hub.qbo.sandbox.values import ZERO, money, shortest

ONLINE = ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")
HUNDRED = Decimal(100)


def prepare(company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Before the lines: addresses and currency from the customer, the account the money goes to."""
    if data.get("CustomerRef"):
        customer = resolve(company, "Customer", data["CustomerRef"]).read()
        for field in ("BillAddr", "ShipAddr"):
            if customer.get(field):
                data.setdefault(field, customer[field])
    if data.get("EmailStatus") == "NeedToSend" and not data.get("BillEmail"):
        raise missing("BillEmail")
    if rule.name == "SalesReceipt":
        data.setdefault("DepositToAccountRef", {"value": company.undeposited()})
    if rule.counter and data.get(rule.counter):
        data[rule.counter] = named(company, "Account", data[rule.counter])
    data.pop("TaxReviewStatus", None)


def finish(company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    """After the sums: what every sales form carries."""
    data["CustomField"] = preferences.custom_fields(company.preferences(), data.get("CustomField") or [])
    data.setdefault("ApplyTaxAfterDiscount", False)
    data.setdefault("PrintStatus", "NeedToPrint")
    data.setdefault("EmailStatus", "NotSet")
    if rule.name == "Invoice":
        data.setdefault("LinkedTxn", [])
        for field in ONLINE:
            data.setdefault(field, False)
    elif rule.name == "Estimate":
        data.setdefault("TxnStatus", "Pending")
    elif rule.name == "CreditMemo":
        data["Balance"] = data["RemainingCredit"]
    else:
        data["Balance"] = Decimal(0)


def item(company: Company, data: dict[str, Any], line: dict[str, Any], detail: dict[str, Any]) -> None:
    """The detail of a sales line; without an item it is the company's default one."""
    if not detail.get("ItemRef"):
        usual = next((o["Value"] for o in _others(company) if o["Name"] == "SalesFormsPrefs.DefaultItem"), "1")
        detail["ItemRef"] = {"value": usual}
        fill(company, detail)
    product = resolve(company, "Item", detail["ItemRef"]).read()
    if product["Type"] == "Category":
        raise Refusal("2500", f"Invalid Reference Id : Items element id {product['Id']} not found", "")
    if company.options.classes != "line":
        detail.pop("ClassRef", None)


def _others(company: Company) -> list[dict[str, str]]:
    return list(company.preference("OtherPrefs", "NameValue") or ())


def group(company: Company, line: dict[str, Any], detail: dict[str, Any]) -> None:
    """A bundle: its amount is that of the lines in it."""
    inner = detail.get("Line") or []
    for part in inner:
        part["Amount"] = money(str(part.get("Amount") or 0))
    if detail.get("Quantity") is not None:
        detail["Quantity"] = shortest(str(detail["Quantity"]))
    line["Amount"] = money(sum((part["Amount"] for part in inner), ZERO))


def with_subtotal(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with their sum behind them, and discounts behind that, worked out where they are a percentage."""
    goods = [line for line in lines if line["DetailType"] != DISCOUNT_LINE]
    subtotal = sum((line["Amount"] for line in goods if line["DetailType"] in (SALES_LINE, GROUP_LINE)), ZERO)
    discounts = [line for line in lines if line["DetailType"] == DISCOUNT_LINE]
    for line in discounts:
        detail = line[DISCOUNT_LINE]
        if detail.get("PercentBased") and detail.get("DiscountPercent") is not None:
            line["Amount"] = money(subtotal * Decimal(str(detail["DiscountPercent"])) / HUNDRED)
    between = {"Amount": money(subtotal), "DetailType": SUBTOTAL_LINE, SUBTOTAL_LINE: {}}
    return [*goods, between, *discounts]


def us_tax(company: Company, data: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Automated sales tax: what the client states, else the rate of the company's own code."""
    taxable = sum((line["Amount"] for line in data["Line"] if _is_taxed(line)), ZERO)
    if not taxable:
        return {"TotalTax": Decimal(0)}
    code = (given.get("TxnTaxCodeRef") or {}).get("value") or "2"
    listed = resolve(company, "TaxCode", {"value": code}).read().get("SalesTaxRateList", {}).get("TaxRateDetail", ())
    lines = [_tax_line(company, entry["TaxRateRef"]["value"], taxable) for entry in listed]
    if given.get("TotalTax") is not None and lines:
        lines[-1]["Amount"] += money(str(given["TotalTax"])) - sum((line["Amount"] for line in lines), ZERO)
    whole = money(sum((line["Amount"] for line in lines), ZERO))
    return {"TxnTaxCodeRef": {"value": code}, "TotalTax": whole, "TaxLine": lines}


def _is_taxed(line: dict[str, Any]) -> bool:
    return bool((line.get(SALES_LINE) or {}).get("TaxCodeRef", {}).get("value") == "TAX")


def _tax_line(company: Company, rate: str, base: Decimal) -> dict[str, Any]:
    percent = resolve(company, "TaxRate", {"value": rate}).read()["RateValue"]
    detail = {"TaxRateRef": {"value": rate}, "PercentBased": True, "TaxPercent": percent, "NetAmountTaxable": base}
    return {"Amount": money(base * percent / HUNDRED), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}

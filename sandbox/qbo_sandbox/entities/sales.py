"""What is special about invoices, estimates, receipts, credit memos and refunds."""

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
from qbo_sandbox.accounting.references import in_currency, name_reference, resolve, resolve_all
from qbo_sandbox.accounting.refusals import Refusal, missing_field
from qbo_sandbox.accounting.values import ONE, ZERO, round_money, shortest_number
from qbo_sandbox.kit.json_object import JsonObject

ONLINE = (
    "AllowIPNPayment",
    "AllowOnlinePayment",
    "AllowOnlineCreditCardPayment",
    "AllowOnlineACHPayment",
)
HUNDRED = Decimal(100)


def prepare(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Fill in a customer's addresses and currency, and the account of the money."""
    if data.get("CustomerRef"):
        customer = resolve(company, "Customer", data["CustomerRef"]).read()
        for field in ("BillAddr", "ShipAddr"):
            if customer.get(field):
                data.setdefault(field, customer[field])
    if data.get("EmailStatus") == "NeedToSend" and not data.get("BillEmail"):
        raise missing_field("BillEmail")
    if rule.name == "SalesReceipt":
        data.setdefault("DepositToAccountRef", {"value": company.undeposited_funds()})
    if rule.counter and data.get(rule.counter):
        data[rule.counter] = name_reference(company, "Account", data[rule.counter])
    data.pop("TaxReviewStatus", None)
    if rule.name == "Estimate" and company.preference("SalesFormsPrefs", "AllowEstimates") is False:
        raise Refusal(
            "5020", "Feature Not Supported Error : estimates are switched off in this company", ""
        )


def finish(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Fill in the fields that every sales form has after its totals."""
    data["CustomField"] = preferences.custom_fields(
        company.preferences(), data.get("CustomField") or []
    )
    if rule.counter:
        in_currency(
            company,
            "Account",
            data[rule.counter],
            data["CurrencyRef"]["value"],
            company.options.currency,
        )
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


def complete_item_line(
    company: Company, data: JsonObject, line: JsonObject, detail: JsonObject
) -> None:
    """Complete the detail of a sales line; its item is by default the company's."""
    if not detail.get("ItemRef"):
        usual = next(
            (
                o["Value"]
                for o in _other_lines(company)
                if o["Name"] == "SalesFormsPrefs.DefaultItem"
            ),
            "1",
        )
        detail["ItemRef"] = {"value": usual}
        resolve_all(company, detail)
    product = resolve(company, "Item", detail["ItemRef"]).read()
    if product["Type"] == "Category":
        raise Refusal(
            "2500", f"Invalid Reference Id : Items element id {product['Id']} not found", ""
        )
    if company.options.classes != "line":
        detail.pop("ClassRef", None)


def _other_lines(company: Company) -> list[dict[str, str]]:
    """Return the company's preferences that have no field of their own."""
    return list(company.preference("OtherPrefs", "NameValue") or ())


def complete_bundle(
    company: Company, data: JsonObject, line: JsonObject, detail: JsonObject
) -> None:
    """Complete a bundle: its lines count, not its amount; by default they are those of the item."""
    bundle = (
        resolve(company, "Item", detail.get("GroupItemRef")).read()
        if detail.get("GroupItemRef")
        else {}
    )
    detail["Quantity"] = shortest_number(str(detail.get("Quantity") or 1))
    detail["Line"] = [
        _bundle_part(company, data, dict(part))
        for part in detail.get("Line") or _expand_bundle(company, bundle, detail)
    ]
    line["Amount"] = ZERO


def _expand_bundle(company: Company, bundle: JsonObject, detail: JsonObject) -> list[JsonObject]:
    """Return a line for each item of a bundle, at its price."""
    lines = []
    for part in (bundle.get("ItemGroupDetail") or {}).get("ItemGroupLine") or ():
        price = Decimal(str(resolve(company, "Item", part["ItemRef"]).read().get("UnitPrice") or 0))
        quantity = Decimal(str(part["Qty"])) * detail["Quantity"]
        about = {"ItemRef": part["ItemRef"], "Qty": quantity, "UnitPrice": price}
        lines.append(
            {
                "Amount": quantity * price,
                "DetailType": SALES_LINE,
                SALES_LINE: about,
            }
        )
    return lines


def _bundle_part(company: Company, data: JsonObject, part: JsonObject) -> JsonObject:
    """Complete a part of a bundle."""
    detail = dict(part.get(SALES_LINE) or {})
    resolve_all(company, detail)
    complete_item_line(company, data, part, detail)
    for field in ("Qty", "UnitPrice"):
        if detail.get(field) is not None:
            detail[field] = shortest_number(str(detail[field]))
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
        (discounts if line["DetailType"] == DISCOUNT_LINE else goods).append(line)
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


def taxed_share(data: JsonObject) -> Decimal:
    """Return the taxed share of each line: less than 1 with a discount before tax."""
    if str(data.get("ApplyTaxAfterDiscount")).lower() != "true":
        return ONE
    whole = sum(
        (
            line["Amount"]
            for line in flatten_lines(data["Line"])
            if line["DetailType"] == SALES_LINE
        ),
        ZERO,
    )
    off = sum(
        (line["Amount"] for line in data["Line"] if line["DetailType"] == DISCOUNT_LINE), ZERO
    )
    return (whole - off) / whole if whole else ONE


def us_tax(company: Company, data: JsonObject, tax: JsonObject) -> JsonObject:
    """Return automated sales tax: as the client states, else by the company's code."""
    taxable = round_money(
        sum((line["Amount"] for line in flatten_lines(data["Line"]) if _is_taxed(line)), ZERO)
        * taxed_share(data)
    )
    if not taxable:
        return {"TotalTax": Decimal(0)}
    code = (tax.get("TxnTaxCodeRef") or {}).get("value") or "2"
    listed = (
        resolve(company, "TaxCode", {"value": code})
        .read()
        .get("SalesTaxRateList", {})
        .get("TaxRateDetail", ())
    )
    lines = [_tax_line(company, entry["TaxRateRef"]["value"], taxable) for entry in listed]
    if tax.get("TotalTax") is not None and lines:
        lines[-1]["Amount"] += round_money(str(tax["TotalTax"])) - sum(
            (line["Amount"] for line in lines), ZERO
        )
    whole = round_money(sum((line["Amount"] for line in lines), ZERO))
    return {
        "TxnTaxCodeRef": {"value": code},
        "TotalTax": whole,
        "TaxLine": lines,
    }


def _is_taxed(line: JsonObject) -> bool:
    """Return whether a line has sales tax."""
    return bool((line.get(SALES_LINE) or {}).get("TaxCodeRef", {}).get("value") == "TAX")


def _tax_line(company: Company, rate: str, base: Decimal) -> JsonObject:
    """Return the line of the tax detail for one rate."""
    percent = resolve(company, "TaxRate", {"value": rate}).read()["RateValue"]
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

"""The lines of a transaction: their kinds, amounts, accounts, items, classes and numbers."""

from decimal import Decimal, InvalidOperation
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import (
    ACCOUNT_LINE,
    DISCOUNT_LINE,
    GROUP_LINE,
    SUBTOTAL_LINE,
    TEXT_LINE,
    TxnKind,
)
from qbo_sandbox.accounting.references import fill, resolve
from qbo_sandbox.accounting.refusals import Refusal, business, missing
from qbo_sandbox.accounting.values import money, shortest
from qbo_sandbox.entities import sales

LONGEST = 10_000


def complete_lines(
    company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None
) -> None:
    """Check every line and give it its id and number."""
    given = data["Line"]
    if len(given) > LONGEST:
        raise business(f"A transaction cannot have more than {LONGEST} lines.")
    known = {line["Id"] for line in (old or {}).get("Line", ()) if "Id" in line}
    used = {str(line["Id"]) for line in given if str(line.get("Id")) in known}
    following = max((int(id) for id in known if id.isdigit()), default=0)
    lines: list[dict[str, Any]] = []
    number = 0
    for line in given:
        if line.get("DetailType") == SUBTOTAL_LINE:
            continue
        own = str(line.get("Id"))
        if own not in used:
            following += 1
            own = str(following)
        used.discard(own)
        place = (
            {} if line.get("DetailType") == DISCOUNT_LINE else {"Id": own, "LineNum": number + 1}
        )
        lines.append(place | _line(company, rule, data, line))
        number += 1
        for part in lines[-1][GROUP_LINE]["Line"] if lines[-1]["DetailType"] == GROUP_LINE else ():
            following, number = following + 1, number + 1
            part |= {"Id": str(following), "LineNum": number}
    data["Line"] = sales.with_subtotal(lines) if rule.side == "sell" else lines


def _line(
    company: Company, rule: TxnKind, data: dict[str, Any], line: dict[str, Any]
) -> dict[str, Any]:
    kind = line.get("DetailType")
    if not kind:
        raise missing("Line.DetailType")
    if kind not in rule.details:
        raise Refusal(
            "6000", f"Business Validation Error: {kind} is not allowed on a {rule.label}.", ""
        )
    kept = {
        key: value
        for key, value in line.items()
        if key not in ("Id", "LineNum", kind) and value is not None
    }
    if kind == TEXT_LINE:
        return kept | {
            "DetailType": kind,
            "DescriptionLineDetail": line.get("DescriptionLineDetail") or {},
        }
    detail = dict(line.get(kind) or {})
    if not detail and rule.side == "buy":
        raise missing(f"Line.{kind}")
    if line.get("Amount") is None and kind not in (DISCOUNT_LINE, GROUP_LINE):
        raise missing("Line.Amount")
    kept["Amount"] = money(_number(line.get("Amount") or 0))
    fill(company, detail)
    if kind == ACCOUNT_LINE:
        _account(company, detail)
    elif kind == GROUP_LINE:
        sales.group(company, data, kept, detail)
    elif kind != DISCOUNT_LINE:
        _goods(company, rule, data, kept, detail)
    if rule.side == "buy":
        _tags(company, data, detail)
    return kept | {"DetailType": kind, kind: detail}


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refusal("2070", f"Invalid Number : {value}", "Amount") from None


def _account(company: Company, detail: dict[str, Any]) -> None:
    if not detail.get("AccountRef"):
        raise missing("AccountRef")
    account = resolve(company, "Account", detail["AccountRef"]).read()
    if account["AccountType"] in ("Accounts Payable", "Non-Posting"):
        raise Refusal(
            "6430",
            "Invalid account type : You need to select a different type of account for this transaction.",
            "AccountRef",
        )


def _goods(
    company: Company,
    rule: TxnKind,
    data: dict[str, Any],
    line: dict[str, Any],
    detail: dict[str, Any],
) -> None:
    """A line with an item on it."""
    if rule.side == "sell":
        sales.item(company, data, line, detail)
    else:
        _item(company, detail)
    _product(line, detail)


def _item(company: Company, detail: dict[str, Any]) -> None:
    if not detail.get("ItemRef"):
        raise missing("ItemRef")
    item = resolve(company, "Item", detail["ItemRef"]).read()
    if not (item.get("ExpenseAccountRef") or item.get("AssetAccountRef")):
        raise business(
            f"The item {item['Name']} has no expense account, so it cannot be purchased."
        )


def _product(line: dict[str, Any], detail: dict[str, Any]) -> None:
    """Quantity times price is the amount, to the cent."""
    for field in ("Qty", "UnitPrice"):
        if detail.get(field) is not None:
            detail[field] = shortest(_number(detail[field]))
    if line["Amount"] and not (detail.get("Qty") or detail.get("UnitPrice")):
        detail.pop("Qty", None)
        detail.pop("UnitPrice", None)
    if detail.get("Qty") is not None and detail.get("UnitPrice") is not None:
        product = money(detail["Qty"] * detail["UnitPrice"])
        if product != line["Amount"]:
            raise Refusal(
                "6070",
                "Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. "
                f"Supplied value:{line['Amount']}",
                "Line.Amount",
            )
    if detail.get("UnitPrice") is not None:
        detail.setdefault("Qty", Decimal(1))


def _tags(company: Company, data: dict[str, Any], detail: dict[str, Any]) -> None:
    """Class, customer and billable status; a purchase has classes on its lines, wherever sales forms have theirs."""
    if company.options.classes == "off":
        detail.pop("ClassRef", None)
    status = detail.get("BillableStatus")
    if status is None:
        billed = detail.get("CustomerRef") and company.switches.billable_by_customer
        tracked = company.preference("VendorAndPurchasesPrefs", "BillableExpenseTracking")
        detail["BillableStatus"] = "Billable" if billed and tracked else "NotBillable"
    elif status == "Billable" and not detail.get("CustomerRef"):
        raise business("When you check Billable, you must also specify a customer.")

"""The lines of a transaction: their kinds, amounts, accounts, items, classes and numbers."""

from collections.abc import Iterable
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
from qbo_sandbox.accounting.references import resolve, resolve_all
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import drop_trailing_zeros, round_money
from qbo_sandbox.entities import sales
from qbo_sandbox.kit.json_object import JsonObject

MAX_LINES = 10_000
# The answer to a billable line while billable expenses are switched off, as users of the API see it
# (https://support.databuzz.com.au/article/684-upload-bills-business-validation-error).
NO_BILLABLE_EXPENSES = (
    "An account you chose for a billable expense doesn't have an income account associated with it."
    " Before you save this transaction, you need to make that association, or the income won't be"
    " reported correctly."
)


def complete_lines(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Check every line and give it its id and number."""
    request_lines = data["Line"]
    if len(request_lines) > MAX_LINES:
        raise business_error(f"A transaction cannot have more than {MAX_LINES} lines.")
    ids = LineIds(request_lines, old)
    lines: list[JsonObject] = []
    number = 0
    for line in request_lines:
        if line.get("DetailType") == SUBTOTAL_LINE:
            continue
        id = ids.take(line)
        number += 1
        position: JsonObject = {"Id": id, "LineNum": number}
        if line.get("DetailType") == DISCOUNT_LINE:
            position = {}
        completed_line = position | _complete_line(company, rule, data, line)
        lines.append(completed_line)
        if completed_line["DetailType"] == GROUP_LINE:
            for part in completed_line[GROUP_LINE]["Line"]:
                number += 1
                part |= {"Id": ids.next(), "LineNum": number}
    data["Line"] = sales.with_subtotal(lines) if rule.side == "sell" else lines


class LineIds:
    """Ids of lines: a line keeps the id that it had, any other one gets the next number."""

    def __init__(self, request_lines: list[JsonObject], old: JsonObject | None) -> None:
        old_lines = old.get("Line", ()) if old else ()
        old_ids = _list_line_ids(old_lines)
        numbers = [int(id) for id in old_ids if id.isdigit()]
        self._kept_ids = _list_line_ids(request_lines) & old_ids
        self._last = max(numbers, default=0)

    def take(self, line: JsonObject) -> str:
        """Return the id of a line; an id that occurs twice belongs to the first one."""
        id = str(line.get("Id"))
        if id not in self._kept_ids:
            return self.next()
        self._kept_ids.discard(id)
        return id

    def next(self) -> str:
        """Return an id that no line of the transaction has."""
        self._last += 1
        return str(self._last)


def _list_line_ids(lines: Iterable[JsonObject]) -> set[str]:
    """Return the ids of lines."""
    return {str(line["Id"]) for line in lines if "Id" in line}


def _build_common_fields(line: JsonObject, kind: str) -> JsonObject:
    """Return what a line has beside its detail, without its id and number."""
    common = {}
    for key, value in line.items():
        if key not in ("Id", "LineNum", kind) and value is not None:
            common[key] = value
    common["DetailType"] = kind
    return common


def _complete_line(
    company: Company, rule: TxnKind, data: JsonObject, line: JsonObject
) -> JsonObject:
    """Return a line as it is stored, without its id and number."""
    kind = _get_detail_type(rule, line)
    completed_line = _build_common_fields(line, kind)
    if kind == TEXT_LINE:
        completed_line["DescriptionLineDetail"] = line.get("DescriptionLineDetail") or {}
        return completed_line
    detail = dict(line.get(kind) or {})
    if kind not in line and rule.side == "buy":
        raise missing_field(f"Line.{kind}")
    completed_line["Amount"] = _get_line_amount(line, kind)
    resolve_all(company, detail)
    if kind == ACCOUNT_LINE:
        _complete_account_line(company, detail)
    elif kind == GROUP_LINE:
        sales.complete_bundle(company, data, completed_line, detail)
    elif kind != DISCOUNT_LINE:
        _complete_item_line(company, rule, data, completed_line, detail)
    if rule.side == "buy":
        _complete_dimensions(company, detail)
    completed_line[kind] = detail
    return completed_line


def _get_line_amount(line: JsonObject, kind: str) -> Decimal:
    """Return the amount of a line; only discounts and bundles may leave it out."""
    amount = line.get("Amount")
    if amount is None and kind not in (DISCOUNT_LINE, GROUP_LINE):
        raise missing_field("Line.Amount")
    return round_money(_parse_number(amount or 0))


def _get_detail_type(rule: TxnKind, line: JsonObject) -> str:
    """Return the DetailType of a line; refuse one that the transaction cannot have."""
    kind = line.get("DetailType")
    if not kind:
        raise missing_field("Line.DetailType")
    if kind not in rule.details:
        detail = f"Business Validation Error: {kind} is not allowed on a {rule.label}."
        raise Refusal("6000", detail, "")
    return str(kind)


def _parse_number(value: Any) -> Decimal:
    """Parse an amount; refuse a text that is no number."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refusal("2070", f"Invalid Number : {value}", "Amount") from None


def _complete_account_line(company: Company, detail: JsonObject) -> None:
    """Refuse a line without an account, or with one that cannot be an expense."""
    if not detail.get("AccountRef"):
        raise missing_field("AccountRef")
    account = resolve(company, "Account", detail["AccountRef"]).read()
    if account["AccountType"] in ("Accounts Payable", "Non-Posting"):
        raise Refusal(
            "6430",
            "Invalid account type : You need to select a different type of account for this"
            " transaction.",
            "AccountRef",
        )


def _complete_item_line(
    company: Company,
    rule: TxnKind,
    data: JsonObject,
    line: JsonObject,
    detail: JsonObject,
) -> None:
    """Complete a line with an item."""
    if rule.side == "sell":
        sales.complete_item_line(company, data, line, detail)
    else:
        _check_purchased_item(company, detail)
    _check_product(line, detail)


def _check_purchased_item(company: Company, detail: JsonObject) -> None:
    """Refuse a line without an item, or with one that cannot be purchased."""
    if not detail.get("ItemRef"):
        raise missing_field("ItemRef")
    item = resolve(company, "Item", detail["ItemRef"]).read()
    if not (item.get("ExpenseAccountRef") or item.get("AssetAccountRef")):
        raise business_error(
            f"The item {item['Name']} has no expense account, so it cannot be purchased."
        )


def _check_product(line: JsonObject, detail: JsonObject) -> None:
    """Check that quantity times price is the amount, to the cent."""
    for field in ("Qty", "UnitPrice"):
        if detail.get(field) is not None:
            detail[field] = drop_trailing_zeros(_parse_number(detail[field]))
    if line["Amount"] and not (detail.get("Qty") or detail.get("UnitPrice")):
        detail.pop("Qty", None)
        detail.pop("UnitPrice", None)
    if detail.get("Qty") is not None and detail.get("UnitPrice") is not None:
        product = round_money(detail["Qty"] * detail["UnitPrice"])
        if product != line["Amount"]:
            raise Refusal(
                "6070",
                "Amount calculation incorrect in the request :"
                " Amount is not equal to UnitPrice * Qty. "
                f"Supplied value:{line['Amount']}",
                "Line.Amount",
            )
    if detail.get("UnitPrice") is not None:
        detail.setdefault("Qty", Decimal(1))


def _complete_dimensions(company: Company, detail: JsonObject) -> None:
    """Complete class and billable status of a line.

    A purchase has classes on its lines, wherever the company has them on sales forms.
    """
    if company.options.classes == "off":
        detail.pop("ClassRef", None)
    status = detail.get("BillableStatus")
    is_tracked = company.preference("VendorAndPurchasesPrefs", "BillableExpenseTracking")
    if status is None:
        detail["BillableStatus"] = "NotBillable"
        if detail.get("CustomerRef") and company.switches.billable_by_customer and is_tracked:
            detail["BillableStatus"] = "Billable"
    elif status == "Billable" and not detail.get("CustomerRef"):
        raise business_error("When you check Billable, you must also specify a customer.")
    elif status == "Billable" and not is_tracked:
        raise business_error(NO_BILLABLE_EXPENSES)

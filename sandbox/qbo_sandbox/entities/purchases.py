"""The rules of expenses, purchase orders, and bills of purchase orders."""

from collections.abc import Iterator
from decimal import Decimal

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TxnKind
from qbo_sandbox.accounting.references import add_reference_name, resolve, resolve_in_currency
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.kit.json_object import JsonObject

TXN_TYPES = {"Cash": "54", "Check": "3", "CreditCard": "54"}
PAYMENT_ACCOUNT_TYPES = {"Cash": "Bank", "Check": "Bank", "CreditCard": "Credit Card"}
PAYEE_KINDS = ("Vendor", "Customer", "Employee")
NO_ORDERS_MESSAGE = "Feature Not Supported Error : purchase orders are not part of this edition"


def complete_expense(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete the head of an expense: account, payee and payment method."""
    payment_type = data["PaymentType"]
    if payment_type not in PAYMENT_ACCOUNT_TYPES:
        raise Refusal("2170", f"Invalid Enumeration : {payment_type}", "PaymentType")
    if old and old["PaymentType"] != payment_type:
        raise business_error("The payment type of an expense cannot be changed.")
    account = resolve(company, "Account", data["AccountRef"]).read()
    account_type = PAYMENT_ACCOUNT_TYPES[payment_type]
    if account["AccountType"] != account_type:
        text = (
            f"Invalid account type : AccountRef must be of type {account_type}"
            f" for payment type {payment_type}"
        )
        raise Refusal("6430", text, "AccountRef")
    data.setdefault("CurrencyRef", account["CurrencyRef"])
    code = data["CurrencyRef"].get("value")
    home = company.options.currency
    resolve_in_currency(company, "Account", data["AccountRef"], str(code), home)
    if payment_type != "CreditCard":
        data.pop("Credit", None)
    payee = data.get("EntityRef")
    if payee:
        kind = payee.get("type") or "Vendor"
        if kind not in PAYEE_KINDS:
            raise Refusal("2170", f"Invalid Enumeration : {kind}", "type")
        resolve_in_currency(company, kind, payee, str(code))
        data["EntityRef"] = add_reference_name(company, kind, payee) | {"type": kind}


def finish_expense(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete an expense: no line numbers, and the block of its type."""
    for line in data["Line"]:
        line.pop("LineNum", None)
    data.setdefault("CustomField", [])
    if data["PaymentType"] == "Check":
        data.setdefault("PrintStatus", "NotSet")
    value = {"Name": "TxnType", "Value": TXN_TYPES[data["PaymentType"]]}
    extension = {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": value,
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }
    data["PurchaseEx"] = {"any": [extension]}


def complete_order(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Put the defaults of a purchase order in place."""
    if not company.options.purchase_orders:
        raise Refusal("5020", NO_ORDERS_MESSAGE, "")
    data.setdefault("POStatus", (old or {}).get("POStatus", "Open"))
    data.setdefault("EmailStatus", "NotSet")
    data.setdefault("CustomField", [])


def sum_billed_orders(data: JsonObject | None) -> dict[str, dict[str, Decimal] | None]:
    """Return the purchase orders of a bill by id, each with the amounts billed by its lines.

    None instead of amounts means that the bill is linked to the whole order, and to none of its
    lines.
    """
    bill = data or {}
    orders: dict[str, dict[str, Decimal] | None] = {}
    for link in bill.get("LinkedTxn") or ():
        if link.get("TxnType") == "PurchaseOrder":
            orders[str(link["TxnId"])] = None
    for line in bill.get("Line") or ():
        for order_id, line_id in _iter_order_lines(line):
            amounts = dict(orders.get(order_id) or {})
            former_amount = amounts.get(line_id, Decimal(0))
            amounts[line_id] = former_amount + Decimal(line["Amount"])
            orders[order_id] = amounts
    return orders


def _iter_order_lines(line: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (id of a purchase order, id of its line) for each order line that a line bills."""
    for link in line.get("LinkedTxn") or ():
        line_id = link.get("TxnLineId")
        if line_id and link.get("TxnType") == "PurchaseOrder":
            yield str(link["TxnId"]), str(line_id)


def check_orders(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Refuse a bill that is linked to a missing order or to one of another vendor.

    A link of a line must say which line of the order it bills. A line that exists already is not
    linked to an order: QuickBooks leaves such a link out, and one to a line that the order has not.
    """
    _drop_late_links(data, old)
    vendor = data["VendorRef"]["value"]
    for id in sum_billed_orders(data):
        if _find_order_vendor(company, id) != vendor:
            raise Refusal("620", f"Transaction {id} cannot be linked", "")
    for line in data["Line"]:
        links = line.get("LinkedTxn") or ()
        if not all(link.get("TxnLineId") for link in links):
            raise missing_field("TxnLineId")
    _drop_unknown_links(company, data, old)


def _drop_unknown_links(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Leave out the links of new lines to lines that their orders do not have.

    The bill is not linked either to an order of which it would bill such lines only.
    """
    old_ids = {line["Id"] for line in old["Line"]} if old else set()
    incomplete_ids: set[str] = set()
    for line in data["Line"]:
        if line["Id"] in old_ids:
            continue
        orders_without_line = _find_orders_without_line(company, line)
        if orders_without_line:
            line.pop("LinkedTxn", None)
        incomplete_ids |= orders_without_line
    _drop_unbilled_orders(data, incomplete_ids)


def _find_orders_without_line(company: Company, line: JsonObject) -> set[str]:
    """Return the orders that a line of a bill names without a line that they have."""
    orders = set()
    for order_id, line_id in _iter_order_lines(line):
        if not _has_line(company, order_id, line_id):
            orders.add(order_id)
    return orders


def _drop_unbilled_orders(data: JsonObject, order_ids: set[str]) -> None:
    """Leave out the links of a bill to those of these orders of which it bills no line."""
    billed_amounts = sum_billed_orders(data)
    unbilled_ids = {id for id in order_ids if not billed_amounts.get(id)}
    links = data.get("LinkedTxn")
    if links and unbilled_ids:
        data["LinkedTxn"] = [link for link in links if str(link["TxnId"]) not in unbilled_ids]


def _has_line(company: Company, order_id: str, line_id: str) -> bool:
    """Return whether a purchase order has a line with this id."""
    row = company.row("PurchaseOrder", order_id)
    if row is None:
        return False
    return any(line.get("Id") == line_id for line in row.read()["Line"])


def _drop_late_links(data: JsonObject, old: JsonObject | None) -> None:
    """Leave out the links of lines that were there before without them."""
    old_lines = old["Line"] if old else ()
    links_before = {line.get("Id"): line.get("LinkedTxn") for line in old_lines}
    for line in data["Line"]:
        id = line["Id"]
        if id in links_before and line.get("LinkedTxn") != links_before[id]:
            line.pop("LinkedTxn", None)


def _find_order_vendor(company: Company, id: str) -> str | None:
    """Return the id of the vendor of a purchase order; None if there is no such order."""
    row = company.row("PurchaseOrder", id)
    if row is None:
        return None
    vendor: str = row.read()["VendorRef"]["value"]
    return vendor


def is_billed(company: Company, order_id: str, bills: list[JsonObject]) -> bool:
    """Return whether these bills bill all of an order."""
    row = company.row("PurchaseOrder", order_id)
    if row is None:
        return False
    amounts: dict[str, Decimal] = {}
    for bill in bills:
        # A bill that is linked to the whole order bills none of its lines.
        billed_lines = sum_billed_orders(bill).get(order_id) or {}
        for line_id, amount in billed_lines.items():
            amounts[line_id] = amounts.get(line_id, Decimal(0)) + amount
    order = row.read()
    for line in order["Line"]:
        if not line.get("Amount"):
            continue
        billed_amount = amounts.get(line["Id"], Decimal(0))
        if billed_amount < line["Amount"]:
            return False
    return True

"""Summarize a transaction or list entry, from a sent body or an answer, so that they can be compared."""

from decimal import Decimal
from typing import Any

from hub.money import ZERO, total
from hub.qbo.entities import DOCUMENTS, ref_id, way

NOT_COUNTED = ("SubTotalLineDetail", "DescriptionOnly")
DISCOUNT = "DiscountLineDetail"
SETTLING = ("payment", "bill_payment")
PARTIES = ("VendorRef", "CustomerRef", "EntityRef")
HEAD = {
    "term": "SalesTermRef", "payable_account": "APAccountRef", "deposit_account": "DepositToAccountRef",
    "payment_account": "AccountRef", "payment_method": "PaymentMethodRef", "class": "ClassRef",
}  # fmt: skip
PAID_FROM = (("CheckPayment", "BankAccountRef"), ("CreditCardPayment", "CCAccountRef"))
ENTRY = {
    "parent": "ParentRef", "income_account": "IncomeAccountRef", "expense_account": "ExpenseAccountRef",
    "asset_account": "AssetAccountRef", "term": "TermRef", "currency": "CurrencyRef",
}  # fmt: skip
TEXTS = {"type": "Type", "sku": "Sku", "description": "Description"}
NUMBERS = {"price": "UnitPrice", "cost": "PurchaseCost"}
INNER = {"email": ("PrimaryEmailAddr", "Address"), "phone": ("PrimaryPhone", "FreeFormNumber")}


def meaning(kind: str, entity: dict[str, Any], home_currency: str = "") -> dict[str, Any]:
    """Return the facts that count as plain JSON, with amounts as text and most empty facts left out."""
    if kind not in DOCUMENTS:
        return _entry(entity)
    sign = way(entity)
    lines = [_line(line, sign) for line in _counted_lines(entity)]
    if kind in SETTLING:
        lines.sort(key=lambda line: (line.get("linked_type", ""), line.get("linked", "")))
    amount = entity["TotalAmt"] if "TotalAmt" in entity else expected_total(entity)
    return {
        "party": _party(entity),
        "number": _text(entity, "DocNumber") or _text(entity, "PaymentRefNum"),
        "date": _text(entity, "TxnDate"),
        "currency": ref_id(entity, "CurrencyRef") or home_currency,
        "location": ref_id(entity, "DepartmentRef"),
        "note": _text(entity, "PrivateNote"),
        "total": _plain(amount, sign),
        "tax": None if is_open(entity) else _plain(_tax(entity), sign),
        **_head(entity),
        "lines": lines,
    }


def expected_total(body: dict[str, Any]) -> Decimal | None:
    """Return what a body comes to, with the tax it states; None if QuickBooks works out the tax."""
    if "TotalAmt" in body:
        return Decimal(str(body["TotalAmt"]))
    if "Line" not in body:
        return None
    lines = _counted_lines(body)
    if body.get("GlobalTaxCalculation") == "TaxInclusive":
        return total(_sign(line) * _gross(line) for line in lines)
    if is_open(body):
        return None
    return total(_sign(line) * _number(line.get("Amount")) for line in lines) + _tax(body)


def is_open(body: dict[str, Any]) -> bool:
    """Return whether a body leaves the tax to QuickBooks."""
    if "TotalTax" in (body.get("TxnTaxDetail") or {}):
        return False
    if body.get("GlobalTaxCalculation"):
        return bool(body["GlobalTaxCalculation"] != "NotApplicable")
    return any(ref_id(_detail(line), "TaxCodeRef") == "TAX" for line in body.get("Line") or ())


def _counted_lines(entity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that have an amount of their own."""
    lines = entity.get("Line") or ()
    return [line for line in lines if line.get("DetailType") not in NOT_COUNTED]


def _party(entity: dict[str, Any]) -> str:
    for name in PARTIES:
        if entity.get(name):
            return ref_id(entity, name)
    return ""


def _head(entity: dict[str, Any]) -> dict[str, str]:
    """Return the facts of the header that are not empty."""
    facts = {name: ref_id(entity, field) for name, field in HEAD.items()}
    for part, field in PAID_FROM:
        facts["payment_account"] = facts["payment_account"] or ref_id(entity.get(part) or {}, field)
    facts["due"] = _text(entity, "DueDate")
    if entity.get("POStatus") == "Closed":
        facts["status"] = "Closed"
    if _text(entity.get("EntityRef") or {}, "type").lower() == "customer":
        facts["payee"] = "customer"
    if entity.get("GlobalTaxCalculation") == "NotApplicable":
        facts["untaxed"] = "yes"
    return {name: value for name, value in facts.items() if value}


def _line(line: dict[str, Any], way: int) -> dict[str, Any]:
    detail, sign = _detail(line), _sign(line)
    amount = _number(detail.get("TaxInclusiveAmt", line.get("Amount")))
    facts: dict[str, Any] = {
        "amount": _plain(amount, way * sign),
        "account": ref_id(detail, "AccountRef") or ref_id(detail, "DiscountAccountRef"),
        "item": ref_id(detail, "ItemRef"),
        "class": ref_id(detail, "ClassRef"),
        "customer": ref_id(detail, "CustomerRef") or _customer_entity(detail),
        "tax_code": ref_id(detail, "TaxCodeRef"),
    }
    for link in line.get("LinkedTxn") or ():
        if link.get("TxnId"):
            facts["linked"] = str(link["TxnId"])
            facts["linked_type"] = _text(link, "TxnType")
            break
    if sign < 0:
        facts["discount"] = "yes"
    return facts


def _customer_entity(detail: dict[str, Any]) -> str:
    """Return the customer of a deposit line, which has no CustomerRef."""
    entity = detail.get("Entity") or {}
    if str(entity.get("type")).casefold() != "customer":
        return ""
    return _text(entity, "value")


def _entry(entity: dict[str, Any]) -> dict[str, Any]:
    """Summarize a list entry: the facts that the hub writes."""
    facts = {name: ref_id(entity, field) for name, field in ENTRY.items()}
    facts["term"] = facts["term"] or ref_id(entity, "SalesTermRef")
    for name, field in TEXTS.items():
        facts[name] = _text(entity, field)
    for name, field in NUMBERS.items():
        if entity.get(field) is not None:
            facts[name] = _even(entity[field])
    for name, (part, field) in INNER.items():
        facts[name] = _text(entity.get(part) or {}, field)
    label = _text(entity, "DisplayName") or _text(entity, "Name")
    filled = {name: value for name, value in facts.items() if value}
    return {"name": label, "active": entity.get("Active", True)} | filled


def _text(part: dict[str, Any], name: str) -> str:
    return str(part.get(name) or "")


def _detail(line: dict[str, Any]) -> dict[str, Any]:
    detail = line.get(str(line.get("DetailType")))
    return detail if isinstance(detail, dict) else {}


def _gross(line: dict[str, Any]) -> Decimal:
    return _number(_detail(line).get("TaxInclusiveAmt", line.get("Amount")))


def _sign(line: dict[str, Any]) -> int:
    return -1 if line.get("DetailType") == DISCOUNT else 1


def _tax(entity: dict[str, Any]) -> Decimal:
    return _number((entity.get("TxnTaxDetail") or {}).get("TotalTax"))


def _number(value: Any) -> Decimal:
    return value if value and isinstance(value, Decimal) else Decimal(str(value or 0))


def _plain(amount: Any, way: int = 1) -> str | None:
    """Format an amount; zero has no sign."""
    if amount is None:
        return None
    number = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return format(number if way > 0 or not number else -number, "f")


def _even(value: Any) -> str:
    """Format a price in its shortest form."""
    number = Decimal(str(value)).normalize()
    return format(number + ZERO if number else ZERO, "f")

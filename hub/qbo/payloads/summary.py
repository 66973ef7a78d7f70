"""What a transaction or list entry means, read from what is sent or from what QuickBooks answers."""

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
    """The facts that count, as plain JSON: amounts as text; those that are not there are mostly left out."""
    if kind not in DOCUMENTS:
        return _entry(entity)
    sign = way(entity)
    counted = [
        line for line in entity.get("Line") or () if line.get("DetailType") not in NOT_COUNTED
    ]
    lines = [_line(line, sign) for line in counted]
    if kind in SETTLING:
        lines.sort(key=lambda line: (line.get("linked_type", ""), line.get("linked", "")))
    comes_to = entity["TotalAmt"] if "TotalAmt" in entity else expected_total(entity)
    return {
        "party": next((ref_id(entity, name) for name in PARTIES if entity.get(name)), ""),
        "number": str(entity.get("DocNumber") or entity.get("PaymentRefNum") or ""),
        "date": str(entity.get("TxnDate") or ""),
        "currency": ref_id(entity, "CurrencyRef") or home_currency,
        "location": ref_id(entity, "DepartmentRef"),
        "note": str(entity.get("PrivateNote") or ""),
        "total": _plain(comes_to, sign),
        "tax": None if is_open(entity) else _plain(_tax(entity), sign),
        **_head(entity),
        "lines": lines,
    }


def expected_total(body: dict[str, Any]) -> Decimal | None:
    """What a body comes to: its lines and the tax that it states; None where QuickBooks works out the tax."""
    if "TotalAmt" in body:
        return Decimal(str(body["TotalAmt"]))
    lines = [line for line in body.get("Line") or () if line.get("DetailType") not in NOT_COUNTED]
    if "Line" in body and body.get("GlobalTaxCalculation") == "TaxInclusive":
        return total(_sign(line) * _gross(line) for line in lines)
    if "Line" not in body or is_open(body):
        return None
    return total(_sign(line) * _number(line.get("Amount")) for line in lines) + _tax(body)


def is_open(body: dict[str, Any]) -> bool:
    """Whether it leaves the tax to QuickBooks."""
    if "TotalTax" in (body.get("TxnTaxDetail") or {}):
        return False
    if body.get("GlobalTaxCalculation"):
        return bool(body["GlobalTaxCalculation"] != "NotApplicable")
    return any(ref_id(_held(line), "TaxCodeRef") == "TAX" for line in body.get("Line") or ())


def _head(entity: dict[str, Any]) -> dict[str, str]:
    found = {name: ref_id(entity, field) for name, field in HEAD.items()}
    for held, field in PAID_FROM:
        found["payment_account"] = found["payment_account"] or ref_id(entity.get(held) or {}, field)
    found["due"] = str(entity.get("DueDate") or "")
    found["status"] = "Closed" if entity.get("POStatus") == "Closed" else ""
    payee = str((entity.get("EntityRef") or {}).get("type") or "").lower()
    found["payee"] = payee if payee == "customer" else ""
    found["untaxed"] = "yes" if entity.get("GlobalTaxCalculation") == "NotApplicable" else ""
    return {name: value for name, value in found.items() if value}


def _line(line: dict[str, Any], way: int) -> dict[str, Any]:
    detail, sign = _held(line), _sign(line)
    links = [link for link in line.get("LinkedTxn") or () if link.get("TxnId")][:1]
    who = detail.get("Entity") or {}
    customer = str(who.get("value") or "") if str(who.get("type")).casefold() == "customer" else ""
    return {
        "amount": _plain(_number(detail.get("TaxInclusiveAmt", line.get("Amount"))), way * sign),
        "account": ref_id(detail, "AccountRef") or ref_id(detail, "DiscountAccountRef"),
        "item": ref_id(detail, "ItemRef"),
        "class": ref_id(detail, "ClassRef"),
        "customer": ref_id(detail, "CustomerRef") or customer,
        "tax_code": ref_id(detail, "TaxCodeRef"),
        **(
            {"linked": str(links[0]["TxnId"]), "linked_type": str(links[0].get("TxnType") or "")}
            if links
            else {}
        ),
        **({"discount": "yes"} if sign < 0 else {}),
    }


def _entry(entity: dict[str, Any]) -> dict[str, Any]:
    """A list entry: what the hub writes of it."""
    found = {name: ref_id(entity, field) for name, field in ENTRY.items()}
    found["term"] = found["term"] or ref_id(entity, "SalesTermRef")
    found |= {name: str(entity.get(field) or "") for name, field in TEXTS.items()}
    found |= {
        name: _even(entity[field])
        for name, field in NUMBERS.items()
        if entity.get(field) is not None
    }
    found |= {
        name: str((entity.get(held) or {}).get(field) or "")
        for name, (held, field) in INNER.items()
    }
    name = str(entity.get("DisplayName") or entity.get("Name") or "")
    return {"name": name, "active": entity.get("Active", True)} | {
        key: text for key, text in found.items() if text
    }


def _held(line: dict[str, Any]) -> dict[str, Any]:
    detail = line.get(str(line.get("DetailType")))
    return detail if isinstance(detail, dict) else {}


def _gross(line: dict[str, Any]) -> Decimal:
    return _number(_held(line).get("TaxInclusiveAmt", line.get("Amount")))


def _sign(line: dict[str, Any]) -> int:
    return -1 if line.get("DetailType") == DISCOUNT else 1


def _tax(entity: dict[str, Any]) -> Decimal:
    return _number((entity.get("TxnTaxDetail") or {}).get("TotalTax"))


def _number(value: Any) -> Decimal:
    return value if value and isinstance(value, Decimal) else Decimal(str(value or 0))


def _plain(amount: Any, way: int = 1) -> str | None:
    """An amount as text; zero has no sign."""
    if amount is None:
        return None
    number = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return format(number if way > 0 or not number else -number, "f")


def _even(value: Any) -> str:
    """A price in its shortest form."""
    number = Decimal(str(value)).normalize()
    return format(number + ZERO if number else ZERO, "f")

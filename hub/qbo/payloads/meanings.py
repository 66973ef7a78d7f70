"""What a transaction means, read from what is sent or from what QuickBooks answers, and how two meanings differ."""

from decimal import Decimal
from typing import Any

from hub.money import ZERO, shown, total
from hub.qbo.entities import DOCUMENTS, ref_id

NOT_COUNTED = ("SubTotalLineDetail", "DescriptionOnly")
PARTIES = ("VendorRef", "CustomerRef", "EntityRef")
TITLES = {
    "party": "the party", "date": "the date", "number": "the number", "currency": "the currency", "name": "the name",
    "account": "the account", "item": "the item", "class": "the class", "customer": "the customer or project",
    "tax_code": "the tax code", "location": "the location",
}  # fmt: skip


def meaning(kind: str, entity: dict[str, Any], home_currency: str = "") -> dict[str, Any]:
    """The facts that count, as plain JSON: amounts as text."""
    if kind not in DOCUMENTS:
        return {
            "name": str(entity.get("DisplayName") or entity.get("Name") or ""),
            "active": entity.get("Active", True),
        }
    open_tax = entity.get("GlobalTaxCalculation") == "TaxExcluded" and not entity.get("TxnTaxDetail")
    return {
        "party": next((ref_id(entity, name) for name in PARTIES if entity.get(name)), ""),
        "number": str(entity.get("DocNumber") or ""),
        "date": str(entity.get("TxnDate") or ""),
        "currency": ref_id(entity, "CurrencyRef") or home_currency,
        "location": ref_id(entity, "DepartmentRef"),
        "note": str(entity.get("PrivateNote") or ""),
        "total": _plain(entity["TotalAmt"] if "TotalAmt" in entity else expected_total(entity)),
        "tax": None if open_tax else _plain(_tax(entity)),
        "lines": [_line(line) for line in entity.get("Line") or () if line.get("DetailType") not in NOT_COUNTED],
    }


def expected_total(body: dict[str, Any]) -> Decimal | None:
    """What a body comes to: its lines and the tax that it states; None where QuickBooks works out the tax."""
    lines = [line for line in body.get("Line") or () if line.get("DetailType") not in NOT_COUNTED]
    how, detail = body.get("GlobalTaxCalculation"), body.get("TxnTaxDetail")
    if not lines and "Line" not in body:
        return None
    if how == "TaxInclusive":
        return total(_held(line).get("TaxInclusiveAmt", line.get("Amount")) for line in lines)
    if how == "TaxExcluded" and not detail:
        return None
    return total(line.get("Amount") for line in lines) + _tax(body)


def differences(meant: dict[str, Any], found: dict[str, Any], what: str = "QuickBooks has") -> list[str]:
    """A sentence for each fact in which what was found is not what was meant."""
    if "lines" not in meant:
        same = str(meant.get("name", "")).casefold() == str(found.get("name", "")).casefold()
        return [] if same else [_differs("name", meant.get("name"), found.get("name"), what)]
    currency = str(meant.get("currency") or found.get("currency") or "USD")
    told = _totals(meant, found, currency, what)
    for name in ("party", "date", "number", "currency", "location"):
        if meant.get(name) and meant[name] != found.get(name):
            told.append(_differs(name, meant[name], found.get(name), what))
    return told + _line_differences(meant["lines"], found.get("lines") or [], currency, what)


def _totals(meant: dict[str, Any], found: dict[str, Any], currency: str, what: str) -> list[str]:
    told = []
    for name in ("total", "tax"):
        wanted, got = meant.get(name), found.get(name)
        if wanted is not None and Decimal(wanted) != Decimal(got or 0):
            amounts = [shown(Decimal(side or 0), currency) for side in (got, wanted)]
            told.append(f"{what} {amounts[0]} as the {name}, where {amounts[1]} was meant.")
    return told


def _line_differences(meant: list[dict[str, Any]], found: list[dict[str, Any]], currency: str, what: str) -> list[str]:
    if len(meant) != len(found):
        return [f"{what} {len(found)} lines, where {len(meant)} were meant."]
    told = []
    for place, (mine, theirs) in enumerate(zip(meant, found, strict=True), start=1):
        if Decimal(mine["amount"]) != Decimal(theirs["amount"]):
            amounts = [shown(Decimal(side["amount"]), currency) for side in (theirs, mine)]
            told.append(f"{what} {amounts[0]} on line {place}, where {amounts[1]} was meant.")
        for name in ("account", "item", "class", "customer", "tax_code"):
            if mine.get(name) and mine[name] != theirs.get(name):
                told.append(f"On line {place}: {_differs(name, mine[name], theirs.get(name), what)}")
    return told


def _differs(name: str, wanted: Any, got: Any, what: str) -> str:
    return f"{what} {got or 'nothing'} as {TITLES[name]}, where {wanted} was meant."


def _line(line: dict[str, Any]) -> dict[str, Any]:
    detail = _held(line)
    return {
        "amount": _plain(detail.get("TaxInclusiveAmt", line.get("Amount")) or ZERO),
        "account": ref_id(detail, "AccountRef"),
        "item": ref_id(detail, "ItemRef"),
        "class": ref_id(detail, "ClassRef"),
        "customer": ref_id(detail, "CustomerRef"),
        "tax_code": ref_id(detail, "TaxCodeRef"),
    }


def _held(line: dict[str, Any]) -> dict[str, Any]:
    detail = line.get(str(line.get("DetailType")))
    return detail if isinstance(detail, dict) else {}


def _tax(entity: dict[str, Any]) -> Decimal:
    return Decimal(str((entity.get("TxnTaxDetail") or {}).get("TotalTax") or 0))


def _plain(amount: Any) -> str | None:
    return None if amount is None else format(Decimal(str(amount)), "f")

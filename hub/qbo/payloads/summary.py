"""Summarize transactions and list entries, from sent bodies and from answers, to compare them."""

from decimal import Decimal
from typing import Any

from hub.models.transaction_summary import CLOSED, LineSummary, TransactionSummary
from hub.money import ZERO, total
from hub.qbo.entities import DOCUMENTS, ref_id, way

NOT_COUNTED = ("SubTotalLineDetail", "DescriptionOnly")
DISCOUNT = "DiscountLineDetail"
SETTLING = ("payment", "bill_payment")
PARTIES = ("VendorRef", "CustomerRef", "EntityRef")
PAID_FROM = (("CheckPayment", "BankAccountRef"), ("CreditCardPayment", "CCAccountRef"))
UNREADABLE = TransactionSummary()  # stands for what QuickBooks showed and nobody can read


def summarize(kind: str, entity: dict[str, Any], home_currency: str = "") -> TransactionSummary:
    """Return what counts in a transaction or list entry, from a sent body or from an answer."""
    if kind not in DOCUMENTS:
        return _summarize_entry(entity)
    sign = way(entity)
    lines = [_summarize_line(line, sign) for line in counted_lines(entity)]
    if kind in SETTLING:
        lines.sort(key=lambda line: (line.linked_type, line.linked))
    amount = entity["TotalAmt"] if "TotalAmt" in entity else expected_total(entity)
    return TransactionSummary(
        party=_party(entity),
        number=_text(entity, "DocNumber") or _text(entity, "PaymentRefNum"),
        date=_text(entity, "TxnDate"),
        currency=ref_id(entity, "CurrencyRef") or home_currency,
        location=ref_id(entity, "DepartmentRef"),
        note=_text(entity, "PrivateNote"),
        total=None if amount is None else _signed(_decimal(amount), sign),
        tax=None if is_open(entity) else _signed(_tax(entity), sign),
        term=ref_id(entity, "SalesTermRef"),
        payable_account=ref_id(entity, "APAccountRef"),
        deposit_account=ref_id(entity, "DepositToAccountRef"),
        payment_account=ref_id(entity, "AccountRef") or _paid_from(entity),
        payment_method=ref_id(entity, "PaymentMethodRef"),
        class_=ref_id(entity, "ClassRef"),
        due=_text(entity, "DueDate"),
        status=CLOSED if entity.get("POStatus") == CLOSED else "",
        payee=_payee(entity),
        is_untaxed=entity.get("GlobalTaxCalculation") == "NotApplicable",
        lines=tuple(lines),
    )


def expected_total(body: dict[str, Any]) -> Decimal | None:
    """Return what a body comes to, with the tax it states; None if QuickBooks works out the tax."""
    if "TotalAmt" in body:
        return Decimal(str(body["TotalAmt"]))
    if "Line" not in body:
        return None
    lines = counted_lines(body)
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


def counted_lines(entity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that have an amount of their own."""
    lines = entity.get("Line") or ()
    return [line for line in lines if line.get("DetailType") not in NOT_COUNTED]


def _party(entity: dict[str, Any]) -> str:
    for name in PARTIES:
        if entity.get(name):
            return ref_id(entity, name)
    return ""


def _payee(entity: dict[str, Any]) -> str:
    """Return "customer" if an expense was paid to one."""
    type = _text(entity.get("EntityRef") or {}, "type")
    return "customer" if type.lower() == "customer" else ""


def _paid_from(entity: dict[str, Any]) -> str:
    """Return the account that a bill payment was paid from."""
    accounts = (ref_id(entity.get(part) or {}, field) for part, field in PAID_FROM)
    return next(filter(None, accounts), "")


def _summarize_line(line: dict[str, Any], way: int) -> LineSummary:
    detail, sign = _detail(line), _sign(line)
    linked, linked_type = _first_link(line)
    return LineSummary(
        amount=_signed(_gross(line), way * sign),
        account=ref_id(detail, "AccountRef") or ref_id(detail, "DiscountAccountRef"),
        item=ref_id(detail, "ItemRef"),
        class_=ref_id(detail, "ClassRef"),
        customer=ref_id(detail, "CustomerRef") or _customer_entity(detail),
        tax_code=ref_id(detail, "TaxCodeRef"),
        linked=linked,
        linked_type=linked_type,
        is_discount=sign < 0,
    )


def _first_link(line: dict[str, Any]) -> tuple[str, str]:
    """Return the id and type of the first transaction that a line is linked to."""
    for link in line.get("LinkedTxn") or ():
        if link.get("TxnId"):
            return str(link["TxnId"]), _text(link, "TxnType")
    return "", ""


def _customer_entity(detail: dict[str, Any]) -> str:
    """Return the customer of a deposit line, which has no CustomerRef."""
    entity = detail.get("Entity") or {}
    if str(entity.get("type")).casefold() != "customer":
        return ""
    return _text(entity, "value")


def _summarize_entry(entity: dict[str, Any]) -> TransactionSummary:
    """Summarize a list entry: the facts that the hub writes."""
    return TransactionSummary(
        name=_text(entity, "DisplayName") or _text(entity, "Name"),
        active=entity.get("Active", True),
        parent=ref_id(entity, "ParentRef"),
        income_account=ref_id(entity, "IncomeAccountRef"),
        expense_account=ref_id(entity, "ExpenseAccountRef"),
        asset_account=ref_id(entity, "AssetAccountRef"),
        term=ref_id(entity, "TermRef") or ref_id(entity, "SalesTermRef"),
        currency=ref_id(entity, "CurrencyRef"),
        type=_text(entity, "Type"),
        sku=_text(entity, "Sku"),
        description=_text(entity, "Description"),
        price=_price(entity, "UnitPrice"),
        cost=_price(entity, "PurchaseCost"),
        email=_text(entity.get("PrimaryEmailAddr") or {}, "Address"),
        phone=_text(entity.get("PrimaryPhone") or {}, "FreeFormNumber"),
    )


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
    return _decimal(value or ZERO)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _signed(number: Decimal, way: int) -> Decimal:
    """Return an amount with the sign of its transaction; zero has none."""
    return -number if way < 0 and number else number


def _price(entity: dict[str, Any], name: str) -> str:
    """Return a price in its shortest form; "" if the entry has none."""
    if entity.get(name) is None:
        return ""
    number = Decimal(str(entity[name])).normalize()
    return format(number + ZERO if number else ZERO, "f")

"""Payments from customers and to vendors: their accounts, what they settle and what is left."""

from decimal import Decimal

from qbo_sandbox.accounting import settlements
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TXN_KINDS, TxnKind
from qbo_sandbox.accounting.references import in_currency, name_reference, resolve
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.kit.json_object import JsonObject

DETAILS = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}
LINKED_KINDS = {"BillPaymentCheck": "BillPayment", "BillPaymentCreditCard": "BillPayment"}


def customer_payment(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a customer's payment."""
    _complete_amount(data)
    account = data.get("DepositToAccountRef") or {"value": company.undeposited_funds()}
    in_currency(company, "Account", account, data["CurrencyRef"]["value"], company.options.currency)
    data["DepositToAccountRef"] = name_reference(company, "Account", account)
    data["Line"] = _settling_lines(company, rule, data, old)
    data["UnappliedAmt"] = round_money(_unapplied_amount(data))
    data.setdefault("ProcessPayment", False)


def bill_payment(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a payment to a vendor."""
    whole = _complete_amount(data)
    if data["PayType"] not in DETAILS:
        raise Refusal("2170", f"Invalid Enumeration : {data['PayType']}", "PayType")
    name, field, sort = DETAILS[data["PayType"]]
    paid = dict(data.get(name) or {})
    if paid.get(field):
        if resolve(company, "Account", paid[field]).read()["AccountType"] != sort:
            raise Refusal("6430", f"Invalid account type : {field} must be of type {sort}", field)
        in_currency(
            company, "Account", paid[field], data["CurrencyRef"]["value"], company.options.currency
        )
        paid[field] = name_reference(company, "Account", paid[field])
    elif whole:
        raise missing_field(field)
    if name == "CheckPayment":
        paid.setdefault("PrintStatus", "NeedToPrint")
    data[name] = paid
    data["Line"] = _settling_lines(company, rule, data, old)
    if not data["Line"]:
        raise missing_field("LinkedTxn")
    _unapplied_amount(data)


def _complete_amount(data: JsonObject) -> Decimal:
    """Round the amount of a payment, and return it; refuse a payment without one."""
    if data.get("TotalAmt") is None:
        raise business_error("You must set a transaction amount.")
    data["TotalAmt"] = round_money(str(data["TotalAmt"]))
    return Decimal(data["TotalAmt"])


def _unapplied_amount(data: JsonObject) -> Decimal:
    """Return what no line uses, at least zero."""
    rest = settlements.unapplied_amount(data)
    if rest < 0:
        raise business_error("The amount applied is more than the amount of the payment.")
    return rest


def _settling_lines(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> list[JsonObject]:
    """Return the lines that settle something; links to other transactions are dropped silently."""
    lines = []
    for line in data.get("Line") or ():
        if line.get("Amount") is None:
            raise missing_field("Amount")
        links = line.get("LinkedTxn") or ()
        if not links:
            raise missing_field("LinkedTxn")
        if links[0].get("TxnType") not in rule.pays:
            continue
        amount = round_money(str(line["Amount"]))
        _may_settle(company, rule, data, links[0], amount, old)
        lines.append({"Amount": amount, "LinkedTxn": [dict(links[0])]})
    return lines


def _may_settle(
    company: Company,
    rule: TxnKind,
    data: JsonObject,
    link: JsonObject,
    amount: Decimal,
    old: JsonObject | None,
) -> None:
    """Refuse to settle a transaction of another party, or more than what is open of it."""
    kind = link["TxnType"]
    id = link["TxnId"]
    row = company.row(kind, id)
    if row is None or row.read()[rule.party]["value"] != data[rule.party]["value"]:
        raise Refusal("620", f"Transaction {id} cannot be linked", "")
    target = row.read()
    open_amount = Decimal(target[TXN_KINDS[kind].open_field])
    settled_before = settled_amounts(old).get((kind, str(id)), ZERO)
    if amount > open_amount + settled_before:
        raise business_error("The amount paid is more than what is open.")


def settled_amounts(data: JsonObject | None) -> dict[tuple[str, str], Decimal]:
    """Return the amounts that a payment settles, by kind and id."""
    amounts: dict[tuple[str, str], Decimal] = {}
    for line in (data or {}).get("Line") or ():
        links = line.get("LinkedTxn")
        if links:
            key = str(links[0]["TxnType"]), str(links[0]["TxnId"])
            amounts[key] = amounts.get(key, ZERO) + Decimal(line["Amount"])
    return amounts

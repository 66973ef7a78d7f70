"""Payments from customers and to vendors: their accounts, what they settle and what is left."""

from decimal import Decimal

from qbo_sandbox.accounting import settlements
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TXN_KINDS, TxnKind
from qbo_sandbox.accounting.references import add_reference_name, resolve, resolve_in_currency
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.entities import sales
from qbo_sandbox.kit.json_object import JsonObject

PAYMENT_DETAILS = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}
LINKED_KINDS = {"BillPaymentCheck": "BillPayment", "BillPaymentCreditCard": "BillPayment"}


def complete_customer_payment(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a customer's payment."""
    _complete_amount(data)
    account = data.get("DepositToAccountRef")
    if not account:
        account = {"value": company.undeposited_funds()}
    sales.require_money_account(company, data, account)
    data["DepositToAccountRef"] = _get_money_account(company, data, account)
    data["Line"] = _list_settling_lines(company, rule, data, old)
    unapplied_amount = _compute_unapplied(data)
    data["UnappliedAmt"] = round_money(unapplied_amount)
    data.setdefault("ProcessPayment", False)


def _get_money_account(company: Company, data: JsonObject, reference: JsonObject) -> JsonObject:
    """Return the reference to the account of the money, with its name.

    Its currency must be that of the payment or the home currency.
    """
    code = data["CurrencyRef"]["value"]
    resolve_in_currency(company, "Account", reference, code, company.options.currency)
    return add_reference_name(company, "Account", reference)


def complete_bill_payment(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a payment to a vendor."""
    amount = _complete_amount(data)
    pay_type = data["PayType"]
    if pay_type not in PAYMENT_DETAILS:
        raise Refusal("2170", f"Invalid Enumeration : {pay_type}", "PayType")
    name, field, account_type = PAYMENT_DETAILS[pay_type]
    detail = dict(data.get(name) or {})
    if detail.get(field):
        account = resolve(company, "Account", detail[field]).read()
        if account["AccountType"] != account_type:
            raise Refusal(
                "6430", f"Invalid account type : {field} must be of type {account_type}", field
            )
        detail[field] = _get_money_account(company, data, detail[field])
    elif amount:
        raise missing_field(field)
    if name == "CheckPayment":
        detail.setdefault("PrintStatus", "NeedToPrint")
    data[name] = detail
    data["Line"] = _list_settling_lines(company, rule, data, old)
    if not data["Line"]:
        raise missing_field("LinkedTxn")
    _compute_unapplied(data)


def _complete_amount(data: JsonObject) -> Decimal:
    """Round the amount of a payment, and return it; refuse a payment without one."""
    if data.get("TotalAmt") is None:
        raise business_error("You must set a transaction amount.")
    data["TotalAmt"] = round_money(str(data["TotalAmt"]))
    return Decimal(data["TotalAmt"])


def _compute_unapplied(data: JsonObject) -> Decimal:
    """Return what no line uses, at least zero."""
    unapplied_amount = settlements.compute_unapplied(data)
    if unapplied_amount < 0:
        raise business_error("The amount applied is more than the amount of the payment.")
    return unapplied_amount


def _list_settling_lines(
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
        link = dict(links[0])
        if link.get("TxnType") not in rule.pays:
            continue
        amount = round_money(str(line["Amount"]))
        _check_settlement(company, rule, data, link, amount, old)
        lines.append({"Amount": amount, "LinkedTxn": [link]})
    return lines


def _check_settlement(
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
    target = row.read() if row else None
    party = data[rule.party]["value"]
    if target is None or target[rule.party]["value"] != party:
        raise Refusal("620", f"Transaction {id} cannot be linked", "")
    open_amount = Decimal(target[TXN_KINDS[kind].open_field])
    settled_before = sum_settled_amounts(old).get((kind, str(id)), ZERO)
    if amount > open_amount + settled_before:
        raise business_error("The amount paid is more than what is open.")


def sum_settled_amounts(data: JsonObject | None) -> dict[tuple[str, str], Decimal]:
    """Return the amounts that a payment settles, by kind and id."""
    amounts: dict[tuple[str, str], Decimal] = {}
    payment = data or {}
    for line in payment.get("Line") or ():
        links = line.get("LinkedTxn")
        if not links:
            continue
        link = links[0]
        key = str(link["TxnType"]), str(link["TxnId"])
        former_amount = amounts.get(key, ZERO)
        amounts[key] = former_amount + Decimal(line["Amount"])
    return amounts

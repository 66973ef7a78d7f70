"""Checks and completes a transaction: parties, accounts, lines, dates, numbers, totals."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import DISCOUNT_LINE, SUBTOTAL_LINE, TxnKind
from qbo_sandbox.accounting.references import fill, in_currency
from qbo_sandbox.accounting.refusals import Refusal, business, missing, unknown_reference
from qbo_sandbox.accounting.values import ZERO, money, plus_days
from qbo_sandbox.entities import (
    document_numbers,
    lists,
    movements,
    payments,
    purchases,
    sales,
    taxes,
    time_activities,
)
from qbo_sandbox.entities.currencies import currency_ref
from qbo_sandbox.entities.lines import complete_lines

Step = Callable[[Company, TxnKind, dict[str, Any], dict[str, Any] | None], None]
BEFORE: dict[str, Step] = {
    "Purchase": purchases.expense,
    "PurchaseOrder": purchases.order,
    **dict.fromkeys(
        ("Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"), sales.prepare
    ),
}
AFTER: dict[str, Step] = {
    "Bill": purchases.check_orders,
    "Purchase": purchases.expense_done,
    "CreditCardPaymentTxn": movements.card_paid,
    "TimeActivity": time_activities.finish,
    "Payment": payments.customer_payment,
    "BillPayment": payments.bill_payment,
    "Deposit": movements.deposit,
    "Transfer": movements.transfer,
    "JournalEntry": movements.journal,
    **dict.fromkeys(
        ("Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"), sales.finish
    ),
}
ORIGINS = ("PurchaseOrder", "Estimate", "ReimburseCharge", "TimeActivity")
HOME_BALANCE = {"Bill": "Balance", "Invoice": "Balance", "CreditMemo": "RemainingCredit"}
SIGNS = {DISCOUNT_LINE: -1, SUBTOTAL_LINE: 0}
CLOSED = (
    "The account period has closed and the account books cannot be updated through the QBO"
    " Services API. Please use "
    "the QBO website to make these changes."
)


def complete(
    company: Company,
    rule: TxnKind,
    data: dict[str, Any],
    old: dict[str, Any] | None,
    params: dict[str, str],
) -> dict[str, Any]:
    """Return the transaction as QuickBooks stores it."""
    _require(rule, data)
    _step(BEFORE, company, rule, data, old)
    fill(company, data)
    if not company.options.departments:
        data.pop("DepartmentRef", None)
    if company.options.classes == "off" or (rule.details and company.options.classes == "line"):
        data.pop("ClassRef", None)
    data.setdefault("TxnDate", company.today())
    check_open(company, rule, data["TxnDate"])
    _currency(company, rule, data)
    _control(company, rule, data)
    if rule.details:
        complete_lines(company, rule, data, old)
        taxes.apply(company, rule, data)
        _sum(rule, data, old)
    _due(company, rule, data)
    document_numbers.give(company, rule, data, old, params)
    _links(data, old)
    _step(AFTER, company, rule, data, old)
    return data


def _is_origin(link: dict[str, Any]) -> bool:
    return link.get("TxnType") in ORIGINS


def _links(data: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Take links to origins from the client, and keep those that payments have added."""
    requested = data.pop("LinkedTxn", None) or ()
    links = list(filter(_is_origin, requested))
    existing = old.get("LinkedTxn", ()) if old else ()
    links += [link for link in existing if not _is_origin(link)]
    if links:
        data["LinkedTxn"] = links


def _step(
    steps: dict[str, Step],
    company: Company,
    rule: TxnKind,
    data: dict[str, Any],
    old: dict[str, Any] | None,
) -> None:
    step = steps.get(rule.name)
    if step:
        step(company, rule, data, old)


def _require(rule: TxnKind, data: dict[str, Any]) -> None:
    for field in rule.required:
        value = data.get(field)
        if not value or (isinstance(value, dict) and value.get("value") in (None, "")):
            raise missing(field)


def check_open(company: Company, rule: TxnKind, date: str) -> None:
    """Refuse a booking in a closed period; only with a password could a person still allow it."""
    closed = company.options.closed
    if closed and rule.booking and date[:10] <= closed:
        raise Refusal("6210" if company.options.closing_password else "6200", CLOSED, "")


def _currency(company: Company, rule: TxnKind, data: dict[str, Any]) -> None:
    home = company.options.currency
    code = (data.get("CurrencyRef") or {}).get("value")
    if not code and rule.party and _requires_currency(company):
        raise missing("CurrencyRef")
    code = code or home
    if code != home and code not in company.currencies():
        raise unknown_reference("Currencies", code)
    if rule.party and data.get(rule.party):
        in_currency(company, rule.party_kind, data[rule.party], code)
    data["CurrencyRef"] = currency_ref(code)
    if company.options.multicurrency:
        rate = data.get("ExchangeRate")
        if rate is None:
            rate = company.rate(code, data["TxnDate"])
        data["ExchangeRate"] = Decimal(1) if code == home else Decimal(str(rate))
    else:
        data.pop("ExchangeRate", None)


def _requires_currency(company: Company) -> bool:
    options = company.options
    if not options.multicurrency or not options.currency_required:
        return False
    return bool(company.switches.currency_required)


def _control(company: Company, rule: TxnKind, data: dict[str, Any]) -> None:
    """Return the A/P or A/R account: as stated, or the company's for this currency."""
    if not rule.control:
        return
    code = data["CurrencyRef"]["value"]
    if rule.control not in data:
        data[rule.control] = {"value": company.control_account(rule.control_type, code)}
        fill(company, data)
    account = in_currency(company, "Account", data[rule.control], code)
    if account["AccountType"] != rule.control_type:
        raise Refusal(
            "6430",
            f"Invalid account type : {rule.control} must be {rule.control_type}",
            rule.control,
        )


def _sum(rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    net = sum(
        (
            SIGNS.get(line["DetailType"], 1) * line.get("Amount", ZERO)
            for line in sales.parts(data["Line"])
        ),
        ZERO,
    )
    whole = money(net + taxes.total(data))
    if whole < 0:
        raise business("Transaction amount must be 0 or greater.")
    data[rule.total] = whole
    if rule.open_field:
        paid = Decimal(old[rule.total]) - Decimal(old[rule.open_field]) if old else ZERO
        if paid > whole:
            raise business("The amount cannot be less than what is already paid or applied.")
        data[rule.open_field] = money(whole - paid)
    _at_home(rule, data)


def _at_home(rule: TxnKind, data: dict[str, Any]) -> None:
    """Set the amounts in home currency.

    A sale with an exchange rate shows its total even if the rate is 1.
    """
    rate = data.get("ExchangeRate") or 1
    if rule.side == "sell" and "ExchangeRate" in data:
        data["HomeTotalAmt"] = money(data[rule.total] * rate)
    else:
        data.pop("HomeTotalAmt", None)
    balance = HOME_BALANCE.get(rule.name, "")
    if balance and rate != 1:
        data["HomeBalance"] = money(data[balance] * rate)
    else:
        data.pop("HomeBalance", None)


def _due(company: Company, rule: TxnKind, data: dict[str, Any]) -> None:
    if rule.dated_due is None or data.get("DueDate"):
        return
    usual = company.preference("SalesFormsPrefs", "DefaultTerms") if rule.side == "sell" else None
    term = data.get("SalesTermRef") or usual
    data["DueDate"] = (
        lists.due(company, term, data["TxnDate"])
        if term
        else plus_days(data["TxnDate"], rule.dated_due)
    )


def is_linked(data: dict[str, Any]) -> bool:
    """Tell whether a payment or credit is linked to the transaction."""
    own = data.get("LinkedTxn") or ()
    return any(link.get("TxnType") not in ORIGINS for link in own)

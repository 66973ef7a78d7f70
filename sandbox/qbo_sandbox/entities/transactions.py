"""Checks and completes a transaction: parties, accounts, lines, dates, numbers, totals."""

from collections.abc import Callable
from decimal import Decimal

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import DISCOUNT_LINE, SUBTOTAL_LINE, TxnKind
from qbo_sandbox.accounting.references import resolve_all, resolve_in_currency
from qbo_sandbox.accounting.refusals import (
    Refusal,
    business_error,
    missing_field,
    unknown_reference,
)
from qbo_sandbox.accounting.values import ZERO, add_days, round_money
from qbo_sandbox.entities import (
    document_numbers,
    lists,
    movements,
    payments,
    purchases,
    sales,
    stock_adjustments,
    taxes,
    time_activities,
)
from qbo_sandbox.entities.currencies import build_currency_ref
from qbo_sandbox.entities.lines import complete_lines
from qbo_sandbox.kit.json_object import JsonObject

Step = Callable[[Company, TxnKind, JsonObject, JsonObject | None], None]
PREPARATION_STEPS: dict[str, Step] = {
    "Purchase": purchases.complete_expense,
    "PurchaseOrder": purchases.complete_order,
    **dict.fromkeys(
        ("Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"), sales.prepare
    ),
}
COMPLETION_STEPS: dict[str, Step] = {
    "Bill": purchases.check_orders,
    "Purchase": purchases.finish_expense,
    "CreditCardPaymentTxn": movements.complete_card_payment,
    "TimeActivity": time_activities.finish,
    "Payment": payments.complete_customer_payment,
    "BillPayment": payments.complete_bill_payment,
    "Deposit": movements.complete_deposit,
    "Transfer": movements.complete_transfer,
    "JournalEntry": movements.complete_journal,
    "InventoryAdjustment": stock_adjustments.complete_adjustment,
    **dict.fromkeys(
        ("Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"), sales.finish
    ),
}
ORIGIN_KINDS = ("PurchaseOrder", "Estimate", "ReimburseCharge", "TimeActivity")
HOME_BALANCE_FIELDS = {"Bill": "Balance", "Invoice": "Balance", "CreditMemo": "RemainingCredit"}
LINE_SIGNS = {DISCOUNT_LINE: -1, SUBTOTAL_LINE: 0}
CLOSED_BOOKS_MESSAGE = (
    "The account period has closed and the account books cannot be updated through the QBO"
    " Services API. Please use "
    "the QBO website to make these changes."
)


def complete(
    company: Company,
    rule: TxnKind,
    data: JsonObject,
    old: JsonObject | None,
    params: dict[str, str],
) -> JsonObject:
    """Return the transaction as QuickBooks stores it."""
    _require(rule, data)
    _run_step(PREPARATION_STEPS, company, rule, data, old)
    resolve_all(company, data)
    _remove_unused_dimensions(company, rule, data)
    data.setdefault("TxnDate", company.today())
    check_open(company, rule, data["TxnDate"])
    _complete_currency(company, rule, data)
    _complete_control_account(company, rule, data)
    if rule.details:
        complete_lines(company, rule, data, old)
        taxes.apply(company, rule, data)
        _sum_lines(rule, data, old)
    _complete_due_date(company, rule, data)
    document_numbers.assign_number(company, rule, data, old, params)
    _merge_links(data, old)
    _run_step(COMPLETION_STEPS, company, rule, data, old)
    return data


def _remove_unused_dimensions(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Remove location and class where the company does not track them on the transaction."""
    options = company.options
    if not options.departments:
        data.pop("DepartmentRef", None)
    has_class_of_its_own = options.classes == "txn" or not rule.details
    if options.classes == "off" or not has_class_of_its_own:
        data.pop("ClassRef", None)


def _is_origin(link: JsonObject) -> bool:
    """Return whether a link leads to the document from which a transaction was made."""
    return link.get("TxnType") in ORIGIN_KINDS


def _merge_links(data: JsonObject, old: JsonObject | None) -> None:
    """Take links to origins from the client, and keep those that payments have added."""
    requested_links = data.pop("LinkedTxn", None) or ()
    links = list(filter(_is_origin, requested_links))
    existing = old.get("LinkedTxn", ()) if old else ()
    links += [link for link in existing if not _is_origin(link)]
    if links:
        data["LinkedTxn"] = links


def _run_step(
    steps: dict[str, Step],
    company: Company,
    rule: TxnKind,
    data: JsonObject,
    old: JsonObject | None,
) -> None:
    """Run the step of a table that belongs to the kind, if there is one."""
    step = steps.get(rule.name)
    if step:
        step(company, rule, data, old)


def _require(rule: TxnKind, data: JsonObject) -> None:
    """Refuse a transaction without a field that its kind needs."""
    for field in rule.required:
        value = data.get(field)
        if isinstance(value, dict):
            value = value.get("value") not in (None, "")
        if not value:
            raise missing_field(field)


def check_open(company: Company, rule: TxnKind, date: str) -> None:
    """Refuse a booking in a closed period; only with a password could a person still allow it."""
    options = company.options
    if not options.closed or not rule.booking:
        return
    if date[:10] <= options.closed:
        code = "6210" if options.closing_password else "6200"
        raise Refusal(code, CLOSED_BOOKS_MESSAGE, "")


def _complete_currency(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Check the currency against the party's, and set the exchange rate."""
    code = _get_currency_code(company, rule, data)
    if rule.party and data.get(rule.party):
        resolve_in_currency(company, rule.party_kind, data[rule.party], code)
    data["CurrencyRef"] = build_currency_ref(code)
    if company.options.multicurrency:
        data["ExchangeRate"] = _get_exchange_rate(company, data, code)
    else:
        data.pop("ExchangeRate", None)


def _get_currency_code(company: Company, rule: TxnKind, data: JsonObject) -> str:
    """Return the currency of a transaction, by default the home currency."""
    home = company.options.currency
    reference = data.get("CurrencyRef") or {}
    code = reference.get("value")
    if not code:
        if rule.party and _requires_currency(company):
            raise missing_field("CurrencyRef")
        return home
    if code != home and code not in company.currencies():
        raise unknown_reference("Currencies", code)
    return str(code)


def _get_exchange_rate(company: Company, data: JsonObject, code: str) -> Decimal:
    """Return the rate that the client states, else that of the day; 1 for the home currency.

    Clients found that QuickBooks enters 1 if none is stated, so a switch can choose that.
    """
    if code == company.options.currency:
        return Decimal(1)
    rate = data.get("ExchangeRate")
    if rate is None:
        is_looked_up = company.switches.exchange_rate == "day"
        rate = company.rate(code, data["TxnDate"]) if is_looked_up else 1
    return Decimal(str(rate))


def _requires_currency(company: Company) -> bool:
    """Return whether a transaction must state its currency."""
    options = company.options
    if not options.multicurrency or not options.currency_required:
        return False
    return bool(company.switches.currency_required)


def _complete_control_account(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Return the A/P or A/R account: as stated, or the company's for this currency."""
    if not rule.control:
        return
    code = data["CurrencyRef"]["value"]
    if rule.control not in data:
        data[rule.control] = {"value": company.control_account(rule.control_type, code)}
        resolve_all(company, data)
    account = resolve_in_currency(company, "Account", data[rule.control], code)
    if account["AccountType"] != rule.control_type:
        raise Refusal(
            "6430",
            f"Invalid account type : {rule.control} must be {rule.control_type}",
            rule.control,
        )


def _sum_lines(rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Set the total of a transaction to its lines and its tax."""
    net = ZERO
    for line in sales.flatten_lines(data["Line"]):
        sign = LINE_SIGNS.get(line["DetailType"], 1)
        net += sign * line.get("Amount", ZERO)
    whole = round_money(net + taxes.get_total_tax(data))
    if whole < 0:
        raise business_error("Transaction amount must be 0 or greater.")
    data[rule.total] = whole
    if rule.open_field:
        paid_amount = ZERO
        if old:
            paid_amount = Decimal(old[rule.total]) - Decimal(old[rule.open_field])
        if paid_amount > whole:
            raise business_error("The amount cannot be less than what is already paid or applied.")
        data[rule.open_field] = round_money(whole - paid_amount)
    _set_home_amounts(rule, data)


def _set_home_amounts(rule: TxnKind, data: JsonObject) -> None:
    """Set the amounts in home currency.

    A sale with an exchange rate shows its total even if the rate is 1.
    """
    rate = data.get("ExchangeRate") or 1
    if rule.side == "sell" and "ExchangeRate" in data:
        data["HomeTotalAmt"] = round_money(data[rule.total] * rate)
    else:
        data.pop("HomeTotalAmt", None)
    balance = HOME_BALANCE_FIELDS.get(rule.name, "")
    if balance and rate != 1:
        data["HomeBalance"] = round_money(data[balance] * rate)
    else:
        data.pop("HomeBalance", None)


def _complete_due_date(company: Company, rule: TxnKind, data: JsonObject) -> None:
    """Set the due date by the terms, unless the client states one."""
    if rule.dated_due is None or data.get("DueDate"):
        return
    date = data["TxnDate"]
    term = data.get("SalesTermRef")
    if not term and rule.side == "sell":
        term = company.preference("SalesFormsPrefs", "DefaultTerms")
    if term:
        data["DueDate"] = lists.compute_due_date(company, term, date)
    else:
        data["DueDate"] = add_days(date, rule.dated_due)


def is_linked(data: JsonObject) -> bool:
    """Return whether a payment or credit is linked to the transaction."""
    links = data.get("LinkedTxn") or ()
    return not all(map(_is_origin, links))

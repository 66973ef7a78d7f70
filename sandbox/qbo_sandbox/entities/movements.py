"""Deposits, transfers, credit card payments and journal entries."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TxnKind
from qbo_sandbox.accounting.references import (
    ONE_CURRENCY_MESSAGE,
    add_reference_name,
    resolve,
    resolve_all,
    resolve_in_currency,
)
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.kit.json_object import JsonObject

DEPOSIT_LINE, JOURNAL_LINE = "DepositLineDetail", "JournalEntryLineDetail"
PARTY_KINDS = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}
ENTITY_TYPES = ("Customer", "Vendor", "Employee")
DEPOSITABLE_KINDS = ("Payment", "SalesReceipt", "RefundReceipt")
DEPOSIT_ACCOUNT_TYPES = ("Bank", "Other Current Asset")


def complete_deposit(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a deposit, less the cash that is taken out."""
    data["DepositToAccountRef"] = _complete_account_reference(
        company, data["DepositToAccountRef"], data, DEPOSIT_ACCOUNT_TYPES, "DepositToAccountRef"
    )
    lines: list[JsonObject] = []
    for line in data["Line"]:
        if line.get("LinkedTxn"):
            lines.append(_build_linked_line(company, data, old, line))
        else:
            number = sum("Id" in other for other in lines) + 1
            lines.append(_build_account_line(company, line, number))
    data["Line"] = lines
    total = sum((line["Amount"] for line in lines), ZERO)
    cash_back = data.get("CashBack")
    if cash_back:
        resolve_all(company, cash_back)
        cash_back["Amount"] = _parse_amount(cash_back)
        total -= cash_back["Amount"]
    total = round_money(total)
    if total < 0:
        raise business_error("Transaction amount must be 0 or greater.")
    data["TotalAmt"] = total


def _get_deposited_amount(
    company: Company, link: JsonObject, data: JsonObject, old: JsonObject | None
) -> Decimal:
    """Return the whole of a payment or receipt in undeposited funds; a refund is negative."""
    refusal = Refusal("620", f"Transaction {link.get('TxnId')} cannot be linked", "")
    row = None
    if link.get("TxnType") in DEPOSITABLE_KINDS:
        row = company.row(link.get("TxnType", ""), link.get("TxnId"))
    target = row.read() if row else {}
    account = target.get("DepositToAccountRef", {})
    if account.get("value") != company.undeposited_funds():
        raise refusal
    own_id = old.get("Id") if old else None
    for other in target.get("LinkedTxn", ()):
        if other["TxnType"] == "Deposit" and other["TxnId"] != own_id:
            raise refusal
    code = data["CurrencyRef"]["value"]
    if target["CurrencyRef"]["value"] != code:
        raise business_error(ONE_CURRENCY_MESSAGE)
    total = Decimal(target["TotalAmt"])
    return -total if link["TxnType"] == "RefundReceipt" else total


def complete_transfer(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a transfer between two accounts."""
    data["Amount"] = round_money(str(data["Amount"]))
    source = data["FromAccountRef"]
    target = data["ToAccountRef"]
    _complete_account_reference(company, source, data, (), "FromAccountRef")
    _complete_account_reference(company, target, data, (), "ToAccountRef")
    if source["value"] == target["value"]:
        raise business_error("You must choose two different accounts.")


def complete_card_payment(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Complete a credit card payment from the bank, both in home currency."""
    data["Amount"] = round_money(str(data["Amount"]))
    if data["CurrencyRef"]["value"] != company.options.currency:
        raise business_error(ONE_CURRENCY_MESSAGE)
    _complete_account_reference(
        company, data["CreditCardAccountRef"], data, ("Credit Card",), "CreditCardAccountRef"
    )
    _complete_account_reference(company, data["BankAccountRef"], data, ("Bank",), "BankAccountRef")


def build_transfer(payment: JsonObject) -> JsonObject:
    """Return a credit card payment as QuickBooks shows it when it is read as a transfer."""
    own = ("BankAccountRef", "CreditCardAccountRef", "VendorRef", "CheckNum", "PrintStatus", "Memo")
    visible = {key: value for key, value in payment.items() if key not in own}
    return visible | {
        "FromAccountRef": payment["BankAccountRef"],
        "ToAccountRef": payment["CreditCardAccountRef"],
    }


def _complete_account_reference(
    company: Company,
    reference: JsonObject,
    data: JsonObject,
    types: tuple[str, ...],
    field: str,
) -> JsonObject:
    """Return the named reference; its account must have this type and one of these currencies."""
    account = resolve_in_currency(
        company, "Account", reference, data["CurrencyRef"]["value"], company.options.currency
    )
    if types and account["AccountType"] not in types:
        raise Refusal("6430", f"Invalid account type : {field} must be of type {types[0]}", field)
    return add_reference_name(company, "Account", reference)


def complete_journal(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Check that debits equal credits, and put the lines in place."""
    lines = [
        _complete_entry(company, data, position, line) for position, line in enumerate(data["Line"])
    ]
    entries = [line for line in lines if JOURNAL_LINE in line]
    total = ZERO
    for entry in entries:
        is_debit = entry[JOURNAL_LINE]["PostingType"] == "Debit"
        total += entry["Amount"] if is_debit else -entry["Amount"]
    if total:
        raise Refusal("2300", "Total debits and credits do not match", "")
    if not entries:
        raise missing_field("Line")
    data["Line"] = lines
    data.setdefault("Adjustment", False)


def _build_linked_line(
    company: Company, data: JsonObject, old: JsonObject | None, line: JsonObject
) -> JsonObject:
    """Return a line of a deposit that takes money from undeposited funds, as it is stored.

    A line that says it has a detail needs an account in it, although a linked line has none.
    """
    detail = line.get(DEPOSIT_LINE) or {}
    if line.get("DetailType") == DEPOSIT_LINE and not detail.get("AccountRef"):
        raise missing_field(f"Line.{DEPOSIT_LINE}.AccountRef")
    stored_line = _without_keys(line, "Id", "LineNum", DEPOSIT_LINE)
    stored_line["Amount"] = _get_deposited_amount(company, line["LinkedTxn"][0], data, old)
    stored_line.pop("DetailType", None)
    if line.get(DEPOSIT_LINE):
        stored_line[DEPOSIT_LINE] = dict(line[DEPOSIT_LINE])
    return stored_line


def _build_account_line(company: Company, line: JsonObject, number: int) -> JsonObject:
    """Return a line of a deposit with an account of its own, as it is stored."""
    detail = dict(line.get(DEPOSIT_LINE) or {})
    resolve_all(company, detail)
    amount = _parse_amount(line)
    if not detail.get("AccountRef"):
        raise missing_field("AccountRef")
    stored_line = _without_keys(line, "Id", "LineNum", DEPOSIT_LINE)
    stored_line["Amount"] = amount
    stored_line["Id"] = str(number)
    stored_line["LineNum"] = number
    stored_line["DetailType"] = DEPOSIT_LINE
    stored_line[DEPOSIT_LINE] = detail
    return stored_line


def _without_keys(line: JsonObject, *fields: str) -> JsonObject:
    """Return a copy of a line without some fields."""
    copy = dict(line)
    for field in fields:
        copy.pop(field, None)
    return copy


def _complete_party(company: Company, detail: JsonObject, account: JsonObject) -> None:
    """Fill in the name of the party of a line; receivables and payables need one."""
    needed_kind = PARTY_KINDS.get(account["AccountType"])
    entity = detail.get("Entity") or {}
    kind = entity.get("Type")
    if needed_kind and kind != needed_kind:
        raise business_error(
            f"When you use this account, you must choose a {needed_kind.lower()} in the Name field."
        )
    if kind not in ENTITY_TYPES:
        return
    reference = entity.get("EntityRef")
    detail["Entity"] = entity | {"EntityRef": add_reference_name(company, kind, reference)}
    if needed_kind:
        code = account["CurrencyRef"]["value"]
        resolve_in_currency(company, needed_kind, reference, code)


def _complete_entry(
    company: Company, data: JsonObject, position: int, line: JsonObject
) -> JsonObject:
    """Check a line of a journal entry, and fill in the names of its references."""
    other = _without_keys(line, "Id", "LineNum", JOURNAL_LINE)
    if line.get("DetailType") == "DescriptionOnly":
        return {"Id": str(position), **other}
    detail = dict(line.get(JOURNAL_LINE) or {})
    for field in ("PostingType", "AccountRef"):
        if not detail.get(field):
            raise missing_field(field)
    resolve_all(company, detail)
    account = _check_account_currency(company, detail["AccountRef"], data)
    _complete_party(company, detail, account)
    if company.options.classes == "off":
        detail.pop("ClassRef", None)
    return {
        "Id": str(position),
        **other,
        "Amount": _parse_amount(line),
        "DetailType": JOURNAL_LINE,
        JOURNAL_LINE: detail,
    }


def _check_account_currency(
    company: Company, reference: JsonObject, data: JsonObject
) -> JsonObject:
    """Check the currency of the account of a journal line."""
    account = resolve(company, "Account", reference).read()
    if account["CurrencyRef"]["value"] not in (
        company.options.currency,
        data["CurrencyRef"]["value"],
    ):
        raise business_error("Transactions can have only one foreign currency at a time.")
    return account


def _parse_amount(line: JsonObject) -> Decimal:
    """Return the amount of a line; refuse a line without one."""
    if line.get("Amount") is None:
        raise missing_field("Line.Amount")
    return round_money(str(line["Amount"]))

"""Double entry behind each transaction, and what stays open for each party."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hub.qbo.sandbox.kinds import ACCOUNT_LINE, DISCOUNT_LINE, ITEM_LINE, SALES_LINE, TXN_KINDS, TxnKind
from hub.qbo.sandbox.values import ZERO, money

if TYPE_CHECKING:
    from hub.qbo.sandbox.company import Company

Entries = tuple[tuple[str, Decimal], ...]
ITEM_ACCOUNTS = {
    ITEM_LINE: ("AssetAccountRef", "ExpenseAccountRef", "IncomeAccountRef"),
    SALES_LINE: ("IncomeAccountRef", "ExpenseAccountRef"),
}


class Ledger:
    """Balances of accounts in home currency (debit positive) and of parties in their own."""

    def __init__(self) -> None:
        self.accounts: dict[str, Decimal] = defaultdict(Decimal)
        self.parties: dict[str, Decimal] = defaultdict(Decimal)

    def book(self, booked: Entries, party: str, open_amount: Decimal, sign: int) -> set[str]:
        """Book a transaction (+1) or take it back (-1); the accounts it moved."""
        for account, amount in booked:
            self.accounts[account] += sign * amount
        if party:
            self.parties[party] += sign * open_amount
        return {account for account, _ in booked}


def open_of(kind: str, data: dict[str, Any]) -> tuple[str, Decimal]:
    """The party of a transaction and what is open of it, credits negative."""
    rule = TXN_KINDS[kind]
    party = str((data.get(rule.party) or {}).get("value", "")) if rule.party else ""
    return party, rule.open_sign * Decimal(data.get(rule.open_field) or 0)


def entries(company: "Company", kind: str, data: dict[str, Any]) -> Entries:
    """(account, amount in home currency), debit positive; they add up to zero."""
    rule = TXN_KINDS[kind]
    book = {"lines": _lines, "deposit": _lines, "payment": _payment, "transfer": _transfer, "journal": _journal}
    if rule.booking not in book:
        return ()
    sides = [(account, amount) for account, amount in book[rule.booking](company, rule, data) if account and amount]
    rate = Decimal(data.get("ExchangeRate") or 1)
    booked = [(account, money(amount * rate)) for account, amount in sides]
    counter = _counter(company, rule, data)
    rest = -sum((amount for _, amount in booked), ZERO)
    return (*booked, (counter, rest)) if counter and rest else tuple(booked)


def _counter(company: "Company", rule: TxnKind, data: dict[str, Any]) -> str:
    if rule.booking in ("transfer", "journal"):
        return ""
    if rule.booking == "payment" or not rule.counter:
        code = str((data.get("CurrencyRef") or {}).get("value", company.options.currency))
        return company.control_account(rule.counter_type, code)
    return str((data.get(rule.counter) or {}).get("value", ""))


def _lines(company: "Company", rule: TxnKind, data: dict[str, Any]) -> list[tuple[str, Decimal]]:
    direction = -rule.direction if data.get("Credit") else rule.direction
    sides = [(_account(company, line), direction * _signed(line)) for line in data.get("Line", ())]
    tax = Decimal((data.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
    return [*sides, (company.tax_account(), direction * tax)] if tax else sides


def _payment(company: "Company", rule: TxnKind, data: dict[str, Any]) -> list[tuple[str, Decimal]]:
    paid = data.get("CheckPayment", {}).get("BankAccountRef") or data.get("CreditCardPayment", {}).get("CCAccountRef")
    account = str((data.get(rule.counter) or paid or {}).get("value", ""))
    return [(account, rule.direction * Decimal(data[rule.total]))]


def _transfer(company: "Company", rule: TxnKind, data: dict[str, Any]) -> list[tuple[str, Decimal]]:
    amount = Decimal(data["Amount"])
    return [(data["ToAccountRef"]["value"], amount), (data["FromAccountRef"]["value"], -amount)]


def _journal(company: "Company", rule: TxnKind, data: dict[str, Any]) -> list[tuple[str, Decimal]]:
    sides = []
    for line in data["Line"]:
        detail = line.get("JournalEntryLineDetail")
        if detail:
            sign = 1 if detail["PostingType"] == "Debit" else -1
            sides.append((detail["AccountRef"]["value"], sign * Decimal(line["Amount"])))
    return sides


def _signed(line: dict[str, Any]) -> Decimal:
    amount = Decimal(line.get("Amount") or 0)
    return -amount if line["DetailType"] == DISCOUNT_LINE else amount


def _account(company: "Company", line: dict[str, Any]) -> str:
    detail: dict[str, Any] = line.get(line.get("DetailType", "")) or {}
    if "AccountRef" in detail or "DiscountAccountRef" in detail:
        return str((detail.get("AccountRef") or detail["DiscountAccountRef"])["value"])
    row = company.row("Item", (detail.get("ItemRef") or {}).get("value"))
    if row is None:
        return company.undeposited() if line.get("LinkedTxn") and ACCOUNT_LINE not in line else ""
    item = row.read()
    accounts = (item[field] for field in ITEM_ACCOUNTS.get(line["DetailType"], ()) if item.get(field))
    return str(next(accounts, {"value": ""})["value"])

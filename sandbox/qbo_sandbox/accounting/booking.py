"""Double-entry bookkeeping: the accounts a transaction moves, the amounts and what stays open."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting import settlements, stock
from qbo_sandbox.accounting.conversion import make_entry
from qbo_sandbox.accounting.kinds import (
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    SALES_LINE,
    TXN_KINDS,
    TxnKind,
)
from qbo_sandbox.accounting.ledger import Entries, LedgerEntry, Opens
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO

ITEM_ACCOUNTS = {
    ITEM_LINE: ("AssetAccountRef", "ExpenseAccountRef", "IncomeAccountRef"),
    SALES_LINE: ("IncomeAccountRef", "ExpenseAccountRef"),
}
PARTY_ACCOUNTS = {"Accounts Receivable": 1, "Accounts Payable": -1}


def entries_of(company: Lookups, kind: str, data: dict[str, Any]) -> Entries:
    """Return the postings of a transaction; in home currency they add up to zero."""
    rule = TXN_KINDS[kind]
    if not rule.booking:
        return ()
    book = BOOKS[rule.booking]
    return book(company, rule, data)


def _book_lines(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> Entries:
    """Book each line against the counter account.

    Cents lost in conversion go to the largest line.
    """
    direction = -rule.direction if data.get("Credit") else rule.direction
    booked = _line_entries(company, data, direction)
    tax = Decimal((data.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
    if tax:
        booked.append(make_entry(company, company.tax_account(), direction * tax, data))
    whole = Decimal(data.get(rule.total) or 0)
    if whole:
        booked.append(
            make_entry(company, _counter_account(company, rule, data), -direction * whole, data)
        )
    return (*_round_to_zero(booked), *stock.book_movements(company, data, direction))


def _counter_account(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> str:
    """Return the counter account: the one of the transaction, or the control account."""
    if rule.counter:
        reference = data.get(rule.counter) or {}
        account = reference.get("value")
        if account:
            return str(account)
    currency = data.get("CurrencyRef") or {}
    code = str(currency.get("value", company.options.currency))
    return company.control_account(rule.counter_type, code)


def _round_to_zero(booked: list[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries with a total of zero in home currency.

    The largest entry takes the difference; the last one is the counter entry and stays.
    """
    rest = sum((entry.home for entry in booked), ZERO)
    if not rest or len(booked) < 2:
        return booked
    place = max(range(len(booked) - 1), key=lambda index: abs(booked[index].home))
    entry = booked[place]
    is_home_currency = entry.own == entry.home
    booked[place] = entry._replace(
        home=entry.home - rest,
        own=entry.own - rest if is_home_currency else entry.own,
    )
    return booked


def _sides(company: Lookups, line: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """Return (account, amount) of a line, or of each line of a group."""
    kind = line["DetailType"]
    if kind == GROUP_LINE:
        sides = []
        for part in line[GROUP_LINE].get("Line", ()):
            sides += _sides(company, part)
        return sides
    amount = Decimal(line.get("Amount") or 0)
    sign = -1 if kind == DISCOUNT_LINE else 1
    return [(account_of(company, line), sign * amount)]


def account_of(company: Lookups, line: dict[str, Any]) -> str:
    """Return the account of a line: its own, or else that of its item."""
    detail: dict[str, Any] = line.get(line.get("DetailType", "")) or {}
    reference = detail.get("AccountRef") or detail.get("DiscountAccountRef")
    if reference:
        return str(reference["value"])
    if line.get("DetailType") == DISCOUNT_LINE:
        return company.discount_account()
    row = company.row("Item", (detail.get("ItemRef") or {}).get("value"))
    if row is None:
        return ""
    item = row.read()
    accounts = (
        item[field] for field in ITEM_ACCOUNTS.get(line["DetailType"], ()) if item.get(field)
    )
    return str(next(accounts, {"value": company.spare_account()})["value"])


def _book_transfer(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> Entries:
    """Book money from one account to another, which may be a credit card's."""
    source = data.get("FromAccountRef") or data.get("BankAccountRef") or {}
    target = data.get("ToAccountRef") or data.get("CreditCardAccountRef") or {}
    amount = Decimal(data["Amount"])
    if not amount:
        return ()
    return (
        make_entry(company, target["value"], amount, data),
        make_entry(company, source["value"], -amount, data),
    )


def _book_journal(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> Entries:
    booked = []
    for place, line in enumerate(data["Line"]):
        detail = line.get("JournalEntryLineDetail")
        if detail and line.get("Amount"):
            sign = 1 if detail["PostingType"] == "Debit" else -1
            booked.append(
                make_entry(
                    company,
                    detail["AccountRef"]["value"],
                    sign * Decimal(line["Amount"]),
                    data,
                    place,
                )
            )
    return tuple(_round_to_zero(booked))


def _line_entries(company: Lookups, data: dict[str, Any], direction: int) -> list[LedgerEntry]:
    """Return the entries of the lines; `direction` is 1 for a debit, -1 for a credit."""
    booked: list[LedgerEntry] = []
    for place, line in enumerate(data.get("Line", ())):
        for account, amount in _sides(company, line):
            if not account or not amount:
                continue
            entry = make_entry(company, account, direction * amount, data, place)
            booked.append(entry)
    return booked


def open_amounts(company: Lookups, kind: str, data: dict[str, Any]) -> Opens:
    """Return the open amount of each party of a transaction: owed is positive, credit negative."""
    rule = TXN_KINDS[kind]
    if kind == "JournalEntry":
        return _opens_of_journal(company, data)
    if not rule.party:
        return ()
    reference = data.get(rule.party) or {}
    party = str(reference.get("value", ""))
    if not party:
        return ()
    if kind == "BillPayment":
        return ((party, -settlements.unapplied_amount(data)),)
    if not rule.open_field:
        return ()
    amount = Decimal(data.get(rule.open_field) or 0)
    return ((party, rule.open_sign * amount),)


def _opens_of_journal(company: Lookups, data: dict[str, Any]) -> Opens:
    """Return the lines of a journal entry on receivables and payables, each of one party."""
    opens = []
    for line in data["Line"]:
        detail = line.get("JournalEntryLineDetail") or {}
        entity = detail.get("Entity") or {}
        party = (entity.get("EntityRef") or {}).get("value")
        account_id = detail.get("AccountRef", {}).get("value")
        account = company.row("Account", account_id)
        if not account or not party:
            continue
        direction = PARTY_ACCOUNTS.get(account.read()["AccountType"], 0)
        if direction:
            sign = 1 if detail["PostingType"] == "Debit" else -1
            opens.append((str(party), direction * sign * Decimal(line["Amount"])))
    return tuple(opens)


BOOKS: dict[str, Callable[[Lookups, TxnKind, dict[str, Any]], Entries]] = {
    "lines": _book_lines,
    "transfer": _book_transfer,
    "journal": _book_journal,
    "payment": settlements.book_payment,
    "deposit": settlements.book_deposit,
}

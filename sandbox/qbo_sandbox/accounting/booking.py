"""Double-entry bookkeeping: the accounts a transaction moves, the amounts and what stays open."""

from collections.abc import Callable
from decimal import Decimal

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
from qbo_sandbox.kit.json_object import JsonObject

ITEM_ACCOUNTS = {
    ITEM_LINE: ("AssetAccountRef", "ExpenseAccountRef", "IncomeAccountRef"),
    SALES_LINE: ("IncomeAccountRef", "ExpenseAccountRef"),
}
PARTY_ACCOUNT_SIGNS = {"Accounts Receivable": 1, "Accounts Payable": -1}


def list_entries(company: Lookups, kind: str, data: JsonObject) -> Entries:
    """Return the postings of a transaction; in home currency they add up to zero."""
    rule = TXN_KINDS[kind]
    if not rule.booking:
        return ()
    book = BOOKING_RULES[rule.booking]
    return book(company, rule, data)


def _book_lines(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book each line against the counter account.

    Cents lost in conversion go to the largest line.
    """
    direction = rule.direction
    if data.get("Credit"):
        direction = -direction
    entries = _list_line_entries(company, data, direction)
    tax_detail = data.get("TxnTaxDetail") or {}
    tax = Decimal(tax_detail.get("TotalTax") or 0)
    if tax:
        tax_account = company.tax_account()
        entries.append(make_entry(company, tax_account, direction * tax, data))
    whole = Decimal(data.get(rule.total) or 0)
    if whole:
        counter_account = _get_counter_account(company, rule, data)
        entries.append(make_entry(company, counter_account, -direction * whole, data))
    movements = stock.book_movements(company, data, direction)
    return (*_round_to_zero(entries), *movements)


def _get_counter_account(company: Lookups, rule: TxnKind, data: JsonObject) -> str:
    """Return the counter account: the one of the transaction, or the control account."""
    if rule.counter:
        reference = data.get(rule.counter) or {}
        account = reference.get("value")
        if account:
            return str(account)
    currency = data.get("CurrencyRef") or {}
    code = str(currency.get("value", company.options.currency))
    return company.control_account(rule.counter_type, code)


def _round_to_zero(entries: list[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries with a total of zero in home currency.

    The largest entry takes the difference; the last one is the counter entry and stays.
    """
    difference = sum((entry.home for entry in entries), ZERO)
    if not difference or len(entries) < 2:
        return entries
    indexes = range(len(entries) - 1)
    index = max(indexes, key=lambda index: abs(entries[index].home))
    largest = entries[index]
    is_home_currency = largest.own == largest.home
    rounded_entry = largest._replace(home=largest.home - difference)
    if is_home_currency:
        rounded_entry = rounded_entry._replace(own=largest.own - difference)
    entries[index] = rounded_entry
    return entries


def _list_booked_amounts(company: Lookups, line: JsonObject) -> list[tuple[str, Decimal]]:
    """Return (account, amount) of a line, or of each line of a group."""
    kind = line["DetailType"]
    if kind == GROUP_LINE:
        sides = []
        for part in line[GROUP_LINE].get("Line", ()):
            sides += _list_booked_amounts(company, part)
        return sides
    amount = Decimal(line.get("Amount") or 0)
    if kind == DISCOUNT_LINE:
        amount = -amount
    account = get_line_account(company, line)
    return [(account, amount)]


def get_line_account(company: Lookups, line: JsonObject) -> str:
    """Return the account of a line: its own, or else that of its item."""
    kind = line.get("DetailType", "")
    detail: JsonObject = line.get(kind) or {}
    reference = detail.get("AccountRef") or detail.get("DiscountAccountRef")
    if reference:
        return str(reference["value"])
    if kind == DISCOUNT_LINE:
        return company.discount_account()
    item_reference = detail.get("ItemRef") or {}
    row = company.row("Item", item_reference.get("value"))
    if row is None:
        return ""
    item = row.read()
    for field in ITEM_ACCOUNTS.get(kind, ()):
        if item.get(field):
            return str(item[field]["value"])
    return company.spare_account()


def _book_transfer(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book money from one account to another, which may be a credit card's."""
    source = data.get("FromAccountRef") or data.get("BankAccountRef") or {}
    target = data.get("ToAccountRef") or data.get("CreditCardAccountRef") or {}
    amount = Decimal(data["Amount"])
    if not amount:
        return ()
    debit = make_entry(company, target["value"], amount, data)
    credit = make_entry(company, source["value"], -amount, data)
    return debit, credit


def _book_journal(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book each line of a journal entry on the account and the side that it states."""
    entries = []
    for index, line in enumerate(data["Line"]):
        detail = line.get("JournalEntryLineDetail")
        if not detail or not line.get("Amount"):
            continue
        amount = Decimal(line["Amount"])
        if detail["PostingType"] != "Debit":
            amount = -amount
        account = detail["AccountRef"]["value"]
        entries.append(make_entry(company, account, amount, data, index))
    return tuple(_round_to_zero(entries))


def _book_adjustment(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book each difference of a quantity at the cost of its item, against the stated account."""
    counter_account = data["AdjustAccountRef"]["value"]
    return stock.book_differences(company, data["Line"], counter_account)


def _list_line_entries(company: Lookups, data: JsonObject, direction: int) -> list[LedgerEntry]:
    """Return the entries of the lines; `direction` is 1 for a debit, -1 for a credit."""
    entries: list[LedgerEntry] = []
    for index, line in enumerate(data.get("Line", ())):
        for account, amount in _list_booked_amounts(company, line):
            if not account or not amount:
                continue
            signed_amount = direction * amount
            entry = make_entry(company, account, signed_amount, data, index)
            entries.append(entry)
    return entries


def open_amounts(company: Lookups, kind: str, data: JsonObject) -> Opens:
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
        prepaid = settlements.compute_unapplied(data)
        return ((party, -prepaid),)
    if not rule.open_field:
        return ()
    amount = Decimal(data.get(rule.open_field) or 0)
    open_amount = rule.open_sign * amount
    return ((party, open_amount),)


def _opens_of_journal(company: Lookups, data: JsonObject) -> Opens:
    """Return the lines of a journal entry on receivables and payables, each of one party."""
    opens = []
    for line in data["Line"]:
        detail = line.get("JournalEntryLineDetail") or {}
        entity = detail.get("Entity") or {}
        party_reference = entity.get("EntityRef") or {}
        party = party_reference.get("value")
        account_reference = detail.get("AccountRef", {})
        row = company.row("Account", account_reference.get("value"))
        if not row or not party:
            continue
        account = row.read()
        direction = PARTY_ACCOUNT_SIGNS.get(account["AccountType"], 0)
        if not direction:
            continue
        amount = direction * Decimal(line["Amount"])
        if detail["PostingType"] != "Debit":
            amount = -amount
        opens.append((str(party), amount))
    return tuple(opens)


BOOKING_RULES: dict[str, Callable[[Lookups, TxnKind, JsonObject], Entries]] = {
    "lines": _book_lines,
    "transfer": _book_transfer,
    "journal": _book_journal,
    "payment": settlements.book_payment,
    "deposit": settlements.book_deposit,
    "adjustment": _book_adjustment,
}

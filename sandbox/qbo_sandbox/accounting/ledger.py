"""Balances of accounts, of parties and of stock, moved by what is booked."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from qbo_sandbox.accounting.values import ONE
from qbo_sandbox.kit.json_object import JsonObject


class LedgerEntry(NamedTuple):
    """One posting, debit positive: in home currency and in the account's own.

    `line` is its place in the transaction's lines, -1 if it belongs to none. `item` and `quantity`
    move stock.
    """

    account: str
    home: Decimal
    own: Decimal
    line: int = -1
    item: str = ""
    quantity: Decimal = Decimal(0)


Entries = tuple[LedgerEntry, ...]
Opens = tuple[tuple[str, Decimal], ...]


class Ledger:
    """Balances, debit positive: `accounts` in home currency, `own` and `parties` in their own."""

    def __init__(self) -> None:
        self.accounts: dict[str, Decimal] = defaultdict(Decimal)
        self.own: dict[str, Decimal] = defaultdict(Decimal)
        self.parties: dict[str, Decimal] = defaultdict(Decimal)
        self.stock: dict[str, Decimal] = defaultdict(Decimal)

    def book(self, entries: Entries, opens: Opens, sign: int) -> set[str]:
        """Book a transaction (+1) or take it back (-1); return the accounts that it moved."""
        accounts = set()
        for entry in entries:
            account = entry.account
            accounts.add(account)
            self.accounts[account] += sign * entry.home
            self.own[account] += sign * entry.own
            if entry.item:
                self.stock[entry.item] += sign * entry.quantity
        self.open(opens, sign)
        return accounts

    def open(self, opens: Iterable[tuple[str, Decimal]], sign: int) -> None:
        """Add open amounts to the balances of parties."""
        for party, amount in opens:
            self.parties[party] += sign * amount


def get_rate(data: JsonObject) -> Decimal:
    """Return the home units for one unit of a transaction's currency."""
    rate = data.get("ExchangeRate")
    return Decimal(rate or ONE)

"""Look-ups in a company: rows, accounts by their use, rates, preferences, the time."""

from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.table import Row, Table
from qbo_sandbox.accounting.values import (
    ONE,
    drop_trailing_zeros,
    format_envelope_time,
    format_time,
    parse_seconds,
    today,
)
from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import Options
from qbo_sandbox.switches import Switches

RATES_IN_DOLLARS = {
    "USD": ONE,
    "EUR": Decimal("1.16"),
    "GBP": Decimal("1.31"),
    "NOK": Decimal("0.0985"),
    "SEK": Decimal("0.1055"),
    "DKK": Decimal("0.1554"),
    "CAD": Decimal("0.713"),
    "AUD": Decimal("0.652"),
}


class Lookups:
    """What can be looked up in a company; `Company` adds the ways to change it."""

    options: Options
    switches: Switches
    clock: Clock
    tables: dict[str, Table]
    counters: dict[str, int]
    frozen_at: float
    frozen_until: float

    def table(self, kind: str) -> Table:
        """Return all objects of a kind."""
        return self.tables[kind]

    def row(self, kind: str, id: object) -> Row | None:
        """Return an object's row, or None."""
        rows = self.tables[kind].rows
        return rows.get(str(id))

    def now(self) -> float:
        """Return the time by the stand-in's clock, in seconds since 1970."""
        return self.clock.now()

    def today(self) -> str:
        """Return the date in the company's time zone."""
        return today(self.now(), self.options.zone)

    def stamp(self, at: float) -> str:
        """Format a time as it stands in an object, in the company's time zone."""
        return format_time(int(at), self.options.zone)

    def time(self) -> str:
        """Format the time of an answer, in the company's time zone."""
        return format_envelope_time(self.now(), self.options.zone)

    def seconds(self, text: str) -> float:
        """Parse a time; one without an offset is in the company's time zone."""
        return parse_seconds(text, self.options.zone)

    def preferences(self) -> JsonObject:
        """Return the preferences of the company."""
        rows = self.tables["Preferences"].rows.values()
        row = next(iter(rows), None)
        return row.read() if row else {}

    def preference(self, section: str, name: str) -> Any:
        """Return one preference, or None if it is not set."""
        preferences = self.preferences()
        return preferences.get(section, {}).get(name)

    def currencies(self) -> set[str]:
        """Return the foreign currencies in use; none if there is only one currency."""
        if not self.options.multicurrency:
            return set()
        currencies = set(self.options.currencies)
        for row in self.tables["CompanyCurrency"].rows.values():
            code = row.read()["Code"]
            if row.active:
                currencies.add(code)
            else:
                currencies.discard(code)
        return currencies

    def rate(self, code: str, date: str = "") -> Decimal:
        """Return the home units for one unit of a currency, by a day's own rate if set."""
        if date:
            rate_of_day = self.row("ExchangeRate", f"{code}.{date[:10]}")
            if rate_of_day:
                return Decimal(rate_of_day.read()["Rate"])
        in_dollars = RATES_IN_DOLLARS.get(code, ONE)
        home_in_dollars = RATES_IN_DOLLARS.get(self.options.currency, ONE)
        rate = in_dollars / home_in_dollars
        return drop_trailing_zeros(rate.quantize(Decimal("0.000001")))

    def control_account(self, account_type: str, code: str) -> str:
        """Return the first active account of a type in a currency."""
        for id, row in self.tables["Account"].rows.items():
            data = row.read()
            if (
                data["AccountType"] == account_type
                and data["CurrencyRef"]["value"] == code
                and row.active
            ):
                return id
        return ""

    def currency_of(self, account: str) -> str:
        """Return the currency of an account."""
        row = self.row("Account", account)
        if row is None:
            return self.options.currency
        return str(row.read()["CurrencyRef"]["value"])

    def next_number(self, kind: str) -> str:
        """Return one more than the last number in use."""
        numbers = self.tables[kind].by_number
        counter = f"number:{kind}"
        last = self.counters.get(counter)
        if not last:
            in_use = (int(number) for number in numbers if number.isdecimal())
            last = max(in_use, default=1000)
        number = last + 1
        while str(number) in numbers:
            number += 1
        self.counters[counter] = number
        return str(number)

    def bank(self, code: str) -> str:
        """Return a bank account to pay from, preferably in this currency."""
        account = self.control_account("Bank", code)
        if account:
            return account
        return self.control_account("Bank", self.options.currency)

    def undeposited_funds(self) -> str:
        """Return the account of money that was received and not yet deposited, or ""."""
        return self._of_subtype("UndepositedFunds")

    def _of_subtype(self, *subtypes: str) -> str:
        """Return the id of the first account with one of these detail types, or ""."""
        for id, row in self.tables["Account"].rows.items():
            if row.read().get("AccountSubType") in subtypes:
                return id
        return ""

    def index_lag(self) -> float:
        """Return how many seconds behind queries and change data capture are."""
        now = self.now()
        lag: float = self.switches.index_lag
        if now < self.frozen_until:
            return max(lag, now - self.frozen_at)
        return max(lag, 0.0)

    def tax_account(self) -> str:
        """Return the account of sales tax."""
        return self._of_subtype("GlobalTaxPayable", "SalesTaxPayable") or self.spare_account()

    def discount_account(self) -> str:
        """Return the account of discounts given to customers."""
        return self._of_subtype("DiscountsRefundsGiven") or self.spare_account()

    def gain_account(self) -> str:
        """Return the account of exchange gains and losses."""
        return self._of_subtype("ExchangeGainOrLoss") or self.spare_account()

    def has_gain_account(self) -> bool:
        """Return whether there is an account of exchange gains and losses."""
        return bool(self._of_subtype("ExchangeGainOrLoss"))

    def opening_account(self) -> str:
        """Return the account of opening balances."""
        return self._of_subtype("OpeningBalanceEquity") or self.spare_account()

    def spare_account(self) -> str:
        """Return the account for amounts that have no account of their own."""
        home = self.options.currency
        return self.control_account("Other Expense", home) or self.control_account("Expense", home)

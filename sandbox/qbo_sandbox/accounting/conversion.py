"""Make ledger entries of amounts in the currency of a transaction."""

from decimal import Decimal

from qbo_sandbox.accounting.ledger import LedgerEntry
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ONE, round_money
from qbo_sandbox.kit.json_object import JsonObject


def make_entry(
    company: Lookups, account: str, amount: Decimal, data: JsonObject, line: int = -1
) -> LedgerEntry:
    """Return the entry of an amount that is given in the transaction's currency."""
    rate = data.get("ExchangeRate") or ONE
    if rate == 1:
        return LedgerEntry(account, amount, amount, line)
    home = round_money(amount * Decimal(rate))
    return LedgerEntry(
        account,
        home,
        amount if company.currency_of(account) == data["CurrencyRef"]["value"] else home,
        line,
    )

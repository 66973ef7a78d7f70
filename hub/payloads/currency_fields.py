"""Fields of a transaction that belong to its currency: the exchange rate, and what is owed where.

QuickBooks has accounts payable and receivable of their own for each currency.
"""

from typing import Any

from hub.payloads.entities import read_ref_id

FIELDS_OF_CURRENCY = ("ExchangeRate", "APAccountRef", "ARAccountRef")


def has_other_currency(update: dict[str, Any], current: dict[str, Any]) -> bool:
    """Return whether an update names another currency than the current version."""
    currency = read_ref_id(update, "CurrencyRef")
    former_currency = read_ref_id(current, "CurrencyRef")
    return bool(currency and former_currency) and currency != former_currency


def list_fields_of_former_currency(update: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Return the fields to empty if an update names another currency.

    A sparse update would keep them. QuickBooks fills in the accounts of the new currency, as for a
    new transaction; the rate is set when the update is sent.
    """
    if not has_other_currency(update, current):
        return []
    return [name for name in FIELDS_OF_CURRENCY if name in current and name not in update]

"""Currencies: their names, and the accounts a company needs in each."""

from typing import Any

NAMES = {
    "USD": "United States Dollar",
    "NOK": "Norwegian Krone",
    "EUR": "Euro",
    "SEK": "Swedish Krona",
    "DKK": "Danish Krone",
    "GBP": "British Pound Sterling",
    "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
    "CHF": "Swiss Franc",
    "JPY": "Japanese Yen",
    "INR": "Indian Rupee",
    "NZD": "New Zealand Dollar",
    "SGD": "Singapore Dollar",
    "MXN": "Mexican Peso",
    "BRL": "Brazilian Real",
    "ZAR": "South African Rand",
    "PLN": "Polish Zloty",
    "ISK": "Icelandic Krona",
}
CONTROLS = ("Accounts Payable", "Accounts Receivable")
GAIN: dict[str, Any] = {
    "Name": "Exchange Gain or Loss",
    "AccountType": "Other Expense",
    "AccountSubType": "ExchangeGainOrLoss",
}


def currency_ref(code: str) -> dict[str, str]:
    return {"value": code, "name": NAMES.get(code, code)}


def control(home_name: str, kind: str, code: str) -> dict[str, Any]:
    """The receivable or payable account for a currency."""
    return {"Name": f"{home_name} - {code}", "AccountType": kind, "CurrencyRef": {"value": code}}

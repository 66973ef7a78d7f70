"""Currencies: their names, and the accounts a company needs in each."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.kit.json_object import JsonObject

CURRENCY_NAMES = {
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
CONTROL_ACCOUNT_TYPES = ("Accounts Payable", "Accounts Receivable")
GAIN_ACCOUNT: JsonObject = {
    "Name": "Exchange Gain or Loss",
    "AccountType": "Other Expense",
    "AccountSubType": "ExchangeGainOrLoss",
}


def build_currency_ref(code: str) -> dict[str, str]:
    """Return a reference to a currency."""
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def list_needed_accounts(company: Company, code: str = "") -> list[JsonObject]:
    """Return the accounts that foreign currencies, or one of them, need and that do not exist."""
    foreign = company.currencies() - {company.options.currency}
    if code:
        foreign &= {code}
    if not company.options.multicurrency or (code and not foreign):
        return []
    accounts = [] if company.has_gain_account() else [dict(GAIN_ACCOUNT)]
    for code in sorted(foreign):
        for kind in CONTROL_ACCOUNT_TYPES:
            if not company.control_account(kind, code):
                home = company.row(
                    "Account", company.control_account(kind, company.options.currency)
                )
                name = home.read()["Name"] if home else kind
                accounts.append(
                    {
                        "Name": f"{name} - {code}",
                        "AccountType": kind,
                        "CurrencyRef": {"value": code},
                    }
                )
    return accounts

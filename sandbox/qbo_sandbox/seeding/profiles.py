"""Companies to choose from by name, each with what sets it apart."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import NORWAY, US, Options

LAST_MONTH = "last-month"
TAX_CODE_OPTIONS = {"tax": "codes", "multicurrency": True}
PROFILES: dict[str, tuple[str, JsonObject]] = {
    "us": (
        "United States: automated sales tax, a class on each line, locations, projects",
        US.as_dict(),
    ),
    "norway": (
        "Norway: a tax code on each line, kroner with euro and Swedish kronor",
        NORWAY.as_dict(),
    ),
    "canada": (
        "Canada: GST and HST codes on each line, Canadian and American dollars, euro and pounds",
        {
            "name": "Fjord & Sons Canada",
            "country": "CA",
            "currency": "CAD",
            "zone": "America/Toronto",
            "currencies": ("USD", "EUR", "GBP"),
            **TAX_CODE_OPTIONS,
        },
    ),
    "united-kingdom": (
        "United Kingdom: VAT codes on each line, pounds with euro and dollars",
        {
            "name": "Fjord & Sons UK",
            "country": "GB",
            "currency": "GBP",
            "zone": "Europe/London",
            "currencies": ("USD", "EUR", "CAD"),
            **TAX_CODE_OPTIONS,
        },
    ),
    "australia": (
        "Australia: GST codes on each line, Australian and other dollars, euro and pounds",
        {
            "name": "Fjord & Sons Australia",
            "country": "AU",
            "currency": "AUD",
            "zone": "Australia/Sydney",
            "currencies": ("USD", "EUR", "GBP", "CAD"),
            **TAX_CODE_OPTIONS,
        },
    ),
    "multicurrency": (
        "United States with Canadian dollars, euro and pounds; payables and receivables for each",
        {
            "name": "Fjord & Sons Export",
            "multicurrency": True,
            "currencies": ("CAD", "EUR", "GBP"),
        },
    ),
    "no-sales-tax": ("sales tax switched off", {"name": "Fjord & Sons Untaxed", "tax": "off"}),
    "closed-books": (
        "books closed up to the end of last month, with a password",
        {"name": "Fjord & Sons Closed", "closed": LAST_MONTH},
    ),
    "closed-for-good": (
        "books closed up to the end of last month, without a password",
        {
            "name": "Fjord & Sons Sealed",
            "closed": LAST_MONTH,
            "closing_password": False,
        },
    ),
    "class-per-transaction": (
        "one class for a whole transaction",
        {"name": "Fjord & Sons Classes", "classes": "txn"},
    ),
    "no-tracking": (
        "neither classes nor locations nor projects",
        {"name": "Fjord & Sons Plain", "classes": "off", "departments": False, "projects": False},
    ),
    "simple-start": (
        "the small edition: no purchase orders, classes, locations or projects",
        {
            "name": "Fjord & Sons Starter",
            "purchase_orders": False,
            "classes": "off",
            "departments": False,
        }
        | {"projects": False},
    ),
    "counted-numbers": (
        "QuickBooks counts invoice numbers itself",
        {"name": "Fjord & Sons Counted", "custom_numbers": False},
    ),
    "no-warnings": (
        "a number may be used twice",
        {
            "name": "Fjord & Sons Twice",
            "warn_duplicate_bills": False,
            "warn_duplicate_sales": False,
        },
    ),
    "empty": ("accounts and tax codes only", {"name": "Fjord & Sons New", "seeded": False}),
    "sample": (
        "a landscaping business with the lists and transactions that client libraries' live tests"
        " expect",
        {
            "name": "Sandbox Company US 1",
            "sample": True,
            "multicurrency": True,
            "currencies": ("CAD", "EUR"),
            "currency_required": False,
            "custom_numbers": False,
            "account_numbers": False,
        },
    ),
    "lapsed": (
        "a subscription that has ended",
        {"name": "Fjord & Sons Lapsed", "subscribed": False},
    ),
}
FIRST_REALM = 9341453172096421


def build_options(name: str, changes: JsonObject, realms: Iterable[str], now: float) -> Options:
    """Return a profile's options with changes and an unused realm."""
    if name not in PROFILES:
        raise ValueError(f"there is no company {name!r}; there are {', '.join(PROFILES)}")
    _, profile = PROFILES[name]
    values = dict(profile)
    for option, value in changes.items():
        values[option] = _convert_option(option, value)
    options = US.changed(values)
    if options.closed == LAST_MONTH:
        options = options.changed({"closed": _end_of_last_month(now)})
    if "realm" not in changes:
        realm = _find_unused_realm(profile.get("realm"), set(realms))
        options = options.changed({"realm": realm})
    return options


def find_profile_of_country(country: str) -> str | None:
    """Return the name of the first profile of a company in a country; None if there is none."""
    for name, (_, options) in PROFILES.items():
        if options.get("country") == country:
            return name
    return None


def parse(text: str, realms: Iterable[str], now: float) -> Options:
    """Read a profile from the command line: norway,custom_numbers=false."""
    name, *pairs = text.split(",")
    changes = {}
    for pair in pairs:
        option, _, value = pair.partition("=")
        changes[option] = value
    return build_options(name, changes, realms, now)


def describe_profiles() -> dict[str, str]:
    """Return the names of the companies with their descriptions."""
    page = {}
    for name, (description, _) in PROFILES.items():
        page[name] = description
    return page


def _convert_option(name: str, value: Any) -> Any:
    """Convert an option to its type; leave unknown names for the options to refuse."""
    if name == "currencies":
        codes = value.split("+") if isinstance(value, str) else value
        return tuple(codes)
    if name == "closed" and value in ("", "none"):
        return None
    if _get_option_type(name) is bool and isinstance(value, str):
        return _read_flag(name, value)
    return value


def _get_option_type(option: str) -> object:
    """Return the type of an option."""
    for field in fields(Options):
        if field.name == option:
            return field.type
    return None


def _read_flag(name: str, text: str) -> bool:
    """Return whether a text says true or false."""
    word = text.lower()
    if word not in ("true", "false"):
        raise ValueError(f"{name} is true or false, not {text!r}")
    return word == "true"


def _find_unused_realm(usual: str | None, realms: set[str]) -> str:
    """Return the usual id of a company, or the first one that is free."""
    if usual and usual not in realms:
        return usual
    number = FIRST_REALM
    while str(number) in realms:
        number += 1
    return str(number)


def _end_of_last_month(now: float) -> str:
    """Return the last day of the month before a moment."""
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    first_day = today.replace(day=1)
    last_day_before = first_day - dt.timedelta(days=1)
    return last_day_before.isoformat()

"""Check requests; refuse wrong ones with the name of the field."""

import datetime as dt
from decimal import Decimal

from hub_costtracker import names
from qbo_sandbox.kit import strict
from qbo_sandbox.kit.strict import FLAG, TEXT, CallRefused, as_object, invalid

KINDS = ("suppliers", "accounts", "tax-codes", "locations", "classes", "customers")
STATUSES = ("draft", "validated", "sent_for_approval", "approved", "rejected", "transferred")
MAX_ITEMS = 1000
CENT = Decimal("0.01")
RECORD_FIELDS = {
    names.Record.EXTERNAL_ID: TEXT,
    names.Record.NAME: TEXT,
    names.Record.NUMBER: TEXT,
    names.Record.PARENT_EXTERNAL_ID: TEXT,
    names.Record.ACTIVE: FLAG,
    names.Record.HIDDEN: FLAG,
    names.Record.TYPE: TEXT,
    names.Record.CURRENCY: TEXT,
    names.Record.RATE: TEXT,
}


def read_push(kind, body):
    """Return the items of a pushed list."""
    if kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise CallRefused(404, "not_found", f"There is no list {kind!r}; there are {kinds}.")
    as_object(body, {names.Record.ITEMS: list}, ())
    items = body.get(names.Record.ITEMS)
    if items is None or len(items) > MAX_ITEMS:
        raise invalid(names.Record.ITEMS, f"A list of at most {MAX_ITEMS} items is needed.")
    external_ids = set()
    for number, item in enumerate(items):
        place = f"{names.Record.ITEMS}.{number}"
        as_object(item, RECORD_FIELDS, (names.Record.EXTERNAL_ID, names.Record.NAME), place)
        _check_rate(item.get(names.Record.RATE), f"{place}.{names.Record.RATE}")
        external_ids.add(item[names.Record.EXTERNAL_ID])
    if len(external_ids) < len(items):
        raise invalid(names.Record.ITEMS, "The same external id stands twice in it.")
    return items


def _check_rate(text, where):
    """Refuse a rate that is no number."""
    try:
        Decimal(text or 0)
    except ArithmeticError:
        raise invalid(where, "A rate in per cent is needed.") from None


def read_page(query):
    """Return (position after which to read, limit) of a request for a list."""
    place = strict.page(query, names.Page, maximum=200)
    if query.get(names.Page.STATUS, STATUSES[0]) not in STATUSES:
        raise invalid(names.Page.STATUS, f"One of {', '.join(STATUSES)} is needed.")
    return place


def is_date(text):
    """Return whether a text from a form is a date."""
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def is_amount(text):
    """Return whether a text from a form is an amount of money."""
    try:
        number = Decimal(text)
        return number.is_finite() and number == number.quantize(CENT)
    except ArithmeticError:
        return False

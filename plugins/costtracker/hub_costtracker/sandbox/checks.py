"""What the API accepts: everything else is refused with the field that is wrong."""

import datetime as dt
from decimal import Decimal

from hub.sandboxing import strict
from hub.sandboxing.strict import FLAG, TEXT, Wrong, as_object, invalid

KINDS = ("suppliers", "accounts", "tax-codes", "locations", "classes", "customers")
STATUSES = ("draft", "validated", "sent_for_approval", "approved", "rejected", "transferred")
MOST = 1000
ITEM = {
    "external_id": TEXT,
    "name": TEXT,
    "number": TEXT,
    "parent_external_id": TEXT,
    "active": FLAG,
    "hidden": FLAG,
    "type": TEXT,
    "currency": TEXT,
    "rate": TEXT,
}


def pushed(kind, body):
    """The items of a list that is put into the account."""
    if kind not in KINDS:
        raise Wrong(404, "not_found", f"There is no list {kind!r}; there are {', '.join(KINDS)}.")
    as_object(body, {"items": list}, ())
    items = body.get("items")
    if items is None or len(items) > MOST:
        raise invalid("items", f"A list of at most {MOST} items is needed.")
    for number, item in enumerate(items):
        as_object(item, ITEM, ("external_id", "name"), f"items.{number}")
        _rate(item.get("rate"), f"items.{number}.rate")
    if len({item["external_id"] for item in items}) < len(items):
        raise invalid("items", "The same external_id stands twice in it.")
    return items


def _rate(text, where):
    try:
        Decimal(text or 0)
    except ArithmeticError:
        raise invalid(where, "A rate in per cent is needed.") from None


def page(query):
    """(position after which to read, limit) of a request for a list."""
    place = strict.page(query, most=200)
    if query.get("status", STATUSES[0]) not in STATUSES:
        raise invalid("status", f"One of {', '.join(STATUSES)} is needed.")
    return place


def is_date(text):
    """Whether a text from a form is a day."""
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def is_amount(text):
    """Whether a text from a form is an amount of money."""
    try:
        return Decimal(text).is_finite() and Decimal(text) == Decimal(text).quantize(
            Decimal("0.01")
        )
    except ArithmeticError:
        return False

"""What the API accepts: everything else is refused with the field that is wrong."""

import base64
import datetime as dt
from decimal import Decimal

KINDS = ("suppliers", "accounts", "tax-codes", "locations", "classes", "customers")
STATES = ("queued", "posted", "failed", "held", "changed_in_ledger", "missing_in_ledger", "part_paid", "paid")
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")
STATUSES = ("draft", "validated", "sent_for_approval", "approved", "rejected", "transferred")
MOST = 1000
TEXT, FLAG, WHOLE, NUMBER = str, bool, int, (int, Decimal)
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
STATUS = {
    "state": TEXT,
    "system": TEXT,
    "external_id": TEXT,
    "external_number": TEXT,
    "external_url": TEXT,
    "amount_paid": NUMBER,
    "message": TEXT,
    "at": TEXT,
    "version": WHOLE,
}


class Wrong(Exception):
    """An answer with an error status: `code`, a message for people, and the field that is wrong."""

    def __init__(self, status, code, message, field=None):
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, "field": field}


def _invalid(field, message):
    return Wrong(422, "invalid", message, field)


def _object(value, allowed, required, where):
    if not isinstance(value, dict):
        raise _invalid(where, "An object is needed here.")
    for name, part in value.items():
        place = f"{where}.{name}" if where else name
        if name not in allowed:
            raise _invalid(place, "There is no such field.")
        if not isinstance(part, allowed[name]) or (isinstance(part, bool) and allowed[name] is not FLAG):
            raise _invalid(place, "The value is not of the field's type; fields without a value are left out.")
    for name in required:
        if value.get(name) in (None, ""):
            raise _invalid(f"{where}.{name}" if where else name, "This field is needed.")


def pushed(kind, body):
    """The items of a list that is put into the account."""
    if kind not in KINDS:
        raise Wrong(404, "not_found", f"There is no list {kind!r}; there are {', '.join(KINDS)}.")
    _object(body, {"items": list}, (), "")
    items = body.get("items")
    if items is None or len(items) > MOST:
        raise _invalid("items", f"A list of at most {MOST} items is needed.")
    for number, item in enumerate(items):
        _object(item, ITEM, ("external_id", "name"), f"items.{number}")
        _rate(item.get("rate"), f"items.{number}.rate")
    if len({item["external_id"] for item in items}) < len(items):
        raise _invalid("items", "The same external_id stands twice in it.")
    return items


def _rate(text, where):
    try:
        Decimal(text or 0)
    except ArithmeticError:
        raise _invalid(where, "A rate in per cent is needed.") from None


def status(body, known):
    """What accounting says of an invoice; `known` is what it said last."""
    _object(body, STATUS, ("state", "system", "at", "version"), "")
    if body["state"] not in STATES:
        raise _invalid("state", f"One of {', '.join(STATES)} is needed.")
    if body["state"] in IN_BOOKS and not body.get("external_id"):
        raise _invalid("external_id", "What stands in the books has an id there.")
    _moment(body["at"])
    if known and _order(body) < _order(known):
        raise Wrong(409, "stale", "Something newer is already known of this invoice.", "version")
    return body


def _order(told):
    return told["version"], _moment(told["at"])


def _moment(text):
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None or not text.endswith("Z"):
        raise _invalid("at", "A moment in UTC that ends with Z is needed.")
    return at


def page(query, *more):
    """(position after which to read, limit) of a request for a list."""
    for name in query:
        if name not in ("cursor", "limit", *more):
            raise _invalid(name, "There is no such parameter.")
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= 200:
        raise _invalid("limit", "A whole number from 1 to 200 is needed.")
    if query.get("status", STATUSES[0]) not in STATUSES:
        raise _invalid("status", f"One of {', '.join(STATUSES)} is needed.")
    return _position(query.get("cursor")), int(limit)


def cursor(row):
    """An opaque position: after this row."""
    return base64.urlsafe_b64encode(f"{row['updated_at']}|{row['id']}".encode()).decode().rstrip("=")


def _position(text):
    if not text:
        return None
    try:
        at, bar, id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
    except ValueError:
        bar = ""
    if not bar:
        raise _invalid("cursor", "This is no cursor that this API gave out.")
    return at, id


def is_amount(text):
    """Whether a text from a form is an amount of money."""
    try:
        return Decimal(text).is_finite() and Decimal(text) == Decimal(text).quantize(Decimal("0.01"))
    except ArithmeticError:
        return False

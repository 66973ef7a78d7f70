"""What the API accepts: everything else is refused with the field that is wrong."""

import base64
import datetime as dt
from decimal import Decimal

from hub_ontraccr.sandbox.company import KINDS

STATES = ("queued", "posted", "failed", "held", "changed_in_ledger", "missing_in_ledger", "part_paid", "paid")
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")
MOST = 1000
TEXT, FLAG, WHOLE, NUMBER = str, bool, int, (int, Decimal)
BROUGHT = {
    "external_id": TEXT, "external_name": TEXT, "name": TEXT, "number": TEXT, "active": FLAG, "currency": TEXT,
    "email": TEXT,
}  # fmt: skip
OFFERED = {"external_id": TEXT, "name": TEXT, "type": TEXT}
LINK = {"external_id": TEXT, "external_name": TEXT, "external_type": TEXT}
STATUS = {
    "state": TEXT, "system": TEXT, "external_id": TEXT, "external_number": TEXT, "external_url": TEXT,
    "amount_paid": NUMBER, "message": TEXT, "at": TEXT, "version": WHOLE,
}  # fmt: skip


class Wrong(Exception):
    """An answer with an error status: `code`, a message for people, and the field that is wrong."""

    def __init__(self, status, code, message, field=None):
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, "field": field}


def invalid(field, message):
    return Wrong(422, "invalid", message, field)


def as_object(value, allowed, required, where=""):
    """An object with no other fields than these, each of its type."""
    if not isinstance(value, dict):
        raise invalid(where, "An object is needed here.")
    for name, part in value.items():
        place = f"{where}.{name}" if where else name
        if name not in allowed:
            raise invalid(place, "There is no such field.")
        if not isinstance(part, allowed[name]) or (isinstance(part, bool) and allowed[name] is not FLAG):
            raise invalid(place, "The value is not of the field's type; fields without a value are left out.")
    for name in required:
        if value.get(name) in (None, ""):
            raise invalid(f"{where}.{name}" if where else name, "This field is needed.")
    return value


def brought(body):
    """The records that become profiles."""
    as_object(body, {"items": list}, ("items",) if not isinstance(body, dict) or "items" not in body else ())
    return _items(body["items"], BROUGHT, ("external_id", "external_name", "name"))


def offered(name, body):
    """A list that people choose from; purchase accounts are banks and credit cards only, perhaps one the default."""
    more = {"default_external_id": TEXT, "currency": TEXT} if name == "purchase-accounts" else {}
    as_object(body, {"items": list, **more}, ("currency",) if more else ())
    items = _items(body.get("items"), OFFERED, ("external_id", "name"))
    if name == "purchase-accounts":
        for number, item in enumerate(items):
            if item.get("type") not in ("Bank", "Credit Card"):
                raise invalid(f"items.{number}.type", "Only bank and credit card accounts pay for anything.")
        if body.get("default_external_id") not in {None, *(item["external_id"] for item in items)}:
            raise invalid("default_external_id", "The default is one of the accounts.")
    return items


def _items(items, allowed, required):
    if not isinstance(items, list) or len(items) > MOST:
        raise invalid("items", f"A list of at most {MOST} items is needed.")
    for number, item in enumerate(items):
        as_object(item, allowed, required, f"items.{number}")
    if len({item["external_id"] for item in items}) < len(items):
        raise invalid("items", "The same external_id stands twice in it.")
    return items


def link(body):
    """A link of a profile; what kind of record it leads to is said with it, right or wrong."""
    as_object(body, LINK, tuple(LINK))
    if body["external_type"] not in (*KINDS.values(), "Customer", "Account"):
        raise invalid("external_type", "QuickBooks has no such kind of record.")
    return body


def address(body):
    """Where the hub is called."""
    as_object(body, {"url": TEXT}, ("url",))
    if not body["url"].startswith(("http://", "https://")):
        raise invalid("url", "An address that starts with http:// or https:// is needed.")
    return body["url"]


def status(body, known):
    """What accounting says of a payable; `known` is what it said last."""
    as_object(body, STATUS, ("state", "system", "at", "version"))
    if body["state"] not in STATES:
        raise invalid("state", f"One of {', '.join(STATES)} is needed.")
    if body["state"] in IN_BOOKS and not body.get("external_id"):
        raise invalid("external_id", "What stands in the books has an id there.")
    _moment(body["at"])
    if known and _order(body) < _order(known):
        raise Wrong(409, "stale", "Something newer is already known of this payable.", "version")
    return body


def _order(told):
    return told["version"], _moment(told["at"])


def _moment(text):
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None or not text.endswith("Z"):
        raise invalid("at", "A moment in UTC that ends with Z is needed.")
    return at


def page(query, *more):
    """(position after which to read, limit) of a request for a list."""
    for name in query:
        if name not in ("cursor", "limit", *more):
            raise invalid(name, "There is no such parameter.")
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise invalid("limit", "A whole number from 1 to 100 is needed.")
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
        raise invalid("cursor", "This is no cursor that this API gave out.")
    return at, id


def amount(text):
    """An amount of money from a form, or None."""
    try:
        found = Decimal(text)
        return found if found.is_finite() and found == found.quantize(Decimal("0.01")) else None
    except ArithmeticError:
        return None

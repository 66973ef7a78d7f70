"""What the API accepts: everything else is refused with the field that is wrong."""

import base64
import datetime as dt

STATES = ("queued", "posted", "failed", "held", "changed_in_ledger", "missing_in_ledger", "part_paid", "paid")
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")
STATUS = {
    "state": str,
    "system": str,
    "external_id": str,
    "external_number": str,
    "external_url": str,
    "message": str,
    "at": str,
    "version": int,
}


class Wrong(Exception):
    """An answer with an error status: `code`, a message for people, and the field that is wrong."""

    def __init__(self, status, code, message, field=None, headers=()):
        super().__init__(message)
        self.status, self.headers = status, headers
        self.body = {"code": code, "message": message, "field": field}


def _invalid(field, message):
    return Wrong(422, "invalid", message, field)


def status(body, known):
    """What accounting says of a row; `known` is what it said last."""
    if not isinstance(body, dict):
        raise _invalid("", "An object is needed here.")
    for name, part in body.items():
        if name not in STATUS:
            raise _invalid(name, "There is no such field.")
        if not isinstance(part, STATUS[name]) or isinstance(part, bool):
            raise _invalid(name, "The value is not of the field's type; fields without a value are left out.")
    for name in ("state", "system", "at", "version"):
        if body.get(name) in (None, ""):
            raise _invalid(name, "This field is needed.")
    if body["state"] not in STATES:
        raise _invalid("state", f"One of {', '.join(STATES)} is needed.")
    if body["state"] in IN_BOOKS and not body.get("external_id"):
        raise _invalid("external_id", "What stands in the books has an id there.")
    _moment(body["at"])
    if known and _order(body) < _order(known):
        raise Wrong(409, "stale", "Something newer is already known of it.", "version")
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


def page(query):
    """(position after which to read, limit) of a request for a list."""
    for name in query:
        if name not in ("cursor", "limit"):
            raise _invalid(name, "There is no such parameter.")
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise _invalid("limit", "A whole number from 1 to 100 is needed.")
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

"""What the API accepts: everything else is refused with the field that is wrong."""

from decimal import Decimal

from hub.sandboxing.strict import FLAG, TEXT, as_object, invalid
from hub_ontraccr.sandbox.company import KINDS

MOST = 1000
BROUGHT = {
    "external_id": TEXT, "external_name": TEXT, "name": TEXT, "number": TEXT, "active": FLAG, "currency": TEXT,
    "email": TEXT,
}  # fmt: skip
OFFERED = {"external_id": TEXT, "name": TEXT, "type": TEXT}
LINK = {"external_id": TEXT, "external_name": TEXT, "external_type": TEXT}


def brought(body):
    """The records that become profiles."""
    as_object(
        body,
        {"items": list},
        ("items",) if not isinstance(body, dict) or "items" not in body else (),
    )
    return _items(body["items"], BROUGHT, ("external_id", "external_name", "name"))


def offered(name, body):
    """A list that people choose from; purchase accounts are banks and credit cards only, perhaps one the default."""
    more = {"default_external_id": TEXT, "currency": TEXT} if name == "purchase-accounts" else {}
    as_object(body, {"items": list, **more}, ("currency",) if more else ())
    items = _items(body.get("items"), OFFERED, ("external_id", "name"))
    if name == "purchase-accounts":
        for number, item in enumerate(items):
            if item.get("type") not in ("Bank", "Credit Card"):
                raise invalid(
                    f"items.{number}.type", "Only bank and credit card accounts pay for anything."
                )
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


def amount(text):
    """An amount of money from a form, or None."""
    try:
        found = Decimal(text)
        return found if found.is_finite() and found == found.quantize(Decimal("0.01")) else None
    except ArithmeticError:
        return None

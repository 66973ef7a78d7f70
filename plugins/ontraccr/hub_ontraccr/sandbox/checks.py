"""What the API accepts: everything else is refused with the field that is wrong."""

from decimal import Decimal

from hub_ontraccr import names
from hub_ontraccr.sandbox.company import KINDS
from qbo_sandbox.kit.strict import FLAG, TEXT, as_object, invalid

MAX_ITEMS = 1000
CENT = Decimal("0.01")
BROUGHT = {
    names.ImportedProfile.EXTERNAL_ID: TEXT,
    names.ImportedProfile.EXTERNAL_NAME: TEXT,
    names.ImportedProfile.NAME: TEXT,
    names.ImportedProfile.NUMBER: TEXT,
    names.ImportedProfile.ACTIVE: FLAG,
    names.ImportedProfile.CURRENCY: TEXT,
    names.ImportedProfile.EMAIL: TEXT,
}
NEEDED = (
    names.ImportedProfile.EXTERNAL_ID,
    names.ImportedProfile.EXTERNAL_NAME,
    names.ImportedProfile.NAME,
)
CHOICE = {
    names.Choice.EXTERNAL_ID: TEXT,
    names.Choice.NAME: TEXT,
    names.Choice.TYPE: TEXT,
}
ABOUT_ACCOUNTS = {names.Choice.DEFAULT_EXTERNAL_ID: TEXT, names.Choice.CURRENCY: TEXT}
LINK = {
    names.Link.EXTERNAL_ID: TEXT,
    names.Link.EXTERNAL_NAME: TEXT,
    names.Link.EXTERNAL_TYPE: TEXT,
}


def read_records(body):
    """Return the records that become profiles."""
    as_object(body, {names.ImportedProfile.ITEMS: list}, ())
    items = body.get(names.ImportedProfile.ITEMS)
    return _items(items, names.ImportedProfile, BROUGHT, NEEDED)


def read_list(name, body):
    """Return a list to choose from; accounts are banks and credit cards, one may be the default."""
    is_account = name == "purchase-accounts"
    more = ABOUT_ACCOUNTS if is_account else {}
    required = (names.Choice.CURRENCY,) if is_account else ()
    as_object(body, {names.Choice.ITEMS: list, **more}, required)
    sent = body.get(names.Choice.ITEMS)
    items = _items(sent, names.Choice, CHOICE, (names.Choice.EXTERNAL_ID, names.Choice.NAME))
    if is_account:
        _check_accounts(body, items)
    return items


def _check_accounts(body, items):
    """Refuse accounts that pay for nothing, and a default that is not among them."""
    for number, item in enumerate(items):
        if item.get(names.Choice.TYPE) not in ("Bank", "Credit Card"):
            place = f"{names.Choice.ITEMS}.{number}.{names.Choice.TYPE}"
            raise invalid(place, "Only bank and credit card accounts pay for anything.")
    default = body.get(names.Choice.DEFAULT_EXTERNAL_ID)
    external_ids = {item[names.Choice.EXTERNAL_ID] for item in items}
    if default is not None and default not in external_ids:
        raise invalid(names.Choice.DEFAULT_EXTERNAL_ID, "The default is one of the accounts.")


def _items(items, own, allowed, required):
    """Check the items of a list, which have ids of their own, and return them."""
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise invalid(own.ITEMS, f"A list of at most {MAX_ITEMS} items is needed.")
    for number, item in enumerate(items):
        as_object(item, allowed, required, f"{own.ITEMS}.{number}")
    external_ids = {item[own.EXTERNAL_ID] for item in items}
    if len(external_ids) < len(items):
        raise invalid(own.ITEMS, "The same external id stands twice in it.")
    return items


def link(body):
    """Return a link of a profile; it states the kind of its record, which may be wrong."""
    as_object(body, LINK, tuple(LINK))
    if body[names.Link.EXTERNAL_TYPE] not in (*KINDS.values(), "Customer", "Account"):
        raise invalid(names.Link.EXTERNAL_TYPE, "QuickBooks has no such kind of record.")
    return body


def address(body):
    """Return where the hub is called."""
    as_object(body, {names.Webhook.URL: TEXT}, (names.Webhook.URL,))
    url = body[names.Webhook.URL]
    if not url.startswith(("http://", "https://")):
        raise invalid(
            names.Webhook.URL, "An address that starts with http:// or https:// is needed."
        )
    return url


def amount(text):
    """Return an amount of money from a form, or None."""
    try:
        number = Decimal(text)
        is_in_cents = number.is_finite() and number == number.quantize(CENT)
    except ArithmeticError:
        return None
    return number if is_in_cents else None

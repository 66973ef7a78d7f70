"""Check requests; refuse wrong ones with the name of the field."""

from decimal import Decimal

from hub_ontraccr import names
from hub_ontraccr.sandbox.company import RECORD_TYPES_BY_KIND
from qbo_sandbox.kit.strict import FLAG, TEXT, as_object, invalid

MAX_ITEMS = 1000
CENT = Decimal("0.01")
IMPORTED_PROFILE_FIELDS = {
    names.ImportedProfile.EXTERNAL_ID: TEXT,
    names.ImportedProfile.EXTERNAL_NAME: TEXT,
    names.ImportedProfile.NAME: TEXT,
    names.ImportedProfile.NUMBER: TEXT,
    names.ImportedProfile.ACTIVE: FLAG,
    names.ImportedProfile.CURRENCY: TEXT,
    names.ImportedProfile.EMAIL: TEXT,
}
REQUIRED_PROFILE_FIELDS = (
    names.ImportedProfile.EXTERNAL_ID,
    names.ImportedProfile.EXTERNAL_NAME,
    names.ImportedProfile.NAME,
)
CHOICE_FIELDS = {
    names.Choice.EXTERNAL_ID: TEXT,
    names.Choice.NAME: TEXT,
    names.Choice.TYPE: TEXT,
}
ACCOUNT_LIST_FIELDS = {names.Choice.DEFAULT_EXTERNAL_ID: TEXT, names.Choice.CURRENCY: TEXT}
LINK_FIELDS = {
    names.Link.EXTERNAL_ID: TEXT,
    names.Link.EXTERNAL_NAME: TEXT,
    names.Link.EXTERNAL_TYPE: TEXT,
}


def read_records(body):
    """Return the records that become profiles."""
    as_object(body, {names.ImportedProfile.ITEMS: list}, ())
    items = body.get(names.ImportedProfile.ITEMS)
    return _check_items(
        items, names.ImportedProfile, IMPORTED_PROFILE_FIELDS, REQUIRED_PROFILE_FIELDS
    )


def read_list(name, body):
    """Return the entries of a list to offer; the list of accounts has a currency and a default."""
    is_account = name == "purchase-accounts"
    extra_fields = ACCOUNT_LIST_FIELDS if is_account else {}
    required_names = (names.Choice.CURRENCY,) if is_account else ()
    as_object(body, {names.Choice.ITEMS: list, **extra_fields}, required_names)
    rows = body.get(names.Choice.ITEMS)
    items = _check_items(
        rows, names.Choice, CHOICE_FIELDS, (names.Choice.EXTERNAL_ID, names.Choice.NAME)
    )
    if is_account:
        _check_accounts(body, items)
    return items


def _check_accounts(body, items):
    """Refuse accounts that are neither bank nor credit card, and a default that is not listed."""
    for number, item in enumerate(items):
        if item.get(names.Choice.TYPE) not in ("Bank", "Credit Card"):
            place = f"{names.Choice.ITEMS}.{number}.{names.Choice.TYPE}"
            raise invalid(place, "Only bank and credit card accounts pay for anything.")
    default = body.get(names.Choice.DEFAULT_EXTERNAL_ID)
    external_ids = {item[names.Choice.EXTERNAL_ID] for item in items}
    if default is not None and default not in external_ids:
        raise invalid(names.Choice.DEFAULT_EXTERNAL_ID, "The default is one of the accounts.")


def _check_items(items, item_names, allowed_fields, required_names):
    """Check the items of a list, and that their external ids differ; return them."""
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise invalid(item_names.ITEMS, f"A list of at most {MAX_ITEMS} items is needed.")
    for number, item in enumerate(items):
        as_object(item, allowed_fields, required_names, f"{item_names.ITEMS}.{number}")
    external_ids = {item[item_names.EXTERNAL_ID] for item in items}
    if len(external_ids) < len(items):
        raise invalid(item_names.ITEMS, "The same external id stands twice in it.")
    return items


def read_link(body):
    """Return the link of a profile; any type of record is accepted, also a wrong one."""
    as_object(body, LINK_FIELDS, tuple(LINK_FIELDS))
    if body[names.Link.EXTERNAL_TYPE] not in (
        *RECORD_TYPES_BY_KIND.values(),
        "Customer",
        "Account",
    ):
        raise invalid(names.Link.EXTERNAL_TYPE, "QuickBooks has no such kind of record.")
    return body


def read_address(body):
    """Return the address to call."""
    as_object(body, {names.Webhook.URL: TEXT}, (names.Webhook.URL,))
    url = body[names.Webhook.URL]
    if not url.startswith(("http://", "https://")):
        raise invalid(
            names.Webhook.URL, "An address that starts with http:// or https:// is needed."
        )
    return url


def parse_amount(text):
    """Return an amount of money from a form, or None."""
    try:
        number = Decimal(text)
        is_in_cents = number.is_finite() and number == number.quantize(CENT)
    except ArithmeticError:
        return None
    return number if is_in_cents else None

"""Check the rights, names with tildes, numbering of invoices, and the limit of calls."""

import datetime as dt
from collections.abc import Mapping, Sequence

from hub import NeedsAttention, Sentence, Site, Tenant
from hub_autotask.client import Autotask, start_of_day, where
from hub_autotask.polling import TransferMark

Rights = Mapping[str, tuple[str, ...]]  # verbs by entity

LIST_ENTITIES = ("Companies", "Contacts", "Countries", "Currencies")
OPTIONAL_ENTITIES = ("Countries",)  # addresses are complete enough without one
RECEIPT_ENTITY = "PurchaseOrderItemReceiving"
REQUIRED_RIGHTS = {
    "autotask-invoices": {
        "Invoices": ("query", "update"),
        "BillingItems": ("query",),
        "BillingCodes": ("query",),
        "PaymentTerms": ("query",),
        "TaxRegions": ("query",),
        "TaxCategories": ("query",),
    },
    "autotask-expenses": {
        "ExpenseReports": ("query", "update"),
        "ExpenseItems": ("query",),
        "BillingCodes": ("query",),
        "Resources": ("query",),
        "Departments": ("query",),
    },
    "autotask-purchase-orders": {
        "PurchaseOrders": ("query", "update"),
        "PurchaseOrderItems": ("query",),
        "Products": ("query",),
        "PaymentTerms": ("query",),
    },
}
NAME_FIELDS = (
    ("Companies", "companyName", "organisations"),
    ("BillingCodes", "name", "billing codes"),
    ("BillingCodes", "externalNumber", "external numbers"),
    ("Products", "name", "products"),
    ("Departments", "name", "departments"),
    ("Departments", "number", "department numbers"),
    ("Resources", "firstName", "first names of people"),
    ("Resources", "lastName", "last names of people"),
    ("PaymentTerms", "name", "payment terms"),
    ("TaxRegions", "name", "tax regions"),
    ("TaxCategories", "name", "tax categories"),
)
RECENT_DAYS = 30
MIN_RECENT_INVOICES = 3  # with fewer, who numbers invoices is unknown
MAX_NAMES_IN_WARNING = 20
BUSY_SHARE = 0.75  # of the calls that Autotask allows in an hour


def check(app: str, site: Site, source: Autotask) -> Tenant:
    """Return the database of the settings, with warnings; raise an error for missing rights."""
    id, name = source.account()
    needed_rights = _list_needed_rights(app, site)
    lacking = _list_lacking_rights(needed_rights, source)
    if lacking:
        raise NeedsAttention(
            "The security level of %(username)s lacks rights to %(lacking)s. Give it"
            " those in Autotask under Admin, Security Levels, or use the level API"
            " User (system).",
            username=str(site.settings["username"]),
            lacking=", ".join(lacking),
        )
    warnings = [warn_of_tildes(needed_rights, source), warn_of_busy_calls(source)]
    if app == "autotask-invoices":
        warnings += [warn_of_own_numbering(site, source), warn_of_no_invoices(site, source)]
    return Tenant(id=id, name=name, warnings=tuple(filter(None, warnings)))


def _list_needed_rights(app: str, site: Site) -> Rights:
    """Return the rights that the app needs to read its documents and lists, and to report."""
    rights = {**REQUIRED_RIGHTS[app], **dict.fromkeys(LIST_ENTITIES, ("query",))}
    if site.settings.get("post_as") == "bill_per_receipt":
        rights[RECEIPT_ENTITY] = ("query",)
    return rights


def _list_lacking_rights(needed_rights: Rights, source: Autotask) -> list[str]:
    """Return each entity for which the user lacks rights, with the rights."""
    lacking = []
    for entity, verbs in needed_rights.items():
        rights = source.rights(entity)
        if rights is None and entity in OPTIONAL_ENTITIES:
            continue
        missing = set(verbs) - (rights or set())
        if missing:
            lacking.append(f"{entity} ({' and '.join(sorted(missing))})")
    return lacking


def warn_of_tildes(needed_rights: Rights, source: Autotask) -> str | None:
    """Return a warning that lists every name with a tilde.

    Skip lists that the app does not need if the user may not query them.
    """
    other_entities = {entity for entity, _, _ in NAME_FIELDS} - needed_rights.keys()
    hidden = {entity for entity in other_entities if "query" not in (source.rights(entity) or ())}
    places = []
    for entity, field, what in NAME_FIELDS:
        if entity in hidden:
            continue
        rows = source.rows(entity, where(field, "contains", "~"), fields=("id", field))
        names = sorted(row[field] for row in rows)
        if names:
            places.append(f"{what} {_list_names(names)}")
    if not places:
        return None
    return Sentence(
        "Names in Autotask contain a tilde: %(places)s. QuickBooks uses only a colon as"
        " separator. Rename them; documents that use them are held.",
        places="; ".join(places),
    )


def _list_names(names: Sequence[str]) -> str:
    """Return the first names in quotation marks, and how many more there are."""
    quoted_names = [f"“{name}”" for name in names[:MAX_NAMES_IN_WARNING]]
    text = ", ".join(quoted_names)
    remaining = len(names) - MAX_NAMES_IN_WARNING
    if remaining > 0:
        text += f" and {remaining} more"
    return text


def warn_of_busy_calls(source: Autotask) -> str | None:
    """Return a warning if the database has used most of its calls of this hour."""
    used, limit = source.call_usage()
    if used < limit * BUSY_SHARE:
        return None
    return Sentence(
        "Autotask has had %(used)s of the %(allowed)s calls that all its integrations"
        " may make in an hour; beyond that it stops every one of them.",
        used=f"{used:,}",
        allowed=f"{limit:,}",
    )


def warn_of_own_numbering(site: Site, source: Autotask) -> str | None:
    """Return a warning if Autotask numbers invoices by itself, so that none is ever ready."""
    if site.settings["numbering"] != "quickbooks":
        return None
    since = start_of_day(site.today - dt.timedelta(days=RECENT_DAYS), site.zone)
    last_numbered = int(site.secrets.get("numbered", "0"))
    fields = ("id", "invoiceNumber")
    later = (
        where("createDateTime", "gte", since),
        where("id", "gt", last_numbered),
        where("isVoided", "eq", False),
    )
    recent = [row["invoiceNumber"] for row in source.rows("Invoices", *later, fields=fields)]
    are_numbered = all(number and number != TransferMark.error for number in recent)
    if len(recent) < MIN_RECENT_INVOICES or not are_numbered:
        return None
    return Sentence(
        "All %(count)s recent invoices already have a number that is not from the hub: Autotask"
        " numbers them itself, so none would ever be posted. Leave Next Invoice Number blank in"
        " Autotask under Contracts & billing, or choose Autotask's numbers in the settings.",
        count=len(recent),
    )


def warn_of_no_invoices(site: Site, source: Autotask) -> str | None:
    """Return a warning if the user sees no recent invoice, as it may lack lines of business."""
    since = start_of_day(site.today - dt.timedelta(days=3 * RECENT_DAYS), site.zone)
    is_recent = where("createDateTime", "gte", since)
    if any(source.rows("Invoices", is_recent, fields=("id",))):
        return None
    return Sentence(
        "%(username)s sees no invoice of the last %(count)s days. If there are some, the user"
        " is limited to certain lines of business; allow it all of them in Autotask.",
        username=str(site.settings["username"]),
        count=3 * RECENT_DAYS,
    )


def require_own_numbers(site: Site) -> None:
    """Raise NeedsAttention if the numbering in QuickBooks contradicts the settings."""
    by_quickbooks = site.settings["numbering"] == "quickbooks"
    if by_quickbooks != site.company.custom_numbers:
        return
    if by_quickbooks:
        setting = Sentence("off, because QuickBooks gives the numbers")
    else:
        setting = Sentence("on, because the numbers come from Autotask")
    raise NeedsAttention(
        "Custom transaction numbers must be %(setting)s. Change it in QuickBooks"
        " (Settings, Sales, Sales form content), or choose other invoice numbers in the settings"
        " of the app.",
        setting=setting,
    )

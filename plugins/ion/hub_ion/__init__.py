"""ION in the hub: purchase orders that were ordered become purchase orders, parts become items.

Start reading in `reading`; `orders` and `parts` make documents of what it reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub import (
    App,
    Code,
    Document,
    Field,
    FromSetting,
    NeedsAttention,
    Receipt,
    Record,
    Refused,
    Role,
    Row,
    Sandbox,
    Sentence,
    Signal,
    Site,
    Tenant,
    Yielded,
    codes_in_use,
    hookimpl,
    signed_json,
)
from hub_ion import client, imports, orders, parts, reading, receipts, schema
from hub_ion.client import Ion
from hub_ion.settings import Settings

APP = App(
    slug="ion",
    icon="box",
    name="ION",
    summary="Purchase orders become purchase orders when they are ordered, parts become items.",
    help="Suppliers, accounts and classes are maintained by hand in ION and in QuickBooks; those"
    " that differ are listed by name.",
    posts=("purchase_order", "item", "vendor"),
    settings=Settings,
    hosts=client.HOSTS,
    wants=("posted",),
    gone=FromSetting("gone"),
    access="your First Resonance representative",
)
IMPORTED_ORDER = "order"


def _field(name: str, label: str, role: Role, **options: Any) -> Field:
    """Return a code field whose QuickBooks list is not pushed: ION has lists of its own."""
    return Field(name=name, label=label, role=role, pushed=False, **options)


FIELDS = (
    _field("supplier", "Supplier", "vendor", match=("name",), missing=FromSetting("suppliers")),
    _field(
        "part",
        "Part",
        "item",
        match=("name", "words"),
        missing="create",
        default=FromSetting("generic_item"),
    ),
    _field("expense_code", "Expense account", "account", match=("number", "name")),
    _field("class", "Class", "class", match=("name",)),
    _field("fee", "Fee", "account", match=("name",), default=FromSetting("fee_account")),
    _field("payable", "Payable account", "payable_account", match=("words",)),
    Field(
        name=IMPORTED_ORDER,
        label="Order made in QuickBooks",
        role="purchase_order",
        pushed=FromSetting("import_orders"),
    ),
)
REFUSED = "calls refused"
RESOURCES = {"PURCHASEORDER": orders.PREFIX, "PART": parts.PREFIX}


@hookimpl
def hub_apps() -> list[App]:
    return [APP]


@hookimpl
def hub_fields(app: str) -> tuple[Field, ...]:
    return FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = Ion(site)
    id, name = source.organization()
    lacks = source.learn()
    missing = schema.list_missing(lacks, site.settings)
    if missing:
        raise NeedsAttention(
            "ION's API does not have %(missed)s, without which orders cannot be posted. Install"
            " the newest version of the app, or send this message to its author.",
            missed=", ".join(missing),
        )
    warnings = [_warn_of_lacks(lacks), site.secrets.get(REFUSED)]
    warnings += imports.list_warnings(site)
    return Tenant(id=id, name=name, warnings=tuple(filter(None, warnings)))


def _warn_of_lacks(lacks: frozenset[str]) -> str:
    """Return what orders are posted without, because ION does not have these fields."""
    without = schema.missing_details(lacks)
    if not without:
        return ""
    return Sentence(
        "ION's API does not have %(fields)s. Orders are posted all the same, without %(without)s.",
        fields=", ".join(sorted(lacks)),
        without="; ".join(without),
    )


@hookimpl
def hub_subscribe(app: str, site: Site, on: bool) -> None:
    """Set up the webhook if the key may; without it ION is polled on schedule all the same."""
    source = Ion(site)
    try:
        if on:
            site.secrets["webhook_secret"] = source.subscribe(site.webhook_url or "")
        else:
            source.unsubscribe(site.webhook_url or "")
        site.secrets.pop(REFUSED, None)
    except Refused as error:
        site.secrets[REFUSED] = Sentence(
            "ION does not call the hub, which asks on its schedule instead. %(text)s",
            text=error.text,
        )


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code | str]:
    """Return the codes of orders that are not complete, so that missing matches show early."""
    if field == IMPORTED_ORDER:
        return []
    open_orders = reading.read_open_orders(site, Ion(site))
    return codes_in_use(open_orders, field)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = Ion(site)
    if ids:
        yield from reading.read_exactly(site, source, ids)
    else:
        yield from reading.iter_changes(site, source, cursors)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    source = Ion(site)
    receipts.report(site, source, document, receipt)


@hookimpl
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> list[Code]:
    """Create open orders of QuickBooks in ION, if the settings want it."""
    if field != IMPORTED_ORDER:
        return []
    source = Ion(site)
    return imports.import_orders(site, source, records)


@hookimpl
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    call = signed_json(
        headers,
        body,
        site.secrets.get("webhook_secret"),
        header="X-ION-Signature",
        prefix="sha256=",
        signed_with="the secret that ION gave when the hub asked for its calls",
    )
    return _signals_of(call)


def _signals_of(call: Row) -> list[Signal]:
    """Return what the hub should do about a webhook call; only the id in it is used."""
    name = str(call.get("resource", "")).upper()
    resource = name.replace("_", "").removesuffix("S")
    prefix = RESOURCES.get(resource)
    if prefix:
        return [Signal.read(f"{prefix}{call['id']}")]
    return [Signal.collect()]


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_ion.sandbox import open_sandbox, settings

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=settings, country="US")

"""The plugin for ION: ordered purchase orders become purchase orders, parts become items.

Start reading in `reading`; `orders` and `parts` build the documents of its rows.
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
from hub_ion import (
    client,
    imports,
    orders,
    parts,
    reading,
    receipts,
    schema,
    tenants,
    webhooks,
)
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
IMPORTED_ORDER_FIELD = "order"


def _build_field(name: str, label: str, role: Role, **options: Any) -> Field:
    """Return a code field whose QuickBooks list is not pushed: ION has lists of its own."""
    return Field(name=name, label=label, role=role, pushed=False, **options)


FIELDS = (
    _build_field(
        "supplier", "Supplier", "vendor", match=("name",), missing=FromSetting("suppliers")
    ),
    _build_field(
        "part",
        "Part",
        "item",
        match=("name", "words"),
        missing="create",
        default=FromSetting("generic_item"),
    ),
    _build_field("expense_code", "Expense account", "account", match=("number", "name")),
    _build_field("class", "Class", "class", match=("name",)),
    _build_field("fee", "Fee", "account", match=("name",), default=FromSetting("fee_account")),
    _build_field("payable", "Payable account", "payable_account", match=("words",)),
    Field(
        name=IMPORTED_ORDER_FIELD,
        label="Order made in QuickBooks",
        role="purchase_order",
        pushed=FromSetting("import_orders"),
    ),
)
WEBHOOK_WARNING_KEY = "calls refused"
PREFIXES_BY_RESOURCE = {"PURCHASEORDER": orders.PREFIX, "PART": parts.PREFIX}


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
    absent_fields = source.read_schema()
    missing = schema.list_missing_requirements(absent_fields, site.settings)
    if missing:
        raise NeedsAttention(
            "ION's API does not have %(missed)s, without which orders cannot be posted. Install"
            " the newest version of the app, or send this message to its author.",
            missed=", ".join(missing),
        )
    warnings = [_warn_of_absent_fields(absent_fields), site.secrets.get(WEBHOOK_WARNING_KEY)]
    warnings += imports.list_warnings(site)
    id, name = tenants.identify(site, id, name)
    return Tenant(id=id, name=name, warnings=tuple(filter(None, warnings)))


def _warn_of_absent_fields(absent_fields: frozenset[str]) -> str:
    """Return a warning about the details that orders lack, because ION does not have the fields."""
    without = schema.list_missing_details(absent_fields)
    if not without:
        return ""
    return Sentence(
        "ION's API does not have %(fields)s. Orders are posted all the same, without %(without)s.",
        fields=", ".join(sorted(absent_fields)),
        without="; ".join(without),
    )


@hookimpl
def hub_subscribe(app: str, site: Site, on: bool) -> None:
    """Set up or remove the webhook; keep a warning if that cannot be done, as polling goes on."""
    source = Ion(site)
    try:
        if on:
            site.secrets["webhook_secret"] = webhooks.subscribe(source, site.webhook_url or "")
        else:
            webhooks.unsubscribe(source, site.webhook_url or "")
        site.secrets.pop(WEBHOOK_WARNING_KEY, None)
    except (Refused, NeedsAttention) as error:
        site.secrets[WEBHOOK_WARNING_KEY] = Sentence(
            "ION does not call the hub, which asks on its schedule instead. %(text)s",
            text=error.text,
        )


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code | str]:
    """Return the codes of open orders, so that missing matches are visible before they are sent."""
    if field == IMPORTED_ORDER_FIELD:
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
    if field != IMPORTED_ORDER_FIELD:
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
        may_be_list=True,
    )
    events = call if isinstance(call, list) else [call]
    signals = [_read_signal(event) for event in events if isinstance(event, dict)]
    return signals or [Signal.collect()]


def _read_signal(call: Row) -> Signal:
    """Return the signal of one change in a webhook call; only its resource and id are used."""
    resource = webhooks.fold_resource(str(call.get("resource", "")))
    prefix = PREFIXES_BY_RESOURCE.get(resource)
    id = call.get("id")
    if prefix and id:
        return Signal.read(f"{prefix}{id}")
    return Signal.collect()


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_ion.sandbox import open_sandbox, settings

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=settings, country="US")

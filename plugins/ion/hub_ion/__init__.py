"""ION in the hub: purchase orders that were ordered become purchase orders, parts become items."""

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
from hub_ion import client, imports, orders, parts, queries, reading, schema
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
TAKEN_OVER = "order"


def _code(name: str, label: str, role: Role, **how: Any) -> Field:
    """Return a code field whose QuickBooks list is not pushed: ION has lists of its own."""
    return Field(name=name, label=label, role=role, pushed=False, **how)


FIELDS = (
    _code("supplier", "Supplier", "vendor", match=("name",), missing=FromSetting("suppliers")),
    _code(
        "part",
        "Part",
        "item",
        match=("name", "words"),
        missing="create",
        default=FromSetting("generic_item"),
    ),
    _code("expense_code", "Expense account", "account", match=("number", "name")),
    _code("class", "Class", "class", match=("name",)),
    _code("fee", "Fee", "account", match=("name",), default=FromSetting("fee_account")),
    _code("payable", "Payable account", "payable_account", match=("words",)),
    Field(
        name=TAKEN_OVER,
        label="Order made in QuickBooks",
        role="purchase_order",
        pushed=FromSetting("import_orders"),
    ),
)
REFUSED = "calls refused"
RESOURCES = {"PURCHASEORDER": orders.PREFIX, "PART": parts.PREFIX}


@hookimpl
def hub_apps() -> Any:
    return [APP]


@hookimpl
def hub_fields(app: str) -> tuple[Field, ...]:
    return FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    ion = Ion(site)
    id, name = ion.organization()
    lacks = ion.learn()
    if missed := schema.list_missing(lacks, site.settings):
        raise NeedsAttention(
            "ION's API does not have %(missed)s, without which orders cannot be posted. Install"
            " the newest version of the app, or send this message to its author.",
            missed=", ".join(missed),
        )
    import_warnings = site.secrets.get(imports.LACKING, "").splitlines()
    warnings = [_warn_of_skipped(lacks), site.secrets.get(REFUSED), *import_warnings]
    return Tenant(id=id, name=name, warnings=tuple(filter(None, warnings)))


def _warn_of_skipped(lacks: frozenset[str]) -> str:
    """Return what is left out for want of fields that posting does not need, as a warning."""
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
    ion = Ion(site)
    try:
        if on:
            site.secrets["webhook_secret"] = ion.subscribe(site.webhook_url or "")
        else:
            ion.unsubscribe(site.webhook_url or "")
        site.secrets.pop(REFUSED, None)
    except Refused as error:
        site.secrets[REFUSED] = Sentence(
            "ION does not call the hub, which asks on its schedule instead. %(text)s",
            text=error.text,
        )


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code | str]:
    """Return the codes of orders that are not complete, so that missing matches show early."""
    if field == TAKEN_OVER:
        return []
    return codes_in_use(_open_orders(site), field)


def _open_orders(site: Site) -> Iterator[Yielded]:
    """Yield the orders that are neither received nor canceled."""
    ion = Ion(site)
    is_open = {"status": {"notIn": ["RECEIVED", "CANCELED"]}}
    for page in ion.pages(queries.ORDERS, is_open):
        yield from reading.read_orders(site, ion, page.rows)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    ion = Ion(site)
    if ids:
        yield from reading.read_exactly(site, ion, list(ids))
        return
    sweep = reading.open_sweep(site, cursors)
    changes = reading.changed_orders(site, ion, cursors.get("", ""))
    yield from sweep.watch(changes)
    if site.settings["parts"] != "none" and not site.settings["generic_item"]:
        yield from reading.changed_parts(site, ion, cursors.get(reading.PARTS, ""))
    if sweep.is_due:
        yield from reading.sweep_orders(site, ion, sweep)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    """Write the number of an order in QuickBooks to ION, if the settings want it."""
    where = site.settings["write_back"]
    if (
        where == "no"
        or document.kind != "purchase_order"
        or receipt.state != "posted"
        or document.quickbooks_id
    ):
        return
    key = site.settings["write_back_attribute"] if where == "attribute" else ""
    Ion(site).refer(
        document.source_id.removeprefix(orders.PREFIX), key, receipt.number or receipt.id or ""
    )


@hookimpl
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> Any:
    """Create open orders of QuickBooks in ION, if the settings want it."""
    if field != TAKEN_OVER:
        return []
    return imports.take_over(site, Ion(site), records)


@hookimpl
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    """Verify a call and read again what it names; its other content is not trusted."""
    call = signed_json(
        headers,
        body,
        site.secrets.get("webhook_secret"),
        header="X-ION-Signature",
        prefix="sha256=",
        signed_with="the secret that ION gave when the hub asked for its calls",
    )
    return [_signal_of(call)]


def _signal_of(call: Row) -> Signal:
    """Return what the hub should do about a webhook call."""
    name = str(call.get("resource", "")).upper()
    resource = name.replace("_", "").removesuffix("S")
    prefix = RESOURCES.get(resource)
    if not prefix:
        return Signal.collect()
    return Signal.read(f"{prefix}{call['id']}")


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_ion.sandbox import open_sandbox, settings

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=settings, country="US")

"""The plugin for CostTracker: supplier invoices become bills, credit notes vendor credits.

Start reading in `reading`; `invoices` builds the document of an invoice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hub import (
    App,
    Attachment,
    Code,
    Document,
    Field,
    Receipt,
    Record,
    Row,
    Sandbox,
    Signal,
    Site,
    Tenant,
    Yielded,
    codes_in_use,
    hookimpl,
    require_id,
    signed_json,
)
from hub_costtracker import invoices, lists, names, reading, receipts, suppliers
from hub_costtracker.cached_secrets import CachedSecrets
from hub_costtracker.client import RATE_LIMIT, SUPPORT_CONTACT, CostTracker
from hub_costtracker.settings import Settings

APP = App(
    slug="costtracker",
    icon="receipt",
    name="CostTracker",
    summary="Approved supplier invoices become bills, with their order, dimensions and file.",
    help="Purchasing and approval stay in CostTracker; QuickBooks receives the outcome, and it"
    " is reported to CostTracker.",
    posts=("bill", "vendor_credit", "vendor"),
    settings=Settings,
    hosts=("{base_url}",),
    rate=RATE_LIMIT,
    wants=("queued", "posted", "part_paid", "paid", "held", "failed", "changed", "missing"),
    access=SUPPORT_CONTACT,
    access_gate=False,  # only trial accounts lack integrations, and `hub_check` sees that
    assumed_api=Path(__file__).with_name("openapi.yaml"),
)


@hookimpl
def hub_apps() -> list[App]:
    return [APP]


@hookimpl
def hub_fields(app: str) -> tuple[Field, ...]:
    return lists.FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    account = CostTracker(site).account()
    return Tenant(
        id=require_id(account, names.Account.ID),
        name=account[names.Account.NAME],
        warnings=(*suppliers.warn_of_missing_rights(site, account), *lists.iter_warnings(site)),
    )


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code | str]:
    source = CostTracker(site)
    documents = reading.iter_invoices(_cache_secrets(site), source)
    return codes_in_use(documents, field)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = CostTracker(site)
    site = _cache_secrets(site)
    if ids:
        yield from reading.read_exactly(site, source, ids)
    else:
        yield from reading.iter_changes(site, source, cursors)


def _cache_secrets(site: Site) -> Site:
    """Return the site with its secrets read once."""
    return replace(site, secrets=CachedSecrets(site.secrets))


@hookimpl
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:
    invoice_id = document.source_id.removeprefix(invoices.PREFIX)
    return CostTracker(site).attachment(invoice_id, attachment.id)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    source = CostTracker(site)
    receipts.report(source, document, receipt)


@hookimpl
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> list[Code]:
    source = CostTracker(site)
    return lists.push_list(site, source, field, records)


@hookimpl
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    call = signed_json(
        headers,
        body,
        site.secrets.get("webhook_secret"),
        header="X-CostTracker-Signature",
        signed_with="the webhook secret that the CostTracker settings hold",
    )
    return _list_signals(call)


def _list_signals(call: Row) -> list[Signal]:
    """Return the signals of a webhook call."""
    topic = str(call.get(names.Change.TOPIC) or "")
    id = call.get(names.Change.ID)
    if topic == "invoice.changed":
        return [Signal.read(f"{invoices.PREFIX}{id}") if id else Signal.collect()]
    if topic == "master-data.wanted":
        return [Signal.push_lists()]
    return [Signal.collect()]


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_costtracker.sandbox import open_sandbox

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=stand_in.settings)

"""The plugin for Harvest: invoices and their payments.

Start reading in `reading`; `documents` builds the documents of invoices and payments.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub import (
    App,
    Document,
    Field,
    FromSetting,
    Receipt,
    Sandbox,
    Site,
    Tenant,
    Yielded,
    hookimpl,
)
from hub_harvest import reading, receipts
from hub_harvest.client import RATE_LIMIT, Harvest
from hub_harvest.settings import Settings


@hookimpl
def hub_apps() -> list[App]:
    return [
        App(
            slug="harvest",
            icon="clock",
            name="Harvest",
            summary="Invoices become invoices, and what clients paid becomes payments.",
            help="Make a personal access token at id.getharvest.com/developers; the same page shows"
            " the account id. The person needs the right to see and edit all invoices.",
            posts=("invoice", "payment", "customer"),
            settings=Settings,
            hosts=("{base_url}",),
            rate=RATE_LIMIT,
            wants=("posted",),
        )
    ]


@hookimpl
def hub_fields(app: str) -> list[Field]:
    return [
        Field(
            name="client",
            label="Client",
            role="customer",
            match=("name",),
            missing=FromSetting("clients"),
        ),
        Field(name="item_type", label="Item type", role="item", match=("name",)),
        Field(name="tax", label="Tax code", role="tax_code", match=("name",)),
    ]


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = Harvest(site)
    company = source.company()
    source.require_invoices()
    return Tenant(id=site.settings["account_id"], name=company["name"])


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = Harvest(site)
    if ids:
        yield from reading.read_exactly(site, source, ids)
    else:
        yield from reading.iter_changes(site, source, cursors)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    source = Harvest(site)
    receipts.report(site, source, document, receipt)


@hookimpl
def hub_sandbox(app: str, folder: Path | None, documents: int | None) -> Sandbox:
    from hub_harvest import sample, sandbox

    invoices = sample.build_invoices(documents or 40)
    stand_in = sandbox.StandIn(folder, invoices)
    return Sandbox(
        wsgi=stand_in.wsgi,
        settings=stand_in.settings,
        country="US",
    )

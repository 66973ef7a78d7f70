"""Autotask in the hub: three apps, each enabled and configured by itself, with one connection.

Start reading in `invoices`; `polling` reads the documents of all three apps.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub import (
    App,
    Attachment,
    Code,
    Document,
    Field,
    Receipt,
    Sandbox,
    Site,
    Tenant,
    Yielded,
    hookimpl,
)
from hub_autotask import checks, expenses, invoices, purchase_orders
from hub_autotask.client import Autotask
from hub_autotask.lists import Lists

MODULES = {module.APP.slug: module for module in (invoices, expenses, purchase_orders)}


@hookimpl
def hub_apps() -> list[App]:
    return [module.APP for module in MODULES.values()]


@hookimpl
def hub_fields(app: str) -> Sequence[Field]:
    fields: Sequence[Field] = MODULES[app].FIELDS
    return fields


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = Autotask(site)
    return checks.check(app, site, source)


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code]:
    source = Autotask(site)
    source_lists = Lists(site, source)
    codes: list[Code] = MODULES[app].codes(site, source, source_lists, field)
    return codes


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = Autotask(site)
    source_lists = Lists(site, source)
    kind = MODULES[app].open_kind(site, source, source_lists)
    if ids:
        yield from kind.read_by_ids(ids)
    else:
        yield from kind.poll(cursors.get(""))


@hookimpl
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:
    invoice_id = document.source_id.removeprefix(invoices.Invoices.prefix)
    return Autotask(site).pdf(invoice_id)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    if document.kind not in ("vendor", "customer", "item"):
        source = Autotask(site)
        MODULES[app].report(site, source, document, receipt)


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_autotask.sandbox import open_sandbox

    stand_in = open_sandbox(app, folder, documents, demo)
    return Sandbox(
        wsgi=stand_in.wsgi,
        settings=stand_in.settings,
        country="US",
        custom_numbers=False,
    )

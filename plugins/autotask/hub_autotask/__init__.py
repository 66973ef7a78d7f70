"""The plugin for Autotask: three apps, which are enabled and configured separately.

Start reading in `invoices`; `polling` reads the documents of all three apps.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

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
from hub_autotask.polling import DocumentReader


class AppModule(Protocol):
    """The interface of the module of each app."""

    @property
    def APP(self) -> App:
        """Return the app."""

    @property
    def FIELDS(self) -> Sequence[Field]:
        """Return the fields of the app."""

    def open_reader(self, site: Site, source: Autotask, source_lists: Lists) -> DocumentReader:
        """Return the reader of the documents of one run."""

    def list_codes(
        self, site: Site, source: Autotask, source_lists: Lists, field: str
    ) -> list[Code]:
        """Return the codes of a field as Autotask has them now."""

    def report(self, site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
        """Write a state to the source of a document."""


APP_MODULES: tuple[AppModule, ...] = (invoices, expenses, purchase_orders)
MODULES = {module.APP.slug: module for module in APP_MODULES}


@hookimpl
def hub_apps() -> list[App]:
    return [module.APP for module in MODULES.values()]


@hookimpl
def hub_fields(app: str) -> Sequence[Field]:
    return MODULES[app].FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = Autotask(site)
    return checks.check(app, site, source)


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code]:
    source = Autotask(site)
    source_lists = Lists(site, source)
    return MODULES[app].list_codes(site, source, source_lists, field)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = Autotask(site)
    source_lists = Lists(site, source)
    reader = MODULES[app].open_reader(site, source, source_lists)
    if ids:
        yield from reader.read_by_ids(ids)
    else:
        yield from reader.poll(cursors)


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

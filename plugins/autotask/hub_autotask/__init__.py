"""Autotask in the hub: three apps that are enabled, configured and paused each on its own, by one way in."""

from hub import Sandbox, hookimpl
from hub_autotask import checks, expenses, invoices, purchase_orders
from hub_autotask.client import Autotask
from hub_autotask.lists import Lists

MODULES = {module.APP.slug: module for module in (invoices, expenses, purchase_orders)}


@hookimpl
def hub_apps():
    return [module.APP for module in MODULES.values()]


@hookimpl
def hub_fields(app):
    return MODULES[app].FIELDS


@hookimpl
def hub_check(app, site):
    return checks.check(app, site, Autotask(site))


@hookimpl
def hub_codes(app, site, field):
    source = Autotask(site)
    return MODULES[app].codes(site, source, Lists(site, source), field)


@hookimpl
def hub_documents(app, site, cursors, ids):
    source = Autotask(site)
    kind = MODULES[app].open_kind(site, source, Lists(site, source))
    yield from kind.exactly(ids) if ids else kind.poll(cursors.get(""))


@hookimpl
def hub_attachment(app, site, document, attachment):
    return Autotask(site).pdf(document.source_id.removeprefix(invoices.Invoices.prefix))


@hookimpl
def hub_report(app, site, document, receipt):
    if document.kind not in ("vendor", "customer", "item"):
        MODULES[app].report(site, Autotask(site), document, receipt)


@hookimpl
def hub_sandbox(app, folder, documents, seed):
    from hub_autotask.sandbox import open_sandbox

    stand_in = open_sandbox(app, folder, documents)
    return Sandbox(
        wsgi=stand_in.wsgi, settings=stand_in.settings, country="US", custom_numbers=False
    )

"""Granary in the hub: closed rentals become bills."""

import datetime as dt

from hub import (
    App,
    Checkpoint,
    Code,
    Document,
    Field,
    Gone,
    Line,
    Sandbox,
    Tenant,
    hookimpl,
    money,
    readable,
)
from hub_granary.client import RATE, Granary
from hub_granary.settings import Settings


@hookimpl
def hub_apps():
    return [
        App(
            slug="granary",
            name="Granary",
            summary="Closed rentals become bills.",
            posts=("bill",),
            settings=Settings,
            hosts=("{base_url}",),
            rate=RATE,
            wants=("posted", "held"),
        )
    ]


@hookimpl
def hub_fields(app):
    return [
        Field(name="owner", label="Tool owner", role="vendor", match=("id", "name")),
        Field(name="tool", label="Tool type", role="account", match=("number", "name")),
    ]


@hookimpl
def hub_check(app, site):
    shop = Granary(site).get("/shop")
    return Tenant(id=shop["id"], name=shop["name"])


@hookimpl
def hub_documents(app, site, cursors, ids):
    granary = Granary(site)
    if ids:
        yield from (readable(id, bill, granary.get(f"/rentals/{id}")) for id in ids)
        return
    for rows, after in granary.pages("/rentals", cursors.get("")):
        yield from (readable(row["id"], bill, row) for row in rows)
        yield Checkpoint(cursor=after)


def bill(row):
    if row["cancelled"]:
        return Gone(source_id=row["id"], reason="Cancelled in Granary.")
    return Document(
        kind="bill",
        source_id=row["id"],
        version=str(row["version"]),
        stage="ready" if row["returned"] else "pending",
        hold=None if row["returned"] else "The tool is still out.",
        date=dt.date.fromisoformat(row["day"]),
        number=row["number"],
        currency="USD",
        codes={"owner": Code(id=row["owner"], name=row["owner"])},
        lines=(
            Line(
                id="1",
                amount=money(row["price"]),
                codes={"tool": Code(id=row["tool"], name=row["tool"])},
            ),
        ),
        total=money(row["price"]),
    )


@hookimpl
def hub_report(app, site, document, receipt):
    told = {"state": receipt.state, "bill": receipt.id, "message": receipt.message}
    Granary(site).put(f"/rentals/{document.source_id}/books", told)


@hookimpl
def hub_sandbox(app, folder, documents):
    from hub_granary.sandbox import stand_in

    return Sandbox(
        wsgi=stand_in(folder, documents or 40),
        settings=lambda url: {"base_url": url, "key": "granary-key"},
    )

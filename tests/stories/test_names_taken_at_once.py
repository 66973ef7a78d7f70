"""Two apps that plan a new record of one name at the same moment."""

import datetime as dt

import pytest

from hub import App, Code, Party, hookimpl
from hub.contract.registry import Plugins
from hub.db.engine import transaction
from hub.models import Installation
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    KINDS,
    PRODUCT,
    NoSettings,
    ShopSite,
    ShopSource,
    document,
    line,
)

DEPOT = "depot"


class Depot(ShopSource):
    """A second plugin, which shares no matches with the first one."""

    __name__ = "small-depot"

    @hookimpl
    def hub_apps(self):
        return [App(slug=DEPOT, name="Depot", summary="", posts=KINDS, settings=NoSettings)]


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose company has the depot enabled as well."""
    shop = ShopSite(app, quickbooks, clock)
    shop.depot = Depot()
    plugins = Plugins.load([shop.source, shop.depot], installed=False)
    object.__setattr__(app.extensions["hub"], "plugins", plugins)
    with transaction() as session:
        row = Installation(
            company_id=1, slug=DEPOT, tenant="t2", mode="auto", created_at=clock.now()
        )
        row.start_date = dt.date(2026, 1, 1)
        session.add(row)
        session.flush()
        shop.depot_id = row.id
    return shop


def bill(id, code):
    supplier = Code(id=code, name="Acme", create=Party(name="Acme"))
    return document("bill", id, line("1", "50.00", cost="Fuel"), total="50.00", supplier=supplier)


def invoice(id, code):
    client = Code(id=code, name="Acme", create=Party(name="Acme"))
    row = line("1", "50.00", product=PRODUCT)
    return document("invoice", id, row, total="50.00", client=client)


@pytest.mark.parametrize(("make", "entity"), [(bill, "Vendor"), (invoice, "Customer")])
def test_the_second_one_is_matched_to_the_record_of_the_first_by_the_next_sync(
    shop, monkeypatch, make, entity
):
    """The shop creates the record after the depot has planned it, and before it is sent."""
    shop.depot.items["depot:1"] = make("depot:1", "d1")
    lock_company = runner.company_lock
    runs = []

    def lock_after_the_shop(company_id, *arguments):
        if not runs:
            runs.append("shop")
            shop.run(make("shop:1", "s1"))
        return lock_company(company_id, *arguments)

    monkeypatch.setattr(runner, "company_lock", lock_after_the_shop)
    for _ in range(2):
        runner.sync(shop.depot_id, requested_by="schedule")
    assert (shop.states()["shop:1"], shop.states()["depot:1"]) == ("posted", "posted")
    names = [record["DisplayName"] for record in shop.books(entity)]
    assert (names.count("Acme"), shop.cases()) == (1, [])


@pytest.mark.parametrize("runs", [1, 2])
def test_the_bill_of_a_namesake_with_another_number_waits_for_a_person(shop, runs):
    bills = [
        document(
            "bill",
            f"bill:{number}",
            line("1", "50.00", cost="Fuel"),
            total="50.00",
            supplier=Code(id=number, name="Sol AS", create=Party(name="Sol AS", number=number)),
        )
        for number in ("987654321", "912345678")
    ]
    for run in range(runs):
        shop.run(*bills[: 3 - runs + run])
    assert shop.book("Bill", "bill:987654321")["VendorRef"]["name"] == "Sol AS"
    assert [bill["TotalAmt"] for bill in shop.ours("Bill")] == [50]
    (reason,) = shop.reasons()
    assert reason == (
        "Supplier “Sol AS”: QuickBooks has that name with another organisation number: Sol AS."
    )

"""A person skips the creation of a record in QuickBooks, and later has it created after all."""

import pytest

from hub import Code, Party
from hub.installations import enable
from hub.mapping import NEW
from hub.posting.actions import manual
from hub.web.codes import code_decisions
from tests.support.sources.every_kind_source import ShopSite, document, line

SUPPLIER = Code(id="s9", name="Sea Timber", create=Party(name="Sea Timber"))


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop with a bill whose supplier QuickBooks has refused to create."""
    shop = ShopSite(app, quickbooks, clock)
    quickbooks.add_fault("refusal", "vendor.create", code="6000")
    shop.run(bill(), wait=True)
    skip(shop)
    return shop


def bill():
    row = line("1", "10.00", cost="Fuel")
    return document("bill", "bill:1", row, total="10.00", supplier=SUPPLIER)


def skip(shop):
    """Skip the creation of the supplier, for which the bill then waits in vain."""
    manual.skip(shop.posting("s9").id, "Not ours", "kari")
    shop.run()
    assert shop.reasons()[0].endswith("because its creation was skipped. Match it to a record.")


def create(shop, name=""):
    details = Party(name=name) if name else None
    code_decisions.decide(shop.id, "supplier", "s9", NEW, "kari", details)


def list_suppliers(shop):
    return [row["DisplayName"] for row in shop.ours("Vendor")]


@pytest.mark.parametrize("name", ["", "Sea Timber AS"])
def test_it_is_created_as_the_person_entered_it(shop, clock, name):
    create(shop, name)
    clock.advance(60)
    assert shop.run(wait=True) == {"s9": "posted", "bill:1": "posted"}
    assert (list_suppliers(shop), shop.cases()) == ([name or "Sea Timber"], [])


def test_it_waits_for_an_approval_if_the_app_is_in_review(shop, clock):
    enable.set_mode(shop.id, "review", who="kari")
    create(shop, "Sea Timber AS")
    clock.advance(60)
    assert shop.run(wait=True) == {"s9": "review", "bill:1": "review"}
    assert (list_suppliers(shop), shop.cases()) == ([], [])


def test_it_stays_skipped_if_it_is_skipped_again(shop, clock):
    create(shop)
    manual.skip(shop.posting("s9").id, "Not ours either", "kari")
    clock.advance(60)
    assert shop.run(wait=True) == {"s9": "skipped", "bill:1": "held"}
    assert list_suppliers(shop) == []


def test_one_whose_requests_were_lost_is_created_once(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    quickbooks.add_fault("lose_request", "vendor.create", count=0)
    shop.run(bill(), wait=True)
    for _ in range(6):
        clock.advance(4000)
        shop.run(wait=True)
    assert shop.posting("s9").state == "held"
    skip(shop)
    quickbooks.faults.clear()
    create(shop)
    clock.advance(4000)
    assert shop.run(wait=True) == {"s9": "posted", "bill:1": "posted"}
    assert (list_suppliers(shop), shop.cases()) == (["Sea Timber"], [])


def test_one_that_may_have_reached_quickbooks_is_looked_for(app, quickbooks, clock):
    """Its response was lost, and then somebody made the supplier inactive in QuickBooks."""
    shop = ShopSite(app, quickbooks, clock)
    quickbooks.add_fault("lose_answer", "vendor.create")
    shop.run(bill())
    [supplier] = shop.ours("Vendor")
    act = {"realm": shop.realm, "kind": "Vendor", "id": supplier["Id"]}
    quickbooks.act("deactivate", **act)
    clock.advance(4000)
    shop.run(wait=True)
    assert shop.reasons() == [
        "Supplier Sea Timber exists in QuickBooks, but somebody made it inactive."
    ]
    skip(shop)
    quickbooks.act("activate", **act)
    create(shop, "Sea Timber AS")
    assert shop.posting("s9").state == "unknown"
    clock.advance(4000)
    assert shop.run(wait=True) == {"s9": "posted", "bill:1": "posted"}
    assert (list_suppliers(shop), shop.cases()) == (["Sea Timber"], [])

"""Tests that documents that cannot be posted are held with a reason while the others go on."""

import datetime as dt

import pytest

from hub import Code, Party, readable
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.runs.tiers import by_form
from tests.support.servers.unsynced_database import make_volatile
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line
from tests.support.sources.stand_in_fixtures import mount_quickbooks

pytestmark = pytest.mark.proof
BATCHES, LEAST = by_form(small=(1, 30), full=(3, 90), long=(67, 2000))
GOOD = 29
IDLE = Code(id="idle", name="Idle Supplier")
ODD = Code(id="\0", name="a\0b", create=Party(name="a\0b"))


def bill(id, amount="10.00", **more):
    """Return a valid bill; keyword arguments replace its values."""
    lines = more.pop("lines", None) or [
        line("1", amount, text=more.pop("text", "Work"), cost="Fuel")
    ]
    return document("bill", id, *lines, **{"total": amount, "supplier": SUPPLIER, **more})


def document_with_many_lines(id):
    return bill(id, "1000.00", lines=[line(str(n), "1.00", cost="Fuel") for n in range(1000)])


# The defect, and the state in which the document must end.
POISONS = {
    "not a number": (lambda id: bill(id, "NaN"), "held"),
    "infinite": (lambda id: bill(id, "Infinity"), "held"),
    "too large": (lambda id: bill(id, "1e30"), "held"),
    "almost too large": (lambda id: bill(id, "999999999999.00"), "posted"),
    "minus nothing": (lambda id: bill(id, "-0.00"), "posted"),
    "negative": (lambda id: bill(id, "-5.00"), "held"),
    "a fraction of a cent": (lambda id: bill(id, "0.0000001"), "held"),
    "no lines": (lambda id: document("bill", id, total="10.00", supplier=SUPPLIER), "held"),
    "a thousand lines": (document_with_many_lines, "posted"),
    "off by a cent": (lambda id: bill(id, "10.00", total="10.01"), "held"),
    "a number of 22 characters": (lambda id: bill(id, number=f"{id:0>22}"[-22:]), "posted"),
    "a memo of 4,001 characters": (lambda id: bill(id, memo="m" * 4001), "posted"),
    "a text of 4,001 characters": (lambda id: bill(id, text="t" * 4001), "posted"),
    "a NUL": (lambda id: bill(id, memo="a\0b", text="c\0d", number=f"e\0{id}"), "posted"),
    "half a character": (lambda id: bill(id, memo="a\ud800b", text="\udfff"), "posted"),
    "right to left": (lambda id: bill(id, memo="\u202eשלום", text="\u202egnp"), "posted"),
    "a formula": (lambda id: bill(id, memo="=cmd()|' /C calc'!A0", number=f"=1+{id}"), "posted"),
    "a currency that there is not": (lambda id: bill(id, currency="XQQ"), "held"),
    "a day in a closed period": (lambda id: bill(id, date=dt.date(2026, 1, 20)), "held"),
    "the year 1": (lambda id: bill(id, date=dt.date(1, 1, 1)), "withdrawn"),
    "the year 9999": (lambda id: bill(id, date=dt.date(9999, 12, 31)), "posted"),
    "a supplier who is inactive": (lambda id: bill(id, supplier=IDLE), "held"),
    "a supplier without a name": (lambda id: bill(id, supplier=Code(id="?")), "held"),
    "a supplier with a NUL": (lambda id: bill(id, supplier=ODD), "held"),
}


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request, clock):
    """Open a shop on each database."""
    app = request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")
    quickbooks = mount_quickbooks(make_volatile(app), clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    idle = quickbooks.act("create", kind="Vendor", set={"DisplayName": IDLE.name})
    quickbooks.act("deactivate", kind="Vendor", id=idle.get("Id") or idle["Vendor"]["Id"])
    quickbooks.act("close_books", date="2026-01-31")
    record_download.refresh(company.id)
    return ShopSite(app, quickbooks, clock)


def batch(number, chosen):
    """Return good documents with poisoned ones among them, and the poisoned ones alone."""
    good = [bill(f"good:{number}:{n}", f"{n + 1}.{n:02}") for n in range(GOOD)]
    bad = [
        readable(f"bad:{number}:{n}", POISONS[name][0], f"bad:{number}:{n}")
        for n, name in enumerate(chosen)
    ]
    return [*good[:11], *bad, *good[11:]], bad


def check(shop, number, chosen):
    documents, bad = batch(number, chosen)
    states = shop.run(*documents)
    assert {states[f"good:{number}:{n}"] for n in range(GOOD)} == {"posted"}, chosen
    for name, poisoned in zip(chosen, bad, strict=True):
        state = states[poisoned.source_id]
        assert state == POISONS[name][1], (name, state, shop.reasons())
        if state == "held":
            assert shop.posting(poisoned.source_id).reason.endswith("."), name


@pytest.mark.proof(small=1)
def test_every_poison_in_one_run_stops_nobody_else(shop, figure):
    check(shop, 0, list(POISONS))
    figure("kinds of bad documents that stopped no other document", len(POISONS), 20)


@pytest.mark.proof(small=1)
def test_one_poison_document_in_thirty_leaves_the_others_posted(shop, figure):
    offered = {}
    for number in range(BATCHES):
        shop.source.items = offered  # the previous round's new documents, and no older ones
        check(shop, number, [list(POISONS)[number % len(POISONS)]])
        offered = {id: item for id, item in shop.source.items.items() if id not in offered}
    figure(
        "documents of which one in thirty was bad",
        BATCHES * (GOOD + 1),
        LEAST,
    )

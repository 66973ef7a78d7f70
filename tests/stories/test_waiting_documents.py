"""A document that waits for another one is posted after it, or reaches the inbox after a day."""

import datetime as dt
from dataclasses import replace

import pytest

from hub import Unreadable
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    ShopSite,
    SplittingSource,
    document,
    invoice,
    line,
    sample,
)


def payment(of="invoice:1"):
    return document(
        "payment", "payment:1", line("1", "60.00", pays=of), total="60.00", client=CLIENT
    )


def wait_for_a_day(shop, clock):
    """Let an hour less than a day pass, and then two hours more, with a run after each."""
    clock.advance(23 * 3600)
    shop.run()
    silent = shop.cases()
    clock.advance(2 * 3600)
    shop.run()
    return silent, shop.cases()


def test_a_payment_of_an_invoice_that_never_comes_reaches_the_inbox(shop, clock):
    assert shop.run(payment())["payment:1"] == "waiting"
    silent, cases = wait_for_a_day(shop, clock)
    assert (silent, len(cases)) == ([], 1)
    (reason,) = shop.reasons()
    assert reason == (
        "It waits for invoice:1, which the source has not shown yet. If it never will, because it"
        " is from before the start date, press Skip and enter this one in QuickBooks by hand."
    )


def test_a_payment_that_waits_since_before_the_clock_was_set_back_reaches_the_inbox(shop, clock):
    assert shop.run(payment())["payment:1"] == "waiting"
    clock.set(clock.now() - dt.timedelta(days=30))
    shop.run()
    assert len(shop.cases()) == 1


def test_a_payment_of_an_invoice_that_stays_a_draft_reaches_the_inbox(shop, clock):
    draft = replace(invoice(), stage="pending", hold="It is not sent.")
    shop.run(draft, payment())
    silent, cases = wait_for_a_day(shop, clock)
    assert (silent, len(cases)) == ([], 1)
    assert shop.reasons()[0].endswith("which is not posted yet: It is not sent.")


def test_a_payment_that_waited_long_is_posted_with_its_invoice(shop, clock):
    shop.run(payment())
    wait_for_a_day(shop, clock)
    shop.run(invoice(date=dt.date(2026, 3, 3)))
    states = shop.run()
    assert (states["payment:1"], shop.cases()) == ("posted", [])
    assert shop.book("Invoice", "invoice:1")["Balance"] == 40


@pytest.fixture
def split_shop(app, quickbooks, clock):
    """Return a shop whose documents are split where their lines differ in their location."""
    return ShopSite(app, quickbooks, clock, source=SplittingSource())


def invoice_of_places(*places):
    rows = []
    for id, place in enumerate(places):
        row = line(str(id), "50.00", product=PRODUCT)
        rows.append(replace(row, codes={**row.codes, "place": place}))
    return document("invoice", "invoice:1", *rows, total="100.00", client=CLIENT)


def test_a_payment_of_an_invoice_that_is_split_says_so_at_once(split_shop):
    states = split_shop.run(invoice_of_places("1", "2"), payment())
    assert states == {"invoice:1": "posted", "payment:1": "held", "c1": "posted", "i1": "posted"}
    assert split_shop.reasons() == [
        "It waits for Invoice 1 of Fjord Homes, which is split into several transactions in"
        " QuickBooks. Enter this one there by hand, and press Skip."
    ]


def test_a_payment_of_an_invoice_that_has_one_part_is_posted(split_shop):
    one_place = replace(invoice_of_places("1", "1"), codes={"client": CLIENT, "place": "2"})
    states = split_shop.run(one_place, payment())
    assert (states["payment:1"], split_shop.reasons()) == ("posted", [])


def order(**more):
    """Return a purchase order with one line."""
    body = line("1", "60.00", cost=more.pop("cost", "Fuel"))
    return document(
        "purchase_order", "order:1", body, total="60.00", supplier=SUPPLIER, number="P-1", **more
    )


def bill(of_line="1"):
    """Return a bill of the purchase order, or of its line."""
    body = line("1", "60.00", cost="Fuel", pays="order:1", of=of_line)
    return document("bill", "bill:1", body, total="60.00", supplier=SUPPLIER, number="B-1")


@pytest.mark.parametrize("of_line", ["1", None])
@pytest.mark.parametrize("fault", [{"hold": "It is not approved."}, {"cost": "K-9"}])
def test_a_bill_of_an_order_that_is_held_is_posted_after_it_with_the_link(
    shop, clock, fault, of_line
):
    assert shop.run(order(**fault), bill(of_line))["bill:1"] == "waiting"
    clock.advance(4000)
    shop.run(order(), wait=True)
    (posted,) = shop.ours("PurchaseOrder")
    (bill_line,) = shop.book("Bill", "bill:1")["Line"]
    (link,) = bill_line["LinkedTxn"]
    assert (link["TxnId"], shop.cases()) == (posted["Id"], [])


def test_a_bill_of_an_order_that_stays_held_reaches_the_inbox(shop, clock):
    shop.run(order(hold="It is not approved."), bill())
    silent, cases = wait_for_a_day(shop, clock)
    assert (len(silent), len(cases)) == (1, 2)
    end = "which is not posted yet: It is not approved."
    assert any(reason.endswith(end) for reason in shop.reasons())


def get_links(entity):
    """Return the transactions that the lines of a transaction are linked to."""
    links = [link for row in entity["Line"] for link in row.get("LinkedTxn", ())]
    return [(link["TxnType"], link["TxnId"]) for link in links]


@pytest.mark.parametrize("first", ["the same sync", "an earlier sync"])
@pytest.mark.parametrize(
    ("dependent_kind", "kind", "entity"),
    [("bill", "purchase_order", "PurchaseOrder"), ("payment", "invoice", "Invoice")],
)
def test_a_document_that_could_not_be_read_at_first_is_linked_once_it_can(
    app, quickbooks, clock, first, dependent_kind, kind, entity
):
    target = sample(kind)
    target = replace(target, lines=tuple(row for row in target.lines if row.amount))
    pays = {"pays": target.source_id, "of": target.lines[0].id}
    codes = {"supplier": SUPPLIER} if dependent_kind == "bill" else {"client": CLIENT}
    cost = {"cost": "Fuel"} if dependent_kind == "bill" else {}
    if dependent_kind == "payment":
        pays.pop("of")
    dependent = document(
        dependent_kind, "dependent:1", line("1", "20.00", **cost, **pays), total="20.00", **codes
    )
    shop = ShopSite(app, quickbooks, clock)
    broken = Unreadable(source_id=target.source_id, reason="A row is cut off.")
    shop.run(dependent, broken, wait=True)
    assert shop.states()["dependent:1"] == "waiting"
    if first == "an earlier sync":
        shop.run(target, wait=True)
    shop.run(dependent, target, wait=True)
    assert shop.states()["dependent:1"] == "posted"
    present = shop.book(dependent_kind.capitalize(), "dependent:1")
    target_id = shop.book(entity, target.source_id)["Id"]
    assert get_links(present) == [(entity, target_id)]

"""ION orders after posting: revised, canceled, billed, received, deleted."""

from decimal import Decimal

import pytest

from hub.db import engine
from hub.models import SourceDocument
from tests.support.sources.ion_site import EVERYTHING, lines, open_ion_site

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def site(module_app):
    return open_ion_site(module_app, **EVERYTHING)


@pytest.fixture(scope="module")
def history(site):
    """Provide the purchase order of each order after every run, by name, and its messages."""
    supplies, crate = {"account": "6300"}, {"account": "6400", "description": "Crate"}
    part = {"partId": site.part()["id"]}
    shapes = {
        "revised": (part, crate),
        "drafted": (supplies,),
        "moved": (supplies,),
        "dropped": (supplies, crate),
        "billed": (supplies, crate),
        "received": ({**supplies, "quantity": "2"},),
    }
    ids = {name: site.order(*(dict(line) for line in shape)) for name, shape in shapes.items()}
    runs = [_orders_after_change(site, ids)]
    site.clock.advance(5 * 86400)
    first = {name: site.lines(id)[0] for name, id in ids.items()}
    site.revise(ids["revised"], lambda: site.change(first["revised"], quantity=Decimal(7)))
    site.move(ids["drafted"], "DRAFT")
    site.change(first["drafted"], quantity=Decimal(9))
    site.change(first["moved"], estimatedArrivalDate="2026-05-01")
    site.attribute(first["moved"]["id"], "Class", "Service")
    site.change(site.lines(ids["dropped"])[1], status="CANCELED")
    site.bill(runs[0]["billed"])
    site.revise(ids["billed"], lambda: site.change(first["billed"], quantity=Decimal(9)))
    site.receive(first["received"], "1")
    runs.append(_orders_after_change(site, ids))
    site.change(first["dropped"], status="CANCELED")
    site.receive(first["received"], "1")
    runs.append(_orders_after_change(site, ids))
    site.revise(ids["dropped"], lambda: site.change(first["dropped"], status="DRAFT"))
    runs.append(_orders_after_change(site, ids))
    with engine.read_only_session() as session:
        row = session.query(SourceDocument).filter_by(source_id=f"order:{ids['drafted']}").one()
    return {"runs": runs, "drafted": (row.stage, row.body["hold"]), "cases": site.cases()}


def _orders_after_change(site, ids):
    site.sync()
    return {name: site.posted(id)[0] for name, id in ids.items()}


@pytest.mark.row("ION-5", "ION-25")
def test_an_order_that_is_ordered_again_changes_the_same_purchase_order(history):
    before, after = (run["revised"] for run in history["runs"][:2])
    assert after["Id"] == before["Id"]
    assert [line["Amount"] for line in after["Line"]] == [70, 10]
    assert [line["Id"] for line in after["Line"]] == [line["Id"] for line in before["Line"]]
    assert after["TxnDate"] == before["TxnDate"] == "2026-03-02"
    assert ("version 2" in after["PrivateNote"], "version 1" in after["PrivateNote"]) == (
        True,
        False,
    )


@pytest.mark.row("ION-26")
def test_an_order_under_revision_leaves_the_books_alone_with_a_reason(history):
    assert history["runs"][1]["drafted"]["TotalAmt"] == 10
    assert (history["drafted"][0], "until it is ordered again" in history["drafted"][1]) == (
        "pending",
        True,
    )


@pytest.mark.row("ION-31")
def test_an_expected_day_or_an_attribute_that_changes_while_ordered_is_posted(history):
    order = history["runs"][1]["moved"]
    assert (order["DueDate"], lines(order)[0][5]) == ("2026-05-01", "Service")


@pytest.mark.row("ION-31")
def test_a_change_of_a_line_alone_is_noticed_the_same_day(history, site):
    id = site.order({"account": "6300"})
    site.sync()
    (line,) = site.lines(id)
    site.change(line, estimatedArrivalDate="2026-06-03")
    site.sync()
    assert site.posted(id)[0]["DueDate"] == "2026-06-03"
    site.attribute(line["id"], "Class", "Service")
    site.sync()
    assert lines(site.posted(id)[0])[0][5] == "Service"


@pytest.mark.row("ION-28")
def test_a_canceled_line_leaves_all_canceled_closes_and_taking_back_opens_again(history):
    records = [(run["dropped"]["TotalAmt"], run["dropped"]["POStatus"]) for run in history["runs"]]
    assert records == [(20, "Open"), (10, "Open"), (10, "Closed"), (10, "Open")]


@pytest.mark.row("ION-27")
def test_an_order_that_was_billed_is_not_rewritten(history):
    assert {run["billed"]["TotalAmt"] for run in history["runs"]} == {20}
    assert any("a bill was made from it" in reason for reason in history["cases"].values())


@pytest.mark.row("ION-30")
def test_an_order_that_is_received_stays_open_and_makes_no_bill(history):
    assert {run["received"]["POStatus"] for run in history["runs"]} == {"Open"}


@pytest.mark.row("ION-27", "ION-29", "ION-30")
def test_a_deleted_order_is_closed_deleted_or_asked_about_by_the_settings(history, site):
    site.set(received="close")
    ids = [site.order({"account": "6300"}) for _ in range(5)]
    site.receive(site.lines(ids[4])[0], "1")
    site.sync()
    assert site.posted(ids[4])[0]["POStatus"] == "Closed"
    site.bill(site.posted(ids[3])[0])
    records = []
    for gone, id in zip(("close", "delete", "case"), ids[:3], strict=True):
        site.set(gone=gone, received="close")
        for order_id in (id, ids[3]) if gone == "delete" else (id,):
            site.delete(order_id)
        before = site.posted(id)
        site.clock.advance(86400)
        site.sync()
        assert site.posted(id) == before  # that a list lacks it proves nothing yet
        site.clock.advance(3600)
        site.sync()
        records += site.cases().values()
    statuses = [[order["POStatus"] for order in site.posted(id)] for id in ids[:4]]
    assert statuses == [["Closed"], [], ["Open"], ["Closed"]]
    assert any("a bill was made from it" in reason for reason in records)
    assert any("It is still in QuickBooks" in reason for reason in records)

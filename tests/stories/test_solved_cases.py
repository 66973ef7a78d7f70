"""A case about a transaction closes once the hub has written it again, or has removed it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from hub import Gone
from hub.db.engine import read_only_session
from hub.models import Posting
from hub.posting.actions import overwrites, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    SplittingSource,
    document,
    line,
)


def watch():
    runner.run_company_job("changes", 1, requested_by="kari")


def bill(amount="10.00"):
    return document(
        "bill", "bill:1", line("1", amount, cost="Fuel"), total=amount, supplier=SUPPLIER
    )


def edit_date(shop):
    id = shop.book("Bill", "bill:1")["Id"]
    shop.quickbooks.act("edit", kind="Bill", id=id, set={"TxnDate": "2026-02-27"})
    watch()
    return id


def test_the_case_of_an_edit_closes_when_the_change_of_the_source_is_written(
    app, quickbooks, clock
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill())
    edit_date(shop)
    assert len(shop.cases()) == 1
    shop.run(bill("12.00"))
    assert (shop.states()["bill:1"], len(shop.cases())) == ("held", 2)
    seen = shop.book("Bill", "bill:1")["SyncToken"]
    overwrites.permit(shop.posting("bill:1").id, seen, "kari")
    assert (shop.run()["bill:1"], shop.cases()) == ("posted", [])
    watch()
    assert shop.cases() == []


def split_bill(*places, version="1"):
    rows = []
    for id, place in enumerate(places):
        row = line(str(id), f"4{place}.00", cost="Fuel")
        rows.append(replace(row, codes={**row.codes, "place": place}))
    total = str(sum(D(f"4{place}.00") for place in places))
    values = {"supplier": SUPPLIER, "number": "F1", "version": version, "total": total}
    return document("bill", "bill:1", *rows, **values)


def remove(shop, place):
    """Remove the part of a place from QuickBooks, as a person does in the hub."""
    (entity,) = (row for row in shop.ours("Bill") if row["DepartmentRef"]["value"] == place)
    posting = find_posting(entity["Id"])
    undo.undo(undo.plan_posting(posting), "kari")


def find_posting(quickbooks_id):
    with read_only_session() as session:
        return session.scalars(
            select(Posting.id).where(Posting.quickbooks_id == quickbooks_id, Posting.kind == "bill")
        ).first()


def test_the_case_of_a_former_part_closes_when_a_person_removes_the_part(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=SplittingSource())
    shop.run(split_bill("1", "2", "3"))
    shop.run(split_bill("1", "2", version="2"))
    assert len(shop.cases()) == 1
    remove(shop, "3")
    shop.run()
    assert [row["DepartmentRef"]["value"] for row in shop.ours("Bill")] == ["1", "2"]
    assert (shop.cases(), shop.reasons()) == ([], [])


@pytest.mark.parametrize("about", [{"gone": "delete"}])
def test_the_case_of_a_former_part_closes_when_the_document_is_removed(
    app, quickbooks, clock, about
):
    shop = ShopSite(app, quickbooks, clock, source=SplittingSource(**about))
    shop.run(split_bill("1", "2", "3"))
    shop.run(split_bill("1", "2", version="2"))
    assert len(shop.cases()) == 1
    shop.run(Gone(source_id="bill:1"))
    assert (shop.ours("Bill"), shop.cases()) == ([], [])


def test_a_former_part_that_was_changed_is_not_missed_once_it_is_deleted(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=SplittingSource())
    shop.run(split_bill("1", "2", "3"))
    shop.run(replace(split_bill("1", "2", "3", version="2"), date=dt.date(2026, 3, 5)))
    shop.run(replace(split_bill("1", "2", version="3"), date=dt.date(2026, 3, 5)))
    (former,) = (row for row in shop.ours("Bill") if row["DepartmentRef"]["value"] == "3")
    quickbooks.act("delete", kind="Bill", id=former["Id"])
    watch()
    assert shop.cases() == []
    shop.run()
    assert (shop.cases(), shop.reasons(), len(shop.ours("Bill"))) == ([], [], 2)


def test_the_case_of_a_changed_document_closes_when_its_source_has_it_no_more(
    app, quickbooks, clock
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill())
    shop.run(bill("12.00"))
    quickbooks.act("delete", kind="Bill", id=shop.book("Bill", "bill:1")["Id"])
    watch()
    assert len(shop.cases()) == 1
    shop.run(Gone(source_id="bill:1"))
    assert shop.cases() == []

"""A supplier or item that is merged with another one in QuickBooks, with its documents."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Code, Party
from hub.cases import inbox
from hub.db.engine import read_only_session, transaction
from hub.installations import matches
from hub.mapping import NEW
from hub.models import Case, Installation
from hub.qbo import record_download
from hub.scheduling import runner
from hub.web.codes import code_decisions
from qbo_sandbox.accounting.company import Change
from tests.support.sources.every_kind_source import CLIENT, ShopSite, document, line

SUPPLIER = Code(id="s9", name="Sea Timber", create=Party(name="Sea Timber"))


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock)


def bill(id, amount="10.00"):
    row = line("1", amount, cost="Fuel")
    return document("bill", id, row, total=amount, supplier=SUPPLIER, number=id)


def find(shop, name):
    return [row["Id"] for row in shop.books("Vendor") if row["DisplayName"] == name]


def merge(shop, loser, winner):
    """Merge a supplier with another one: QuickBooks moves its bills, and has it no more."""
    for row in shop.books("Bill"):
        if row["VendorRef"]["value"] == loser:
            moved = {"VendorRef": {"value": winner}}
            shop.quickbooks.act("edit", kind="Bill", id=row["Id"], set=moved)
    shop.quickbooks.companies[shop.realm].commit([Change("Vendor", loser, None)])


def post_and_merge(shop, clock):
    """Post two bills, merge their supplier with another one, and match its code to that one."""
    shop.run(bill("bill:1"), bill("bill:2"))
    (loser,) = find(shop, "Sea Timber")
    winner = shop.quickbooks.act("create", kind="Vendor", set={"DisplayName": "Coastal"})["Id"]
    clock.advance(4000)
    merge(shop, loser, winner)
    record_download.refresh(1)
    shop.run(bill("bill:3"))
    with transaction() as session:
        row = session.get_one(Installation, shop.id)
        matches.store_decision(session, row, "supplier", "s9", winner, who="kari")
    clock.advance(4000)
    return winner


def list_cases(shop, clock):
    """Return the numbers of the documents in each open case, after a look at QuickBooks."""
    clock.advance(4000)
    runner.run_company_job("changes", 1, requested_by="kari")
    clock.advance(4000)
    with read_only_session() as session:
        cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        return {case.title: sorted(row.number for row in case.postings) for case in cases}


def list_bills(shop):
    """Return supplier and total of the bills of the shop."""
    bills = [row for row in shop.books("Bill") if "[hub:" in row.get("PrivateNote", "")]
    return [(row["VendorRef"]["value"], row["TotalAmt"]) for row in bills]


def test_a_merged_supplier_is_not_created_again(shop, clock):
    winner = post_and_merge(shop, clock)
    assert (shop.states()["bill:3"], find(shop, "Sea Timber")) == ("held", [])
    assert shop.run()["bill:3"] == "posted"
    assert (list_bills(shop), find(shop, "Sea Timber")) == ([(winner, 10)] * 3, [])


def test_one_case_names_the_supplier_and_has_all_its_bills(shop, clock):
    winner = post_and_merge(shop, clock)
    shop.run()
    for _ in range(2):
        runner.run_company_job("changes", 1, requested_by="kari")
        clock.advance(4000)
    assert shop.cases() == ["Sea Timber is Coastal in QuickBooks now"]
    with read_only_session() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        numbers = sorted(posting.number for posting in case.postings)
    assert numbers == ["bill:1", "bill:2"]

    id = shop.book("Bill", "bill:1")["Id"]
    shop.quickbooks.act("edit", kind="Bill", id=id, set={"TxnDate": "2026-02-01"})
    runner.run_company_job("changes", 1, requested_by="kari")
    assert sorted(shop.cases()) == [
        "Changed in QuickBooks",
        "Sea Timber is Coastal in QuickBooks now",
    ]
    with read_only_session() as session:
        still_open = session.get_one(Case, case.id)
        assert [posting.number for posting in still_open.postings] == ["bill:2"]
    with transaction() as session:
        inbox.close(session, case.cause, by="kari")
    shop.quickbooks.act("edit", kind="Bill", id=id, set={"VendorRef": {"value": winner}})
    runner.run_company_job("changes", 1, requested_by="kari")
    assert shop.cases() == ["Changed in QuickBooks"]


def test_a_second_merger_takes_the_bills_from_the_case_of_the_first(shop, clock):
    winner = post_and_merge(shop, clock)
    shop.run()
    assert list(list_cases(shop, clock)) == ["Sea Timber is Coastal in QuickBooks now"]
    final = shop.quickbooks.act("create", kind="Vendor", set={"DisplayName": "Island"})["Id"]
    clock.advance(4000)
    merge(shop, winner, final)
    record_download.refresh(1)
    assert list_cases(shop, clock) == {
        "Sea Timber is Island in QuickBooks now": ["bill:1", "bill:2"],
        "Coastal is Island in QuickBooks now": ["bill:3"],
    }


def test_a_bill_that_is_written_with_the_present_supplier_leaves_the_case(shop, clock):
    post_and_merge(shop, clock)
    shop.run()
    title = "Sea Timber is Coastal in QuickBooks now"
    assert list_cases(shop, clock) == {title: ["bill:1", "bill:2"]}
    shop.run(bill("bill:1", "12.00"))
    assert list_cases(shop, clock) == {title: ["bill:2"]}
    shop.run(bill("bill:2", "13.00"))
    assert list_cases(shop, clock) == {}


def test_a_bill_that_is_gone_everywhere_leaves_the_case(shop, clock):
    post_and_merge(shop, clock)
    shop.run()
    title = "Sea Timber is Coastal in QuickBooks now"
    assert list_cases(shop, clock) == {title: ["bill:1", "bill:2"]}
    id = shop.book("Bill", "bill:1")["Id"]
    shop.quickbooks.act("delete", kind="Bill", id=id)
    shop.run(replace(bill("bill:1"), stage="closed"))
    assert list_cases(shop, clock)[title] == ["bill:2"]


def test_a_change_of_a_bill_of_a_merged_supplier_is_written(shop, clock):
    winner = post_and_merge(shop, clock)
    assert shop.run(bill("bill:1", "12.00"))["bill:1"] == "posted"
    assert (list_bills(shop), shop.cases()) == ([(winner, 12), (winner, 10), (winner, 10)], [])


def test_a_change_of_a_bill_that_was_merged_and_edited_is_not_written(shop, clock):
    winner = post_and_merge(shop, clock)
    id = shop.book("Bill", "bill:1")["Id"]
    shop.quickbooks.act("edit", kind="Bill", id=id, set={"TxnDate": "2026-02-01"})
    assert shop.run(bill("bill:1", "12.00"))["bill:1"] == "held"
    assert shop.cases() == ["Our change was not written"]
    assert list_bills(shop) == [(winner, 10)] * 3


@pytest.mark.parametrize("is_deleted", [True, False])
def test_another_supplier_is_created_if_a_person_wants_one(shop, clock, is_deleted):
    shop.run(bill("bill:1"))
    (former,) = find(shop, "Sea Timber")
    clock.advance(4000)
    if is_deleted:
        shop.quickbooks.companies[shop.realm].commit([Change("Vendor", former, None)])
    else:
        shop.quickbooks.act("deactivate", kind="Vendor", id=former)
    record_download.refresh(1)
    assert shop.run(bill("bill:2"))["bill:2"] == "held"
    code_decisions.decide(shop.id, "supplier", "s9", NEW, "kari", Party(name="Sea Timber AS"))
    clock.advance(4000)
    assert shop.run(bill("bill:3"), wait=True)["bill:2"] == "posted"
    (other,) = find(shop, "Sea Timber AS")
    assert (list_bills(shop), shop.cases()) == ([(former, 10), (other, 10), (other, 10)], [])
    shop.run(bill("bill:2", "12.00"), wait=True)
    assert (list_bills(shop)[1], find(shop, "Sea Timber AS")) == ((other, 12), [other])


def create_item(shop, name):
    """Create an item in QuickBooks; return its id."""
    income = next(row["Id"] for row in shop.books("Account") if row["AccountType"] == "Income")
    fields = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": income}}
    return shop.quickbooks.act("create", kind="Item", set=fields)["Id"]


def move_lines(shop, number, item):
    """Give the lines of an invoice another item, as QuickBooks does in a merger."""
    invoice = shop.book("Invoice", number)
    lines = []
    for row in invoice["Line"]:
        detail = row.get("SalesItemLineDetail")
        if detail:
            row = row | {"SalesItemLineDetail": detail | {"ItemRef": {"value": item}}}
        lines.append(row)
    shop.quickbooks.act("edit", kind="Invoice", id=invoice["Id"], set={"Line": lines})


def test_a_merged_item_has_cases_until_its_code_is_matched(shop, clock):
    loser, winner = create_item(shop, "Cartage"), create_item(shop, "Haulage")
    record_download.refresh(1)
    product = Code(id="p7", name="Cartage")
    first, second = (
        document("invoice", id, line("1", "10.00", product=product), total="10.00", client=CLIENT)
        for id in ("invoice:1", "invoice:2")
    )
    assert shop.run(first)["invoice:1"] == "posted"
    clock.advance(4000)
    move_lines(shop, "invoice:1", winner)
    shop.quickbooks.companies[shop.realm].commit([Change("Item", loser, None)])
    record_download.refresh(1)
    assert shop.run(second)["invoice:2"] == "held"
    waits = "QuickBooks has no product called “Cartage”"
    assert sorted(list_cases(shop, clock)) == ["Changed in QuickBooks", waits]
    code_decisions.decide(shop.id, "product", "p7", winner, "kari")
    clock.advance(4000)
    assert shop.run()["invoice:2"] == "posted"
    assert list(list_cases(shop, clock)) == ["Changed in QuickBooks"]
    items = [
        row["SalesItemLineDetail"]["ItemRef"]["value"]
        for number in ("invoice:1", "invoice:2")
        for row in shop.book("Invoice", number)["Line"]
        if "SalesItemLineDetail" in row
    ]
    assert items == [winner] * 2

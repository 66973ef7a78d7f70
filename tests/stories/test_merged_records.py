"""A supplier or item that is merged with another one in QuickBooks, with its documents."""

import json
from dataclasses import replace
from decimal import Decimal

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
from tests.support.sources.every_kind_source import CLIENT, document, line

SUPPLIER = Code(id="s9", name="Sea Timber", create=Party(name="Sea Timber"))


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


def move_references(shop, kind, former, present):
    """Replace a record in all transactions of a kind, as QuickBooks does in a merger."""
    for entity in shop.books(kind):
        text = json.dumps(entity, default=str)
        moved = text.replace(f'"value": "{former}"', f'"value": "{present}"')
        if moved != text:
            fields = {
                name: value
                for name, value in json.loads(moved, parse_float=Decimal).items()
                if name in ("Line", "DepartmentRef", "DepositToAccountRef")
            }
            shop.quickbooks.act("edit", kind=kind, id=entity["Id"], set=fields)


def sell(id, product, amount="10.00", *, account="35"):
    row = line("1", amount, product=product)
    return document("refund", id, row, total=amount, client=CLIENT, deposit_account=account)


def test_all_documents_of_a_merged_item_are_in_one_case_until_they_have_its_successor(shop, clock):
    loser, winner = create_item(shop, "Cartage"), create_item(shop, "Haulage")
    record_download.refresh(1)
    product = Code(id="p7", name="Cartage")
    first, second, third = (sell(f"sale:{number}", product) for number in (1, 2, 3))
    shop.run(first, second)
    clock.advance(4000)
    move_references(shop, "RefundReceipt", loser, winner)
    shop.quickbooks.companies[shop.realm].commit([Change("Item", loser, None)])
    record_download.refresh(1)
    assert shop.run(third)["sale:3"] == "held"
    waits = "QuickBooks has no product called “Cartage”"
    merged = "Cartage is Haulage in QuickBooks now"
    cases = list_cases(shop, clock)
    assert (sorted(cases), len(cases[merged])) == ([merged, waits], 2)
    code_decisions.decide(shop.id, "product", "p7", winner, "kari")
    clock.advance(4000)
    assert shop.run()["sale:3"] == "posted"
    assert list(list_cases(shop, clock)) == [merged]
    for number, cases_left in ((1, [merged]), (2, [])):
        changed = sell(f"sale:{number}", product, "12.00")
        assert shop.run(changed)[changed.source_id] == "posted"
        assert list(list_cases(shop, clock)) == cases_left
    sales = [row for row in shop.books("RefundReceipt") if "[hub:" in row.get("PrivateNote", "")]
    items = [row["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] for row in sales]
    assert (sorted(row["TotalAmt"] for row in sales), items) == ([10, 12, 12], [winner] * 3)


def test_an_account_and_an_item_that_are_merged_have_a_case_each(shop, clock):
    loser, winner = create_item(shop, "Cartage"), create_item(shop, "Haulage")
    new_account = {"Name": "Till", "AccountType": "Bank"}
    till = shop.quickbooks.act("create", kind="Account", set=new_account)["Id"]
    record_download.refresh(1)
    product = Code(id="p7", name="Cartage")
    shop.run(sell("sale:1", product, account=till), sell("sale:2", product))
    clock.advance(4000)
    move_references(shop, "RefundReceipt", loser, winner)
    move_references(shop, "RefundReceipt", till, "35")
    shop.quickbooks.companies[shop.realm].commit(
        [Change("Item", loser, None), Change("Account", till, None)]
    )
    record_download.refresh(1)
    numbers = {title: len(found) for title, found in list_cases(shop, clock).items()}
    assert numbers == {
        "Cartage is Haulage in QuickBooks now": 2,
        "Till is 1000 Checking in QuickBooks now": 1,
    }


def test_a_document_with_another_edit_beside_a_merger_has_a_case_of_its_own(shop, clock):
    loser, winner = create_item(shop, "Cartage"), create_item(shop, "Haulage")
    record_download.refresh(1)
    product = Code(id="p7", name="Cartage")
    shop.run(sell("sale:1", product), sell("sale:2", product))
    clock.advance(4000)
    id = shop.book("RefundReceipt", "sale:1")["Id"]
    shop.quickbooks.act("edit", kind="RefundReceipt", id=id, set={"TxnDate": "2026-02-01"})
    move_references(shop, "RefundReceipt", loser, winner)
    shop.quickbooks.companies[shop.realm].commit([Change("Item", loser, None)])
    record_download.refresh(1)
    merged = "Cartage is Haulage in QuickBooks now"
    assert sorted(list_cases(shop, clock)) == [merged, "Changed in QuickBooks"]
    with transaction() as session:
        row = session.get_one(Installation, shop.id)
        matches.store_decision(session, row, "product", "p7", winner, who="kari")
    assert shop.run(sell("sale:1", product, "12.00"))["sale:1"] == "held"
    assert "Our change was not written" in list_cases(shop, clock)


def test_an_item_that_was_made_inactive_has_one_case_and_none_for_what_is_posted(shop, clock):
    item = create_item(shop, "Cartage")
    record_download.refresh(1)
    product = Code(id="p7", name="Cartage")
    shop.run(sell("sale:1", product), sell("sale:2", product))
    clock.advance(4000)
    shop.quickbooks.act("deactivate", kind="Item", id=item)
    record_download.refresh(1)
    assert list_cases(shop, clock) == {}
    shop.run(sell("sale:1", product, "11.00"), sell("sale:2", product, "12.00"))
    cases = list_cases(shop, clock)
    assert [len(found) for found in cases.values()] == [2]

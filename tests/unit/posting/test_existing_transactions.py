"""Transactions that QuickBooks had before, and that a source changes: compared like any others."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hub import Code, Gone, Party, hookimpl
from hub.posting.actions import manual, put_back, retries, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

KINDS = {"bill": "Bill", "purchase_order": "PurchaseOrder"}
OTHER_CLIENT = Code(id="c2", name="Hill Homes", create=Party(name="Hill Homes"))


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock, wants=("posted", "held", "paid"))


def build_line(amount):
    """Return a line as a person enters it in QuickBooks."""
    return {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }


def take_over(shop, kind="bill", others=()):
    """Post a document that names a transaction which a person entered; return the transaction."""
    act = shop.quickbooks.act
    total = "42.00"
    vendor = act("create", kind="Vendor", set={"DisplayName": SUPPLIER.name})
    entered = {
        "VendorRef": {"value": vendor["Id"]},
        "TxnDate": "2026-03-02",
        "Line": [build_line("40.00")],
    }
    entity = act("create", kind=KINDS[kind], set=entered)
    taken_over = document(
        kind,
        f"{kind}:1",
        line("1", total, cost="Fuel"),
        total=total,
        supplier=SUPPLIER,
        number="B-9",
        quickbooks_id=entity["Id"],
    )
    assert shop.run(*others, taken_over)[f"{kind}:1"] == "posted"
    ids = [one["Id"] for one in shop.books(KINDS[kind]) if one.get("DocNumber") == "B-9"]
    assert ids == [entity["Id"]]
    return entity


def run_job(shop, clock, name):
    clock.advance(4000)
    return runner.run_company_job(name, 1, requested_by="kari")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("job", ["changes", "reconcile"])
def test_a_deletion_of_an_adopted_transaction_is_reported(shop, quickbooks, clock, kind, job):
    entity = take_over(shop, kind)
    run_job(shop, clock, "reconcile")
    assert shop.cases() == []
    quickbooks.act("delete", kind=KINDS[kind], id=entity["Id"])
    run_job(shop, clock, job)
    assert shop.cases() == ["Missing in QuickBooks"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("job", ["changes", "reconcile"])
def test_a_change_of_an_adopted_transaction_is_reported(shop, quickbooks, clock, kind, job):
    entity = take_over(shop, kind)
    run_job(shop, clock, "reconcile")
    quickbooks.act("edit", kind=KINDS[kind], id=entity["Id"], set={"Line": [build_line("77.00")]})
    run_job(shop, clock, job)
    assert shop.cases() == ["Changed in QuickBooks"]


def test_the_source_learns_that_an_adopted_bill_is_paid(shop, quickbooks, clock):
    entity = take_over(shop)
    run_job(shop, clock, "reconcile")
    quickbooks.act("pay", kind="Bill", id=entity["Id"])
    run_job(shop, clock, "changes")
    shop.run()
    assert ("bill:1", "paid") in shop.source.receipts


def test_an_adopted_bill_that_was_deleted_is_posted_once_if_a_person_wants_it(
    shop, quickbooks, clock
):
    entity = take_over(shop)
    quickbooks.act("delete", kind="Bill", id=entity["Id"])
    run_job(shop, clock, "reconcile")
    retries.retry(shop.posting("bill:1").id, "kari")
    clock.advance(4000)
    assert shop.run(wait=True)["bill:1"] == "posted"
    bills = [one for one in shop.books("Bill") if "[hub:" in one.get("PrivateNote", "")]
    assert [Decimal(str(one["TotalAmt"])) for one in bills] == [Decimal("42.00")]
    run_job(shop, clock, "reconcile")
    assert shop.cases() == []


def test_an_adopted_bill_is_not_removed_with_the_documents_of_a_run(shop):
    take_over(shop)
    plan = undo.plan_posting(shop.posting("bill:1").id)
    assert plan.removable == ()
    assert [one.posting for one in plan.blocked] == [shop.posting("bill:1").id]


@pytest.mark.parametrize("is_together", [False, True])
def test_a_bill_is_linked_to_an_order_that_quickbooks_had_before(shop, clock, is_together):
    bill = document(
        "bill",
        "bill:2",
        line("1", "42.00", cost="Fuel", pays="purchase_order:1", of="1"),
        total="42.00",
        supplier=SUPPLIER,
    )
    entity = take_over(shop, "purchase_order", [bill] if is_together else [])
    clock.advance(4000)
    assert shop.run(bill)["bill:2"] == "posted"
    (link,) = shop.book("Bill", "bill:2")["LinkedTxn"]
    assert (link["TxnType"], link["TxnId"]) == ("PurchaseOrder", entity["Id"])


def build_copy(entity, source_id="bill:2"):
    """Return a document that names the transaction of another one."""
    return document(
        "bill",
        source_id,
        line("1", "77.00", cost="Fuel"),
        total="77.00",
        supplier=SUPPLIER,
        number="B-10",
        quickbooks_id=entity["Id"],
    )


def test_a_document_does_not_write_over_the_transaction_of_another_one(shop):
    entity = take_over(shop)
    assert shop.run(build_copy(entity))["bill:2"] == "held"
    assert shop.cases() == ["Bill B-10 of Nordic Timber"]
    assert shop.source.receipts[-1] == ("bill:2", "held")
    (reason,) = shop.reasons()
    assert f"bill {entity['Id']} in QuickBooks, which Bill B-9 of Nordic Timber is" in reason
    assert [one["TotalAmt"] for one in shop.books("Bill") if one["Id"] == entity["Id"]] == [42]


def test_of_two_new_documents_that_name_one_transaction_the_first_takes_it_over(shop, quickbooks):
    vendor = quickbooks.act("create", kind="Vendor", set={"DisplayName": SUPPLIER.name})
    entered = {"VendorRef": {"value": vendor["Id"]}, "Line": [build_line("40.00")]}
    entity = quickbooks.act("create", kind="Bill", set=entered)
    states = shop.run(build_copy(entity, "bill:1"), build_copy(entity, "bill:2"))
    assert (states["bill:1"], states["bill:2"]) == ("posted", "held")


def test_a_document_takes_over_the_transaction_of_one_that_its_source_no_longer_has(shop, clock):
    entity = take_over(shop)
    shop.run(Gone(source_id="bill:1"))
    clock.advance(4000)
    assert shop.run(build_copy(entity))["bill:2"] == "posted"
    assert [one["TotalAmt"] for one in shop.books("Bill") if one["Id"] == entity["Id"]] == [77]


class SplittingSource(ShopSource):
    """A shop whose invoices are split by customer."""

    @hookimpl
    def hub_fields(self, app):
        fields = super().hub_fields(app)
        return [replace(one, differ="split") if one.name == "client" else one for one in fields]


def test_only_the_first_part_of_a_split_document_takes_over_its_transaction(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=SplittingSource())
    customer = quickbooks.act("create", kind="Customer", set={"DisplayName": "Fjord Homes"})
    item = {
        "Amount": 10,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    entered = {"CustomerRef": {"value": customer["Id"]}, "Line": [item]}
    entity = quickbooks.act("create", kind="Invoice", set=entered)
    parts = [
        line("1", "30.00", product=PRODUCT, client=CLIENT),
        line("2", "12.00", product=PRODUCT, client=OTHER_CLIENT),
    ]
    shop.run(document("invoice", "invoice:1", *parts, total="42.00", quickbooks_id=entity["Id"]))
    invoices = [one for one in shop.books("Invoice") if "[hub:" in one.get("PrivateNote", "")]
    assert [one["TotalAmt"] for one in invoices] == [30, 12]
    assert invoices[0]["Id"] == entity["Id"]


def test_an_adopted_transaction_is_put_back_as_it_was_posted(shop, quickbooks, clock):
    entity = take_over(shop)
    quickbooks.act("edit", kind="Bill", id=entity["Id"], set={"Line": [build_line("77.00")]})
    run_job(shop, clock, "reconcile")
    (edited,) = [one for one in shop.books("Bill") if one["Id"] == entity["Id"]]
    put_back.put_back(shop.posting("bill:1").id, edited["SyncToken"], "kari")
    shop.run()
    assert [one["TotalAmt"] for one in shop.books("Bill") if one["Id"] == entity["Id"]] == [42]
    run_job(shop, clock, "reconcile")
    assert shop.cases() == []


def test_a_deleted_transaction_is_created_again_if_a_person_rejects_it(shop, quickbooks):
    vendor = quickbooks.act("create", kind="Vendor", set={"DisplayName": SUPPLIER.name})
    entered = {"VendorRef": {"value": vendor["Id"]}, "Line": [build_line("40.00")]}
    entity = quickbooks.act("create", kind="Bill", set=entered)
    quickbooks.act("delete", kind="Bill", id=entity["Id"])
    shop.run(build_copy(entity))
    assert shop.cases() == ["Deleted in QuickBooks"]
    manual.reject_match(shop.posting("bill:2").id, entity["Id"], "kari")
    assert shop.run()["bill:2"] == "posted"
    assert ([one["TotalAmt"] for one in shop.books("Bill")], shop.cases()) == ([77], [])


@pytest.mark.parametrize("id", ["B-{}", "0{}", "1{}", "{}.5"])
def test_a_text_that_is_no_id_holds_its_document_and_stops_no_other(shop, id):
    text = id if id != "1{}" else "1" * 40
    copies = [build_copy({"Id": text.format(n)}, f"bill:{n}") for n in range(2, 5)]
    take_over(shop, others=copies)
    states = shop.states()
    assert [states[one.source_id] for one in copies] == ["held"] * 3
    assert all("as its id in QuickBooks" in reason for reason in shop.reasons())
    assert len(shop.cases()) == 3
    corrected = [
        replace(one, quickbooks_id=None, number=f"B-1{n}", total=None)
        for n, one in enumerate(copies)
    ]
    assert set(shop.run(*corrected).values()) == {"posted"}
    assert shop.cases() == []


@pytest.mark.parametrize("stage", ["pending", "closed"])
def test_a_text_that_is_no_id_opens_no_case_of_a_document_that_is_not_wanted(shop, stage):
    shop.run(replace(build_copy({"Id": "B-2"}), stage=stage))
    assert shop.cases() == []


def test_a_posted_document_stays_as_it_is_if_its_source_names_no_id_any_more(shop):
    take_over(shop)
    renamed = replace(shop.source.items["bill:1"], quickbooks_id="B-9", memo="Thanks")
    assert (shop.run(renamed)["bill:1"], shop.cases()) == ("posted", [])

"""Each kind of document from a source to QuickBooks: posted, changed and removed."""

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from hub import Gone, Item, Party, payloads
from hub.collect.run import collect
from hub.contract.documents import KINDS, Document
from hub.db.engine import read_only_session
from hub.models import Case, Posting
from hub.payloads.entities import ENTITY_BY_KIND
from hub.posting.actions import put_back, retries
from hub.qbo import transaction_download
from hub.qbo.client import Client
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    ShopSite,
    everything,
    independent_document,
    invoice,
    sample,
)

CHANGED = (
    "expense",
    "bill",
    "vendor_credit",
    "purchase_order",
    "invoice",
    "credit_memo",
    "refund",
    "deposit",
    "payment",
)


@pytest.fixture
def about():
    """Provide the app's declarations that a test changes."""
    return {}


@pytest.fixture
def shop(app, quickbooks, clock, about):
    return ShopSite(app, quickbooks, clock, **about)


def add_one_cent(item):
    """Return the same document with one cent more on its first line."""
    first = item.lines[0]
    more = replace(first, amount=first.amount + D("0.01"), description="Changed")
    return replace(
        item, lines=(more, *item.lines[1:]), total=item.total + D("0.01"), memo="Second version"
    )


def test_one_of_each_kind_is_in_the_books_to_the_cent_after_one_run_and_linked(shop):
    states = shop.run(*everything())
    assert (set(states.values()), shop.cases()) == ({"posted"}, []), shop.reasons()
    for item in everything():
        posted, record = (
            shop.posting(item.source_id),
            shop.book(ENTITY_BY_KIND[item.kind], item.source_id),
        )
        assert item.total is None or item.total == posted.posted_total == D(str(record["TotalAmt"]))
    assert {item.kind for item in everything()} == set(KINDS)
    assert_linked(shop)
    before = shop.writes()
    shop.run()
    assert shop.writes() == before


def assert_linked(shop):
    """Check the links between payments, bills, orders and deposits."""
    assert shop.book("Invoice", "invoice:1")["Balance"] == 40
    assert shop.book("Payment", "payment:1")["UnappliedAmt"] == 15
    assert shop.book("Bill", "bill:1")["Balance"] == 0
    order, bill = shop.book("PurchaseOrder", "order:1"), shop.book("Bill", "bill:1")
    place = next(row["Id"] for row in order["Line"] if row["Amount"] == 30)
    assert bill["Line"][0]["LinkedTxn"] == [
        {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": place}
    ]
    lines = shop.book("Deposit", "deposit:1")["Line"]
    assert lines[0]["LinkedTxn"][0]["TxnId"] == shop.posting("payment:1").quickbooks_id
    assert lines[1]["Amount"] == -2.18


def test_a_change_at_the_source_changes_the_same_transaction(shop):
    shop.run(*map(independent_document, CHANGED))
    first = {
        kind: shop.book(ENTITY_BY_KIND[kind], independent_document(kind).source_id)
        for kind in CHANGED
    }
    states = shop.run(*(add_one_cent(independent_document(kind)) for kind in CHANGED))
    assert set(states.values()) == {"posted"}, shop.reasons()
    for kind, before in first.items():
        (now,) = shop.books(ENTITY_BY_KIND[kind])
        assert (now["Id"], now["SyncToken"]) == (before["Id"], "1")
        assert D(str(now["TotalAmt"])) == independent_document(kind).total + D("0.01")
        assert [row.get("Id") for row in now["Line"]] == [row.get("Id") for row in before["Line"]]
        assert "Second version" in now["PrivateNote"]


def test_a_number_that_quickbooks_gave_stays_when_the_invoice_changes(shop):
    shop.quickbooks.control.company("POST", {"custom_numbers": False})
    shop.run(invoice())
    number = shop.book("Invoice", "invoice:1")["DocNumber"]
    shop.run(invoice(amount="120.00"))
    assert shop.book("Invoice", "invoice:1")["DocNumber"] == number


def test_an_item_that_changes_keeps_its_stock_and_its_accounts(shop):
    shop.run(sample("item"))
    shop.quickbooks.act(
        "edit", kind="Item", id=shop.posting("part:1").quickbooks_id, set={"QtyOnHand": 7}
    )
    details = replace(sample("item").details, cost=D("5.00"), description="Steel", on_hand=D(99))
    assert shop.run(replace(sample("item"), details=details))["part:1"] == "posted"
    item = shop.book("Item", "part:1")
    assert (item["QtyOnHand"], item["PurchaseCost"], item["Description"]) == (7, 5, "Steel")
    assert item["FullyQualifiedName"] == "Hardware:Bracket"


def test_a_supplier_whose_notes_quickbooks_drops_is_not_in_doubt(shop):
    shop.quickbooks.switch(vendor_notes="dropped")
    assert set(shop.run(independent_document("bill")).values()) == {"posted"}


@pytest.mark.parametrize("notes", ["kept", "dropped"])
@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_a_supplier_is_made_once_whether_or_not_quickbooks_keeps_its_notes(
    shop, clock, fault, notes
):
    shop.quickbooks.switch(vendor_notes=notes)
    shop.quickbooks.add_fault(fault, "vendor.create")
    shop.run(independent_document("bill"))
    clock.advance(600)
    assert set(shop.run().values()) == {"posted"}
    assert shop.cases() == []
    names = [record["DisplayName"] for record in shop.books("Vendor")]
    assert names.count("Nordic Timber") == 1


def test_a_change_that_is_planned_while_an_earlier_one_is_prepared_replaces_it(shop, monkeypatch):
    shop.run(invoice())
    build = payloads.build_update_body
    newer = [invoice(amount="300.00")]

    def build_late(*arguments):
        if newer:  # as another process may do that takes over from a frozen one
            shop.put(newer.pop())
            collect(shop.id)
        return build(*arguments)

    monkeypatch.setattr(payloads, "build_update_body", build_late)
    shop.run(invoice(amount="200.00"))
    shop.run()
    assert (newer, shop.cases()) == ([], [])
    assert shop.book("Invoice", "invoice:1")["TotalAmt"] == 300


# -- taken back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("about", [{"gone": "void"}])
def test_documents_that_are_gone_are_voided_where_quickbooks_can(shop):
    ids = {
        kind: independent_document(kind).source_id for kind in ("invoice", "payment", "credit_memo")
    }
    shop.run(*map(independent_document, ids))
    shop.run(*(Gone(source_id=id, reason="Voided.") for id in ids.values()))
    records = [shop.book(ENTITY_BY_KIND[kind], id) for kind, id in ids.items()]
    voided = [(row["TotalAmt"], row["PrivateNote"].split(" - ")[0]) for row in records[:2]]
    assert voided == [(0, "Voided")] * 2
    assert records[2]["TotalAmt"] == 15.5
    assert ["QuickBooks cannot void a credit memo" in reason for reason in shop.reasons()] == [True]


@pytest.mark.parametrize("kind", ["invoice", "payment"])
def test_a_document_that_is_gone_is_by_default_asked_about_and_then_voided(shop, kind):
    document = independent_document(kind)
    shop.run(document)
    shop.run(Gone(source_id=document.source_id, reason="Voided."))
    with read_only_session() as session:
        case = session.scalars(select(Case).where(Case.closed_at.is_(None))).one()
        ids = [posting.id for posting in case.postings]
    assert (case.action, case.instruction) == (
        "void",
        "Void it in QuickBooks too, or leave it as it is.",
    )
    retries.retry_each(ids, "kari")
    shop.run()
    note = shop.book(ENTITY_BY_KIND[kind], document.source_id)["PrivateNote"]
    assert note.startswith("Voided - [hub:")


@pytest.mark.parametrize("about", [{"gone": "void"}])
def test_an_invoice_that_is_paid_is_not_voided(shop):
    shop.run(invoice(), sample("payment"))
    shop.run(Gone(source_id="invoice:1"))
    assert "a payment or credit was applied to it" in shop.reasons()[0]
    assert shop.book("Invoice", "invoice:1")["TotalAmt"] == 100


@pytest.mark.parametrize("about", [{"gone": "close"}])
def test_an_order_that_is_gone_is_closed_and_one_that_comes_back_is_open(shop):
    shop.run(sample("purchase_order"))
    shop.run(Gone(source_id="order:1"))
    shop.run()
    order = shop.book("PurchaseOrder", "order:1")
    assert (order["POStatus"], order["SyncToken"], len(order["Line"])) == ("Closed", "1", 2)
    shop.run(sample("purchase_order"))
    assert shop.book("PurchaseOrder", "order:1")["POStatus"] == "Open"
    shop.run()
    assert shop.book("PurchaseOrder", "order:1")["SyncToken"] == "2"


def test_an_order_that_is_closed_from_the_start_is_opened_when_more_is_expected(shop):
    shop.run(replace(sample("purchase_order"), closed=True))
    assert shop.book("PurchaseOrder", "order:1")["POStatus"] == "Closed"
    shop.run(sample("purchase_order"))
    assert shop.book("PurchaseOrder", "order:1")["POStatus"] == "Open"
    shop.run()
    assert shop.book("PurchaseOrder", "order:1")["SyncToken"] == "1"


def edit_order(shop, **fields):
    """Edit the order in QuickBooks, and put it back as a person does."""
    with read_only_session() as session:
        created = select(Posting.id).where(
            Posting.kind == "purchase_order", Posting.operation == "create"
        )
        id = session.scalars(created).one()
    order_id = shop.book("PurchaseOrder", "order:1")["Id"]
    shop.quickbooks.act("edit", kind="PurchaseOrder", id=order_id, set=fields)
    runner.run_company_job("changes", 1, requested_by="kari")
    assert shop.cases() == ["Changed in QuickBooks"]
    put_back.put_back(id, shop.book("PurchaseOrder", "order:1")["SyncToken"], "kari")
    shop.run()
    return shop.book("PurchaseOrder", "order:1")


def test_a_closed_order_that_was_edited_is_put_back_with_its_lines(shop):
    shop.run(sample("purchase_order"))
    shop.run(replace(sample("purchase_order"), closed=True))
    first = shop.book("PurchaseOrder", "order:1")["Line"][0]
    order = edit_order(shop, Line=[first | {"Amount": 77}])
    assert (order["TotalAmt"], len(order["Line"]), order["POStatus"]) == (50, 2, "Closed")
    assert (shop.cases(), shop.reasons()) == ([], [])


def test_a_closed_order_that_was_billed_is_only_closed_again(shop):
    shop.run(sample("purchase_order"), sample("bill"))
    shop.run(replace(sample("purchase_order"), closed=True))
    lines = shop.book("PurchaseOrder", "order:1")["Line"]
    order = edit_order(shop, POStatus="Open")
    assert (order["POStatus"], order["Line"]) == ("Closed", lines)
    assert (shop.cases(), shop.reasons()) == ([], [])


def test_an_order_that_was_billed_is_not_rewritten(shop):
    shop.run(sample("purchase_order"), sample("bill"))
    shop.run(add_one_cent(sample("purchase_order")))
    assert "but a bill was made from it" in shop.reasons()[0]


# -- there already ---------------------------------------------------------------------------------


def test_a_record_with_the_same_name_is_adopted(shop):
    item = {"Name": "Bracket", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    bodies = {
        "customer": {"DisplayName": "Fjord Homes"},
        "vendor": {"DisplayName": "nordic timber"},
        "item": item,
    }
    there = {
        kind: shop.quickbooks.act("create", kind=ENTITY_BY_KIND[kind], set=body)["Id"]
        for kind, body in bodies.items()
    }
    details = {
        "customer": Party(name="Fjord Homes"),
        "vendor": Party(name="Nordic Timber"),
        "item": Item(name="Bracket"),
    }
    accounts = {"item": {"income_account": "1"}}
    shop.run(
        *(
            Document(kind=kind, source_id=kind, details=details[kind], codes=accounts.get(kind, {}))
            for kind in bodies
        )
    )
    assert {kind: shop.posting(kind).quickbooks_id for kind in bodies} == there, shop.reasons()


def test_a_name_of_a_supplier_is_not_a_customer(shop):
    shop.quickbooks.act("create", kind="Vendor", set={"DisplayName": "Fjord Homes"})
    namesake = Document(kind="customer", source_id="n1", details=Party(name="Fjord Homes"))
    assert shop.run(namesake)["n1"] == "held"
    assert shop.cases() == ["Name already used"]


def test_a_similar_transaction_entered_by_hand_is_shown_before_posting(shop):
    kinds = ("payment", "deposit", "invoice", "expense")
    shop.run(*map(independent_document, kinds))
    for kind in kinds:
        body = json.loads(shop.posting(independent_document(kind).source_id).payload)
        shop.quickbooks.act(
            "create",
            kind=ENTITY_BY_KIND[kind],
            set=body | {"PrivateNote": "By hand", "DocNumber": None},
        )
    transaction_download.load(1, Client(1), kinds, dt.date(2026, 1, 1))
    states = shop.run(
        *(
            replace(independent_document(kind), source_id=f"{kind}:twin", number=None)
            for kind in kinds
        )
    )
    assert {states[f"{kind}:twin"] for kind in kinds} == {"held"}
    assert shop.cases() == ["Perhaps in QuickBooks already"] * len(kinds)


def test_each_kind_is_posted_once_after_its_answers_were_lost(shop):
    for entity in ENTITY_BY_KIND.values():
        shop.quickbooks.add_fault("lose_answer", f"{entity.lower()}.create")
    shop.run(*everything())
    assert "unknown" in shop.states().values()
    shop.run(wait=True)
    assert set(shop.states().values()) == {"posted"}, shop.reasons()
    expected = Counter(ENTITY_BY_KIND[item.kind] for item in everything())
    assert {kind: len(shop.ours(kind)) for kind in expected} == expected + Counter(
        Customer=1, Vendor=1, Item=2
    )


def test_an_invoice_of_a_new_client_is_mailed_to_the_address_that_it_is_made_with(shop):
    shop.run(invoice(email_to=""))
    assert shop.book("Invoice", "invoice:1")["BillEmail"] == {"Address": "ap@fjord.example"}


def test_a_link_to_an_order_that_quickbooks_leaves_out_is_reported(shop):
    """QuickBooks creates the bill without a link if the order has no such line any more."""
    shop.run(sample("purchase_order"))
    order = shop.book("PurchaseOrder", "order:1")
    lines = [{**row, "Id": str(100 + int(row["Id"]))} for row in order["Line"]]
    shop.quickbooks.act("edit", kind="PurchaseOrder", id=order["Id"], set={"Line": lines})
    assert shop.run(sample("bill"))["bill:1"] == "posted"
    assert "LinkedTxn" not in shop.book("Bill", "bill:1")["Line"][0]
    assert shop.cases() == ["Posted but differs"]

"""A change at the source that leaves something out takes it out of QuickBooks, too."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal as D

import pytest

from hub import Address, Document, Line
from hub.db.engine import read_only_session
from hub.posting.actions import put_back
from hub.qbo import company as qbo_company
from hub.qbo import display, record_download
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.web.transactions import present_transactions
from qbo_sandbox import NORWAY
from tests.support.sources.every_kind_source import (
    CLIENT,
    DAY,
    PRODUCT,
    SUPPLIER,
    ShopSite,
    document,
    fuel_bill,
    invoice,
    line,
)

NET_30, NET_15 = "3", "2"


@pytest.fixture
def norwegian_shop(app, quickbooks, clock):
    token = quickbooks.refresh_tokens[NORWAY.realm]
    company = oauth_connect.connect_with_refresh_token(NORWAY.realm, token)
    record_download.refresh(company.id)
    return ShopSite(app, quickbooks, clock, company=company)


def card_expense(amount, **more):
    row = line("1", amount, cost="Fuel")
    return document("expense", "expense:1", row, total=amount, payment_account="41", **more)


def payment(*rows):
    return document("payment", "payment:1", *rows, total="60.00", client=CLIENT)


def taxed_invoice(amount, total, **tax):
    row = line("1", amount, product=PRODUCT)
    return document("invoice", "invoice:1", row, total=total, client=CLIENT, **tax)


def assert_posted(shop):
    assert (set(shop.states().values()), shop.reasons(), shop.cases()) == ({"posted"}, [], [])


def test_a_refund_of_a_card_that_becomes_a_charge_is_one_in_quickbooks(shop):
    shop.run(card_expense("-50.00"))
    assert shop.book("Purchase", "expense:1")["Credit"] is True
    shop.run(card_expense("60.00"))
    assert_posted(shop)
    assert not shop.book("Purchase", "expense:1").get("Credit")
    shop.run(card_expense("-70.00"))
    assert_posted(shop)
    assert shop.book("Purchase", "expense:1")["Credit"] is True


def test_an_expense_without_its_payee_has_none_in_quickbooks(shop):
    shop.run(card_expense("50.00", supplier=SUPPLIER))
    assert shop.book("Purchase", "expense:1")["EntityRef"]["name"] == "Nordic Timber"
    shop.run(card_expense("50.00"))
    assert_posted(shop)
    assert "EntityRef" not in shop.book("Purchase", "expense:1")


@pytest.mark.parametrize("kind", ["Bill", "Invoice", "PurchaseOrder"])
def test_a_document_without_its_due_date_does_not_keep_the_former_one(shop, kind):
    documents = {"Bill": fuel_bill(), "Invoice": invoice(), "PurchaseOrder": order()}
    without = documents[kind]
    shop.run(replace(without, due=dt.date(2026, 12, 24)))
    assert shop.book(kind, without.source_id)["DueDate"] == "2026-12-24"
    shop.run(without)
    assert_posted(shop)
    assert shop.book(kind, without.source_id).get("DueDate") != "2026-12-24"


def order(**more):
    row = line("a", "10.00", cost="Fuel")
    return document("purchase_order", "order:1", row, total="10.00", supplier=SUPPLIER, **more)


ADDRESS = Address(name="Site 4", lines=("Skippergata 1",), city="Oslo")


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        ("Bill", "SalesTermRef", {"codes": {"supplier": SUPPLIER, "term": NET_30}}),
        ("PurchaseOrder", "SalesTermRef", {"codes": {"supplier": SUPPLIER, "term": NET_30}}),
        ("Invoice", "SalesTermRef", {"codes": {"client": CLIENT, "term": NET_30}}),
        ("PurchaseOrder", "Memo", {"message": "Deliver before noon."}),
        ("PurchaseOrder", "ShipAddr", {"ship_to": ADDRESS}),
        ("Invoice", "CustomerMemo", {"message": "Thank you."}),
        ("Invoice", "ShipAddr", {"ship_to": ADDRESS}),
        ("Payment", "PaymentRefNum", {"number": "4711"}),
        ("Payment", "PaymentMethodRef", {"codes": {"client": CLIENT, "payment_method": "2"}}),
    ],
)
def test_what_a_source_removes_is_not_kept(shop, kind, field, values):
    documents = {
        "Bill": fuel_bill(),
        "Invoice": invoice(),
        "PurchaseOrder": order(),
        "Payment": payment(line("1", "60.00")),
    }
    without = documents[kind]
    shop.run(replace(without, **values))
    stored = shop.book(kind, without.source_id)[field]
    shop.run(without)
    assert_posted(shop)
    assert shop.book(kind, without.source_id).get(field) != stored


def test_what_people_add_stays_when_the_source_removes_something_else(shop):
    shop.run(replace(invoice(), due=dt.date(2026, 12, 24)))
    id = shop.posting("invoice:1").quickbooks_id
    added = {"CustomerMemo": {"value": "Ours"}, "SalesTermRef": {"value": NET_15}}
    shop.quickbooks.act("edit", kind="Invoice", id=id, set=added)
    shop.run(invoice())
    stored = shop.book("Invoice", "invoice:1")
    assert (stored["CustomerMemo"]["value"], stored["SalesTermRef"]["value"]) == ("Ours", NET_15)


def test_an_order_without_its_class_has_none_in_quickbooks(shop):
    shop.quickbooks.control.company("POST", {"classes": "txn"})
    shop.quickbooks.act("create", kind="Class", set={"Name": "Housing"})
    record_download.refresh(1)
    qbo_company.read(1, Client(1))
    order = document(
        "purchase_order",
        "order:1",
        line("1", "10.00", cost="Fuel", division="Housing"),
        total="10.00",
        supplier=SUPPLIER,
    )
    shop.run(order)
    assert "ClassRef" in shop.book("PurchaseOrder", "order:1")
    (row,) = order.lines
    shop.run(replace(order, lines=(replace(row, codes={"cost": "Fuel"}),)))
    assert_posted(shop)
    assert "ClassRef" not in shop.book("PurchaseOrder", "order:1")


@pytest.mark.parametrize("empty_list", ["removes", "ignored"])
def test_a_payment_that_no_longer_settles_an_invoice_leaves_it_open(shop, empty_list):
    shop.quickbooks.switch(sparse_empty_list=empty_list)
    shop.run(invoice(), payment(line("1", "60.00", pays="invoice:1")))
    assert shop.book("Invoice", "invoice:1")["Balance"] == 40
    shop.run(payment(line("1", "60.00")))
    assert_posted(shop)
    assert shop.book("Invoice", "invoice:1")["Balance"] == 100
    assert shop.book("Payment", "payment:1")["UnappliedAmt"] == 60


@pytest.mark.parametrize("tax", ["computed", "kept"])
def test_a_tax_that_is_left_to_quickbooks_is_that_of_the_new_lines(shop, tax):
    shop.quickbooks.switch(sparse_tax=tax)
    shop.run(taxed_invoice("100.00", "107.00", tax_total=D("7.00")))
    assert_posted(shop)
    shop.run(taxed_invoice("200.00", "216.00", tax_mode="computed"))
    assert_posted(shop)
    assert shop.book("Invoice", "invoice:1")["TotalAmt"] == 216


@pytest.mark.parametrize("tax", ["computed", "kept"])
def test_a_bill_that_is_no_longer_taxed_has_no_tax_in_quickbooks(norwegian_shop, tax):
    shop = norwegian_shop
    shop.quickbooks.switch(sparse_tax=tax)
    account = next(row["Id"] for row in shop.books("Account") if row["AccountType"] == "Expense")
    code = next(row["Id"] for row in shop.books("TaxCode") if row["Name"].startswith("25"))

    def norwegian_bill(total, **tax):
        codes = {"account": account, "tax_code": code}
        rows = (Line(id="1", amount=D("100.00"), codes=codes),)
        supplier = {"supplier": SUPPLIER}
        return Document(
            kind="bill",
            source_id="bill:1",
            date=DAY,
            codes=supplier,
            lines=rows,
            total=D(total),
            **tax,
        )

    shop.run(norwegian_bill("125.00", tax_total=D("25.00")))
    assert_posted(shop)
    assert shop.book("Bill", "bill:1")["TotalAmt"] == 125
    shop.run(norwegian_bill("100.00", tax_mode="none"))
    assert_posted(shop)
    assert shop.book("Bill", "bill:1")["TotalAmt"] == 100


def test_a_change_of_the_whole_bill_that_is_sent_twice_keeps_what_the_source_states(shop):
    shop.run(fuel_bill(number="A-1", term=NET_30))
    shop.quickbooks.add_fault("throttled", "bill.update")
    shop.run(fuel_bill("20.00", term=NET_15))
    shop.run()
    assert_posted(shop)
    stored = shop.book("Bill", "bill:1")
    assert (stored["TotalAmt"], stored["SalesTermRef"]["value"]) == (20, NET_15)
    assert "DocNumber" not in stored


def test_a_change_that_is_sent_twice_gives_each_id_to_one_line(shop):
    first, second = line("1", "1.00", "A", cost="Fuel"), line("2", "2.00", "B", cost="Fuel")
    inserted = line("3", "5.00", "X", cost="Fuel")
    shop.run(replace(fuel_bill(), lines=(first, second), total=D(3)))
    shop.quickbooks.add_fault("throttled", "bill.update")
    shop.run(replace(fuel_bill(), lines=(first, inserted, second), total=D(8)))
    shop.run()
    assert_posted(shop)
    sent = json.loads(shop.posting("bill:1").payload)["Line"]
    assert [row.get("Id") for row in sent] == ["1", None, "2"]
    ids = {row["Description"]: row["Id"] for row in shop.book("Bill", "bill:1")["Line"]}
    assert ids == {"A": "1", "X": "3", "B": "2"}


def test_the_review_of_a_change_that_was_prepared_before_shows_what_the_source_states(shop):
    shop.run(fuel_bill(number="A-1", term=NET_30))
    entity, posted = shop.book("Bill", "bill:1"), shop.posting("bill:1")
    shop.run(fuel_bill("20.00", term=NET_15))
    prepared = shop.posting("bill:1")
    key = "bill", entity["Id"]
    bodies = {row.id: (row.kind, json.loads(row.payload)) for row in (posted, prepared)}
    with read_only_session() as session:
        views = display.view_entities(session, 1, bodies)
        write = present_transactions.Write(prepared, posted, key)
        read = present_transactions.ReadTransactions({key: entity})
        preview = present_transactions.compare(session, [write], views, read)[prepared.id]
    assert "Terms" in [str(fact[0]) for fact in preview.facts]


def test_putting_back_a_change_of_the_whole_bill_puts_back_its_terms(shop):
    shop.run(fuel_bill(number="A-1", term=NET_30))
    posting = shop.posting("bill:1")
    shop.run(fuel_bill("20.00", term=NET_15))
    change = {"SalesTermRef": {"value": NET_30}}
    shop.quickbooks.act("edit", kind="Bill", id=posting.quickbooks_id, set=change)
    token = shop.book("Bill", "bill:1")["SyncToken"]
    put_back.put_back(posting.id, token, "kari")
    shop.run()
    assert_posted(shop)
    assert shop.book("Bill", "bill:1")["SalesTermRef"]["value"] == NET_15


def test_a_bill_that_bills_an_order_later_is_linked_to_it(shop):
    order = document(
        "purchase_order",
        "order:1",
        line("a", "10.00", cost="Fuel"),
        total="10.00",
        supplier=SUPPLIER,
    )
    shop.run(order, fuel_bill())
    row = line("1", "10.00", cost="Fuel", pays="order:1", of="a")
    shop.run(replace(fuel_bill(), lines=(row,)))
    assert_posted(shop)
    order_id = shop.book("PurchaseOrder", "order:1")["Id"]
    stored = shop.book("Bill", "bill:1")
    assert stored["Line"][0]["LinkedTxn"][0]["TxnId"] == order_id
    assert {"TxnId": order_id, "TxnType": "PurchaseOrder"} in stored["LinkedTxn"]
    assert shop.book("PurchaseOrder", "order:1")["POStatus"] == "Closed"


def test_a_bill_line_that_bills_another_line_of_the_order_is_linked_to_that(shop):
    order = document(
        "purchase_order",
        "order:1",
        line("a", "10.00", cost="Fuel"),
        line("b", "10.00", cost="Fuel"),
        total="20.00",
        supplier=SUPPLIER,
    )
    shop.run(order)
    order_lines = [row["Id"] for row in shop.book("PurchaseOrder", "order:1")["Line"]]
    for billed, order_line in zip("ab", order_lines, strict=True):
        row = line("1", "10.00", cost="Fuel", pays="order:1", of=billed)
        shop.run(replace(fuel_bill(), lines=(row,)))
        assert_posted(shop)
        [stored] = shop.book("Bill", "bill:1")["Line"]
        assert stored["LinkedTxn"][0]["TxnLineId"] == order_line


@pytest.mark.parametrize("billed", ["a", None])
def test_a_bill_that_no_longer_bills_an_order_is_not_linked_to_it(shop, billed):
    order = document(
        "purchase_order",
        "order:1",
        line("a", "10.00", cost="Fuel"),
        line("b", "5.00", cost="Fuel"),
        total="15.00",
        supplier=SUPPLIER,
    )
    row = line("1", "10.00", cost="Fuel", pays="order:1", of=billed)
    shop.run(order, replace(fuel_bill(), lines=(row,)))
    assert shop.book("PurchaseOrder", "order:1")["LinkedTxn"]
    shop.run(fuel_bill())
    assert_posted(shop)
    stored = shop.book("Bill", "bill:1")
    assert "LinkedTxn" not in stored
    assert [row.get("LinkedTxn") for row in stored["Line"]] == [None]
    assert "LinkedTxn" not in shop.book("PurchaseOrder", "order:1")


def test_a_bill_keeps_the_order_that_a_person_linked_to_it(shop):
    rows = line("a", "10.00", cost="Fuel"), line("b", "10.00", cost="Fuel")
    order = document("purchase_order", "order:1", *rows, total="20.00", supplier=SUPPLIER)
    shop.run(order, fuel_bill())
    order_id = shop.book("PurchaseOrder", "order:1")["Id"]
    link = {"TxnId": order_id, "TxnType": "PurchaseOrder"}
    id = shop.posting("bill:1").quickbooks_id
    shop.quickbooks.act("edit", kind="Bill", id=id, set={"LinkedTxn": [link]})
    shop.run(replace(fuel_bill("20.00"), number="A-2"))
    assert_posted(shop)
    assert shop.book("Bill", "bill:1")["LinkedTxn"] == [link]


def test_a_line_of_a_bill_that_no_longer_bills_an_order_is_not_linked_beside_one_that_does(shop):
    rows = [line(id, "10.00", id, cost="Fuel") for id in "ab"]
    order = document("purchase_order", "order:1", *rows, total="20.00", supplier=SUPPLIER)
    billing = [line(id, "10.00", id, cost="Fuel", pays="order:1", of=id) for id in "ab"]
    shop.run(order, replace(fuel_bill("20.00"), lines=tuple(billing)))
    shop.run(replace(fuel_bill("20.00"), lines=(billing[0], rows[1])))
    assert_posted(shop)
    stored = shop.book("Bill", "bill:1")
    assert [(row["Description"], "LinkedTxn" in row) for row in stored["Line"]] == [
        ("a", True),
        ("b", False),
    ]
    assert [row["Id"] for row in stored["Line"]] == ["1", "3"]
    assert shop.book("PurchaseOrder", "order:1")["POStatus"] == "Open"

"""A source whose codes have the ids of documents: both would be one row of the hub."""

from hub import Code, Document, Item, Party
from hub.collect.intake import create_records
from hub.db.engine import transaction
from hub.mapping import NewRecord
from hub.models import Installation
from hub.qbo import record_download
from tests.support.sources.every_kind_source import document, invoice, line

CLIENT = Code(id="7", name="Fjord Homes", create=Party(name="Fjord Homes"))
IN_BOOKS = "It is in QuickBooks as a customer, but is an invoice at the source now."


def test_an_invoice_with_the_id_of_a_new_customer_stays_in_the_inbox(shop, clock):
    shop.run(invoice("6", client=CLIENT))
    for _ in range(3):
        clock.advance(3600)
        states = shop.run(invoice("7", client=CLIENT))
        assert states["7"] == "held"
        (case,) = shop.cases()
        assert case == "Invoice 7 of Fjord Homes"
        assert IN_BOOKS in shop.reasons()[0]
    assert len(shop.ours("Invoice")) == len(shop.ours("Customer")) == 1


def test_an_invoice_with_the_id_of_its_own_customer_stays_in_the_inbox(shop, clock):
    for _ in range(3):
        states = shop.run(invoice("7", client=CLIENT))
        assert states["7"] == "held"
        assert "its source uses the id 7 for something else too" in shop.reasons()[0]
        clock.advance(3600)
    assert not shop.ours("Customer")


def test_a_record_requested_for_the_id_of_an_invoice_approves_no_invoice(shop):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    assert shop.run(invoice("7"))["7"] == "review"
    create = NewRecord(field="client", role="customer", code="7", details=CLIENT.create)
    create_records(shop.id, [create], "kari")
    assert shop.run()["7"] == "review"
    assert not shop.ours("Invoice")


def test_a_code_with_the_id_of_a_customer_that_its_source_names_is_that_customer(shop):
    id = shop.quickbooks.act("create", kind="Customer", set={"DisplayName": "Old name"})["Id"]
    record_download.refresh(1)
    details = Party(name="Fjord Homes")
    customer = Document(kind="customer", source_id="7", quickbooks_id=id, details=details)
    code = Code(id="7", name="New name", create=Party(name="New name"))
    states = shop.run(customer, invoice("8", client=code))
    assert (states["7"], states["8"], shop.cases()) == ("posted", "posted", [])
    assert shop.book("Invoice", "8")["CustomerRef"]["value"] == id
    assert "New name" not in [row["DisplayName"] for row in shop.books("Customer")]


def test_a_bill_waits_for_the_item_that_its_source_lists_in_the_same_run(shop):
    supplier = Code(id="s1", name="Nordic Timber", create=Party(name="Nordic Timber"))
    details = Item(name="Drawings", type="non_inventory", codes={"expense_account": "80"})
    product = Code(id="part:1", name="Drawings", create=details)
    part = Document(kind="item", source_id="part:1", details=details, codes=details.codes)
    common = {"supplier": supplier, "total": "3.00"}
    shop.run(document("bill", "bill:1", line("1", "3.00", cost="Fuel"), number="B-1", **common))
    bill = document("bill", "bill:2", line("1", "3.00", product=product), number="B-2", **common)
    states = shop.run(part, bill)
    assert (states["part:1"], states["bill:2"], shop.cases()) == ("posted", "posted", [])

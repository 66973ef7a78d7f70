"""An item that is renamed in QuickBooks, or at its source, does not become a second one."""

from dataclasses import replace

import pytest

from hub import Code, Document, Item, hookimpl
from hub.db.engine import transaction
from hub.installations import matches
from hub.mapping import NEW
from hub.models import Installation
from hub.qbo import record_download
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

ACCOUNTS = {"income_account": "79", "expense_account": "80"}
PRODUCT = Code(
    id="i9", name="Drawings", create=Item(name="Drawings", type="non_inventory", codes=ACCOUNTS)
)
RENAMED_PRODUCT = replace(PRODUCT, name="Plans", create=replace(PRODUCT.create, name="Plans"))


class DefaultingSource(ShopSource):
    """A shop whose settings may name the item of products that QuickBooks does not have."""

    default_product = None

    @hookimpl
    def hub_fields(self, app):
        fields = super().hub_fields(app)
        default = {"default": self.default_product}
        return [replace(one, **default) if one.name == "product" else one for one in fields]


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose product QuickBooks had before."""
    shop = ShopSite(app, quickbooks, clock, source=DefaultingSource())
    accounts = {"IncomeAccountRef": {"value": "79"}, "ExpenseAccountRef": {"value": "80"}}
    quickbooks.act(
        "create", kind="Item", set={"Name": "Drawings", "Type": "NonInventory"} | accounts
    )
    record_download.refresh(1)
    return shop


def invoice(id="invoice:1", amount="10.00", product=PRODUCT):
    row = line("1", amount, product=product)
    return document("invoice", id, row, total=amount, client=CLIENT)


def bill(id="bill:1", amount="10.00"):
    row = line("1", amount, product=PRODUCT)
    return document("bill", id, row, total=amount, supplier=SUPPLIER, number=id)


def find(shop, name):
    return [row["Id"] for row in shop.books("Item") if row["Name"] == name]


def rename(shop):
    (id,) = find(shop, "Drawings")
    shop.quickbooks.act("edit", kind="Item", id=id, set={"Name": "Plans"})
    record_download.refresh(1)
    return id


def match(shop, record):
    with transaction() as session:
        row = session.get_one(Installation, shop.id)
        matches.store_decision(session, row, "product", "i9", record, who="kari")


def list_items(shop):
    ids = []
    for row in shop.ours("Invoice"):
        for posted_line in row["Line"]:
            detail = posted_line.get("SalesItemLineDetail")
            if detail and "ItemRef" in detail:
                ids.append(detail["ItemRef"]["value"])
    return ids


def test_a_new_document_with_a_renamed_item_waits_for_a_match(shop):
    shop.run(invoice())
    id = rename(shop)
    assert shop.run(invoice("invoice:2"))["invoice:2"] == "held"
    assert "its documents were posted to Plans, which has another name now" in shop.reasons()[0]
    match(shop, id)
    assert shop.run()["invoice:2"] == "posted"
    assert (list_items(shop), find(shop, "Drawings"), shop.cases()) == ([id, id], [], [])


def test_a_change_does_not_move_a_bill_to_a_second_item(shop):
    shop.run(bill())
    id = rename(shop)
    shop.run(bill(amount="12.00"))
    assert shop.states()["bill:1"] == "held"
    match(shop, id)
    shop.run()
    stored = shop.book("Bill", "bill:1")
    detail = stored["Line"][0]["ItemBasedExpenseLineDetail"]
    assert (stored["TotalAmt"], detail["ItemRef"]["value"]) == (12, id)
    assert (find(shop, "Drawings"), shop.cases()) == ([], [])


def test_an_item_that_is_renamed_at_its_source_waits_for_a_match(shop):
    shop.run(invoice())
    (id,) = find(shop, "Drawings")
    states = shop.run(
        invoice(amount="12.00", product=RENAMED_PRODUCT),
        invoice("invoice:2", product=RENAMED_PRODUCT),
    )
    assert (states["invoice:1"], states["invoice:2"], len(shop.cases())) == ("held", "held", 1)
    match(shop, id)
    states = shop.run()
    assert (states["invoice:1"], states["invoice:2"], shop.cases()) == ("posted", "posted", [])
    assert (list_items(shop), find(shop, "Plans")) == ([id, id], [])


def test_a_person_may_confirm_that_it_is_another_item(shop):
    shop.run(invoice())
    id = rename(shop)
    shop.run(invoice("invoice:2"))
    match(shop, NEW)
    assert shop.run()["invoice:2"] == "posted"
    assert (list_items(shop), shop.cases()) == ([id, *find(shop, "Drawings")], [])
    assert shop.run(invoice("invoice:3"))["invoice:3"] == "posted"


def test_an_item_of_several_codes_of_one_name_is_recognized(shop):
    twin = replace(PRODUCT, id="i8")
    shop.run(invoice(), invoice("invoice:2", product=twin))
    rename(shop)
    states = shop.run(invoice("invoice:3"), invoice("invoice:4", product=twin))
    assert (states["invoice:3"], states["invoice:4"]) == ("held", "held")


def test_an_item_that_stood_for_all_codes_is_not_taken_for_a_renamed_one(shop):
    other = Code(id="i8", name="Models", create=replace(PRODUCT.create, name="Models"))
    (id,) = find(shop, "Drawings")
    shop.source.default_product = id
    shop.run(invoice(product=RENAMED_PRODUCT), invoice("invoice:2", product=other))
    shop.source.default_product = None
    states = shop.run(invoice("invoice:3", product=RENAMED_PRODUCT))
    assert (states["invoice:3"], shop.cases()) == ("posted", [])
    assert list_items(shop) == [id, id, *find(shop, "Plans")]


def test_a_category_that_is_renamed_is_not_created_a_second_time(shop):
    group = Code(id="g9", name="Paper", create=Item(name="Paper", type="category"))
    details = replace(PRODUCT.create, name="Prints")
    codes = {**ACCOUNTS, "group": group}
    prints = Document(kind="item", source_id="part:1", details=details, codes=codes)
    category = {"Name": "Paper", "Type": "Category"}
    id = shop.quickbooks.act("create", kind="Item", set=category)["Id"]
    record_download.refresh(1)
    shop.run(prints)
    shop.quickbooks.act("edit", kind="Item", id=id, set={"Name": "Papers"})
    record_download.refresh(1)
    maps = replace(prints, source_id="part:2", details=replace(details, name="Maps"))
    assert shop.run(maps)["part:2"] == "held"
    assert "Papers" in shop.reasons()[0]


def test_the_item_of_a_document_of_its_own_is_not_created_a_second_time(shop):
    shop.run(bill())
    id = rename(shop)
    item = Document(kind="item", source_id="i9", details=PRODUCT.create, codes=ACCOUNTS)
    states = shop.run(item, bill("bill:2"))
    assert states["i9"] == "held"
    assert shop.cases() == ["Product “Drawings” is not matched yet"]
    states = shop.run()
    assert (states["i9"], find(shop, "Drawings")) == ("held", [])
    match(shop, id)
    states = shop.run()
    assert (states["i9"], states["bill:2"], shop.cases()) == ("posted", "posted", [])
    assert find(shop, "Drawings") == []

"""A new version of a plugin gives a field another role: matches of the former list do not count."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Code, hookimpl
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import matches
from hub.models import Installation, Match
from hub.sources.record_push import push_lists
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

CODE = Code(id="x7", name="Mill")


class LaterSource(ShopSource):
    """A version of the shop whose cost codes are items."""

    pushed = ()

    @hookimpl
    def hub_fields(self, app):
        fields = super().hub_fields(app)
        return [replace(one, role="item") if one.name == "cost" else one for one in fields]

    @hookimpl
    def hub_records(self, app, site, field, records):
        self.pushed = (*self.pushed, *records)
        return [Code(id="x7", name="Mill", quickbooks_id="3")] if field == "cost" else []


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop of whose cost codes a person has matched one to an account."""
    shop = ShopSite(app, quickbooks, clock)
    account = find_account_with_id_of_item(shop)
    match(shop, account)
    shop.run(bill("bill:1"))
    assert list_line_refs(shop, "AccountBasedExpenseLineDetail", "AccountRef") == [account]
    return shop


def find_account_with_id_of_item(shop):
    """Return the id of an account for expenses that an item, which can be bought, has as well."""
    items = {row["Id"] for row in shop.books("Item") if row.get("ExpenseAccountRef")}
    for row in shop.books("Account"):
        if row["Id"] in items and row["AccountType"] not in ("Accounts Payable", "Non-Posting"):
            return row["Id"]
    raise LookupError("no id is in both lists")


def update_plugin(app, shop):
    later = LaterSource()
    later.items = shop.source.items
    object.__setattr__(app.extensions["hub"], "plugins", Plugins.load([later], installed=False))
    shop.source = later


def match(shop, record):
    with transaction() as session:
        row = session.get_one(Installation, shop.id)
        matches.store_decision(session, row, "cost", CODE.id, record, who="kari")


def bill(id, amount="10.00"):
    row = line("1", amount, cost=CODE)
    return document("bill", id, row, total=amount, supplier=SUPPLIER, number=id)


def list_line_refs(shop, detail, field):
    refs = []
    for row in shop.ours("Bill"):
        refs += [line[detail][field]["value"] for line in row["Line"] if detail in line]
    return refs


def test_a_match_to_an_account_posts_no_item_that_has_the_same_id(app, shop):
    update_plugin(app, shop)
    states = shop.run(bill("bill:1", "12.00"), bill("bill:2"))
    assert (states["bill:1"], states["bill:2"]) == ("held", "held")
    assert shop.cases() == ["QuickBooks has no cost code called “Mill”"]
    match(shop, "3")
    states = shop.run()
    assert (states["bill:1"], states["bill:2"], shop.cases()) == ("posted", "posted", [])
    assert list_line_refs(shop, "ItemBasedExpenseLineDetail", "ItemRef") == ["3", "3"]


def test_a_source_is_not_told_of_the_match_and_may_link_the_code(app, shop):
    update_plugin(app, shop)
    with read_only_session() as session:
        row = session.get_one(Installation, shop.id)
    push_lists(row, ["cost"])
    assert {record.code for record in shop.source.pushed} == {None}
    with read_only_session() as session:
        query = select(Match).where(Match.field == "cost", Match.code == CODE.id)
        stored = session.scalars(query).one()
    assert (stored.record, stored.role, stored.match_method) == ("3", "item", "link")

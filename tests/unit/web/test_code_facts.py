"""The facts of the source that help to match a code."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Code, Item, hookimpl
from hub.db.engine import read_only_session, transaction
from hub.models import Case
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

PRODUCT = Code(
    id="i7", name="Bolt", create=Item(name="Bolt", type="non_inventory", description="M8")
)


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


class HoldingSource(ShopSource):
    """A shop whose products have to be matched by a person."""

    @hookimpl
    def hub_fields(self, app):
        fields = super().hub_fields(app)
        return [
            replace(field, missing="hold") if field.name == "product" else field for field in fields
        ]


@pytest.mark.parametrize(
    ("language", "facts"),
    [
        ("en", ("<dt>Type</dt>", "Non-inventory", "<dt>Description</dt>")),
        ("nb", ("<dt>Type</dt>", "Ikke lagervare", "<dt>Beskrivelse</dt>")),
    ],
)
def test_the_type_of_a_new_item_is_in_the_language_of_the_page(
    app, quickbooks, clock, language, facts
):
    shop = ShopSite(app, quickbooks, clock, source=HoldingSource())
    order = line("1", "10.00", product=PRODUCT)
    shop.run(document("purchase_order", "order:1", order, total="10.00", supplier=SUPPLIER))
    with transaction() as session:
        add_people(session)
    with read_only_session() as session:
        case_id = session.scalars(select(Case.id).where(Case.closed_at.is_(None))).one()
    visitor = Visitor(app, Story(1, shop.id))
    visitor.log_in("oda")
    visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    page = visitor.page(f"/inbox/{case_id}")
    for fact in facts:
        assert fact in page

"""Names of new suppliers and customers that another kind of record has, before anything is sent."""

import shutil
from dataclasses import replace
from html import unescape

import pytest

from hub import Party
from hub.collect import run
from hub.contract.documents import Code
from hub.contract.registry import Plugins
from hub.context import current
from hub.db.engine import transaction
from hub.models import Company, ListState, Record
from hub.posting.preflight import recheck
from tests.support.page_rows import Story, add_people
from tests.support.page_visitor import Visitor
from tests.support.small_source import SmallSource, bill, postings, settle, vendor_code
from tests.unit.web.test_large_lists import queries_of
from tests.unit.web.test_readiness_report import HERE, row_of, rows
from tests.unit.web.test_record_form import form_of

TAKEN = "QuickBooks has a customer called “{}” already"


@pytest.fixture
def source():
    return SmallSource()


@pytest.fixture
def app(source, make_app, make_config, empty_database):
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load([source], installed=False), pages=True)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app):
    """Provide an operator of an app whose documents wait for the first approval."""
    installation_id = settle(mode="review")
    with transaction() as session:
        add_people(session)
        company = session.get_one(Company, 1)
        company.country = "US"
    new_visitor = Visitor(app, Story(1, installation_id))
    new_visitor.log_in("olga")
    return new_visitor


def collect(source, *items):
    source.items = items
    run.collect(1)


def bill_of(number, code, **values):
    return bill(number, codes={"supplier": code}, **values)


def add_record(list_name, id, name, *, is_active=True):
    """Add a record as the download of a list stores it."""
    with transaction() as session:
        session.add(
            Record(
                company_id=1,
                list=list_name,
                quickbooks_id=id,
                name=name,
                full_name=name,
                active=is_active,
                read_at=current().clock.now(),
            )
        )
        session.get_one(ListState, (1, list_name)).version += 1


def link_of(page, title):
    """Return the address that a title on a page links to."""
    before = unescape(page).partition(f">{title}</a>")[0]
    return before.rpartition('href="')[2].partition('"')[0]


def test_a_new_supplier_with_the_name_of_a_customer_is_listed_with_its_documents(visitor, source):
    code = vendor_code(name="Nordvik AS")
    collect(source, bill_of("1", code), bill_of("2", code, total="75.50"), bill("3"))
    assert "Nothing stops documents" in visitor.page(HERE)
    add_record("customer", "77", " NORDVIK  as")
    row = row_of(visitor, TAKEN.format(" NORDVIK  as").replace("“ NORDVIK  as", "“ NORDVIK as"))
    assert row[2:] == ["2", "200.50 NOK"]
    assert "F-1" in row[0]
    assert row[1] == (
        "Match it to the supplier that it is, create it under another name, such as “Nordvik AS"
        " (supplier)”, or skip the documents that need it."
    )
    assert "1 document that waits can be posted." in visitor.page(HERE)

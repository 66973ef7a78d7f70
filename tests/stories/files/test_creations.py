"""Suppliers that QuickBooks lacks, created for many cases of the inbox at once."""

import shutil

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import Case
from hub.sources import file_mapping
from hub.web.codes import case_creations
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.files_site import ANSWERS, CSV

NEW = """\
Second Unknown Ltd,B-5,2026-03-05,20.00,Something
Alder Ridge Lumbers,B-6,2026-03-05,30.00,Timber
"""


@pytest.fixture
def app(make_app, make_config, empty_database):
    """Create a hub with pages."""
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, pages=True)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app, site):
    """Provide an operator at the pages of the hub."""
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, site.id))
    visitor.log_in("oda")
    return visitor


def test_suppliers_are_created_for_the_ticked_cases_if_nothing_is_similar(site, visitor):
    received = site.receive("bills.csv", CSV + NEW)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    with read_only_session() as session:
        ids = list(session.scalars(select(Case.id).where(Case.closed_at.is_(None))))
    assert len(ids) == 3
    assert 'formaction="/inbox/bulk/create' in visitor.page("/inbox/")
    page = visitor.press("/inbox/bulk/create", case=ids)
    assert "Will be created in QuickBooks: the records of 2 cases." in page
    assert "1 could not be created: QuickBooks has a similar record." in page
    page = visitor.press("/inbox/bulk/create", case=ids)
    assert "2 could not be created: it is decided already." in page
    site.sync()
    assert sorted(site.books("Bill")) == ["B-1", "B-3", "B-5"]
    assert site.cases() == ["QuickBooks has no supplier called “Alder Ridge Lumbers”"]
    assert site.record("Vendor", "Second Unknown Ltd")
    with read_only_session() as session:
        decisions = list(session.scalars(select(Case.decided_by).where(Case.decision == "created")))
    assert decisions == ["oda", "oda"]


def test_one_act_creates_a_limited_number_of_records(site, visitor, monkeypatch):
    monkeypatch.setattr(case_creations, "MAX_CREATED", 1)
    received = site.receive("bills.csv", CSV + NEW)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    page = visitor.press("/inbox/bulk/create", which="all", newest=999)
    assert "the records of 1 case." in page
    assert "2 could not be created: one act creates 1 records. Repeat it for the others." in page
    page = visitor.press("/inbox/bulk/create", which="all", newest=999)
    assert "the records of 1 case." in page


def test_cases_about_other_codes_are_left(site, visitor):
    received = site.receive("bills.csv", CSV.replace("Description", "Class").replace("Timber", "X"))
    answers = ANSWERS | {"class": "Class"}
    answers.pop("description")
    file_mapping.apply(site.installation, received.id, "Old system", answers, "kari")
    site.sync()
    page = visitor.press("/inbox/bulk/create", which="all", newest=999)
    assert (
        "could not be created: it is about no supplier or customer that QuickBooks lacks." in page
    )

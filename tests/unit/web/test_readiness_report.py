"""The readiness report: everything that would hold documents, before anything is posted."""

import datetime as dt
import re

import pytest
from sqlalchemy import select

from hub.collect import run
from hub.db.engine import transaction
from hub.models import ConnectedCompany, Posting, SourceDocument
from hub.scheduling import readiness_report
from tests.support.pages.list_pages import queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.readiness_pages import REPORT_PAGE, report_rows, row_of
from tests.support.rows.page_rows import Story, add_people, add_posting
from tests.support.rows.stored_cases import open_stored_case
from tests.support.sources.small_source import PREFERENCES, bill, install_small_source

CLOSED = {"AccountingInfoPrefs": {"BookCloseDate": "2026-01-31"}}


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app):
    """Provide a person who sees one app, whose documents wait for the first approval."""
    installation_id = install_small_source(mode="review")
    with transaction() as session:
        add_people(session)
    change(country="US", currency="NOK")
    new_visitor = Visitor(app, Story(1, installation_id))
    new_visitor.log_in("vera")
    return new_visitor


def change(**values):
    """Change the stored description of the company."""
    with transaction() as session:
        company = session.scalars(select(ConnectedCompany)).one()
        for name, value in values.items():
            setattr(company, name, value)


def collect(source, *items):
    source.items = items
    run.collect(1)


def test_documents_that_can_be_posted_are_counted(visitor, source):
    collect(source, bill("1"), bill("2"))
    page = visitor.page(REPORT_PAGE)
    assert "Nothing stops documents" in page
    assert "Ready to post: 2 bills." in page


def test_a_code_without_a_match_is_listed_with_its_documents_and_their_sum(visitor, source):
    collect(
        source,
        bill("1", account="9999"),
        bill("2", total="75.50", account="9999"),
        bill("3", kind="vendor_credit", total="25.00", account="9999"),
    )
    row = next(row for row in report_rows(visitor) if "9999" in row[0])
    assert row[2:] == ["3", "175.50 NOK"]
    assert row[1]  # what to do
    assert re.search(r'<a href="/inbox/\d+">', visitor.page(REPORT_PAGE))


def test_of_many_causes_those_with_the_most_documents_are_listed(visitor, source, monkeypatch):
    monkeypatch.setattr(readiness_report, "MAX_CASES", 2)
    accounts = ("9991", "9992", "9992", "9993", "9993", "9993")
    collect(source, *(bill(str(place), account=code) for place, code in enumerate(accounts)))
    listed = [row for row in report_rows(visitor) if "999" in row[0]]
    assert [row[2] for row in listed] == ["3", "2"]
    page = visitor.page(REPORT_PAGE)
    assert "1 more is not listed; it has a case in the inbox." in " ".join(page.split())
    assert re.search(r'<span class="state bad">\s*3</span>', page)


def test_documents_that_quickbooks_would_refuse_are_listed_before_they_are_sent(visitor, source):
    january = bill("1", date=dt.date(2026, 1, 20)), bill("2", date=dt.date(2026, 1, 31))
    collect(source, *january, bill("3"))
    assert "Nothing stops documents" in visitor.page(REPORT_PAGE)
    change(preferences=CLOSED)
    row = row_of(visitor, "The books are closed up to 31 Jan 2026")
    assert row[2:] == ["2", "250.00 NOK"]
    assert "Ready to post: 1 bill." in visitor.page(REPORT_PAGE)


def test_posted_documents_that_differ_from_quickbooks_stop_nothing(visitor, source):
    collect(source, bill("1"))
    of_app = {"installation_id": 1, "company_id": 1, "action": "differ"}
    with transaction() as session:
        posting = session.scalars(select(Posting)).first()
        for cause, title in (("posting:1:differs-in-quickbooks", "Changed"), ("x", "Unclear")):
            open_stored_case(session, cause, title=title, postings=[posting], **of_app)
    texts = " ".join(" ".join(row) for row in report_rows(visitor))
    assert "Unclear" in texts
    assert "Changed" not in texts


def test_a_missing_file_has_the_amount_of_its_document_once(visitor, source):
    collect(source, bill("1", total="75.50"))
    of_app = {"installation_id": 1, "company_id": 1, "action": "none"}
    with transaction() as session:
        document = session.scalars(select(SourceDocument)).one()
        files = []
        for number in (1, 2):
            values = {"operation": "attach", "requestid": f"{number:032x}", "total": None}
            files.append(add_posting(session, document, "held", {}, currency="", **values))
        open_stored_case(session, "file:1", title="No file", postings=files, **of_app)
    assert row_of(visitor, "No file")[2:] == ["1", "75.50 NOK"]


def test_documents_with_the_same_defect_are_one_row_with_examples(visitor, source):
    wrong = []
    for number in range(1, 6):
        wrong.append(bill(str(number), total="100.00"))
    collect(source, *wrong)
    change(country="NO")  # where each line needs a tax code
    (row,) = [row for row in report_rows(visitor) if row[2:] == ["5", "500.00 NOK"]]
    assert "F-1" in row[0]
    assert "and 2 more" in row[0]


def test_documents_in_another_currency_are_named_while_the_company_has_one(visitor, source):
    collect(source, bill("1", currency="EUR"), bill("2"))
    row = row_of(visitor, "Currencies")
    assert row[1:3] == ["Stops documents", "The books are kept in NOK only. Documents: 1 in EUR."]
    several = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
    change(preferences=several)
    assert row_of(visitor, "Currencies")[1] == "Fine"
    change(preferences=several | {"CompanyCurrencies": ["GBP", "SEK"]})
    assert row_of(visitor, "Currencies")[1:3] == [
        "Stops documents",
        "The company uses NOK, GBP, SEK. Documents: 1 in EUR.",
    ]
    change(preferences=several | {"CompanyCurrencies": ["EUR"]})
    assert row_of(visitor, "Currencies")[1] == "Fine"


def test_dimensions_that_quickbooks_does_not_track_are_named(visitor, source):
    collect(source, bill("1", codes={"supplier": "31", "class": "Field work"}))
    assert row_of(visitor, "Classes")[1] == "Fine"
    change(preferences={})
    assert row_of(visitor, "Classes")[1:3] == [
        "Check",
        "The documents use 1, but tracking is off in QuickBooks.",
    ]
    assert row_of(visitor, "Locations")[2] == "The documents have none."
    change(preferences=PREFERENCES)


def test_an_edition_without_bills_is_named_before_any_document(visitor, source):
    assert row_of(visitor, "Supplier bills")[1] == "Fine"
    change(preferences={"OfferingSku": "QuickBooks Online Simple Start"})
    assert row_of(visitor, "Supplier bills")[1:3] == [
        "Stops documents",
        "QuickBooks Online Simple Start has no bills for connected apps.",
    ]


def test_the_closed_period_is_named_even_if_no_document_is_in_it(visitor, source):
    assert row_of(visitor, "Closed books")[2] == "No period is closed."
    change(preferences=CLOSED)
    assert row_of(visitor, "Closed books")[2] == "The books are closed up to 31 Jan 2026."


def test_the_end_of_the_closed_period_is_a_date_of_the_reader(visitor, source):
    change(preferences=CLOSED)
    visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb"
    assert row_of(visitor, "Lukket")[2] == "Regnskapet er lukket til og med 31. jan. 2026."


def test_three_times_as_many_documents_need_no_more_queries(visitor, source):
    collect(source, bill("1"), bill("2", account="9999"))
    visitor.page(REPORT_PAGE)  # the first page of a process reads more
    few = queries_of(visitor, REPORT_PAGE)
    more = [bill(str(number)) for number in range(3, 9)]
    collect(source, *more, bill("9", account="9998"), bill("10", account="9997"))
    assert queries_of(visitor, REPORT_PAGE) == few

"""Documents before the start date: excluded, summed, and included one by one or all."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from hub import Checkpoint, Gone
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import AuditEntry, Installation, Posting, SourceDocument
from hub.posting.actions import manual, retries
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import SLUG, bill, make_page

START = dt.date(2026, 3, 2)
DUE = dt.date(2026, 4, 9)
HERE = "/installations/1/earlier/"


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app, source, quickbooks):
    """Provide an app that starts today, with two earlier documents and one later document."""
    return begin(app, source)


def begin(app, source):
    enable.enable(1, SLUG, {"start_date": START.isoformat()}, who="olga", mode="auto")
    early = bill("1", supplier="1"), bill("2", total="75.00", supplier="1", due=DUE)
    items = (*early, bill("3", supplier="1", date=START))
    source.items = make_page(*items, cursor="1")
    source.by_id = {item.source_id: item for item in items}
    sync()
    with transaction() as session:
        add_people(session)
    new_visitor = Visitor(app, Story(1, 1))
    new_visitor.log_in("olga")
    return new_visitor


def sync():
    return runner.sync(1, requested_by="kari").counts["result"]


def states():
    with read_only_session() as session:
        rows = select(SourceDocument.number, Posting.state).join(Posting)
        return dict(iter(session.execute(rows)))


def include(visitor, which="all", **chosen):
    answer = visitor.get(f"{HERE}include", query_string={"which": which, **chosen})
    match = re.search(r'name="listed" value="([^"]+)"', answer.text)
    return visitor.press(f"{HERE}include", listed=match[1])


def test_documents_before_the_start_date_are_counted_and_listed_with_their_sum(visitor):
    assert states() == {"F-1": "withdrawn", "F-2": "withdrawn", "F-3": "posted"}
    assert "2 earlier documents left out" in visitor.page("/installations/1/")
    assert "2 documents from before 02 Mar 2026 are left out." in visitor.page(
        "/installations/1/review/"
    )
    listed = visitor.page(HERE)
    assert '2 documents left out · <span class="sum">200.00' in listed
    assert ("F-1" in listed, "F-2" in listed, "F-3" in listed) == (True, True, False)


def test_a_chosen_document_is_included_after_its_sum_was_confirmed(visitor):
    seals = re.findall(r'name="selected"\s+value="([^"]+)"', visitor.page(HERE))
    answer = visitor.get(f"{HERE}include", query_string={"selected": seals[0]}).text
    assert "Include 1 document ·" in answer
    assert "Check that nobody has entered it in QuickBooks by hand." in " ".join(answer.split())
    assert "09 Apr 2026" in answer
    assert states()["F-2"] == "withdrawn"
    answer_text = include(visitor, "selected", selected=seals[0])
    assert "Included 1 document. It is read with the next sync." in answer_text
    assert sync() == {"posted": 1, "amounts": {"USD": "75.00"}}
    assert states() == {"F-1": "withdrawn", "F-2": "posted", "F-3": "posted"}
    assert "1 document left out" in visitor.page(HERE)
    with read_only_session() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.what == "documents included")
        ).one()
    assert (entry.who, entry.detail) == (
        "olga",
        {"count": 1, "documents": ["F-2"], "address": "127.0.0.1"},
    )


def test_of_more_documents_than_a_form_can_carry_the_others_are_counted(visitor, monkeypatch):
    whole = visitor.page(f"{HERE}include?which=all")
    assert ("Include 2 documents" in whole, "can be included at once" in whole) == (True, False)
    assert "Check that nobody has entered them in QuickBooks by hand." in whole
    monkeypatch.setattr("hub.web.documents.early_documents.MAX_INCLUDED", 1)
    page = visitor.page(f"{HERE}include?which=all")
    assert "Include 1 document ·" in page
    assert "Only 1 can be included at once; 1 more stays left out. Include it afterwards." in page
    assert "Included 1 document." in include(visitor)
    assert "1 document left out" in visitor.page(HERE)
    assert "can be included at once" not in visitor.page(f"{HERE}include?which=all")


def test_documents_that_were_ticked_on_another_page_stay_ticked(visitor, monkeypatch):
    monkeypatch.setattr(
        "hub.web.frame.paging.load_page.__kwdefaults__", {"is_descending": True, "size": 1}
    )
    first = visitor.page(HERE)
    assert 'data-carries="selected"' in first
    [pair] = re.findall(r'name="selected"\s+value="([^"]+)"', first)
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    page = visitor.page(f"{unescape(following)}&ticked={pair}")
    assert "1 selected on another page" in page
    own, others = re.findall(r'name="selected"\s+value="([^"]+)"', page)
    answer = visitor.get(f"{HERE}include", query_string={"selected": [own, others]}).text
    assert "Include 2 documents" in answer
    [back] = re.findall(r'href="([^"]+)">Back to the list', answer)
    page = visitor.page(unescape(back))
    assert re.search(r'name="selected"\s+value="\d+:[^>]* checked', page)
    assert "1 selected on another page" in page
    assert "Included 2 documents" in include(visitor, "selected", selected=[own, others])


def test_all_early_documents_are_included_as_they_were_listed(visitor, source):
    form_page = visitor.page(f"{HERE}include?which=all")
    assert "Include 2 documents" in form_page
    later = bill("4", supplier="1")
    source.items = make_page(later, cursor="2")
    source.by_id[later.source_id] = later
    sync()
    match = re.search(r'name="listed" value="([^"]+)"', form_page)
    assert "Included 2 documents" in visitor.press(f"{HERE}include", listed=match[1])
    sync()
    assert states() == {"F-1": "posted", "F-2": "posted", "F-3": "posted", "F-4": "withdrawn"}


@pytest.mark.parametrize(
    ("columns", "company_state", "words"),
    [
        ({"mode": "paused"}, "connected", "once the app is enabled and not paused"),
        ({"enabled": False}, "connected", "once the app is enabled and not paused"),
        ({}, "disconnected", "once the company is connected again"),
    ],
)
def test_an_app_that_cannot_run_says_when_included_documents_are_read(
    visitor, columns, company_state, words
):
    with transaction() as session:
        installation = session.get_one(Installation, 1)
        for name, column in columns.items():
            setattr(installation, name, column)
        installation.company.state = company_state
    form = visitor.page(f"{HERE}include?which=all")
    assert f"They are read {words}." in " ".join(form.split())
    assert f"Included 2 documents. They are read {words}." in include(visitor)


def test_a_list_that_is_sent_twice_says_that_its_documents_are_included(visitor):
    form_page = visitor.page(f"{HERE}include?which=all")
    match = re.search(r'name="listed" value="([^"]+)"', form_page)
    visitor.press(f"{HERE}include", listed=match[1])
    answer = visitor.press(f"{HERE}include", listed=match[1])
    assert "2 documents are no longer left out" in answer
    assert "still left out" not in answer


def test_a_document_that_changed_since_it_was_listed_stays_left_out(visitor, source):
    form_page = visitor.page(f"{HERE}include?which=all")
    changed = bill("1", total="9000.00", supplier="1")
    source.items = make_page(changed, cursor="2")
    sync()
    match = re.search(r'name="listed" value="([^"]+)"', form_page)
    answer = visitor.press(f"{HERE}include", listed=match[1])
    assert "1 document changed since it was listed and is still left out." in answer
    sync()
    assert (states()["F-1"], states()["F-2"]) == ("withdrawn", "posted")


def test_a_confirmation_says_which_of_the_selected_documents_it_leaves_out(visitor, source):
    seals = re.findall(r'name="selected"\s+value="([^"]+)"', visitor.page(HERE))
    source.items = make_page(bill("1", total="9000.00", supplier="1"), cursor="2")
    sync()
    page = visitor.page(f"{HERE}include?selected={seals[0]}&selected={seals[1]}")
    assert "Include 1 document ·" in page
    assert "1 document changed since it was listed and is still left out." in page
    page = visitor.page(f"{HERE}include?selected={seals[1]}")
    assert "1 document changed since it was listed and is still left out." in page
    assert "Select at least one document." not in page


def test_an_included_document_stays_included_and_its_changes_count(visitor, source):
    include(visitor)
    sync()
    source.items = make_page(bill("1", total="130.00", supplier="1"), cursor="2")
    assert sync() == {"corrected": 1}


@pytest.fixture
def visitor_with_look_alike(app, source, intuit, clock):
    """Provide the same for a company in which somebody has entered the first document by hand.

    That is older than the connection, and QuickBooks was searched from the start date on only.
    """
    fields = {
        "VendorRef": {"value": "1"},
        "DocNumber": "BY HAND",
        "TxnDate": "2026-02-10",
        "Line": [
            {
                "Amount": 125.0,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
            }
        ],
    }
    intuit.act("create", kind="Bill", set=fields)
    clock.advance(3600)
    company = oauth_connect.connect_with_refresh_token(
        intuit.realm, intuit.refresh_tokens[intuit.realm]
    )
    record_download.refresh(company.id)
    return begin(app, source)


def test_a_look_alike_from_before_the_start_date_holds_an_included_document(
    visitor_with_look_alike,
):
    include(visitor_with_look_alike)
    sync()
    assert (states()["F-1"], states()["F-2"]) == ("held", "posted")


def test_a_look_alike_holds_a_document_that_is_included_during_a_sync(
    visitor_with_look_alike, source
):
    def read_while_all_are_included():
        include(visitor_with_look_alike)
        yield Checkpoint(cursor="2")

    source.items = read_while_all_are_included()
    sync()
    assert (states()["F-1"], states()["F-2"]) == ("withdrawn", "withdrawn")
    source.items = make_page(cursor="3")
    sync()
    assert (states()["F-1"], states()["F-2"]) == ("held", "posted")


def test_a_look_alike_holds_an_included_document_whose_date_becomes_earlier(
    visitor_with_look_alike, source
):
    def deliver(*items):
        source.items = make_page(*items, cursor="2")
        source.by_id = {item.source_id: item for item in items}
        sync()

    later = {"supplier": "1", "date": dt.date(2026, 2, 20)}
    deliver(bill("1", **later), bill("2", total="75.00", **later))
    include(visitor_with_look_alike)
    deliver(bill("1", supplier="1"), bill("2", total="75.00", **later))
    assert (states()["F-1"], states()["F-2"]) == ("withdrawn", "posted")
    deliver(bill("1", supplier="1"))
    assert states()["F-1"] == "held"


def test_moving_the_start_date_includes_what_it_no_longer_leaves_out(visitor):
    enable.change(1, SLUG, {"start_date": "2026-02-01"}, who="olga")
    sync()
    assert states() == {"F-1": "posted", "F-2": "posted", "F-3": "posted"}
    assert "Nothing left out" in visitor.page(HERE)


def test_a_document_that_a_person_skipped_is_not_listed_until_the_skip_is_taken_back(
    visitor, source
):
    """Including it would change nothing, because a skipped document is not planned."""
    enable.change(1, SLUG, {"start_date": "2026-02-01"}, who="olga")
    enable.set_mode(1, "review", who="olga")
    sync()
    assert states() == {"F-1": "review", "F-2": "review", "F-3": "posted"}
    with read_only_session() as session:
        query = select(Posting.id).join(SourceDocument).where(SourceDocument.number == "F-1")
        skipped_id = session.scalars(query).one()
    manual.skip(skipped_id, "Entered by hand", "olga")
    enable.change(1, SLUG, {"start_date": START.isoformat()}, who="olga")
    sync()
    assert states() == {"F-1": "skipped", "F-2": "withdrawn", "F-3": "posted"}
    listed = visitor.page(HERE)
    assert ("F-1" in listed, "1 document left out" in listed) == (False, True)
    assert "Included 1 document." in include(visitor)
    sync()
    assert states() == {"F-1": "skipped", "F-2": "review", "F-3": "posted"}
    retries.take_back_skip(skipped_id, "olga")
    sync()
    assert states()["F-1"] == "withdrawn"
    assert "1 document left out" in visitor.page(HERE)
    assert "Included 1 document." in include(visitor)
    sync()
    assert states()["F-1"] == "posted"  # it was approved when the skip was taken back


def test_a_document_that_the_source_no_longer_has_is_not_listed(visitor, source):
    source.items = make_page(Gone(source_id="invoice:1"), cursor="2")
    sync()
    listed = visitor.page(HERE)
    assert ("F-1" in listed, "1 document left out" in listed) == (False, True)


@pytest.mark.parametrize(("name", "status"), [("vera", 403), ("oda", 403), ("arne", 403)])
def test_only_who_may_change_the_settings_includes(visitor, name, status):
    with transaction() as session:
        session.get_one(Installation, 1).owner = "olga"
    form_page = visitor.page(f"{HERE}include?which=all")
    match = re.search(r'name="listed" value="([^"]+)"', form_page)
    visitor.post("/logout")
    visitor.log_in(name)
    page = visitor.page(HERE)
    assert "Include all" not in page
    assert "Include single ones here" not in page
    assert "Who may change the app's settings can include them." in page
    assert visitor.get(f"{HERE}include?which=all").status_code == status
    assert visitor.post(f"{HERE}include", listed=match[1]).status_code == status
    assert states()["F-1"] == "withdrawn"


def test_an_inclusion_without_a_selection_is_refused(visitor):
    answer = visitor.get(f"{HERE}include")
    assert answer.status_code == 302
    assert "Select at least one document." in visitor.page(answer.location)


def test_credits_lower_the_sum_and_currencies_stay_apart(visitor):
    with transaction() as session:
        one, two = session.scalars(select(SourceDocument).order_by(SourceDocument.id).limit(2))
        one.kind, two.currency, two.total = "vendor_credit", "NOK", Decimal("10.00")
    for path in (HERE, f"{HERE}include?which=all"):
        assert "10.00 NOK, −125.00 USD" in re.sub(r"<[^>]+>", "", visitor.page(path))

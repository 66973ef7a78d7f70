"""Review compares changes and removals with what QuickBooks has now, not with the last posting."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from hub import Gone, Line
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Posting
from hub.scheduling import runner
from qbo_sandbox import QuickBooks
from tests.support.pages.api_client import ApiClient
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import SLUG, SmallSource, bill, make_page

LIST = "/installations/1/review/"
COMPARED = f"{LIST}?compare=now"
OFFER = "Compare with QuickBooks as it is now"
READ_NOW = "Compared with QuickBooks as it is now."


@dataclass
class Books:
    """An operator, the source, and the company whose posted bills change at both ends."""

    visitor: Visitor
    source: SmallSource
    quickbooks: QuickBooks

    def sync(self, *items: Any) -> None:
        """Let the source show these documents."""
        self.source.items = make_page(*items, cursor="1")
        assert runner.sync(1, requested_by="kari").error == ""

    def approve(self) -> None:
        """Approve and post everything."""
        self.visitor.approve(1)
        runner.post(1, requested_by="oda")

    def bill(self, number: str) -> dict[str, Any]:
        """Return a bill as QuickBooks has it."""
        query = f"select * from Bill where DocNumber = '{number}'"
        [entity] = self.quickbooks.select(query)["Bill"]
        return entity

    def act(self, do: str, number: str, **details: Any) -> None:
        """Do something to a bill in QuickBooks, as a person there would."""
        with read_only_session() as session:
            ids = {row.document.number: row.quickbooks_id for row in session.query(Posting)}
        self.quickbooks.act(do, kind="Bill", id=ids[number], **details)


@pytest.fixture
def source():
    return SmallSource(gone="delete")


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def books(request, app, source, quickbooks):
    """Provide an app in review whose two bills are posted."""
    installation_id = enable.enable(1, SLUG, {}, who="olga", mode="auto").id
    with transaction() as session:
        add_people(session)
    books = Books(Visitor(app, Story(1, 1)), source, quickbooks)
    books.sync(bill("1", supplier="1"), bill("2", supplier="1"))
    enable.set_mode(installation_id, "review", who="olga")
    books.visitor.log_in(getattr(request, "param", "oda"))
    return books


def changes(visitor: Visitor) -> str:
    """Return the part of the list that shows what changes, compared with QuickBooks."""
    text = unescape(visitor.page(COMPARED))
    return " ".join(text.partition('id="changes"')[2].partition("By account")[0].split())


def test_a_change_is_compared_with_what_a_person_wrote_in_quickbooks(books, calls):
    books.act("edit", "F-1", set={"DueDate": "2026-12-24", "DocNumber": "edited"})
    books.sync(bill("1", total="150.00", supplier="1"), bill("2", total="175.00", supplier="1"))
    calls.clear()
    text = changes(books.visitor)
    assert len(calls) == 1, "one query reads both"
    first, second = text.split("Bill F-2")[0], text.partition("Bill F-2")[2]
    assert first.count(READ_NOW) == second.count(READ_NOW) == 1
    assert "<td>edited</td><td>F-1</td>" in first
    assert "edited" not in second
    assert '125.00 USD</span></td><td><span class="amount">150.00 USD<' in first
    assert "DueDate" not in first, "the source gives no due date, so that of QuickBooks stays"
    row = next(row for row in books.visitor.page(COMPARED).split("<tr") if ">Change</a>" in row)
    assert "Total in QuickBooks is 125.00 USD, Number, 1 line" in " ".join(row.split())


def test_values_that_an_update_keeps_do_not_differ(books):
    """QuickBooks adds tax codes to lines, and a person may add to the memo."""
    lines = [Line(id=id, amount=Decimal(40), codes={"account": "7"}) for id in "ab"]
    books.sync(bill("3", total="80.00", supplier="1", lines=lines))
    books.approve()
    memo = books.bill("F-3")["PrivateNote"]
    books.act("edit", "F-3", set={"PrivateNote": f"Paid by Kari\n{memo}", "DueDate": "2026-12-24"})
    lines[1] = replace(lines[1], amount=Decimal(60))
    books.sync(bill("3", total="100.00", supplier="1", lines=lines))
    text = changes(books.visitor)
    assert text.count('class="differs"') == 2
    assert '80.00 USD</span></td><td><span class="amount">100.00 USD<' in text


def test_a_removal_shows_what_is_removed(books):
    books.act("edit", "F-1", set={"DocNumber": "edited"})
    books.sync(Gone(source_id="invoice:1"), bill("2", supplier="1"))
    text = changes(books.visitor)
    assert "Removal from QuickBooks" in text
    assert READ_NOW in text
    assert "<td>edited</td><td>removed</td>" in text


def test_a_transaction_that_quickbooks_no_longer_has_is_named(books):
    books.sync(bill("1", total="150.00", supplier="1"))
    books.act("delete", "F-1")
    gone = "QuickBooks does not have this transaction any more."
    assert gone in changes(books.visitor)
    page = books.visitor.page(COMPARED)
    assert gone in page.partition('id="changes"')[0], "in its row, too"
    assert gone in books.visitor.page("/postings/3/review")


def test_a_failed_reading_is_reported_and_the_last_posting_compared(books):
    books.sync(bill("1", total="150.00", supplier="1"))
    books.act("edit", "F-1", set={"DocNumber": "edited"})
    books.quickbooks.add_fault("status", "query*", status=503, count=100)
    books.quickbooks.add_fault("status", "bill.read", status=503, count=100)
    page = changes(books.visitor)
    assert "QuickBooks could not be read: " in page
    assert "What was not read is compared with what was posted last." in page
    assert READ_NOW not in page
    assert '<th scope="col">Posted last</th>' in page
    assert "edited" not in page
    assert "150.00 USD" in page
    page = books.visitor.page("/postings/3/review")
    assert "Compared with what was posted last, because QuickBooks could not be read: " in page


@pytest.mark.parametrize("books", ["vera"], indirect=True)
def test_a_viewer_causes_no_call(books, calls):
    books.sync(bill("1", total="150.00", supplier="1"))
    calls.clear()
    assert "QuickBooks was not asked" in changes(books.visitor)
    page = books.visitor.page(LIST)
    assert "QuickBooks was not asked" in page
    assert OFFER not in page
    assert "review/changes" not in page
    assert books.visitor.get(f"{LIST}changes").status_code == 403
    assert calls == []


def test_the_list_opens_without_waiting_and_then_asks_quickbooks(books, calls):
    """htmx asks when the page is open; without JavaScript a link does."""
    books.act("edit", "F-1", set={"DocNumber": "edited"})
    books.sync(bill("1", total="150.00", supplier="1"))
    calls.clear()
    page = books.visitor.page(LIST)
    assert calls == []
    assert READ_NOW not in page
    assert "Total was 125.00 USD" in page
    assert f'href="{COMPARED}#changes">{OFFER}</a>' in page
    address = re.search(r'hx-get="([^"]+changes)"\s+hx-trigger="load"', page)[1]
    part = " ".join(books.visitor.page(address).split())
    assert len(calls) == 1
    assert READ_NOW in part
    assert "<td>edited</td><td>F-1</td>" in part
    assert OFFER not in part
    row = part.partition('id="change-of-3" hx-swap-oob="true"')[2]
    assert "Total in QuickBooks is 125.00 USD, Number" in row
    assert 'id="change-of-3">' in page


def test_the_api_lists_the_comparisons_separately(books, calls):
    books.act("edit", "F-1", set={"DocNumber": "edited"})
    books.sync(bill("1", total="150.00", supplier="1"), bill("3", supplier="1"))
    program = ApiClient.of(books.visitor.app, "oda", "read", "operate")
    calls.clear()
    address = "/installations/1/approvals/"
    listed = {row["posting_id"]: row for row in program.read(address)["data"]}
    assert listed[3]["changes"] == "Total was 125.00 USD, Line 1"
    assert calls == []
    (row,) = program.read(f"{address}comparisons")["data"]
    assert len(calls) == 1
    assert (row["posting_id"], row["version"]) == (3, listed[3]["version"])
    assert row["compared_with"] == "quickbooks"
    assert row["changes"] == "Total in QuickBooks is 125.00 USD, Number, 1 line"
    assert {"name": "Number", "text": "edited"} in row["present"]["facts"]
    assert row["failure"] == ""


def test_the_api_says_why_it_compared_with_the_last_posting(books):
    books.sync(bill("1", total="150.00", supplier="1"))
    books.quickbooks.add_fault("status", "query*", status=503, count=100)
    books.quickbooks.add_fault("status", "bill.read", status=503, count=100)
    program = ApiClient.of(books.visitor.app, "oda", "read", "operate")
    (row,) = program.read("/installations/1/approvals/comparisons")["data"]
    assert row["compared_with"] == "last_posting"
    assert row["failure"]
    reader = ApiClient.of(books.visitor.app, "oda", "read")
    assert reader.call("GET", "/installations/1/approvals/comparisons").status_code == 403

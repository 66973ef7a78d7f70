"""Documents whose source states no currency: their amounts are in that of their company."""

import json
import re
from decimal import Decimal
from html import unescape

import pytest

from hub.db import engine
from hub.models import ConnectedCompany, Installation, Posting, SourceDocument
from hub.outbox import case_amounts
from tests.support.pages.list_pages import add_case, rows_of
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_document, add_installation


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    """Log an owner in."""
    visitor.log_in("olga")
    return visitor


def text_of(page: str) -> str:
    """Return the text of a page that a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def two_currencies(viewer: Visitor) -> Visitor:
    """Add bills without a currency to a company with kroner and to one with dollars."""
    with viewer.app.app_context(), engine.transaction() as session:
        norwegian = session.get_one(Installation, viewer.story.installation)
        company = add_company(session, "9138", "Alder Ridge Builders")
        company.currency = "USD"
        american = add_installation(session, company, tenant="t8")
        for place, (installation, total) in enumerate(
            ((norwegian, "100.25"), (norwegian, "200.50"), (american, "40.75"))
        ):
            document, posting = add_document(session, installation, "held", 940 + place)
            document.party, document.currency, document.total = "Plain AS", "", Decimal(total)
            posting.currency, posting.total = "", Decimal(total)
    return viewer


def test_the_sum_of_a_list_keeps_the_currencies_of_companies_apart(two_currencies: Visitor) -> None:
    text = text_of(two_currencies.page("/documents?q=plain"))
    assert "3 documents · 300.75 NOK + 40.75 USD" in text
    for amount in ("100.25 NOK", "200.50 NOK", "40.75 USD"):
        assert amount in text
    assert "40.75 USD" in text_of(two_currencies.page("/search/?q=plain"))


def test_a_file_has_the_currency_of_the_company(two_currencies: Visitor) -> None:
    rows = json.loads(two_currencies.get("/documents/export?q=plain&format=json").data)
    assert [(row["total"], row["currency"]) for row in rows] == [
        ("40.75", "USD"),
        ("200.50", "NOK"),
        ("100.25", "NOK"),
    ]


def test_the_tiles_of_home_keep_the_currencies_of_companies_apart(two_currencies: Visitor) -> None:
    """Of a document that cannot be read, and of one with other postings, too."""
    story = two_currencies.story
    with two_currencies.app.app_context(), engine.transaction() as session:
        norwegian = session.get_one(Installation, story.installation)
        for posting in session.query(Posting).filter(Posting.state.in_(("held", "unknown"))):
            if posting.currency:
                posting.state = "skipped"
        unreadable, _ = add_document(session, norwegian, "posted", 950)
        unreadable.currency, unreadable.total = "", Decimal("1000.00")
        unreadable.unreadable = "It is no document."
        changed, posting = add_document(session, norwegian, "held", 951)
        changed.currency, changed.total = "", Decimal("2000.00")
        posting.operation, posting.currency = "update", ""
    page = two_currencies.page("/")
    tile = page.partition('kpi-name">Needs attention')[2].partition("</li>")[0]
    assert re.findall(r'title="([^"]+)"', tile) == ["3,300.75 NOK", "40.75 USD"]


def test_the_page_of_a_document_marks_no_difference(viewer: Visitor) -> None:
    """QuickBooks is sent the currency of the company where it uses several."""
    story = viewer.story
    with viewer.app.app_context(), engine.transaction() as session:
        session.get_one(SourceDocument, story.documents["posted"]).currency = ""
    page = viewer.page(f"/documents/{story.documents['posted']}")
    assert "<mark>1,250.50" not in page
    assert re.findall(r"<dt>Total</dt>\s*<dd>([^<]*)<", page)[:2] == ["1,250.50 NOK"] * 2
    head = page.partition('<span class="amount fs-5">')[2].partition("</span>")[0]
    assert head.strip() == "1,250.50 NOK"


def test_an_amount_has_the_decimals_of_the_companys_currency(viewer: Visitor) -> None:
    story = viewer.story
    with viewer.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, story.company).currency = "JPY"
        document = session.get_one(SourceDocument, story.documents["held"])
        document.currency, document.total = "", Decimal(1250)
        document.body = {**document.body, "total": "1250"}
    facts = viewer.page(f"/documents/{document.id}").partition('id="source"')[2]
    (total,) = re.findall(r"<dt>Total</dt>\s*<dd>(.*?)</dd>", facts.partition("</dl>")[0])
    assert text_of(total).startswith("1,250 JPY")


def test_the_amounts_of_a_case_have_the_currency_of_the_company(owner: Visitor) -> None:
    id = add_case(owner, 0, "12.30")
    with owner.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter(Posting.total == Decimal("12.30")):
            posting.currency = posting.document.currency = ""
    assert rows_of(owner.page("/inbox/?words=Case+0"))[id].startswith("12.30 NOK")
    with owner.app.app_context(), engine.read_only_session() as session:
        assert case_amounts.sum_by_case(session, [id]) == {id: {"NOK": "12.30"}}

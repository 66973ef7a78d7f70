"""The inbox has one case for a currency that a company does not use, with all its documents."""

from typing import Any

import pytest
from sqlalchemy import func, select

from hub import Code, Party
from hub.db.engine import read_only_session
from hub.models import Case, case_posting
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.conftest import FakeClock
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.every_kind_source import ShopSite, invoice

TITLE = "QuickBooks does not use SEK yet"
CLIENT = Code(id="c9", name="Berg Bygg", create=Party(name="Berg Bygg AB", currency="SEK"))


@pytest.fixture
def open_shop(visitor_with_stand_ins: Visitor, clock: FakeClock) -> Any:
    """Return a function that enables the shop for a company with these currencies."""
    visitor = visitor_with_stand_ins

    def open_shop(**currencies: Any) -> Any:
        quickbooks = visitor.quickbooks
        realm = quickbooks.open("us", **currencies)
        token = quickbooks.refresh_tokens[realm]
        company = oauth_connect.connect_with_refresh_token(realm, token)
        record_download.refresh(company.id)
        return ShopSite(visitor.app, quickbooks, clock, company=company)

    with visitor.app.app_context():
        yield open_shop


def in_swedish_kronor(*numbers: int) -> list[Any]:
    return [invoice(f"invoice:{n}", client=CLIENT, currency="SEK") for n in numbers]


def count_documents_of_cases() -> dict[str, int]:
    """Return how many documents each open case has, by its title."""
    with read_only_session() as session:
        query = (
            select(Case, func.count(case_posting.c.posting_id))
            .join(case_posting, isouter=True)
            .where(Case.closed_at.is_(None))
            .group_by(Case.id)
        )
        return {case.title: count for case, count in session.execute(query)}


def test_a_currency_is_one_case_that_closes_once_it_is_used(
    visitor_with_stand_ins: Visitor, open_shop: Any
) -> None:
    visitor = visitor_with_stand_ins
    shop = open_shop(multicurrency=True, currencies=("EUR",))
    shop.run(*in_swedish_kronor(1, 2, 3))
    assert count_documents_of_cases() == {TITLE: 3}
    page = compact(visitor.page("/inbox/1"))
    assert "Add SEK in QuickBooks (Settings, Currencies), then press Check again." in page
    assert "at the source" not in page.partition("What to do:")[2].partition("</p>")[0]
    currency = {"Code": "SEK", "Name": "Swedish Krona"}
    shop.quickbooks.ask(
        "POST", "companycurrency", currency, shop.realm, content_type="application/json"
    )
    visitor.press("/inbox/1/retry")
    shop.run()
    assert set(shop.states().values()) == {"posted"}
    assert count_documents_of_cases() == {}
    assert visitor.row(Case, 1).closed_at is not None


def test_a_document_is_taken_out_of_the_case_once_its_source_has_another_currency(
    open_shop: Any,
) -> None:
    shop = open_shop(multicurrency=True, currencies=("EUR",))
    shop.run(*in_swedish_kronor(1, 2))
    client = Code(id="c7", name="Ash", create=Party(name="Ash Ltd"))
    shop.run(invoice("invoice:1", client=client, currency="USD"))
    assert shop.states()["invoice:1"] == "posted"
    assert count_documents_of_cases() == {TITLE: 1}


def test_the_list_of_currencies_releases_the_documents_with_the_next_sync(open_shop: Any) -> None:
    shop = open_shop(multicurrency=True, currencies=("EUR",))
    shop.run(*in_swedish_kronor(1, 2))
    currency = {"Code": "SEK", "Name": "Swedish Krona"}
    shop.quickbooks.ask(
        "POST", "companycurrency", currency, shop.realm, content_type="application/json"
    )
    record_download.refresh(shop.company_id)
    shop.run()
    assert count_documents_of_cases() == {}


def test_a_company_with_one_currency_says_what_it_takes(
    visitor_with_stand_ins: Visitor, open_shop: Any
) -> None:
    shop = open_shop()
    shop.run(*in_swedish_kronor(1, 2))
    assert count_documents_of_cases() == {TITLE: 2}
    page = compact(visitor_with_stand_ins.page("/inbox/1"))
    assert "this company keeps books in USD only." in page
    assert "If SEK is right, switch on several currencies in QuickBooks" in page

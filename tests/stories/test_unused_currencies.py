"""Documents in a currency that the company does not use yet are held until it is added."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import Code, Party
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, ReceiptRow
from hub.posting.actions import retries
from hub.qbo import company, record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.sources.every_kind_source import ShopSite, document, invoice

SWEDISH_CLIENT = Code(id="c9", name="Berg Bygg", create=Party(name="Berg Bygg AB", currency="SEK"))
REASON = "Nothing in SEK can be posted: this company in QuickBooks does not use it."


def open_shop(app, quickbooks, clock, **about):
    """Return the shop of a company that uses USD and EUR."""
    realm = quickbooks.open("us", multicurrency=True, currencies=("EUR",))
    connected = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(connected.id)
    return ShopSite(app, quickbooks, clock, company=connected, **about)


@pytest.fixture
def export(app, quickbooks, clock):
    return open_shop(app, quickbooks, clock)


def swedish_invoice():
    return invoice("invoice:1", client=SWEDISH_CLIENT, currency="SEK")


def test_an_invoice_in_an_unused_currency_is_held_and_its_customer_is_not_created(export):
    export.run(swedish_invoice())
    export.run()
    assert export.states()["invoice:1"] == "held"
    assert (export.reasons(), export.ours("Customer")) == ([REASON], [])
    assert export.posting("c9") is None


def test_a_retry_posts_the_invoice_after_the_currency_was_added(export):
    export.run(swedish_invoice())
    fields = {"Code": "SEK", "Name": "Swedish Krona"}
    answer = export.quickbooks.ask(
        "POST", "companycurrency", fields, export.realm, content_type="application/json"
    )
    assert answer.status == 200
    retries.retry(export.posting("invoice:1").id, who="kari")
    export.run()
    assert export.states()["invoice:1"] == "posted"
    assert export.book("Invoice", "invoice:1")["CurrencyRef"]["value"] == "SEK"
    assert export.cases() == []


def test_a_customer_in_an_unused_currency_is_held(export):
    party = Party(name="Berg Bygg AB", currency="SEK")
    export.run(document("customer", "customer:1", details=party, currency="SEK"))
    assert export.states()["customer:1"] == "held"
    assert export.reasons() == [REASON]


def test_other_problems_of_a_document_in_an_unused_currency_have_a_case_of_their_own(export):
    wrong_total = replace(swedish_invoice(), total=Decimal("999.00"))
    export.run(wrong_total)
    [reason] = export.reasons()
    assert reason.startswith(REASON)
    assert "999.00" in reason
    assert "Switch on" not in reason
    assert export.cases() == ["QuickBooks does not use SEK yet", "Invoice 1 of Berg Bygg"]


def test_nothing_is_held_if_quickbooks_does_not_list_its_currencies(export):
    euro_client = Code(id="c8", name="Rhein", create=Party(name="Rhein GmbH", currency="EUR"))
    options = {"status": 400, "code": "4000", "count": 0}
    export.quickbooks.add_fault("status", "query.companycurrency", **options)
    with transaction() as session:
        session.get_one(ConnectedCompany, export.company_id).preferences = {}
    record_download.refresh(export.company_id)
    assert export.run(invoice(client=euro_client, currency="EUR"))["invoice:1"] == "posted"


def test_a_new_connection_remembers_the_currencies(export):
    oauth_connect.connect_with_refresh_token(
        export.realm, export.quickbooks.refresh_tokens[export.realm]
    )
    with read_only_session() as session:
        assert company.load_facts(session, export.company_id).currencies == {"EUR"}


def test_the_source_is_told_that_it_is_the_currency(app, quickbooks, clock):
    open_shop(app, quickbooks, clock, wants=("held",)).run(swedish_invoice())
    with read_only_session() as session:
        receipt = session.scalars(select(ReceiptRow).where(ReceiptRow.state == "held")).one()
    assert receipt.body["cause"] == "currency"

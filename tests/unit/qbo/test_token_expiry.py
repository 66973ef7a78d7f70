"""Tokens that expire: idle connections are kept alive, and final expiry is announced."""

import pytest
from sqlalchemy import select

from hub.cases import inbox
from hub.db import engine
from hub.models import Case, ConnectedCompany
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_expiry, tokens

DAY = 24 * 3600


def open_titles() -> list[str]:
    with engine.read_only_session() as session:
        return [
            case.title for case in session.scalars(select(Case).where(Case.closed_at.is_(None)))
        ]


def use_for(clock, days: int) -> None:
    for _ in range(days // 90):
        clock.advance(90 * DAY)
        token_expiry.keep_alive(1)


def test_an_idle_company_stays_connected_for_years(quickbooks, clock):
    use_for(clock, 4 * 365)
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "connected"
    assert open_titles() == []


@pytest.fixture
def expiring_company(quickbooks, clock):
    """Provide a company that was connected almost five years ago."""
    use_for(clock, 1800)
    clock.advance((tokens.load_expiry(1).ends_at - clock.now()).total_seconds() - 29 * DAY)
    token_expiry.keep_alive(1)
    return quickbooks


def test_the_end_of_a_connection_has_a_case_a_month_before(expiring_company):
    token_expiry.keep_alive(1)
    assert open_titles() == ["The connection to Fjord & Sons Construction ends soon"]


def test_a_closed_case_about_the_end_of_a_connection_stays_closed(expiring_company):
    with engine.transaction() as session:
        inbox.close(session, "connection:1:end", by="anna")
    token_expiry.keep_alive(1)
    assert open_titles() == []


def test_a_reconnect_closes_the_case_about_the_end_of_a_connection(expiring_company):
    grant = expiring_company.app.grants.grant(
        expiring_company.client_id, expiring_company.realm, "com.intuit.quickbooks.accounting"
    )
    oauth_connect.connect_with_refresh_token(expiring_company.realm, grant.refresh)
    assert open_titles() == []


def test_a_disconnected_company_has_no_case_about_the_end_of_its_connection(expiring_company):
    oauth_connect.disconnect(1)
    assert open_titles() == []

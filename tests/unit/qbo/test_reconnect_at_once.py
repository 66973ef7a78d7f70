"""A person who reconnects a company on PostgreSQL while Intuit rejects its former tokens."""

import pytest

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany
from hub.qbo import connection
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint, tokens
from tests.support.servers.blocked_transactions import start_beside
from tests.support.sources.stand_in_fixtures import mount_quickbooks


def test_a_reconnect_counts_that_comes_while_a_rejection_is_recorded(pg_app, clock, monkeypatch):
    quickbooks = mount_quickbooks(pg_app, clock)
    refresh_token = quickbooks.refresh_tokens[quickbooks.realm]
    company = oauth_connect.connect_with_refresh_token(quickbooks.realm, refresh_token)
    stale = tokens.get_access_token(company.id)
    update_case, threads = connection._update_case, []

    def reject(refresh_tokens):
        raise token_endpoint.Rejected("Token invalid")

    def reconnect():
        token = quickbooks.refresh_tokens[quickbooks.realm]
        oauth_connect.connect_with_refresh_token(quickbooks.realm, token)

    def reconnect_beside(session, *args):
        if not threads:
            session.flush()
            threads.append(start_beside(pg_app, session, reconnect))
        update_case(session, *args)

    monkeypatch.setattr(tokens, "_request_grant", reject)
    monkeypatch.setattr(connection, "_update_case", reconnect_beside)
    with pytest.raises(connection.ConnectionTrouble):
        tokens.refresh(company.id, stale)
    threads[0].join()
    with read_only_session() as session:
        assert session.get_one(ConnectedCompany, company.id).state == "connected"
    assert tokens.get_access_token(company.id) != stale

"""Connecting a company: consent, callback and their errors."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from sqlalchemy import select

from hub.context import current_hub
from hub.db import engine
from hub.errors import ConfigurationError, NotNow, NotThisCompany, OtherCompany, Refused, Retry
from hub.models import AuditEntry, Case, ConnectedCompany, OAuthState, Secret, Token
from hub.models.enums import ConnectionState
from hub.qbo import connection
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint
from hub.rate_limits.limiter import get_rate_limiter
from hub.security import secrets

BROWSER = "a browser session"


@pytest.fixture
def consent(app, intuit):
    """Return a function that decides on Intuit's page and returns what the browser brings back."""

    def decide(url: str, **form: str) -> dict[str, str]:
        session = requests.Session()
        for prefix, adapter in app.extensions["hub"].mounts.items():
            session.mount(prefix, adapter)
        fields = {"decision": "connect", "user": "admin", "realm": intuit.realm, **form}
        back = session.post(url, data=fields, allow_redirects=False).headers["Location"]
        return dict(parse_qsl(urlsplit(back).query))

    return decide


def connect(consent, **form: str) -> ConnectedCompany:
    url, _ = oauth_connect.start(BROWSER)
    return oauth_connect.finish(consent(url, **form), BROWSER)


@pytest.mark.row("CT-S15")
@pytest.mark.row("CT-S16")
def test_a_company_is_connected_and_known_by_name(consent, intuit):
    company = connect(consent)
    assert (company.realm, company.name, company.state) == (
        intuit.realm,
        "Fjord & Sons Construction",
        "connected",
    )
    assert (company.country, company.currency) == ("US", "USD")


def test_the_consent_asks_for_accounting_only(app):
    url, state = oauth_connect.start(BROWSER)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["scope"] == "com.intuit.quickbooks.accounting"
    assert query["response_type"] == "code"
    assert query["redirect_uri"].endswith("/quickbooks/callback")
    assert query["state"] == state


def test_the_state_is_kept_as_a_hash(app):
    _, state = oauth_connect.start(BROWSER)
    with engine.read_only_session() as session:
        assert state not in session.scalars(select(OAuthState.state)).all()


@pytest.mark.row("CT-S17")
def test_a_refusal_is_reported_in_words(consent):
    with pytest.raises(Refused, match="did not allow"):
        connect(consent, decision="cancel")


def test_a_state_works_once(consent):
    url, _ = oauth_connect.start(BROWSER)
    back = consent(url)
    oauth_connect.finish(back, BROWSER)
    with pytest.raises(NotNow, match="used already"):
        oauth_connect.finish(back, BROWSER)


def test_a_state_works_in_its_own_browser_only(consent):
    url, _ = oauth_connect.start(BROWSER)
    back = consent(url)
    with pytest.raises(Refused, match="this browser"):
        oauth_connect.finish(back, "another browser")
    assert oauth_connect.finish(back, BROWSER).state == "connected"


def test_a_state_works_for_ten_minutes(consent, clock):
    url, _ = oauth_connect.start(BROWSER)
    back = consent(url)
    clock.advance(601)
    with pytest.raises(NotNow, match="10 minutes"):
        oauth_connect.finish(back, BROWSER)


@pytest.mark.parametrize("args", [{}, {"state": "x"}, {"state": "", "code": "c", "realmId": "1"}])
def test_an_invented_return_is_refused(app, args):
    with pytest.raises(Refused):
        oauth_connect.finish(args, BROWSER)


@pytest.mark.parametrize(
    "args", [{"code": "c"}, {"realmId": "1"}, {"code": "c", "realmId": "../1"}]
)
def test_a_return_without_company_or_code_is_refused(app, args):
    _, state = oauth_connect.start(BROWSER)
    with pytest.raises(Refused, match="names no company"):
        oauth_connect.finish({"state": state, **args}, BROWSER)


def test_an_invented_code_is_refused(intuit):
    _, state = oauth_connect.start(BROWSER)
    with pytest.raises(Refused, match="did not accept"):
        oauth_connect.finish({"state": state, "code": "invented", "realmId": intuit.realm}, BROWSER)


@pytest.mark.row("CT-S16")
def test_a_reconnect_must_return_the_same_company(consent, intuit):
    connect(consent)
    other = list(intuit.companies)[1]
    back = consent(oauth_connect.start(BROWSER, intuit.realm)[0], realm=other)
    with pytest.raises(OtherCompany, match="Fjord & Sons Construction"):
        oauth_connect.finish(back, BROWSER)
    with engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany.realm)).all() == [intuit.realm]


def test_a_reconnect_repairs_what_needed_a_person(consent, intuit, clock):
    company = connect(consent)
    connection.refuse(company.id, ConnectionState.RECONNECT, "for a test")
    again = oauth_connect.finish(consent(oauth_connect.start(BROWSER, intuit.realm)[0]), BROWSER)
    assert (again.id, again.state, again.state_reason) == (company.id, "connected", "")
    with engine.read_only_session() as session:
        assert session.scalars(select(Case.closed_at)).one() is not None


def test_a_refresh_token_connects_without_a_browser(intuit):
    company = oauth_connect.connect_with_refresh_token(
        intuit.realm, f" {intuit.refresh_tokens[intuit.realm]}\n"
    )
    assert company.name == "Fjord & Sons Construction"


@pytest.mark.parametrize(
    ("realm", "token"), [("9341453172096411", "AB11invented"), ("Fjord", "AB11")]
)
def test_a_useless_refresh_token_connects_nothing(intuit, realm, token):
    with pytest.raises(Refused):
        oauth_connect.connect_with_refresh_token(realm, token)
    with engine.read_only_session() as session:
        assert not session.scalars(select(ConnectedCompany)).all()


def test_a_wrong_client_secret_is_a_setting_to_correct(app, intuit):
    intuit.app.authority.clients[intuit.client_id] = "another"
    with pytest.raises(ConfigurationError, match="HUB_QBO_CLIENT_ID"):
        oauth_connect.connect_with_refresh_token(intuit.realm, "AB11")


def test_a_company_whose_preferences_cannot_be_read_now_is_connected_all_the_same(intuit):
    intuit.add_fault("status", "preferences.read", status=503, count=0)
    company = oauth_connect.connect_with_refresh_token(
        intuit.realm, intuit.refresh_tokens[intuit.realm]
    )
    assert (company.name, company.state) == ("Fjord & Sons Construction", "connected")


def test_a_company_is_not_connected_during_a_long_pause(intuit, clock):
    config = current_hub().config
    get_rate_limiter(intuit.realm, clock, config).note_throttling(3600)
    start = clock.monotonic()
    with pytest.raises(Retry, match="its limit of calls leaves no room") as refusal:
        oauth_connect.connect_with_refresh_token(intuit.realm, intuit.refresh_tokens[intuit.realm])
    assert clock.monotonic() == start
    assert refusal.value.after == pytest.approx(3600)


def test_a_consent_for_a_company_that_does_not_answer_connects_nothing(consent, intuit):
    """The company id is in the address that the browser calls, where anybody could change it."""
    url, _ = oauth_connect.start(BROWSER)
    back = consent(url)
    other = list(intuit.companies)[1]
    with pytest.raises(Refused, match=f"does not let this connection work in company {other}"):
        oauth_connect.finish(back | {"realmId": other}, BROWSER)
    with engine.read_only_session() as session:
        assert not session.scalars(select(ConnectedCompany)).all()


def test_disconnecting_revokes_at_intuit_and_keeps_the_company(quickbooks):
    oauth_connect.disconnect(1, "anna")
    assert quickbooks.log.entries("revoke")
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "disconnected"
        assert secrets.get(session, "company:1:refresh") is None
        assert session.get(Token, 1) is not None
        assert "company disconnected" in session.scalars(select(AuditEntry.what)).all()


def test_a_check_proves_the_connection_and_closes_its_case(quickbooks):
    connection.refuse(1, ConnectionState.RECONNECT, "the person lost access for a day")
    assert oauth_connect.check(1).state == "connected"
    with engine.read_only_session() as session:
        assert session.scalars(select(Case.closed_at)).one() is not None


def test_no_secret_is_logged(intuit, consent, caplog):
    caplog.set_level("DEBUG")
    connect(consent)
    secrets_of_intuit = [
        *intuit.app.grants.access,
        *intuit.app.grants.by_refresh,
        intuit.client_secret,
    ]
    assert not [secret for secret in secrets_of_intuit if secret in caplog.text]


def test_the_address_for_the_return_is_the_hubs_own(app):
    url, _ = oauth_connect.start(BROWSER)
    assert urlencode({"redirect_uri": "http://localhost:8080/quickbooks/callback"}) in url


@pytest.fixture
def with_pkce(app):
    """Make the hub's consents use PKCE."""
    object.__setattr__(app.extensions["hub"].config, "qbo_pkce", True)


def test_a_consent_carries_no_challenge_unless_the_switch_is_on(app):
    url, _ = oauth_connect.start(BROWSER)
    assert "code_challenge" not in url


def test_with_pkce_the_verifier_stays_on_the_server_and_fits_the_challenge(consent, with_pkce):
    url, state = oauth_connect.start(BROWSER)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    verifier = token_endpoint._derive_code_verifier(state)
    assert 43 <= len(verifier) <= 128
    assert verifier not in url
    assert oauth_connect.finish(consent(url), BROWSER).state == "connected"


def test_with_pkce_a_code_of_another_consent_is_not_taken(consent, with_pkce):
    """A code that was stolen from one sign-in is worthless in another one."""
    stolen_url, _ = oauth_connect.start(BROWSER)
    stolen = consent(stolen_url)
    _, state = oauth_connect.start(BROWSER)
    with pytest.raises(Refused, match="did not accept the sign-in"):
        oauth_connect.finish({**stolen, "state": state}, BROWSER)
    with engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany)).all() == []


def test_no_token_is_stored_if_it_does_not_open_the_company(consent, intuit):
    """The browser may change the realmId on its way back."""
    url, _ = oauth_connect.start(BROWSER)
    with pytest.raises(NotThisCompany):
        oauth_connect.finish({**consent(url), "realmId": "9130357999999999"}, BROWSER)
    _assert_nothing_stored()


def test_no_token_is_stored_if_the_company_does_not_answer(consent, intuit):
    intuit.add_fault("lose_answer", "companyinfo.read", count=50)
    url, _ = oauth_connect.start(BROWSER)
    with pytest.raises(Retry, match="nothing was connected"):
        oauth_connect.finish(consent(url), BROWSER)
    _assert_nothing_stored()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "lose_answer"}, "the connection was cut"),
        ({"kind": "refuse"}, "refused"),
        ({"kind": "status", "status": 429}, "The request limit was reached"),
        ({"kind": "status", "status": 503}, "Status 503"),
        ({"kind": "wrong_json"}, "not what was asked for"),
    ],
    ids=["lost", "refused", "throttled", "unavailable", "unreadable"],
)
def test_a_person_connects_again_if_the_company_does_not_answer(consent, intuit, fault, reason):
    """The hub has stored nothing that it could try again with."""
    intuit.add_fault(call="companyinfo.read", count=50, **fault)
    url, _ = oauth_connect.start(BROWSER)
    with pytest.raises(Retry) as trouble:
        oauth_connect.finish(consent(url), BROWSER)
    assert reason in trouble.value.text
    assert "automatically" not in trouble.value.text
    assert trouble.value.text.endswith(" Try again in some minutes.")


def test_a_reconnect_whose_answer_is_lost_keeps_the_tokens_that_work(consent, intuit):
    company = connect(consent)
    with engine.read_only_session() as session:
        before = session.scalars(select(Secret.sealed).order_by(Secret.place)).all()
    intuit.add_fault("lose_answer", "companyinfo.read", count=50)
    url, _ = oauth_connect.start(BROWSER, company.realm)
    with pytest.raises(Retry):
        oauth_connect.finish(consent(url), BROWSER)
    with engine.read_only_session() as session:
        assert session.scalars(select(Secret.sealed).order_by(Secret.place)).all() == before


def _assert_nothing_stored():
    with engine.read_only_session() as session:
        for table in (ConnectedCompany, Token, Secret):
            assert session.scalars(select(table)).all() == [], table

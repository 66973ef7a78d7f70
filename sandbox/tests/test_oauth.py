"""Tests of the authorization server: consent, tokens, rotation, revocation, discovery."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock, ConnectionFault, send_request

NOON = 1_800_000_000.0
DAY = 86400
CALLBACK = "http://127.0.0.1:5000/callback"


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True))


def basic(id, secret):
    return "Basic " + base64.b64encode(f"{id}:{secret}".encode()).decode()


def authorize(quickbooks, form=None, **changed):
    params = {
        "client_id": quickbooks.client_id,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting openid",
        "redirect_uri": CALLBACK,
        "state": "s1",
    } | changed
    target = f"/connect/oauth2?{urlencode(params)}"
    return send_request(
        quickbooks.wsgi, "POST" if form else "GET", target, urlencode(form) if form else None
    )


def callback(answer):
    assert answer.status == 302
    assert answer.headers["location"].startswith(CALLBACK)
    return {
        key: values[0]
        for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
    }


def token(quickbooks, id=None, secret=None, **form):
    header = basic(id or quickbooks.client_id, secret or quickbooks.client_secret)
    return send_request(
        quickbooks.wsgi, "POST", "/oauth2/v1/tokens/bearer", urlencode(form), authorization=header
    )


def refresh(quickbooks, value=None, **rest):
    value = value or quickbooks.refresh_tokens[US.realm]
    return token(quickbooks, grant_type="refresh_token", refresh_token=value, **rest)


def consent(quickbooks, **form):
    return callback(
        authorize(quickbooks, {"user": "admin", "realm": US.realm, "decision": "connect"} | form)
    )


def exchange(quickbooks, code, redirect=CALLBACK):
    return token(quickbooks, grant_type="authorization_code", code=code, redirect_uri=redirect)


def test_the_consent_page_names_the_client_and_every_company(quickbooks):
    page = authorize(quickbooks)
    assert page.status == 200
    assert quickbooks.client_id in page.text
    assert US.name.replace("&", "&amp;") in page.text
    assert NORWAY.realm in page.text


def test_consent_leads_back_with_code_state_and_company(quickbooks):
    parameters = consent(quickbooks, realm=NORWAY.realm)
    assert (parameters["state"], parameters["realmId"]) == ("s1", NORWAY.realm)
    assert parameters["code"]


def test_refusing_leads_back_with_access_denied(quickbooks):
    assert callback(authorize(quickbooks, {"decision": "cancel"})) == {
        "error": "access_denied",
        "state": "s1",
    }


def test_a_user_who_is_no_admin_cannot_consent(quickbooks):
    page = authorize(quickbooks, {"user": "clerk", "realm": US.realm, "decision": "connect"})
    assert page.status == 403
    assert "admin" in page.text


@pytest.mark.parametrize(
    "scope",
    [
        "com.intuit.quickbooks.accounting time-tracking.time-entry",
        "openid profile email phone address",
        "app-foundations.custom-dimensions.read project-management.project",
        "com.intuit.quickbooks.payroll.timetracking intuit_name",
    ],
)
def test_the_scopes_of_intuits_clients_are_known(quickbooks, scope):
    assert authorize(quickbooks, scope=scope).status == 200


def test_an_unknown_scope_leads_back_with_invalid_scope(quickbooks):
    assert callback(authorize(quickbooks, scope="everything"))["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "changed", [{"client_id": "nobody"}, {"redirect_uri": "ftp://x"}, {"response_type": "token"}]
)
def test_a_request_that_cannot_be_trusted_stays_on_the_page(quickbooks, changed):
    assert authorize(quickbooks, **changed).status == 400


def test_text_on_the_page_is_escaped(quickbooks):
    assert "<script>" not in authorize(quickbooks, state="<script>").text


def test_a_code_becomes_tokens_that_open_the_company(quickbooks):
    answer = exchange(quickbooks, consent(quickbooks)["code"])
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (
        "bearer",
        3600,
        8726400,
    )
    assert "realmId" not in tokens
    company_answer = quickbooks.ask(
        "GET", f"companyinfo/{US.realm}", authorization=f"Bearer {tokens['access_token']}"
    )
    assert company_answer.json()["CompanyInfo"]["CompanyName"] == US.name


def test_the_id_token_names_client_and_company(quickbooks):
    tokens = exchange(quickbooks, consent(quickbooks)["code"]).json()
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert (claims["aud"], claims["realmid"]) == ([quickbooks.client_id], US.realm)


def test_a_code_is_good_once(quickbooks):
    code = consent(quickbooks)["code"]
    exchange(quickbooks, code)
    again = exchange(quickbooks, code)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_good_for_ten_minutes_and_its_own_callback(quickbooks):
    assert exchange(quickbooks, consent(quickbooks)["code"], "http://elsewhere/").status == 400
    code = consent(quickbooks)["code"]
    quickbooks.clock.advance(601)
    assert exchange(quickbooks, code).status == 400


# Test vector from RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def redeem(quickbooks, code, **proof):
    return token(
        quickbooks, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **proof
    )


def challenged(quickbooks, **changed):
    """Request consent with a PKCE challenge."""
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | changed
    return authorize(quickbooks, {"decision": "connect", "realm": US.realm}, **pkce)


def test_a_code_with_a_challenge_needs_its_verifier(quickbooks):
    for proof in ({}, {"code_verifier": "x" * 43}):
        code = callback(challenged(quickbooks))["code"]
        answer = redeem(quickbooks, code, **proof)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")
    code = callback(challenged(quickbooks))["code"]
    assert redeem(quickbooks, code, code_verifier=VERIFIER).status == 200


def test_a_challenge_in_plain_text_is_refused(quickbooks):
    assert challenged(quickbooks, code_challenge_method="plain").status == 400


def test_a_wrong_secret_is_answered_as_intuit_does(quickbooks):
    answer = refresh(quickbooks, secret="wrong")
    assert (answer.status, answer.body) == (401, b'{"error":"invalid_client"}')
    assert answer.headers["www-authenticate"] == 'Basic realm="Intuit"'


def test_every_answer_has_a_trace_id(quickbooks):
    answers = [
        refresh(quickbooks),
        refresh(quickbooks, secret="wrong"),
        refresh(quickbooks, "AB11invented"),
    ]
    assert [answer.status for answer in answers] == [200, 401, 400]
    assert len({answer.headers["intuit_tid"] for answer in answers}) == 3
    assert answers[0].headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


def test_the_client_may_name_itself_in_the_form(quickbooks):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": quickbooks.refresh_tokens[US.realm],
        "client_id": quickbooks.client_id,
        "client_secret": quickbooks.client_secret,
    }
    assert (
        send_request(quickbooks.wsgi, "POST", "/oauth2/v1/tokens/bearer", urlencode(form)).status
        == 200
    )


def test_within_a_day_the_refresh_token_stays_the_same(quickbooks):
    assert refresh(quickbooks).json()["refresh_token"] == quickbooks.refresh_tokens[US.realm]


def test_after_a_day_it_changes_and_the_old_one_is_refused(quickbooks):
    quickbooks.clock.advance(DAY)
    renewed = refresh(quickbooks).json()["refresh_token"]
    assert renewed != quickbooks.refresh_tokens[US.realm]
    old = refresh(quickbooks)
    assert (old.status, old.json()["error"]) == (400, "invalid_grant")
    assert refresh(quickbooks, renewed).status == 200


def test_the_old_one_may_be_good_for_a_while(quickbooks):
    quickbooks.switch(rotate="always", previous_refresh_token="grace")
    renewed = refresh(quickbooks).json()["refresh_token"]
    assert refresh(quickbooks).json()["refresh_token"] == renewed
    quickbooks.clock.advance(DAY)
    assert refresh(quickbooks).status == 400


def test_a_refresh_token_may_change_with_each_use(quickbooks):
    quickbooks.switch(rotate="always")
    first = refresh(quickbooks).json()["refresh_token"]
    assert refresh(quickbooks, first).json()["refresh_token"] != first


def test_a_rotation_can_lose_its_answer(quickbooks):
    quickbooks.add_fault("rotate_and_lose", "token.refresh")
    with pytest.raises(ConnectionFault):
        refresh(quickbooks)
    assert refresh(quickbooks).status == 400


def test_unused_for_101_days_it_ends(quickbooks):
    quickbooks.clock.advance(8_726_400)
    assert refresh(quickbooks).status == 400


def test_after_five_years_it_ends_however_often_it_was_used(quickbooks):
    value = quickbooks.refresh_tokens[US.realm]
    for _ in range(61):
        quickbooks.clock.advance(30 * DAY)
        answer = refresh(quickbooks, value)
        value = answer.json().get("refresh_token", value)
    assert answer.status == 400


def test_the_five_year_limit_is_stated_on_request(quickbooks):
    header = basic(quickbooks.client_id, quickbooks.client_secret)
    form = urlencode(
        {"grant_type": "refresh_token", "refresh_token": quickbooks.refresh_tokens[US.realm]}
    )
    response = send_request(
        quickbooks.wsgi,
        "POST",
        "/oauth2/v1/tokens/bearer",
        form,
        authorization=header,
        x_include_refresh_token_hard_expires_in="true",
    ).json()
    assert response["x_refresh_token_hard_expires_in"] == 5 * 365 * DAY


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_revoking_either_token_ends_both(quickbooks, kind):
    tokens = quickbooks.access_tokens if kind == "access" else quickbooks.refresh_tokens
    header = basic(quickbooks.client_id, quickbooks.client_secret)
    answer = send_request(
        quickbooks.wsgi,
        "POST",
        "/v2/oauth2/tokens/revoke",
        {"token": tokens[US.realm]},
        authorization=header,
    )
    assert (answer.status, answer.body) == (200, b"")
    assert refresh(quickbooks).status == 400
    assert quickbooks.ask("GET", "preferences").status == 401


@pytest.mark.parametrize(
    "body", [b"{", b"{'token': 1}", b'{"token": null}', b'{"token": ' + b"[" * 50_000, b""]
)
def test_a_revocation_that_cannot_be_read_is_refused(quickbooks, body):
    header = basic(quickbooks.client_id, quickbooks.client_secret)
    answer = send_request(
        quickbooks.wsgi, "POST", "/v2/oauth2/tokens/revoke", body, authorization=header
    )
    assert (answer.status, answer.json()) == (400, {"error": "invalid_request"})


def test_an_expired_token_gets_the_gateways_fault(quickbooks):
    token = f"Bearer {quickbooks.access_tokens[US.realm]}"
    quickbooks.clock.advance(3600)
    answer = quickbooks.ask("GET", "preferences", authorization=token)
    response = answer.json()
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    assert response["fault"]["type"] == "AUTHENTICATION"
    assert response["fault"]["error"][0]["code"] == "3200"
    assert response["time"] == (NOON + 3600) * 1000


def test_a_token_of_one_company_does_not_open_another(quickbooks):
    token = f"Bearer {quickbooks.access_tokens[US.realm]}"
    answer = quickbooks.ask("GET", "preferences", realm=NORWAY.realm, authorization=token)
    assert (answer.status, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")


def test_a_token_without_the_scope_of_the_books_does_not_open_them(tmp_path):
    quickbooks = create(tmp_path, companies=[US], clock=Clock(NOON, frozen=True))
    form = {"user": "admin", "realm": US.realm, "decision": "connect"}
    code = callback(authorize(quickbooks, form, scope="openid email"))["code"]
    access = exchange(quickbooks, code).json()["access_token"]
    again = create(tmp_path, companies=[US], clock=Clock(NOON, frozen=True))
    answer = again.ask("GET", "preferences", authorization=f"Bearer {access}")
    assert (answer.status, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")
    token = f"Bearer {again.access_tokens[US.realm]}"
    assert again.ask("GET", "preferences", authorization=token).status == 200


def test_consent_can_go_to_another_company_than_the_one_chosen(quickbooks):
    quickbooks.add_fault("other_realm", "authorize")
    assert consent(quickbooks)["realmId"] == NORWAY.realm


@pytest.mark.parametrize("name", ["openid_configuration", "openid_sandbox_configuration/"])
def test_discovery_names_the_places_of_this_very_stand_in(quickbooks, name):
    response = send_request(quickbooks.wsgi, "GET", f"/.well-known/{name}").json()
    places = {
        key: value.removeprefix("http://stand-in.test:80")
        for key, value in response.items()
        if "http" in value
    }
    assert places == {
        "issuer": "https://oauth.platform.intuit.com/op/v1",
        "authorization_endpoint": "/connect/oauth2",
        "token_endpoint": "/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": "/v1/openid_connect/userinfo",
        "revocation_endpoint": "/v2/oauth2/tokens/revoke",
        "jwks_uri": "/op/v1/jwks",
    }
    assert response["response_types_supported"] == ["code"]
    assert response["token_endpoint_auth_methods_supported"] == [
        "client_secret_post",
        "client_secret_basic",
    ]


def decoded(text):
    return base64.urlsafe_b64decode(text + "==")


def test_an_id_token_can_be_checked_against_the_published_keys(quickbooks):
    signed = exchange(quickbooks, consent(quickbooks)["code"]).json()["id_token"]
    head, claims, signature = signed.split(".")
    [key] = send_request(quickbooks.wsgi, "GET", "/op/v1/jwks").json()["keys"]
    assert json.loads(decoded(head)) == {"alg": "RS256", "kid": key["kid"], "typ": "JWT"}
    numbers = (int.from_bytes(decoded(key[name]), "big") for name in ("e", "n"))
    public = RSAPublicNumbers(*numbers).public_key()
    public.verify(decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
    response = json.loads(decoded(claims))
    assert (
        response["iss"]
        == send_request(quickbooks.wsgi, "GET", "/.well-known/openid_configuration").json()[
            "issuer"
        ]
    )
    with pytest.raises(InvalidSignature):
        public.verify(decoded(signature), f"{head}.{claims}x".encode(), PKCS1v15(), SHA256())


def test_user_information_needs_a_token(quickbooks):
    token = f"Bearer {quickbooks.access_tokens[US.realm]}"
    assert send_request(
        quickbooks.wsgi, "GET", "/v1/openid_connect/userinfo", authorization=token
    ).json()["email"]
    assert send_request(quickbooks.wsgi, "GET", "/v1/openid_connect/userinfo").status == 401


def test_the_admin_can_take_the_access_away(quickbooks):
    quickbooks.act("disconnect", realm=US.realm)
    assert quickbooks.ask("GET", "preferences").status == 401
    assert refresh(quickbooks).status == 400

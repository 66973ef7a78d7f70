"""Log-in at an identity provider: linking, logging in, confirming, and what is refused."""

import datetime as dt
import random
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from string import ascii_letters, digits, punctuation
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import select

from hub.db import engine
from hub.models import AuditEntry, LoginSession, ProviderAccount
from hub.testing.clock import FakeClock
from hub.web.authentication.identity_provider import MAX_WAITING, choose_prompt
from hub.web.authentication.single_sign_on import MAX_VISITS
from hub.web.request.destinations import LONGEST_DESTINATION
from tests.support.pages.browsers import copy_browser, person_id
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.passkey_pages import add_passkey, passkey_options
from tests.support.pages.second_factor import (
    STEP_SECONDS,
    code_at,
    enter_code,
    log_in_again,
    set_up_authenticator,
)
from tests.support.pages.software_passkey import SoftwarePasskey
from tests.support.servers.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    go_there_and_back,
    link,
    make_key,
    visit,
)

OpenPages = Callable[..., Visitor]
LONGEST_COOKIE = 4093  # characters that every browser stores


@pytest.fixture
def hub(open_pages: OpenPages, provider: Provider) -> Visitor:
    """Provide a hub with the provider, in front of which nobody has logged in."""
    return open_pages("people", **provider.settings())


@pytest.fixture
def linked(hub: Visitor) -> Visitor:
    """Provide an owner who has linked an account."""
    hub.log_in("olga")
    assert "You can now log in with anna@example.com at Example ID." in link(hub)
    return hub


def open_browser(visitor: Visitor) -> Visitor:
    return Visitor(visitor.app, visitor.story)


def log_in_there(visitor: Visitor, path: str = "/login/provider") -> Visitor:
    """Log in at the provider in another browser, and return that."""
    other = open_browser(visitor)
    go_there_and_back(other, path)
    return other


def reaches_home(visitor: Visitor) -> bool:
    return visitor.get("/").status_code == 200


def build_longest_address(alphabet: str) -> str:
    """Return an address of a page that can hardly be compressed, as long as one may be."""
    choose = random.Random(1).choice
    address = "/documents/?q="
    while len(quote(longer := address + choose(alphabet))) <= LONGEST_DESTINATION:
        address = longer
    return address


def list_audit(visitor: Visitor) -> list[tuple[str, str, Any]]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.what, entry.who, entry.detail.get("via")) for entry in entries]


def test_a_linked_account_logs_in_and_leads_to_the_page(linked: Visitor, provider: Provider):
    other = open_browser(linked)
    page = other.page("/login?next=/documents")
    assert "Log in with Example ID" in page
    answer = go_there_and_back(other, "/login/provider?next=/documents")
    assert answer.location == "/documents"
    assert "olga" in other.page("/documents")
    sent = provider.visits[-1]
    assert sent["scope"] == "openid profile email"
    assert sent["redirect_uri"].endswith("/login/provider/return")
    assert sent["tenant"] == "1"
    assert ("logged in", "olga", ["single sign-on"]) in list_audit(linked)


@pytest.mark.parametrize("destination", ["https://evil.example/", "//evil.example", "/\\evil"])
def test_no_visit_leads_to_another_site(linked: Visitor, destination: str):
    query = urlencode({"next": destination})
    assert go_there_and_back(linked, f"/confirm/provider?{query}").location == "/"
    assert linked.get(f"/login/provider?{query}").location == "/"
    other = open_browser(linked)
    assert go_there_and_back(other, f"/login/provider?{query}").location == "/"


def test_a_link_of_another_site_leads_to_the_log_in_page(hub: Visitor):
    """Otherwise a foreign page could begin a session, since many providers ask nothing."""
    for site, is_sent_there in (("cross-site", False), ("same-origin", True), ("none", True)):
        headers = {"Sec-Fetch-Site": site}
        answer = open_browser(hub).get("/login/provider?next=/inbox", headers=headers)
        address = answer.headers["Location"]
        assert (answer.status_code, address == "/login?next=/inbox") == (302, not is_sent_there)


def test_without_a_provider_there_is_no_trace_of_it(visitor: Visitor):
    assert "provider" not in visitor.page("/login")
    for path in ("/login/provider", "/login/provider/return?state=x"):
        assert visitor.get(path).status_code == 404, path
    visitor.log_in("olga")
    assert "Single sign-on" not in visitor.page("/account/")


def test_an_account_that_nobody_has_linked_logs_nobody_in(hub: Visitor):
    answer = go_there_and_back(hub, "/login/provider")
    assert "Nobody has linked the account anna@example.com of Example ID" in hub.page(
        answer.location
    )
    assert not reaches_home(hub)
    assert ("log-in failed", "nobody", None) in list_audit(hub)


def test_the_same_mail_address_is_not_the_same_account(linked: Visitor, provider: Provider):
    provider.claims = {"sub": "subject-2", "email": "olga", "email_verified": True}
    assert not reaches_home(log_in_there(linked))


def test_an_account_is_linked_by_one_person_only(linked: Visitor):
    vera = open_browser(linked)
    vera.log_in("vera")
    assert "Another person of this hub logs in with the account" in link(vera)
    assert "olga" in log_in_there(linked).page("/")


def test_another_account_replaces_the_first(linked: Visitor, provider: Provider):
    provider.claims = {"sub": "subject-2", "preferred_username": "b@example.com"}
    go_there_and_back(linked, "/account/provider/choose")
    assert "It replaces anna@example.com" in linked.page("/account/provider")
    linked.press("/account/provider")
    assert reaches_home(log_in_there(linked))
    provider.claims = {}
    assert not reaches_home(log_in_there(linked))


def test_an_account_is_not_linked_before_the_person_agrees(hub: Visitor):
    hub.log_in("olga")
    go_there_and_back(hub, "/account/provider/choose")
    assert not reaches_home(log_in_there(hub))


@pytest.mark.parametrize("path", ["/account/provider/unlink", "/account/provider"])
def test_a_linked_or_removed_account_ends_the_other_sessions(
    linked: Visitor, provider: Provider, path: str
):
    other = log_in_there(linked)
    assert reaches_home(other)
    provider.claims = {"sub": "subject-2"}
    go_there_and_back(linked, "/account/provider/choose")
    linked.press(path)
    assert not reaches_home(other)
    assert reaches_home(linked)


def test_a_proposed_account_belongs_to_the_person_who_chose_it(hub: Visitor):
    hub.log_in("olga")
    go_there_and_back(hub, "/account/provider/choose")
    hub.post("/logout")
    hub.log_in("vera")
    assert hub.get("/account/provider").location == "/account/"
    assert "Choose the account again" in hub.press("/account/provider")


def test_a_proposed_account_has_to_be_linked_in_time(hub: Visitor, clock: FakeClock):
    hub.log_in("olga")
    go_there_and_back(hub, "/account/provider/choose")
    clock.advance(11 * 60)
    hub.post("/confirm", confirm_password="wrong")
    assert hub.get("/account/provider").location == "/account/"


def test_a_removed_link_logs_nobody_in(linked: Visitor):
    assert "not linked any more" in linked.press("/account/provider/unlink")
    assert not reaches_home(log_in_there(linked))
    assert [what for what, _, _ in list_audit(linked)][-3:] == [
        "provider account linked",
        "provider account unlinked",
        "log-in failed",
    ]


def test_an_owner_removes_the_link_of_somebody_else(hub: Visitor):
    vera = open_browser(hub)
    vera.log_in("vera")
    link(vera)
    inside = log_in_there(hub)
    hub.log_in("olga")
    of_vera = person_id(hub, "vera")
    assert "logs in with anna@example.com at Example ID" in hub.page(f"/people/{of_vera}/sessions/")
    page = hub.press(f"/people/{of_vera}/provider/unlink")
    assert "not linked any more, and their sessions have ended" in page
    assert not reaches_home(inside)
    assert not reaches_home(log_in_there(hub))


@pytest.mark.parametrize("alphabet", [ascii_letters + digits, "æøåéüñ日本", "😀😁😂😃😄😅😆😇"])
def test_a_long_name_of_an_account_fits_into_the_cookie(
    hub: Visitor, provider: Provider, alphabet: str
):
    label = "".join(random.Random(1).choices(alphabet, k=2000))
    provider.claims = {"preferred_username": label}
    answer = go_there_and_back(hub, "/login/provider")
    assert "Nobody has linked the account" in hub.page(answer.location)
    hub.log_in("olga")
    answer = go_there_and_back(hub, "/account/provider/choose")
    cookie = next(text for text in answer.headers.getlist("Set-Cookie") if text.startswith("hub="))
    assert len(cookie) < LONGEST_COOKIE
    assert f"<strong>{label[:254]}</strong>" in hub.page("/account/provider")
    assert "You can now log in with" in hub.press("/account/provider")


@pytest.mark.parametrize(
    "alphabet", [ascii_letters + digits, punctuation.replace("\\", ""), "æøåéüñ日本"]
)
@pytest.mark.parametrize("path", ["/login/provider", "/confirm/provider"])
def test_a_long_address_of_the_next_page_fits_into_the_cookie(
    linked: Visitor, path: str, alphabet: str
):
    visitor = linked if path.startswith("/confirm") else open_browser(linked)
    destination = build_longest_address(alphabet)
    leaving = visitor.get(path, query_string={"next": destination})
    header = next(text for text in leaving.headers.getlist("Set-Cookie") if text.startswith("hub="))
    assert len(header) < LONGEST_COOKIE
    answer = go_there_and_back(visitor, f"{path}?{urlencode({'next': destination})}")
    assert len(answer.location) > 1000, "it leads to the page"


def test_a_name_of_an_account_cannot_change_the_page(hub: Visitor, provider: Provider):
    provider.claims = {"preferred_username": "\u202e<b>a\n\0b\ud800\u200f"}
    hub.log_in("olga")
    go_there_and_back(hub, "/account/provider/choose")
    assert "<strong>&lt;b&gt;ab</strong>" in hub.page("/account/provider")


def test_a_disabled_person_does_not_log_in(hub: Visitor):
    vera = open_browser(hub)
    vera.log_in("vera")
    link(vera)
    hub.log_in("olga")
    hub.post(f"/people/{person_id(hub, 'vera')}/active", active="0")
    assert not reaches_home(log_in_there(hub))
    assert ("logged in", "vera", ["single sign-on"]) not in list_audit(hub)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another program"},
        {"aud": [CLIENT_ID, "another program"]},
        {"aud": [CLIENT_ID, "another program"], "azp": "another program"},
        {"azp": "another program"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": "\ud800"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "subject-\ud800"},
        {"sub": "subject\n1"},
        {"exp": None},
        {"exp": True},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": -62135596800},
        {"iat": None},
        {"iat": "soon"},
        {"iat": 253402300799},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(
    linked: Visitor, provider: Provider, claims: dict[str, Any]
):
    provider.claims = claims
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider")
    assert "The answer of Example ID is not valid" in other.page(answer.location)
    assert not reaches_home(other)


@pytest.mark.parametrize(("name", "seconds"), [("exp", -121), ("iat", 121)])
def test_a_token_of_another_time_is_refused(
    linked: Visitor, provider: Provider, clock: FakeClock, name: str, seconds: int
):
    provider.claims = {name: int(clock.now().timestamp()) + seconds}
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider")
    assert "compare the clocks" in other.page(answer.location)
    provider.claims = {name: int(clock.now().timestamp()) + seconds // 2}
    assert reaches_home(log_in_there(linked))


@pytest.mark.parametrize("claims", [{"exp": 253402300799}, {"iat": -62135596800}], ids=str)
def test_a_token_with_times_at_the_end_of_the_calendar_is_read(
    linked: Visitor, provider: Provider, claims: dict[str, Any]
):
    provider.claims = claims
    assert reaches_home(log_in_there(linked))


def test_several_audiences_are_accepted_if_the_hub_is_the_party(
    linked: Visitor, provider: Provider
):
    provider.claims = {"aud": [CLIENT_ID, "another program"], "azp": CLIENT_ID}
    assert reaches_home(log_in_there(linked))


FORGED_TOKENS: dict[str, Callable[[Provider, dict[str, Any]], Any]] = {
    "another key": lambda provider, claims: provider.sign(claims, make_key()),
    "no signature": lambda provider, claims: jwt.encode(claims, None, "none"),
    "the client secret": lambda provider, claims: jwt.encode(
        claims, CLIENT_SECRET.ljust(32), "HS256", headers={"kid": provider.key_id}
    ),
    "no token": lambda provider, claims: "{}",
    "a list": lambda provider, claims: ["x"],
    "too long": lambda provider, claims: provider.sign(claims | {"more": "x" * 60_000}),
}


@pytest.mark.parametrize("kind", FORGED_TOKENS)
def test_a_forged_token_is_refused(
    linked: Visitor, provider: Provider, monkeypatch: pytest.MonkeyPatch, kind: str
):
    def forge(claims: dict[str, Any]) -> Any:
        return FORGED_TOKENS[kind](Provider(provider.clock, provider.key), claims)

    monkeypatch.setattr(provider, "sign", forge)
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider")
    assert "The answer of Example ID is not valid" in other.page(answer.location)
    assert not reaches_home(other)


@pytest.mark.parametrize(
    "keys",
    [
        None,
        "k1",
        [],
        ["k1"],
        [{"kty": "RSA", "kid": "k1"}],
        [{"kty": "RSA", "kid": "k1", "n": 7, "e": "AQAB"}],
        [{"kty": "EC", "kid": "k1", "crv": "P-256", "x": "AA", "y": "AA"}],
        [{"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}],
        [{"kty": "RSA", "kid": "k1", "use": "enc", "n": "AQAB", "e": "AQAB"}],
    ],
    ids=str,
)
def test_keys_that_sign_nothing_are_refused(
    linked: Visitor, provider: Provider, monkeypatch: pytest.MonkeyPatch, keys: Any
):
    monkeypatch.setattr(provider, "publish_keys", lambda: {"keys": keys})
    other = open_browser(linked)
    provider.clock.advance(3601)  # the keys that were read before count for an hour
    answer = go_there_and_back(other, "/login/provider")
    assert "The answer of Example ID is not valid" in other.page(answer.location)
    assert not reaches_home(other)


def test_a_key_of_another_kind_signs_too(
    linked: Visitor, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    sign = provider.sign
    monkeypatch.setattr(provider, "publish_keys", lambda: {"keys": [public]})
    monkeypatch.setattr(provider, "sign", lambda claims: jwt.encode(claims, key, "ES256"))
    provider.clock.advance(3601)
    assert reaches_home(log_in_there(linked))
    monkeypatch.setattr(provider, "sign", sign)
    assert not reaches_home(log_in_there(linked))


def test_keys_of_several_kinds_may_have_the_same_name(
    linked: Visitor, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    own = provider.publish_keys()["keys"][0]
    curve = ec.generate_private_key(ec.SECP256R1())
    others = [
        ECAlgorithm.to_jwk(curve.public_key(), as_dict=True) | {"kid": "k1"},
        own | {"alg": "RSA-OAEP", "use": "enc"},
        own | {"alg": "RS512"},
    ]
    monkeypatch.setattr(provider, "publish_keys", lambda: {"keys": [*others, own]})
    provider.clock.advance(3601)
    assert reaches_home(log_in_there(linked))


def test_a_key_signs_with_its_own_algorithm_only(
    linked: Visitor, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    keys = [provider.publish_keys()["keys"][0] | {"alg": "RS512"}]
    monkeypatch.setattr(provider, "publish_keys", lambda: {"keys": keys})
    provider.clock.advance(3601)
    assert not reaches_home(log_in_there(linked))


def test_new_keys_of_the_provider_are_read(linked: Visitor, provider: Provider):
    provider.key, provider.key_id = make_key(), "k2"
    reads = len(provider.reads)
    assert reaches_home(log_in_there(linked))
    assert provider.reads[reads:] == ["metadata", "keys"]
    assert reaches_home(log_in_there(linked))
    assert provider.reads[reads:] == ["metadata", "keys"]


def test_the_answer_counts_once(linked: Visitor):
    other = open_browser(linked)
    path = visit(other, "/login/provider")
    thief = copy_browser(other)
    other.get(path)
    assert reaches_home(other)
    again = other.get(path)
    assert "was not started in this browser" in other.page(again.location)
    thief.get(path)
    assert not reaches_home(thief), "the provider accepts a code once"


def test_two_tabs_of_a_browser_log_in_one_after_the_other(linked: Visitor):
    other = open_browser(linked)
    pages = ("/documents/", "/runs/", "/review/")
    answers = [visit(other, f"/login/provider?next={page}") for page in pages]
    assert other.get(answers[1]).location == "/runs/"
    assert other.get(answers[0]).location == "/documents/"
    assert "was not started in this browser" in other.page(other.get(answers[1]).location)
    assert other.get(answers[2]).location == "/review/"
    assert reaches_home(other)


def test_a_browser_remembers_its_newest_visits_only(linked: Visitor):
    other = open_browser(linked)
    answers = [visit(other, "/login/provider") for _ in range(MAX_VISITS + 1)]
    cookie = other.client.get_cookie("hub")
    assert cookie is not None
    assert len(cookie.value) < LONGEST_COOKIE / 2
    assert other.get(answers[0]).location == "/login"
    assert not reaches_home(other)
    assert other.get(answers[1]).location == "/"
    assert reaches_home(other)


@pytest.mark.parametrize("alphabet", [ascii_letters + digits, "æøåéüñ日本"])
def test_visits_with_long_addresses_fit_into_the_cookie(linked: Visitor, alphabet: str):
    other = open_browser(linked)
    longest = build_longest_address(alphabet)
    for part in (4, 3, 2, 1):
        address = longest[: len(longest) // part]
        leaving = other.get("/login/provider", query_string={"next": address})
        assert max(map(len, leaving.headers.getlist("Set-Cookie"))) < LONGEST_COOKIE
    answer = go_there_and_back(other, f"/login/provider?{urlencode({'next': longest})}")
    assert len(answer.location) > 1000


@pytest.mark.parametrize("state", ["", "wrong", "ø"])
def test_the_answer_to_another_visit_is_refused(linked: Visitor, state: str):
    other = open_browser(linked)
    code = parse_qs(urlsplit(visit(other, "/login/provider")).query)["code"][0]
    other.get("/login/provider/return", query_string={"code": code, "state": state})
    assert not reaches_home(other)


def test_the_answer_counts_in_the_browser_that_began(linked: Visitor):
    path = visit(open_browser(linked), "/login/provider")
    victim = open_browser(linked)
    victim.get(path)
    assert not reaches_home(victim)


def test_the_answer_counts_for_ten_minutes(linked: Visitor, clock: FakeClock):
    other = open_browser(linked)
    path = visit(other, "/login/provider")
    clock.advance(600)
    other.get(path)
    assert not reaches_home(other)


def test_the_answer_of_another_provider_is_refused(linked: Visitor, provider: Provider):
    provider.returned = {"iss": "https://evil.example"}
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider")
    assert "the answer of another provider" in other.page(answer.location)
    assert not reaches_home(other)


def test_what_the_provider_refuses_is_said(linked: Visitor, provider: Provider):
    provider.returned = {"error": "access_denied"}
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider?next=/runs/")
    assert answer.location == "/login?next=/runs/"
    assert "Example ID did not log you in (access_denied)" in other.page(answer.location)


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ("invalid_grant", "perhaps because it took too long"),
        ("invalid_client", "does not accept HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET"),
    ],
)
def test_a_refused_code_is_explained(
    linked: Visitor, provider: Provider, refusal: str, sentence: str
):
    provider.refusal = refusal
    other = open_browser(linked)
    answer = go_there_and_back(other, "/login/provider")
    assert sentence in other.page(answer.location)
    assert not reaches_home(other)


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({"issuer": "https://evil.example"}, "calls itself https://evil.example"),
        ({"issuer": None}, "calls itself"),
        ({"jwks_uri": None}, "does not publish all addresses"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "does not publish all addresses"),
        ({"jwks_uri": "http://192.0.2.1/keys"}, "Nobody can log in at Example ID now"),
    ],
)
def test_a_provider_that_is_not_as_expected_is_explained(
    open_pages: OpenPages, provider: Provider, metadata: dict[str, Any], sentence: str
):
    provider.metadata = metadata
    visitor = open_pages("people", **provider.settings())
    answer = visitor.get("/login/provider?next=/runs/")
    assert answer.location == "/login?next=/runs/"
    assert sentence in visitor.page(answer.location)


def test_a_provider_that_fails_is_not_asked_again_at_once(
    open_pages: OpenPages, provider: Provider, clock: FakeClock
):
    provider.metadata = {"issuer": None}
    visitor = open_pages("people", **provider.settings())
    for _ in range(3):
        visitor.get("/login/provider")
    assert provider.reads == ["metadata"]
    provider.metadata = {}
    clock.advance(20)
    assert visitor.get("/login/provider").location.startswith(provider.url)


@pytest.mark.parametrize("step", ["leave", "return"])
def test_a_provider_that_hangs_holds_few_threads_of_the_server(
    hub: Visitor, provider: Provider, step: str
):
    browsers = [open_browser(hub) for _ in range(MAX_WAITING + 1)]
    paths = ["/login/provider" for _ in browsers]
    if step == "return":
        paths = [visit(browser, path) for browser, path in zip(browsers, paths, strict=True)]
    provider.may_answer.clear()
    with ThreadPoolExecutor(len(browsers)) as threads:
        requests = {
            threads.submit(browser.get, path): browser
            for browser, path in zip(browsers, paths, strict=True)
        }
        refused, _ = wait(requests, timeout=5, return_when=FIRST_COMPLETED)
        provider.may_answer.set()
    (request,) = refused
    assert "others are waiting for it" in requests[request].page(request.result().location)
    answer = go_there_and_back(open_browser(hub), "/login/provider")
    assert answer.location == "/login?next=/", "nobody has linked the account"


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    open_pages: OpenPages, provider: Provider
):
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    visitor = open_pages("people", **provider.settings())
    visitor.log_in("olga")
    link(visitor)
    assert reaches_home(log_in_there(visitor))


def test_many_wrong_answers_have_to_wait(linked: Visitor, provider: Provider):
    provider.claims = {"nonce": "wrong"}
    other = open_browser(linked)
    answers = [go_there_and_back(other, "/login/provider") for _ in range(7)]
    assert "too many wrong tries of the log-in" in other.page(answers[-1].location)


def test_a_known_browser_does_not_wait_for_the_wrong_answers_of_others(
    linked: Visitor, provider: Provider
):
    known = log_in_there(linked)
    known._token = known._read_token(known.client.get("/account/").text)
    assert known.post("/logout").location == "/login"
    provider.claims = {"nonce": "wrong"}
    stranger = open_browser(linked)
    for _ in range(7):
        go_there_and_back(stranger, "/login/provider")
    provider.claims = {}
    assert not reaches_home(log_in_there(linked))
    go_there_and_back(known, "/login/provider")
    assert reaches_home(known)


# -- second factors -------------------------------------------------------------------------------


def test_the_second_factor_of_the_hub_is_asked_for(linked: Visitor, clock: FakeClock):
    secret, _ = set_up_authenticator(linked, clock)
    clock.advance(STEP_SECONDS)
    other = log_in_there(linked)
    assert other.get("/").location == "/login/second-factor?next=/"
    assert ("logged in", "olga", ["single sign-on"]) not in list_audit(linked)
    other._token = log_in_again(linked)._token
    other._token = other._read_token(other.page("/login/second-factor"))
    assert enter_code(other, code_at(secret, clock)) == (302, "/")
    assert reaches_home(other)
    assert list_audit(linked)[-1] == ("logged in", "olga", ["single sign-on", "authenticator"])


def test_a_second_factor_of_the_provider_counts(
    linked: Visitor, provider: Provider, clock: FakeClock
):
    set_up_authenticator(linked, clock)
    provider.claims = {"amr": ["pwd", "mfa"]}
    assert reaches_home(log_in_there(linked))
    provider.claims = {"amr": "mfa"}
    assert not reaches_home(log_in_there(linked)), "the claim is a list"


def test_a_required_second_factor_is_required_of_a_linked_account(
    open_pages: OpenPages, provider: Provider
):
    settings = provider.settings(HUB_SECOND_FACTOR="all", HUB_SECOND_FACTOR_GRACE_DAYS="3")
    visitor = open_pages("people", **settings)
    visitor.log_in("vera")
    visitor.post("/account/postpone")
    link(visitor)
    assert log_in_there(visitor).get("/").location == "/account/required?next=/"
    provider.claims = {"amr": ["mfa"]}
    assert reaches_home(log_in_there(visitor))


def test_the_operator_may_leave_second_factors_to_the_provider(
    open_pages: OpenPages, provider: Provider
):
    settings = provider.settings(HUB_SECOND_FACTOR="all", HUB_OIDC_SECOND_FACTOR="provider")
    visitor = open_pages("people", **settings)
    visitor.log_in("vera")
    visitor.post("/account/postpone")
    link(visitor)
    assert reaches_home(log_in_there(visitor))


# -- confirming the identity ----------------------------------------------------------------------


def test_the_provider_confirms_who_somebody_is(
    linked: Visitor, provider: Provider, clock: FakeClock
):
    clock.advance(11 * 60)
    asked = linked.get("/account/provider/choose")
    assert asked.location == "/confirm?next=/account/provider/choose"
    page = linked.page(asked.location)
    assert "Continue with Example ID" in page
    answer = go_there_and_back(linked, "/confirm/provider?next=/people/")
    assert answer.location == "/people/"
    assert provider.visits[-1]["prompt"] == "login"
    assert provider.visits[-1]["max_age"] == "0"
    assert linked.get("/account/provider/choose").location.startswith(provider.url)


@pytest.mark.parametrize("auth_time", [None, -180, 180, "now"])
def test_a_log_in_of_before_confirms_nothing(
    linked: Visitor, provider: Provider, clock: FakeClock, auth_time: Any
):
    clock.advance(11 * 60)
    now = int(clock.now().timestamp())
    provider.claims = {"auth_time": now + auth_time if isinstance(auth_time, int) else auth_time}
    answer = go_there_and_back(linked, "/confirm/provider?next=/people/")
    assert "did not ask you to log in again" in linked.page(answer.location)
    assert linked.get("/account/provider/choose").location.startswith("/confirm")


@pytest.mark.parametrize(
    ("metadata", "prompt"),
    [
        ({}, "login"),
        ({"prompt_values_supported": ["none", "login", "select_account"]}, "login"),
        ({"prompt_values_supported": ["none", "select_account"]}, "select_account"),
        ({"prompt_values_supported": ["none"]}, None),
        ({"prompt_values_supported": "login"}, "login"),
    ],
    ids=str,
)
def test_the_provider_is_asked_for_a_log_in_in_a_way_that_it_knows(
    open_pages: OpenPages, provider: Provider, metadata: dict[str, Any], prompt: str | None
):
    provider.metadata = metadata
    visitor = open_pages("people", **provider.settings())
    visitor.log_in("olga")
    link(visitor)
    assert provider.visits[-1].get("prompt") == prompt
    assert provider.visits[-1]["max_age"] == "0"


def test_google_is_asked_to_let_people_choose_an_account():
    google = {"issuer": "https://accounts.google.com"}  # it publishes no list of prompts
    assert choose_prompt(google) == {"prompt": "select_account"}


def test_another_account_confirms_nothing(linked: Visitor, provider: Provider, clock: FakeClock):
    clock.advance(11 * 60)
    provider.claims = {"sub": "subject-2"}
    answer = go_there_and_back(linked, "/confirm/provider?next=/people/")
    assert "not the one that you have linked" in linked.page(answer.location)
    assert linked.get("/account/provider/choose").location.startswith("/confirm")


def test_the_account_of_somebody_else_confirms_nothing(
    linked: Visitor, provider: Provider, clock: FakeClock
):
    provider.claims = {"sub": "subject-2"}
    vera = open_browser(linked)
    vera.log_in("vera")
    link(vera)
    clock.advance(11 * 60)
    answer = go_there_and_back(linked, "/confirm/provider?next=/people/")
    assert "not the one that you have linked" in linked.page(answer.location)


def test_an_account_is_linked_after_a_recent_confirmation_only(hub: Visitor, clock: FakeClock):
    hub.log_in("olga")
    clock.advance(6 * 60)
    go_there_and_back(hub, "/account/provider/choose")
    clock.advance(5 * 60)
    assert "Confirm that it is you" in hub.press("/account/provider")
    assert not reaches_home(log_in_there(hub))


@pytest.mark.parametrize(
    ("path", "next_page"),
    [
        ("/confirm/provider?next=/people/", "/login?next=/people/"),
        ("/account/provider/choose", "/login?next=/account/"),
    ],
)
def test_nothing_is_confirmed_or_linked_before_the_second_factor(
    linked: Visitor, clock: FakeClock, path: str, next_page: str
):
    set_up_authenticator(linked, clock)
    returning = visit(linked, path)
    linked.post("/logout")
    linked.log_in("olga")
    assert linked.get("/").location == "/login/second-factor?next=/"
    assert linked.get(returning).location == next_page


def test_a_log_in_that_the_provider_remembered_does_not_count_as_confirmed(
    linked: Visitor, provider: Provider, clock: FakeClock
):
    other = log_in_there(linked)
    assert other.get("/account/provider/choose").location.startswith("/confirm")
    provider.claims = {"auth_time": int(clock.now().timestamp())}
    other = log_in_there(linked)
    assert other.get("/account/provider/choose").location.startswith(provider.url)


@pytest.mark.parametrize(
    ("kind", "auth_time", "is_confirmed"),
    [
        ("authenticator", None, True),
        ("recovery code", None, False),
        ("recovery code", 0, True),
        ("touched passkey", None, False),
    ],
)
def test_a_second_factor_confirms_only_if_it_would_confirm_alone(
    linked: Visitor,
    provider: Provider,
    clock: FakeClock,
    kind: str,
    auth_time: int | None,
    is_confirmed: bool,
):
    passkey = SoftwarePasskey()
    secret, recovery_codes = set_up_authenticator(linked, clock)
    add_passkey(linked, passkey)
    clock.advance(STEP_SECONDS)
    if auth_time is not None:
        provider.claims = {"auth_time": int(clock.now().timestamp()) + auth_time}
    other = log_in_there(linked)
    other._token = other._read_token(other.page("/login/second-factor"))
    if kind == "touched passkey":
        options = passkey_options(other, "/login/second-factor/passkey")
        other.post("/login/second-factor", credential=passkey.use(options))
    else:
        enter_code(other, code_at(secret, clock) if kind == "authenticator" else recovery_codes[0])
    assert reaches_home(other)
    page = other.get("/account/provider/choose").location
    assert page.startswith(provider.url if is_confirmed else "/confirm?")


# -- required -------------------------------------------------------------------------------------


@pytest.fixture
def required(open_pages: OpenPages, provider: Provider) -> Visitor:
    """Provide a hub in which linked accounts are the only way to log in."""
    return open_pages("people", **provider.settings(HUB_OIDC_REQUIRED="1"))


def test_a_linked_account_may_be_the_only_way(required: Visitor):
    required.log_in("vera")
    link(required)
    other = open_browser(required)
    answer = other.log_in("vera")
    assert "Log in with Example ID: the hub requires it." in answer.text
    assert not reaches_home(other)
    assert reaches_home(log_in_there(required))


def test_the_only_way_is_not_left_by_a_passkey(required: Visitor):
    passkey = SoftwarePasskey()
    required.log_in("vera")
    add_passkey(required, passkey)
    link(required)
    other = open_browser(required)
    other._token = other._read_token(other.client.get("/login").text)
    credential = passkey.use(passkey_options(other, "/login/passkey/options"))
    answer = other.post("/login/passkey", credential=credential)
    assert "the hub requires it" in other.page(answer.location)
    assert not reaches_home(other)


def test_the_only_way_is_not_removed_by_the_person(required: Visitor):
    required.log_in("vera")
    link(required)
    answer = required.post("/account/provider/unlink")
    assert "Ask an owner of the hub to remove it" in answer.text
    with required.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(ProviderAccount)).one().label == "anna@example.com"


def test_the_only_way_is_not_replaced_by_the_person(required: Visitor, provider: Provider):
    required.log_in("vera")
    link(required)
    assert "You can now log in with" in link(required), "the same account may be linked again"
    provider.claims = {"sub": "subject-2", "preferred_username": "private@example.com"}
    go_there_and_back(required, "/account/provider/choose")
    page = required.press("/account/provider")
    assert "Ask an owner of the hub to remove it" in page
    assert "You log in with anna@example.com" in page
    assert not reaches_home(log_in_there(required))


@pytest.mark.parametrize("way", ["password", "passkey"])
def test_a_way_that_is_refused_is_recorded_with_its_person(required: Visitor, way: str):
    passkey = SoftwarePasskey()
    required.log_in("vera")
    add_passkey(required, passkey)
    link(required)
    other = open_browser(required)
    if way == "password":
        other.log_in("vera")
    else:
        other._token = other._read_token(other.client.get("/login").text)
        credential = passkey.use(passkey_options(other, "/login/passkey/options"))
        other.post("/login/passkey", credential=credential)
    with required.app.app_context(), engine.read_only_session() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.what, entry.who, entry.detail["by"]) == ("log-in failed", "vera", way)


def test_owners_and_people_without_an_account_use_their_password(required: Visitor):
    required.log_in("olga")
    link(required)
    owner = open_browser(required)
    owner.log_in("olga")
    assert reaches_home(owner)
    other = open_browser(required)
    other.log_in("oda")
    assert reaches_home(other)


def test_no_secret_of_a_visit_is_stored_or_logged(
    linked: Visitor, provider: Provider, caplog: pytest.LogCaptureFixture
):
    other = open_browser(linked)
    path = visit(other, "/login/provider")
    code = parse_qs(urlsplit(path).query)["code"][0]
    with caplog.at_level("DEBUG"):
        other.get(path)
    assert code not in caplog.text
    assert CLIENT_SECRET not in caplog.text
    with linked.app.app_context(), engine.read_only_session() as session:
        row = session.scalars(select(LoginSession).order_by(LoginSession.id.desc())).first()
        assert row is not None
        assert row.factors == "single sign-on"
        account = session.scalars(select(ProviderAccount)).one()
        assert "subject-1" not in account.key
        assert account.used_at is not None
        assert account.used_at - row.began_at < dt.timedelta(minutes=1)

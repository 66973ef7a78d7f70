"""Passkeys as second factor and as the only factor, and refused ones."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.passkey_pages import add_passkey, passkey_options
from tests.support.pages.second_factor import log_in_again
from tests.support.pages.software_passkey import SoftwarePasskey
from tests.support.rows.page_rows import PASSWORD


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    visitor.log_in("olga")
    return visitor


def begin(visitor: Visitor) -> Any:
    """Return the options for a log-in with a passkey alone."""
    page = visitor.client.get("/login").text
    visitor._token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    return passkey_options(visitor, "/login/passkey/options")


def reaches_home(visitor: Visitor) -> bool:
    return visitor.get("/").status_code == 200


def test_a_passkey_completes_the_log_in(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    assert "recovery codes" in add_passkey(owner, passkey)
    other = log_in_again(owner)
    page = other.page("/login/second-factor")
    assert page.index("Use a passkey") < page.index("Recovery code")
    credential = passkey.use(passkey_options(other, "/login/second-factor/passkey"))
    assert not reaches_home(other)
    assert other.post("/login/second-factor", credential=credential).location == "/"
    assert reaches_home(other)


def test_a_passkey_logs_in_alone(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    other = Visitor(owner.app, owner.story)
    credential = passkey.use(begin(other))
    assert other.post("/login/passkey", credential=credential).location == "/"
    assert "olga" in other.page("/")


def test_a_passkey_that_does_not_verify_the_person_is_no_log_in_of_its_own(owner: Visitor) -> None:
    passkey = SoftwarePasskey(verifies=False)
    add_passkey(owner, passkey)
    alone = Visitor(owner.app, owner.story)
    alone.post("/login/passkey", credential=passkey.use(begin(alone)))
    assert not reaches_home(alone)
    second = log_in_again(owner)
    credential = passkey.use(passkey_options(second, "/login/second-factor/passkey"))
    second.post("/login/second-factor", credential=credential)
    assert reaches_home(second)


def test_a_response_serves_once(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    other = Visitor(owner.app, owner.story)
    answer = begin(other)
    cookie = other.client.get_cookie("hub")
    assert cookie is not None
    passkey.counter = -1  # as devices that do not count: 0 each time
    credential = passkey.use(answer)
    other.post("/login/passkey", credential=credential)
    assert reaches_home(other)
    thief = Visitor(owner.app, owner.story)
    thief._token = other._token
    thief.client.set_cookie("hub", cookie.value)
    assert thief.post("/login/passkey", credential=credential).status_code in (302, 400)
    assert not reaches_home(thief)


def test_a_challenge_of_the_second_factor_serves_once(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    other = log_in_again(owner)
    request = passkey_options(other, "/login/second-factor/passkey")
    foreign = SoftwarePasskey().use(request)
    assert other.post("/login/second-factor", credential=foreign).status_code == 200
    credential = passkey.use(request)
    assert other.post("/login/second-factor", credential=credential).status_code == 200
    assert not reaches_home(other)


def test_the_passkey_of_somebody_else_is_no_second_factor(owner: Visitor) -> None:
    add_passkey(owner, SoftwarePasskey())
    of_vera = SoftwarePasskey()
    vera = Visitor(owner.app, owner.story)
    vera.log_in("vera")
    add_passkey(vera, of_vera)
    other = log_in_again(owner)
    credential = of_vera.use(passkey_options(other, "/login/second-factor/passkey"))
    assert other.post("/login/second-factor", credential=credential).status_code == 200
    assert not reaches_home(other)


def test_a_response_for_another_site_is_refused(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    passkey.origin = "https://evil.example"
    other = Visitor(owner.app, owner.story)
    other.post("/login/passkey", credential=passkey.use(begin(other)))
    assert not reaches_home(other)


def test_a_passkey_created_at_another_site_is_refused(owner: Visitor) -> None:
    assert "was not added" in add_passkey(owner, SoftwarePasskey("https://evil.example"))


def test_passkeys_belong_to_the_public_address(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages(HUB_PUBLIC_URL="https://hub.example.com")
    site: dict[str, Any] = {"base_url": "https://hub.example.com"}
    headers = {"Referer": "https://hub.example.com/login"}
    page = visitor.client.get("/login", **site).text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    sent = {"email": "olga", "password": PASSWORD, "csrf_token": token}
    visitor.client.post("/login", data=sent, headers=headers, **site)
    path = "/account/passkeys/options"
    answer = visitor.client.post(path, data={"csrf_token": token}, headers=headers, **site).json
    assert answer["publicKey"]["rp"]["id"] == "hub.example.com"
    credential = SoftwarePasskey("https://hub.example.com").create(answer)
    form = {"csrf_token": token, "name": "Phone", "credential": credential}
    added = visitor.client.post("/account/passkeys", data=form, headers=headers, **site)
    assert "Passkey added" in added.text


def test_a_copied_passkey_is_noticed_by_its_counter(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    passkey.counter = 7
    first = Visitor(owner.app, owner.story)
    first.post("/login/passkey", credential=passkey.use(begin(first)))
    assert reaches_home(first)
    passkey.counter = 3
    second = Visitor(owner.app, owner.story)
    second.post("/login/passkey", credential=passkey.use(begin(second)))
    assert not reaches_home(second)


def test_the_challenge_of_a_log_in_runs_out(owner: Visitor, clock: FakeClock) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    other = Visitor(owner.app, owner.story)
    answer = begin(other)
    clock.advance(300)
    other.post("/login/passkey", credential=passkey.use(answer))
    assert not reaches_home(other)


def test_a_disabled_person_has_no_passkey_log_in(owner: Visitor) -> None:
    from tests.support.pages.browsers import person_id

    passkey = SoftwarePasskey()
    vera = Visitor(owner.app, owner.story)
    vera.log_in("vera")
    add_passkey(vera, passkey)
    owner.press(f"/people/{person_id(owner, 'vera')}/active", active="")
    other = Visitor(owner.app, owner.story)
    other.post("/login/passkey", credential=passkey.use(begin(other)))
    assert not reaches_home(other)


def test_a_removed_passkey_logs_nobody_in(owner: Visitor) -> None:
    passkey = SoftwarePasskey()
    add_passkey(owner, passkey)
    page = owner.press("/account/passkeys/remove", passkey_id="1")
    assert "Removed the passkey Laptop" in page
    other = Visitor(owner.app, owner.story)
    other.post("/login/passkey", credential=passkey.use(begin(other)))
    assert not reaches_home(other)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"id": 1}', "x" * 30_000, '{"rawId": "AA", "response": {}}']
)
def test_an_unreadable_response_is_refused(owner: Visitor, text: str) -> None:
    owner.post("/account/passkeys/options")
    page = owner.press("/account/passkeys", name="Phone", credential=text)
    assert "was not added" in page
    other = Visitor(owner.app, owner.story)
    begin(other)
    assert other.post("/login/passkey", credential=text).status_code == 302
    assert not reaches_home(other)

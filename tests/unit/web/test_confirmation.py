"""Some actions ask for the password again, and continue with the values that were entered."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.models import AuditEntry, ConnectedCompany, Installation, Posting, User
from hub.testing.clock import FakeClock
from tests.support.pages.browsers import person_id
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.passkey_pages import add_passkey, passkey_options
from tests.support.pages.review_pages import add_in_review
from tests.support.pages.second_factor import (
    STEP_SECONDS,
    code_at,
    enter_code,
    log_in_again,
    set_up_authenticator,
)
from tests.support.pages.software_passkey import SoftwarePasskey
from tests.support.rows.page_rows import PASSWORD

LATER = 10 * 60
TITLE = "Confirm that it is you"


@pytest.fixture
def owner(visitor: Visitor, clock: FakeClock) -> Visitor:
    """Provide an owner whose log-in was ten minutes ago."""
    visitor.log_in("olga")
    clock.advance(LATER)
    return visitor


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the page that asks."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_a_role_changes_only_after_the_password(owner: Visitor) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    answer = owner.post(address, role="operator").text
    assert TITLE in answer
    assert "None of this at hand?" not in answer  # a log-in needs the same password
    fields = hidden_fields(answer)
    assert fields["role"] == "operator"
    page = owner.press(address, **fields, confirm_password=PASSWORD)
    assert "vera is now operator" in page


def test_nothing_is_asked_right_after_the_log_in(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    clock.advance(LATER - 1)
    address = f"/people/{person_id(visitor, 'vera')}/role"
    assert "vera is now operator" in visitor.press(address, role="operator")


def test_a_wrong_password_changes_nothing_and_asks_again(owner: Visitor) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    page = owner.post(address, role="operator", confirm_password="wrong").text
    assert "The password is not right" in page
    assert hidden_fields(page)["role"] == "operator"
    assert "wrong" not in hidden_fields(page).values()


def test_five_wrong_passwords_end_the_session(owner: Visitor) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    for _ in range(4):
        assert owner.post(address, confirm_password="wrong").status_code == 200
    assert owner.post(address, confirm_password="wrong").location.endswith("/login")
    assert owner.get("/").status_code == 302


def test_the_password_holds_for_ten_minutes_more(owner: Visitor, clock: FakeClock) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    owner.press(address, role="operator", confirm_password=PASSWORD)
    clock.advance(LATER - 1)
    assert "vera is now viewer" in owner.press(address, role="viewer")
    clock.advance(1)
    assert TITLE in owner.post(address, role="operator").text


def test_a_form_of_another_site_is_not_repeated(owner: Visitor) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    answer = owner.client.post(address, data={"role": "owner"})
    assert (answer.status_code, TITLE in answer.text) == (400, False)


def test_the_page_that_comes_next_is_kept(owner: Visitor) -> None:
    answer = owner.post("/account/authenticator/new?next=/inbox").text
    assert TITLE in answer
    action = re.search(r'<form class="box" action="([^"]+)"', answer)
    assert action is not None
    address = html.unescape(action[1])
    confirmed = owner.post(address, **hidden_fields(answer), confirm_password=PASSWORD)
    assert parse_qs(urlsplit(confirmed.location).query) == {"next": ["/inbox"]}


@pytest.mark.parametrize(
    "path",
    ["companies/connect", "companies/{}/reconnect", "companies/{}/disconnect"],
)
def test_acts_on_companies_ask(owner: Visitor, path: str) -> None:
    address = "/" + path.format(owner.story.company)
    assert TITLE in owner.post(address, sure="1").text
    assert owner.row(ConnectedCompany, owner.story.company).state == "connected"


def test_an_app_is_handed_over_only_after_the_password(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("arne")
    clock.advance(LATER)
    installation = visitor.story.installation
    address = f"/installations/{installation}/owner"
    before = visitor.row(Installation, installation).owner
    answer = visitor.post(address, owner="olga").text
    assert TITLE in answer
    assert visitor.row(Installation, installation).owner == before != "olga"
    page = visitor.press(address, **hidden_fields(answer), confirm_password=PASSWORD)
    assert "olga now owns this app" in page


def test_people_are_added_only_after_the_password(owner: Visitor) -> None:
    sent = {"name": "ny", "password": "a secret of the form", "role": "viewer"}
    page = owner.press("/people/add", **sent)
    assert TITLE in page
    assert "a secret of the form" not in page
    assert "Nothing is saved yet. Confirm that it is you, and enter it once more." in page
    assert ">ny<" not in owner.page("/people/")


def test_a_large_approval_asks_and_then_approves_what_was_listed(owner: Visitor) -> None:
    ids = add_in_review(owner, owner.app.extensions["hub"].config.confirm_approvals_above + 1)
    address = f"/installations/{owner.story.installation}/review/approve"
    listed = re.findall(r'name="listed" value="([^"]+)"', owner.page(f"{address}?which=all"))[0]
    answer = owner.post(address, listed=listed).text
    assert TITLE in answer
    assert owner.row(Posting, ids[0]).state == "review"
    page = owner.press(address, **hidden_fields(answer), confirm_password=PASSWORD)
    assert "Posting now" in page
    assert owner.row(Posting, ids[0]).state != "review"


def test_a_small_approval_does_not_ask(owner: Visitor) -> None:
    assert "Posting now" in owner.approve(owner.story.installation)


@pytest.mark.parametrize(("limit", "asks"), [("2", True), ("3", False), ("0", True)])
def test_a_setting_says_how_many_approvals_ask(
    open_pages: Callable[..., Visitor], clock: FakeClock, limit: str, asks: bool
) -> None:
    visitor = open_pages(HUB_CONFIRM_APPROVALS_ABOVE=limit)
    visitor.log_in("olga")
    add_in_review(visitor, 3)
    clock.advance(LATER)
    address = f"/installations/{visitor.story.installation}/review/approve"
    review = visitor.page(address.removesuffix("approve"))
    rows = re.findall(r'name="selected"\s+value="([^"]+)"', review)
    chosen = visitor.get(address, query_string={"which": "selected", "selected": rows[:3]}).text
    listed = re.findall(r'name="listed" value="([^"]+)"', chosen)[0]
    assert (TITLE in visitor.press(address, listed=listed)) == asks


def test_a_form_of_a_previous_page_can_only_be_read_by_its_browser(
    owner: Visitor, clock: FakeClock
) -> None:
    clock.advance(1800)
    address = f"/installations/{owner.story.installation}/settings"
    answer = owner.post(address, start_date="2026-01-17", schedule="0 5 * * *")
    draft = parse_qs(urlsplit(answer.location).query)["next"][0]
    other = Visitor(owner.app, owner.story)
    other.log_in("olga")
    assert "2026-01-17" not in other.page(draft)
    owner.log_in("olga")
    assert "2026-01-17" in owner.page(draft)


def test_the_page_that_asks_leads_to_no_foreign_address(owner: Visitor) -> None:
    for place in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
    ):
        answer = owner.client.post(
            "/confirm",
            query_string={"next": place},
            data={"csrf_token": owner._token, "confirm_password": PASSWORD},
        )
        assert answer.location == "/"


def test_the_page_that_asks_leads_on(owner: Visitor) -> None:
    answer = owner.client.post(
        "/confirm",
        query_string={"next": "/people/?a=1"},
        data={"csrf_token": owner._token, "confirm_password": PASSWORD},
    )
    assert answer.location == "/people/?a=1"


def ask_for_a_role(visitor: Visitor) -> tuple[str, dict[str, str]]:
    """Return the address of a change that asks, and the fields that its page repeats."""
    address = f"/people/{person_id(visitor, 'vera')}/role"
    return address, hidden_fields(visitor.post(address, role="operator").text)


def test_a_code_of_the_authenticator_app_confirms_without_javascript(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    clock.advance(LATER)
    address, fields = ask_for_a_role(visitor)
    page = visitor.post(address, role="operator").text
    assert 'name="confirm_code"' in page
    assert "None of this at hand?" in page
    assert 'name="confirm_password"' in page
    sent = {"role": fields["role"], "confirm_code": code_at(secret, clock)}
    assert "vera is now operator" in visitor.press(address, **sent)
    assert "vera is now viewer" in visitor.press(address, role="viewer")


def test_a_code_that_confirmed_is_not_accepted_again(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    clock.advance(LATER)
    code = code_at(secret, clock)
    other = log_in_again(visitor)
    assert enter_code(other, code)[0] == 302
    address, _ = ask_for_a_role(visitor)
    page = visitor.post(address, role="operator", confirm_code=code).text
    assert "wrong or was used already" in page
    clock.advance(STEP_SECONDS)
    code = code_at(secret, clock)
    assert "vera is now operator" in visitor.press(address, role="operator", confirm_code=code)
    third = log_in_again(visitor)
    assert enter_code(third, code)[0] == 200


def test_guesses_of_codes_share_the_limits_of_the_log_in(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    clock.advance(LATER)
    address, _ = ask_for_a_role(visitor)
    for _ in range(4):
        assert visitor.post(address, confirm_code="000000").status_code == 200
    assert visitor.post(address, confirm_code="000000").location.endswith("/login")
    assert visitor.get("/").status_code == 302
    assert visitor.log_in("olga").status_code == 302
    assert enter_code(visitor, "000009")[0] == 429, "the browser has one count for both"


@pytest.mark.parametrize("code", ["", " ", "abc", "²³¹²³¹", "1" * 40])
def test_nothing_but_a_code_of_this_person_confirms(
    visitor: Visitor, clock: FakeClock, code: str
) -> None:
    vera = Visitor(visitor.app, visitor.story)
    vera.log_in("vera")
    secret, recovery_codes = set_up_authenticator(vera, clock)
    visitor.log_in("olga")
    clock.advance(LATER)
    address, _ = ask_for_a_role(visitor)
    for wrong in (code, code_at(secret, clock), recovery_codes[0]):
        assert TITLE in visitor.post(address, role="owner", confirm_code=wrong).text


def test_only_the_ways_that_a_person_has_are_offered(owner: Visitor) -> None:
    page = owner.page("/confirm")
    assert 'name="confirm_password"' in page
    assert "confirm_code" not in page
    assert "confirm_credential" not in page
    assert owner.post("/confirm/passkey").status_code == 404


def test_a_passkey_that_verifies_the_person_confirms(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    passkey = SoftwarePasskey()
    add_passkey(visitor, passkey)
    clock.advance(LATER)
    address, _ = ask_for_a_role(visitor)
    assert "confirm_credential" in visitor.post(address, role="operator").text
    request = passkey_options(visitor, "/confirm/passkey")
    assert request["publicKey"]["userVerification"] == "required"
    credential = passkey.use(request)
    sent = {"role": "operator", "confirm_credential": credential}
    assert "vera is now operator" in visitor.press(address, **sent)
    clock.advance(LATER)
    passkey.counter = 0
    assert "did not confirm" in visitor.post(address, **sent).text


@pytest.mark.parametrize("wrong", ["unverified", "of somebody else", "unknown", "unreadable"])
def test_no_other_passkey_confirms(visitor: Visitor, clock: FakeClock, wrong: str) -> None:
    visitor.log_in("olga")
    own = SoftwarePasskey(verifies=wrong != "unverified")
    add_passkey(visitor, own)
    foreign = SoftwarePasskey()
    vera = Visitor(visitor.app, visitor.story)
    vera.log_in("vera")
    add_passkey(vera, foreign)
    clock.advance(LATER)
    address, _ = ask_for_a_role(visitor)
    request = passkey_options(visitor, "/confirm/passkey")
    credentials = {
        "unverified": own.use(request),
        "of somebody else": foreign.use(request),
        "unknown": SoftwarePasskey().use(request),
        "unreadable": "[]",
    }
    sent = {"role": "operator", "confirm_credential": credentials[wrong]}
    assert "did not confirm" in visitor.post(address, **sent).text
    sent["confirm_credential"] = own.use(request)
    assert TITLE in visitor.post(address, **sent).text, "a challenge serves once"


def test_a_person_without_a_password_confirms_in_another_way(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    clock.advance(LATER)
    with visitor.app.app_context(), engine.transaction() as session:
        person = session.get_one(User, person_id(visitor, "olga"))
        person.password = None
    page = visitor.page("/confirm")
    assert "confirm_password" not in page
    assert "confirm_code" in page
    address, _ = ask_for_a_role(visitor)
    assert TITLE in visitor.post(address, role="operator", confirm_password="").text
    code = code_at(secret, clock)
    assert "vera is now operator" in visitor.press(address, role="operator", confirm_code=code)


def test_the_button_for_a_new_passkey_leads_to_the_page_that_asks(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    clock.advance(LATER)
    address = "/account/passkeys/options"
    headers = {"Accept": "application/json", "Referer": "http://localhost/account/"}
    form = {"csrf_token": visitor._token}
    answer = visitor.client.post(address, data=form, headers=headers)
    assert answer.location == "/confirm?next=/account/"
    visitor.post(answer.location, confirm_password=PASSWORD)
    assert "recovery codes" in add_passkey(visitor, SoftwarePasskey())


def test_a_refused_confirmation_is_recorded(owner: Visitor) -> None:
    address, _ = ask_for_a_role(owner)
    owner.post(address, role="operator", confirm_password="wrong")
    with owner.app.app_context(), engine.read_only_session() as session:
        query = select(AuditEntry.who).where(AuditEntry.what == "confirmation refused")
        assert list(session.scalars(query)) == ["olga"]

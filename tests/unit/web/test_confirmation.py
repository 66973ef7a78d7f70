"""The password is asked again before some acts, and the act goes on with what was entered."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.models import Company, Posting
from hub.testing.clock import FakeClock
from hub.web import review
from tests.support.page_rows import PASSWORD
from tests.support.page_visitor import Visitor
from tests.unit.web.test_review import _add
from tests.unit.web.test_sessions import person_id

LATER = 10 * 60
TITLE = "Confirm your password"


@pytest.fixture
def owner(visitor: Visitor, clock: FakeClock) -> Visitor:
    """An owner whose log-in was ten minutes ago."""
    visitor.log_in("olga")
    clock.advance(LATER)
    return visitor


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the page that asks."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_a_role_changes_only_after_the_password(owner: Visitor) -> None:
    address = f"/people/{person_id(owner, 'vera')}/role"
    asked = owner.post(address, role="operator").text
    assert TITLE in asked
    fields = hidden_fields(asked)
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


@pytest.mark.parametrize(
    "path",
    ["companies/connect", "companies/{}/reconnect", "companies/{}/disconnect"],
)
def test_acts_on_companies_ask(owner: Visitor, path: str) -> None:
    address = "/" + path.format(owner.story.company)
    assert TITLE in owner.post(address, sure="1").text
    assert owner.row(Company, owner.story.company).state == "connected"


def test_people_are_added_only_after_the_password(owner: Visitor) -> None:
    sent = {"name": "ny", "password": "a secret of the form", "role": "viewer"}
    page = owner.press("/people/add", **sent)
    assert TITLE in page
    assert "a secret of the form" not in page
    assert ">ny<" not in owner.page("/people/")


def test_a_large_approval_asks_and_then_approves_what_was_listed(owner: Visitor) -> None:
    ids = _add(owner, review.MAX_UNCONFIRMED + 1)
    address = f"/installations/{owner.story.installation}/review/approve"
    listed = re.findall(r'name="listed" value="([^"]+)"', owner.page(f"{address}?which=all"))[0]
    asked = owner.post(address, listed=listed).text
    assert TITLE in asked
    assert owner.row(Posting, ids[0]).state == "review"
    page = owner.press(address, **hidden_fields(asked), confirm_password=PASSWORD)
    assert "Posting now" in page
    assert owner.row(Posting, ids[0]).state != "review"


def test_a_small_approval_does_not_ask(owner: Visitor) -> None:
    assert "Posting now" in owner.approve(owner.story.installation)


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

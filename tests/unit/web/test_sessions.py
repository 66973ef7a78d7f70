"""Sessions on the server: how each ends, and that a copied cookie is worthless afterwards."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.models import LoginSession, User
from hub.security import login_sessions
from hub.testing.clock import FakeClock
from tests.support.pages.browsers import copy_browser, person_id
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD

NEW_PASSWORD = "a lighthouse keeper's umbrella"


def rows(visitor: Visitor) -> list[LoginSession]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return list(session.scalars(select(LoginSession).order_by(LoginSession.id)))


def test_a_copied_cookie_works_no_more_after_log_out(visitor: Visitor) -> None:
    visitor.log_in("vera")
    copy = copy_browser(visitor)
    assert copy.get("/").status_code == 200
    visitor.post("/logout")
    assert copy.get("/").status_code == 302
    assert [row.end_reason for row in rows(visitor)] == ["logged-out"]


def test_a_disabled_and_enabled_person_has_to_log_in_again(visitor: Visitor) -> None:
    visitor.log_in("vera")
    owner = Visitor(visitor.app, visitor.story)
    owner.log_in("olga")
    address = f"/people/{person_id(visitor, 'vera')}/active"
    owner.press(address, active="")
    owner.press(address, active="1")
    assert visitor.get("/").status_code == 302


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(visitor: Visitor) -> None:
    visitor.log_in("vera")
    copy = copy_browser(visitor)
    elsewhere = Visitor(visitor.app, visitor.story)
    elsewhere.log_in("vera")
    visitor.press(
        "/password",
        password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_confirm=NEW_PASSWORD,
    )
    assert visitor.get("/").status_code == 200
    assert copy.get("/").status_code == 302
    assert elsewhere.get("/").status_code == 302
    assert elsewhere.log_in("vera", NEW_PASSWORD).status_code == 302
    assert elsewhere.get("/").status_code == 200


def test_a_session_ends_after_thirty_minutes_without_a_request(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("vera")
    for _ in range(4):
        clock.advance(20 * 60)
        assert visitor.get("/").status_code == 200
    clock.advance(30 * 60)
    assert visitor.get("/").status_code == 302


def test_a_session_in_use_ends_after_twelve_hours(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("vera")
    for _ in range(12 * 3 - 1):
        clock.advance(20 * 60)
        assert visitor.get("/").status_code == 200
    clock.advance(20 * 60)
    assert visitor.get("/").status_code == 302


@pytest.mark.parametrize(("seconds", "status"), [(5, 200), (30 * 24 * 3600, 302)])
def test_a_session_from_before_the_clock_was_set_back_lasts_no_longer(
    visitor: Visitor, clock: FakeClock, seconds: int, status: int
) -> None:
    visitor.log_in("vera")
    clock.set(clock.now() - dt.timedelta(seconds=seconds))
    assert visitor.get("/").status_code == status


def test_the_database_holds_only_a_hash_of_what_the_cookie_carries(visitor: Visitor) -> None:
    visitor.log_in("vera")
    with visitor.client.session_transaction() as cookie:
        token = cookie["sid"]
    [row] = rows(visitor)
    assert len(token) >= 43
    assert token not in {row.key, row.address, row.browser}


def test_a_cookie_without_a_session_on_the_server_logs_nobody_in(visitor: Visitor) -> None:
    visitor.log_in("vera")
    with visitor.client.session_transaction() as cookie:
        cookie["sid"] = "x" * 43
    assert visitor.get("/").status_code == 302


def test_the_session_of_one_person_does_not_log_in_another(visitor: Visitor) -> None:
    visitor.log_in("olga")
    with visitor.client.session_transaction() as cookie:
        of_olga = cookie["_user_id"]
    other = Visitor(visitor.app, visitor.story)
    other.log_in("vera")
    with other.client.session_transaction() as cookie:
        cookie["_user_id"] = of_olga
    assert other.get("/").status_code == 302


def test_remember_has_no_effect(visitor: Visitor) -> None:
    form = visitor.client.get("/login").text
    token = form.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    sent = {"email": "vera", "password": PASSWORD, "csrf_token": token, "remember": "y"}
    answer = visitor.client.post("/login", data=sent)
    names = {header.partition("=")[0] for header in answer.headers.getlist("Set-Cookie")}
    assert (answer.status_code, names) == (302, {"hub-person", "hub-browser", "hub"})


def test_no_remember_cookie_logs_in(visitor: Visitor) -> None:
    from flask_login.utils import encode_cookie

    with visitor.app.app_context(), engine.read_only_session() as session:
        person = session.scalars(select(User).where(User.username == "olga")).one()
        cookie = encode_cookie(str(person.fs_uniquifier))
    visitor.client.set_cookie("remember_token", cookie)
    assert visitor.get("/").status_code == 302


@pytest.mark.parametrize("way", ["address", "header"])
def test_no_token_logs_in(visitor: Visitor, way: str) -> None:
    with visitor.app.test_request_context(), engine.read_only_session() as session:
        person: Any = session.scalars(select(User).where(User.username == "olga")).one()
        token = person.get_auth_token()
    options: dict[str, Any] = {
        "address": {"query_string": {"auth_token": token}},
        "header": {"headers": {"Authentication-Token": token}},
    }[way]
    for path in ("/", "/password", "/people/"):
        assert visitor.get(path, **options).status_code == 302


def test_log_in_answers_no_request_with_json_and_no_token(visitor: Visitor) -> None:
    visitor.log_in("vera")
    address = "/login?include_auth_token"
    answer = visitor.get(address, headers={"Accept": "application/json"})
    assert "json" not in answer.content_type
    assert "authentication_token" not in answer.text


def test_a_second_log_in_in_a_browser_ends_the_first(visitor: Visitor) -> None:
    visitor.log_in("vera")
    copy = copy_browser(visitor)
    visitor.post("/logout")
    visitor.log_in("olga")
    assert copy.get("/").status_code == 302


def test_a_session_works_at_a_public_address(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages(HUB_PUBLIC_URL="https://hub.example.com")
    site = {"base_url": "https://hub.example.com"}
    form = visitor.client.get("/login", **site).text
    token = form.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    sent = {"email": "vera", "password": PASSWORD, "csrf_token": token}
    headers = {"Referer": "https://hub.example.com/login"}
    answer = visitor.client.post("/login", data=sent, headers=headers, **site)
    cookies = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
    assert "__Host-hub" in cookies
    assert visitor.client.get("/", **site).status_code == 200


@pytest.mark.parametrize(("person", "status"), [("oda", 400), ("vera", 302)])
def test_a_page_that_is_still_open_acts_for_nobody_who_logged_in_since(
    visitor: Visitor, clock: FakeClock, person: str, status: int
) -> None:
    visitor.log_in("vera")
    token = visitor._token
    clock.advance(login_sessions.IDLE_LIMIT.total_seconds())
    visitor.log_in(person)
    form = {"csrf_token": token, "language": "nb"}
    assert visitor.client.post("/account/formats", data=form).status_code == status
    assert visitor.row(User, person_id(visitor, "oda")).language is None
    assert visitor.post("/account/formats", language="nb").status_code == 302

"""Forgotten passwords: the same answer for every name, a code by mail, and one from an owner."""

import datetime as dt
import re
from contextlib import suppress
from email.header import decode_header, make_header
from typing import Any

import pytest
from sqlalchemy import select, update

from hub import notifications
from hub.db import engine
from hub.errors import DatabaseUnavailable, Retry
from hub.models import AuditEntry, PasswordResetRequest, User
from hub.security import people, person_changes
from hub.security.rights import Right
from hub.testing.clock import FakeClock
from tests.support.pages.invitation_pages import CODE, code_in
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.setup_pages import read_problems
from tests.support.rows.page_rows import PASSWORD
from tests.support.servers.mail_server import mail_url
from tests.support.servers.read_only_database import read_only_database

ADDRESS = "kari@example.com"
NEW = "tulip gearbox sonnet 41"
HOUR = 3600


@pytest.fixture(params=["sqlite", "postgres"])
def hub(request: pytest.FixtureRequest, open_pages: Any, mail: Any) -> Visitor:
    """Provide a hub on each database that sends mail, with Kari who logs in by her address."""
    settings = {"HUB_MAIL_URL": mail_url(mail)}
    if request.param == "postgres":
        make_database = request.getfixturevalue("make_database")
        settings["HUB_DATABASE_URL"] = make_database(request.getfixturevalue("postgres"))
    visitor: Visitor = open_pages("people", **settings)
    if request.param == "postgres":
        engine.upgrade(visitor.app)
        with visitor.app.app_context(), engine.transaction() as session:
            people.insert(session, "olga", people.hash_new(PASSWORD), [Right("owner")])
    add_kari(visitor)
    return visitor


@pytest.fixture
def on_sqlite(open_pages: Any, mail: Any) -> Visitor:
    visitor: Visitor = open_pages("people", HUB_MAIL_URL=mail_url(mail))
    add_kari(visitor)
    return visitor


def add_kari(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        people.insert(session, ADDRESS, people.hash_new(PASSWORD), [Right("viewer")])


def post(visitor: Visitor, path: str, **form: str) -> Any:
    """Send a form of a page without a log-in."""
    return post_as(Visitor(visitor.app, visitor.story), path, **form)


def post_as(person: Visitor, path: str, **form: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page(path))
    assert token
    return person.client.post(path, data={"csrf_token": token[1], **form})


def ask(visitor: Visitor, name: str) -> Any:
    return post(visitor, "/forgotten-password", name=name)


def change(visitor: Visitor, code: str, name: str = ADDRESS, password: str = NEW) -> Any:
    form = {"name": name, "code": code, "password": password, "password_again": password}
    return post(visitor, "/new-password", **form)


def id_of(visitor: Visitor, name: str) -> int:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return int(people.get(session, name).id)


def mailed(visitor: Visitor) -> int:
    """Send the mail that the scheduler sends every few seconds."""
    with visitor.app.app_context():
        return notifications.answer_password_requests()


def requests_of(visitor: Visitor) -> list[str]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        rows = session.scalars(select(PasswordResetRequest))
        return [row.normalized_name for row in rows]


def test_a_forgotten_password_is_replaced_with_a_mailed_code(hub: Visitor, mail: Any) -> None:
    kari = Visitor(hub.app, hub.story)
    kari.log_in(ADDRESS)
    assert ask(hub, " KARI@example.com ").status_code == 302
    assert mail.messages == []
    assert [mailed(hub), mailed(hub)] == [1, 0]
    (message,) = mail.messages
    assert (message["To"], message["Subject"]) == (ADDRESS, "Your code for a new password")
    text = message.get_payload()
    assert not re.search(r"https?://\S*[?=]", text)
    assert kari.get("/").status_code == 200

    answer = change(hub, code_in(text).lower())
    assert (answer.status_code, answer.location) == (302, "/login")
    assert kari.get("/").status_code == 302
    assert Visitor(hub.app, hub.story).log_in(ADDRESS, PASSWORD).status_code == 200
    assert Visitor(hub.app, hub.story).log_in(ADDRESS, NEW).status_code == 302
    assert change(hub, code_in(text), password="another good passphrase").status_code == 400
    with hub.app.app_context(), engine.read_only_session() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        actions = [(row.what, row.who) for row in entries if row.what.startswith("password")]
    assert actions == [("password code issued", ADDRESS), ("password reset", ADDRESS)]


NORWEGIAN = {"Accept-Language": "nb-NO,nb;q=0.9,en;q=0.8"}


def subject_of(message: Any) -> str:
    return str(make_header(decode_header(message["Subject"])))


@pytest.mark.parametrize(
    ("headers", "chosen", "subject"),
    [
        (NORWEGIAN, None, "Koden din for et nytt passord"),
        (NORWEGIAN, "en", "Your code for a new password"),
        ({}, "nb", "Koden din for et nytt passord"),
        ({}, None, "Your code for a new password"),
        ({"Accept-Language": "fr"}, None, "Your code for a new password"),
    ],
)
def test_a_code_is_mailed_in_the_language_of_the_browser_unless_another_was_chosen(
    hub: Visitor, mail: Any, headers: dict[str, str], chosen: str | None, subject: str
) -> None:
    with hub.app.app_context(), engine.transaction() as session:
        session.execute(update(User).where(User.username == ADDRESS).values(language=chosen))
    person = Visitor(hub.app, hub.story)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page("/forgotten-password"))
    assert token
    form = {"csrf_token": token[1], "name": ADDRESS}
    person.client.post("/forgotten-password", data=form, headers=headers)
    assert mailed(hub) == 1
    assert [subject_of(message) for message in mail.messages] == [subject]


def test_a_code_that_an_owner_sends_is_in_their_language_unless_another_was_chosen(
    on_sqlite: Visitor, mail: Any
) -> None:
    address = f"/people/{id_of(on_sqlite, ADDRESS)}/reset"
    on_sqlite.log_in("olga")
    on_sqlite.press("/account/formats", language="nb")
    on_sqlite.press(address)
    with on_sqlite.app.app_context(), engine.transaction() as session:
        session.execute(update(User).where(User.username == ADDRESS).values(language="en"))
    on_sqlite.press(address)
    subjects = [subject_of(message) for message in mail.messages]
    assert subjects == ["Koden din for et nytt passord", "Your code for a new password"]


def test_every_name_gets_the_same_answer_and_the_same_work(on_sqlite: Visitor, mail: Any) -> None:
    names = (ADDRESS, "nobody@example.com", "olga", "hub", "", "x" * 5000)
    answers = [ask(on_sqlite, name) for name in names]
    assert {(answer.status_code, answer.location) for answer in answers} == {(302, "/new-password")}
    # A row is stored for every name that could be one; who it belongs to is looked up later.
    assert sorted(requests_of(on_sqlite)) == ["hub", ADDRESS, "nobody@example.com", "olga"]
    assert mailed(on_sqlite) == 1
    assert [message["To"] for message in mail.messages] == [ADDRESS]
    assert requests_of(on_sqlite) == []


@pytest.mark.parametrize("name", ["\ufdfa" * 200, f"{'k' * 160}@{'.'.join(['ø' * 20] * 4)}.no"])
def test_a_name_that_is_too_long_once_it_is_normalized_is_nobodys(hub: Visitor, name: str) -> None:
    assert len(name) < 254
    answer = ask(hub, name)
    assert (answer.status_code, answer.location, requests_of(hub)) == (302, "/new-password", [])


def test_a_name_that_asked_for_a_code_is_in_the_next_form_once(on_sqlite: Visitor) -> None:
    person = Visitor(on_sqlite.app, on_sqlite.story)
    assert post_as(person, "/forgotten-password", name=f" {ADDRESS}").location == "/new-password"
    assert f'value="{ADDRESS}"' in person.page("/new-password")
    assert ADDRESS not in person.page("/new-password")


def test_a_disabled_person_gets_no_code(on_sqlite: Visitor, mail: Any) -> None:
    ask(on_sqlite, ADDRESS)
    mailed(on_sqlite)
    with on_sqlite.app.app_context(), engine.transaction() as session:
        person_changes.change_active(
            session, people.get(session, ADDRESS), active=False, who="olga"
        )
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == 400
    ask(on_sqlite, ADDRESS)
    assert mailed(on_sqlite) == 0


def test_a_mailbox_is_not_flooded(on_sqlite: Visitor, mail: Any, clock: FakeClock) -> None:
    for _ in range(3):
        ask(on_sqlite, ADDRESS)
        mailed(on_sqlite)
    assert len(mail.messages) == 1
    clock.advance(300)
    ask(on_sqlite, ADDRESS)
    assert mailed(on_sqlite) == 1
    first, second = (code_in(message.get_payload()) for message in mail.messages)
    assert change(on_sqlite, first).status_code == 400
    assert change(on_sqlite, second).status_code == 302


def test_a_code_from_before_the_clock_was_set_back_delays_no_other(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    ask(on_sqlite, ADDRESS)
    assert mailed(on_sqlite) == 1
    ask(on_sqlite, ADDRESS)
    mail.full = True
    clock.advance(300)
    with pytest.raises(Retry):
        mailed(on_sqlite)
    mail.full = False
    clock.set(clock.now() - dt.timedelta(days=30))
    assert mailed(on_sqlite) == 1


def test_many_requests_have_to_wait(on_sqlite: Visitor) -> None:
    assert 429 in [ask(on_sqlite, ADDRESS).status_code for _ in range(8)]


def test_a_message_that_is_not_taken_is_sent_later(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    ask(on_sqlite, ADDRESS)
    mail.full = True
    with pytest.raises(Retry):
        mailed(on_sqlite)
    mail.full = False
    assert mailed(on_sqlite) == 0
    clock.advance(60)
    assert mailed(on_sqlite) == 1
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == 302


def test_no_code_is_mailed_while_the_database_cannot_be_written(
    on_sqlite: Visitor, mail: Any
) -> None:
    ask(on_sqlite, ADDRESS)
    with on_sqlite.app.app_context(), read_only_database():
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                mailed(on_sqlite)
    assert mail.messages == []
    assert mailed(on_sqlite) == 1
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == 302


def test_a_code_is_mailed_again_a_minute_after_it_could_not_be_stored(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    ask(on_sqlite, ADDRESS)
    with on_sqlite.app.app_context(), read_only_database(lambda: bool(mail.messages)):
        for _ in range(3):
            with suppress(DatabaseUnavailable):
                mailed(on_sqlite)
    assert (len(mail.messages), mailed(on_sqlite)) == (1, 0)
    clock.advance(60)
    assert mailed(on_sqlite) == 1
    assert change(on_sqlite, code_in(mail.messages[1].get_payload())).status_code == 302


def test_a_request_that_nobody_could_answer_for_an_hour_is_dropped(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    ask(on_sqlite, ADDRESS)
    clock.advance(HOUR)
    assert mailed(on_sqlite) == 0
    assert requests_of(on_sqlite) == []


@pytest.mark.parametrize(("seconds", "status"), [(HOUR - 1, 302), (HOUR, 400)])
def test_a_mailed_code_is_valid_for_an_hour(
    on_sqlite: Visitor, mail: Any, clock: FakeClock, seconds: int, status: int
) -> None:
    ask(on_sqlite, ADDRESS)
    mailed(on_sqlite)
    clock.advance(seconds)
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == status


def test_guesses_are_bounded_even_if_they_take_their_time(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    ask(on_sqlite, ADDRESS)
    mailed(on_sqlite)
    for _ in range(10):
        clock.advance(300)
        assert change(on_sqlite, "0000-0000-0000-0000").status_code == 400
    clock.advance(300)
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == 400


def test_a_code_is_of_one_person(on_sqlite: Visitor, mail: Any) -> None:
    ask(on_sqlite, ADDRESS)
    mailed(on_sqlite)
    code = code_in(mail.messages[0].get_payload())
    for name in ("olga", "nobody@example.com"):
        answer = change(on_sqlite, code, name)
        problem = read_problems(answer.text)["code"]
        assert (answer.status_code, "do not belong together" in problem) == (400, True)
    refused = select(AuditEntry.subject).where(AuditEntry.what == "reset code refused")
    with on_sqlite.app.app_context(), engine.read_only_session() as session:
        assert list(session.scalars(refused)) == ["olga", "unknown name"]
    weak = change(on_sqlite, code, password="kari.example1")
    problem = read_problems(weak.text)["password"]
    assert (weak.status_code, "little more than your name" in problem) == (400, True)
    assert change(on_sqlite, code).status_code == 302


def test_an_owner_hands_over_a_code_for_a_name_without_address(
    on_sqlite: Visitor, clock: FakeClock
) -> None:
    on_sqlite.log_in("olga")
    answer = on_sqlite.post("/people/4/reset")
    assert (answer.status_code, "vera has no e-mail address" in answer.text) == (200, True)
    assert CODE.search(on_sqlite.page("/people/")) is None
    clock.advance(24 * HOUR - 1)
    assert change(on_sqlite, code_in(answer.text), "Vera").status_code == 302
    assert Visitor(on_sqlite.app, on_sqlite.story).log_in("vera", NEW).status_code == 302


def test_an_owner_mails_a_code(on_sqlite: Visitor, mail: Any) -> None:
    on_sqlite.log_in("olga")
    page = on_sqlite.press("/people/5/reset")
    assert "has mail with a code" in page
    assert change(on_sqlite, code_in(mail.messages[0].get_payload())).status_code == 302


def test_a_code_of_an_owner_ends_the_duty_to_change_a_password(on_sqlite: Visitor) -> None:
    with on_sqlite.app.app_context(), engine.transaction() as session:
        people.get(session, "vera").must_change_password = True
    on_sqlite.log_in("olga")
    code = code_in(on_sqlite.post("/people/4/reset").text)
    assert change(on_sqlite, code, "vera").status_code == 302
    vera = Visitor(on_sqlite.app, on_sqlite.story)
    vera.log_in("vera", NEW)
    assert vera.get("/").status_code == 200


@pytest.mark.parametrize(
    ("acts", "status"),
    [
        ([("active", {"active": "0"})], 400),
        ([("active", {"active": "0"}), ("active", {"active": "1"})], 400),
        ([("role", {"role": "app-owner"})], 400),
        ([("role", {"role": "owner"})], 302),
    ],
)
def test_a_code_ends_with_the_rights_of_who_issued_it(
    on_sqlite: Visitor, mail: Any, acts: list[tuple[str, dict[str, str]]], status: int
) -> None:
    on_sqlite.log_in("olga")
    arne = id_of(on_sqlite, "arne")
    on_sqlite.press(f"/people/{arne}/role", role="owner")
    second_owner = Visitor(on_sqlite.app, on_sqlite.story)
    second_owner.log_in("arne")
    second_owner.press(f"/people/{id_of(on_sqlite, ADDRESS)}/reset")
    for act, form in acts:
        on_sqlite.press(f"/people/{arne}/{act}", **form)
    assert change(on_sqlite, code_in(mail.messages[-1].get_payload())).status_code == status


def test_a_code_that_the_person_asked_for_outlasts_the_owners(
    on_sqlite: Visitor, mail: Any
) -> None:
    ask(on_sqlite, ADDRESS)
    mailed(on_sqlite)
    on_sqlite.log_in("olga")
    on_sqlite.press(f"/people/{id_of(on_sqlite, 'arne')}/active", active="0")
    assert change(on_sqlite, code_in(mail.messages[-1].get_payload())).status_code == 302


def test_a_code_is_void_once_its_person_changes_the_password(on_sqlite: Visitor) -> None:
    on_sqlite.log_in("olga")
    code = code_in(on_sqlite.post("/people/4/reset").text)
    vera = Visitor(on_sqlite.app, on_sqlite.story)
    vera.log_in("vera")
    form = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}
    assert post_as(vera, "/password", **form).status_code == 302
    assert change(on_sqlite, code, "vera", "another good passphrase").status_code == 400
    assert Visitor(on_sqlite.app, on_sqlite.story).log_in("vera", NEW).status_code == 302


def test_a_hub_without_mail_says_whom_to_ask(open_pages: Any) -> None:
    visitor = open_pages("people")
    assert "Ask an owner of the hub" in visitor.page("/forgotten-password")
    assert "/forgotten-password" in visitor.page("/login")


def test_a_name_with_a_line_break_from_earlier_stops_no_mail(
    on_sqlite: Visitor, mail: Any, clock: FakeClock
) -> None:
    name = "x@example.com\nBcc: eva@example.com"
    with on_sqlite.app.app_context(), engine.transaction() as session:
        people.insert(session, name, people.hash_new(PASSWORD), [Right("owner")])
        person = people.get(session, name)
        assert people.mail_address(person) == ""
    ask(on_sqlite, name)
    ask(on_sqlite, ADDRESS)
    assert mailed(on_sqlite) == 1
    assert [message["To"] for message in mail.messages] == [ADDRESS]

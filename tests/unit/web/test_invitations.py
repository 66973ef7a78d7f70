"""Invitations: mailed with a code, handed over where no mail is sent, accepted once."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hub.db import engine
from hub.models import AuditEntry, Invitation
from hub.security import people
from hub.testing.clock import FakeClock
from hub.web import row_ids
from tests.support.mail_server import mail_server, mail_url
from tests.support.page_rows import PASSWORD
from tests.support.page_visitor import Visitor

ADDRESS = "kari@example.com"
CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")
DAY = 24 * 3600


@pytest.fixture
def server() -> Any:
    with mail_server() as made:
        yield made


@pytest.fixture
def owner(open_pages: Any, server: Any) -> Visitor:
    """An owner of a hub that sends mail."""
    visitor: Visitor = open_pages("people", HUB_MAIL_URL=mail_url(server))
    visitor.log_in("olga")
    return visitor


@pytest.fixture
def owner_without_mail(open_pages: Any) -> Visitor:
    """An owner of a hub that sends no mail."""
    visitor: Visitor = open_pages("people")
    visitor.log_in("olga")
    return visitor


def code_in(text: str) -> str:
    """Return the only code in a mail or on a page."""
    (code,) = set(CODE.findall(text))
    return str(code)


def accept(visitor: Visitor, code: str, address: str = ADDRESS, password: str = PASSWORD) -> Any:
    """Enter address, code and password in a new browser; return the browser and the answer."""
    person = Visitor(visitor.app, visitor.story)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page("/invitation"))
    assert token
    form = {"address": address, "code": code, "password": password, "password_again": password}
    answer = person.client.post("/invitation", data={"csrf_token": token[1], **form})
    person._token = token[1]
    return person, answer


def rows(app: Flask) -> list[Invitation]:
    with app.app_context(), engine.reading() as session:
        return list(session.scalars(select(Invitation)))


def test_an_invited_person_chooses_a_password_and_is_logged_in(owner: Visitor, server: Any) -> None:
    page = owner.press("/people/invite", address="Kari@Example.com", role="operator")
    assert "Kari@example.com has mail" in page
    assert CODE.search(page) is None
    (message,) = server.taken
    assert message["To"] == "Kari@example.com"
    assert message["Subject"] == "Your invitation to the QuickBooks hub"
    text = message.get_payload()
    code = code_in(text)
    assert "/invitation and" in text
    assert not re.search(r"https?://\S*[?=]", text)
    assert code not in str(message.items())

    kari, answer = accept(owner, code.lower().replace("-", " "), " KARI@example.com")
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Kari@example.com" in kari.page("/inbox/")
    assert kari.get("/people/").status_code == 403
    assert Visitor(owner.app, owner.story).log_in(ADDRESS).status_code == 302
    assert rows(owner.app) == []


def test_a_code_is_used_once(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(server.taken[0].get_payload())
    assert accept(owner, code)[1].status_code == 302
    _, answer = accept(owner, code, password="another good passphrase")
    assert (answer.status_code, "do not belong together" in answer.text) == (400, True)


def test_nothing_but_the_right_code_of_this_address_is_accepted(
    owner: Visitor, server: Any
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    owner.press("/people/invite", address="eva@example.com", role="owner")
    code = code_in(server.taken[0].get_payload())
    tries = ("", "0000-0000-0000-0000", code_in(server.taken[1].get_payload()), code[:-1])
    for wrong in tries:
        _, answer = accept(owner, wrong)
        assert (answer.status_code, "do not belong together" in answer.text) == (400, True)
    _, unknown = accept(owner, code, "nobody@example.com")
    assert (unknown.status_code, "do not belong together" in unknown.text) == (400, True)
    assert accept(owner, code)[1].status_code == 302


def test_guesses_are_bounded_even_if_they_take_their_time(
    owner: Visitor, server: Any, clock: FakeClock
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(server.taken[0].get_payload())
    for _ in range(10):
        clock.advance(3600)
        assert accept(owner, "0000-0000-0000-0000")[1].status_code == 400
    clock.advance(3600)
    assert accept(owner, code)[1].status_code == 400
    fresh = Visitor(owner.app, owner.story)
    fresh.log_in("olga")
    assert "Not valid any more" in fresh.page("/people/")
    fresh.press("/people/invitations/renew", invitation=rows(owner.app)[0].id)
    clock.advance(3600)
    assert accept(owner, code)[1].status_code == 400
    assert accept(owner, code_in(server.taken[1].get_payload()))[1].status_code == 302


def test_many_guesses_in_a_short_time_have_to_wait(owner: Visitor) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    statuses = [accept(owner, "0000-0000-0000-0000")[1].status_code for _ in range(7)]
    assert 429 in statuses


@pytest.mark.parametrize(("seconds", "status"), [(7 * DAY - 1, 302), (7 * DAY, 400)])
def test_a_code_is_valid_for_seven_days(
    owner: Visitor, server: Any, clock: FakeClock, seconds: int, status: int
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    clock.advance(seconds)
    assert accept(owner, code_in(server.taken[0].get_payload()))[1].status_code == status


def test_a_withdrawn_invitation_is_worth_nothing(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    page = owner.page("/people/")
    assert ADDRESS in page
    id = rows(owner.app)[0].id
    assert "is withdrawn" in owner.press("/people/invitations/withdraw", invitation=id)
    assert accept(owner, code_in(server.taken[0].get_payload()))[1].status_code == 400
    assert owner.post("/people/invitations/withdraw", invitation=id).status_code == 404
    assert owner.post("/people/invitations/renew", invitation="x" * 99).status_code == 404
    assert row_ids.parse("x") is None


def test_without_a_mail_server_the_owner_sees_the_code_once(owner_without_mail: Visitor) -> None:
    owner = owner_without_mail
    answer = owner.post("/people/invite", address=ADDRESS, role="viewer")
    assert answer.status_code == 200
    assert "no mail server is set" in answer.text
    assert "it is shown only now" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert CODE.search(owner.page("/people/")) is None
    assert accept(owner, code_in(answer.text))[1].status_code == 302


def test_a_mail_that_fails_leaves_the_code_with_the_owner(owner: Visitor, server: Any) -> None:
    server.full = True
    answer = owner.post("/people/invite", address=ADDRESS, role="viewer")
    assert "did not take the message" in answer.text
    assert accept(owner, code_in(answer.text))[1].status_code == 302


@pytest.mark.parametrize("address", ["hub", "Kari", "kari@example.com\nBcc: x@example.com", ""])
def test_only_an_address_is_invited(owner: Visitor, server: Any, address: str) -> None:
    assert owner.post("/people/invite", address=address, role="viewer").status_code == 400
    assert server.taken == []


def test_a_person_is_not_invited_again(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    accept(owner, code_in(server.taken[0].get_payload()))
    answer = owner.post("/people/invite", address=ADDRESS.upper(), role="owner")
    assert (answer.status_code, "already a person" in answer.text) == (400, True)
    assert owner.post("/people/invite", address="x@example.com", role="king").status_code == 400


def test_an_invitation_ends_when_an_owner_adds_the_person(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="owner")
    owner.press("/people/add", name="KARI@example.com", password=PASSWORD, role="viewer")
    assert rows(owner.app) == []
    assert accept(owner, code_in(server.taken[0].get_payload()))[1].status_code == 400


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("password1234", "password1234", "too easy to guess"),
        ("kari.example1", "kari.example1", "little more than your name"),
        (PASSWORD, f"{PASSWORD}!", "differ"),
        ("x" * 1001, "x" * 1001, "at most 1,000 characters"),
    ],
)
def test_a_weak_password_costs_no_code(
    owner: Visitor, server: Any, password: str, again: str, says: str
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(server.taken[0].get_payload())
    person = Visitor(owner.app, owner.story)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page("/invitation"))
    assert token
    form = {"address": ADDRESS, "code": code, "password": password, "password_again": again}
    answer = person.client.post("/invitation", data={"csrf_token": token[1], **form})
    assert (answer.status_code, says in answer.text) == (400, True)
    assert password not in answer.text
    assert accept(owner, code)[1].status_code == 302


def test_whoever_was_logged_in_before_is_not_any_more(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    form = {"address": ADDRESS, "code": code_in(server.taken[0].get_payload())}
    answer = owner.post("/invitation", password=PASSWORD, password_again=PASSWORD, **form)
    assert answer.status_code == 302
    assert ADDRESS in owner.page("/inbox/")
    assert owner.get("/people/").status_code == 403


def test_no_code_is_stored_or_logged(owner: Visitor, server: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(server.taken[0].get_payload())
    accept(owner, code)
    with owner.app.app_context(), engine.reading() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        person = people.find(session, ADDRESS)
        assert person is not None
        assert not person.must_change_password
    actions = [(entry.what, entry.who) for entry in entries if "invit" in entry.what]
    assert actions == [("person invited", "olga"), ("invitation accepted", ADDRESS)]
    content = (owner.app.extensions["hub"].config.data / "hub.db").read_bytes()
    wal = (owner.app.extensions["hub"].config.data / "hub.db-wal").read_bytes()
    for form in (code, code.replace("-", "")):
        assert form.encode() not in content + wal

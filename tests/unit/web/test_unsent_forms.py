"""A form that was sent after the session has expired is shown again, and has no effect."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from hub.db import engine
from hub.models import Secret, User
from hub.security import login_sessions, secrets
from hub.testing.clock import FakeClock
from hub.web.authentication import last_person
from hub.web.request import filled_form, form_drafts
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD

IDLE_SECONDS = login_sessions.IDLE_LIMIT.total_seconds()
NEW_PERSON = {"name": "ny@example.com", "password": "a canary in a coal mine", "role": "operator"}


@pytest.fixture
def owner(visitor: Visitor, clock: FakeClock) -> Visitor:
    """Provide an owner whose session has expired."""
    visitor.log_in("olga")
    clock.advance(IDLE_SECONDS)
    return visitor


def send_late(
    visitor: Visitor, path: str = "/people/add", page: str = "/people/", **form: str
) -> TestResponse:
    """Send a form from a page that was left open, as a browser does."""
    headers = {"Referer": f"http://localhost{page}", "Origin": "http://localhost"}
    token = {"csrf_token": visitor._token}
    return visitor.client.post(path, data=token | (form or NEW_PERSON), headers=headers)


def page_after_log_in(answer: TestResponse) -> str:
    """Return the address to which the log-in leads after this response."""
    address = urlsplit(answer.location)
    assert address.path == "/login"
    return parse_qs(address.query)["next"][0]


def draft_count(visitor: Visitor) -> int:
    with visitor.app.app_context(), engine.read_only_session() as session:
        is_draft = Secret.place.startswith(form_drafts.PREFIX)
        return session.scalar(select(func.count()).where(is_draft)) or 0


def test_a_form_comes_back_filled_in_and_nothing_is_done(owner: Visitor) -> None:
    answer = send_late(owner)
    back = page_after_log_in(answer)
    login = owner.log_in("olga", next=answer.location)
    assert login.location == back
    page = owner.page(back)
    assert "Nothing was sent: you had been logged out." in page
    assert 'value="ny@example.com"' in page
    assert re.search(r"<option[^>]* selected>operator", page)
    assert "canary" not in page
    with owner.app.app_context(), engine.read_only_session() as session:
        assert not session.scalar(select(User.id).where(User.username == NEW_PERSON["name"]))
    owner.press("/people/add", **NEW_PERSON)
    assert NEW_PERSON["name"] in owner.page("/people/")


def test_the_log_in_page_says_that_the_form_comes_back(owner: Visitor) -> None:
    sentence = "Your session has ended. Log in to see your form again."
    assert sentence in owner.page(send_late(owner).location)
    assert sentence not in owner.page("/login")


def test_passwords_are_not_even_stored_sealed(owner: Visitor) -> None:
    back = page_after_log_in(send_late(owner))
    owner.log_in("olga")
    token = parse_qs(urlsplit(back).query)["draft"][0]
    with owner.app.app_context(), engine.read_only_session() as session:
        text = secrets.get(session, form_drafts.PREFIX + token)
    assert text is not None
    assert NEW_PERSON["name"] in text
    assert "canary" not in text


def test_another_person_in_the_same_browser_does_not_see_the_form(owner: Visitor) -> None:
    back = page_after_log_in(send_late(owner, page="/"))
    owner.log_in("arne")
    page = owner.page(back)
    assert "ny@example.com" not in page
    assert "Nothing was sent" not in page


def test_a_form_comes_back_too_after_the_browser_dropped_the_cookie_of_the_session(
    owner: Visitor,
) -> None:
    owner.client.delete_cookie("hub")
    answer = send_late(owner)
    assert answer.status_code == 303
    to_log_in = owner.get(answer.location).location
    assert page_after_log_in(owner.get(answer.location)) == answer.location
    owner.log_in("olga", next=to_log_in)
    assert NEW_PERSON["name"] in owner.page(answer.location)


def test_nobody_is_remembered_after_some_days(owner: Visitor, clock: FakeClock) -> None:
    clock.advance(last_person.COOKIE_LIFETIME.total_seconds())
    assert page_after_log_in(send_late(owner)) == "/people/"
    owner.client.delete_cookie("hub")
    assert send_late(owner).status_code == 400
    assert draft_count(owner) == 0


def test_another_browser_does_not_see_the_form(owner: Visitor) -> None:
    back = page_after_log_in(send_late(owner))
    other = Visitor(owner.app, owner.story)
    other.log_in("olga")
    assert "ny@example.com" not in other.page(back)


@pytest.mark.parametrize(
    "page", ["//elsewhere.example/people/", "/nowhere", "/login", "/logout", ""]
)
def test_a_page_that_is_none_leads_home_with_what_was_entered(owner: Visitor, page: str) -> None:
    back = page_after_log_in(send_late(owner, page=page))
    assert urlsplit(back).path == "/"
    assert not urlsplit(back).netloc
    owner.log_in("olga")
    form_page = owner.page(back)
    assert "the form is no longer on this page" in form_page
    assert "ny@example.com" in form_page


def test_a_form_of_another_site_is_not_kept(owner: Visitor) -> None:
    headers = {"Referer": "https://elsewhere.example/", "Origin": "https://elsewhere.example"}
    form = {"csrf_token": owner._token, **NEW_PERSON}
    answer = owner.client.post("/people/add", data=form, headers=headers)
    assert page_after_log_in(answer) == "/"
    assert draft_count(owner) == 0


def test_a_form_of_nobody_is_not_kept(visitor: Visitor) -> None:
    form = visitor.client.get("/login").text
    match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert match
    visitor._token = match[1]
    assert page_after_log_in(send_late(visitor)) == "/people/"
    assert draft_count(visitor) == 0


def test_a_form_that_is_too_long_is_not_kept(owner: Visitor) -> None:
    answer = send_late(owner, name="x" * form_drafts.MAX_LENGTH)
    assert page_after_log_in(answer) == "/people/"
    assert draft_count(owner) == 0


def test_a_part_of_a_page_leads_to_the_log_in_with_its_form(owner: Visitor) -> None:
    headers = {"Referer": "http://localhost/people/", "HX-Request": "true"}
    form = {"csrf_token": owner._token, **NEW_PERSON}
    answer = owner.client.post("/people/add", data=form, headers=headers)
    next_page = parse_qs(urlsplit(answer.headers["HX-Redirect"]).query)["next"][0]
    owner.log_in("olga")
    assert NEW_PERSON["name"] in owner.page(next_page)


def test_from_a_part_of_a_page_one_comes_back_to_its_page(owner: Visitor) -> None:
    headers = {"Referer": "http://localhost/inbox/?sort=age", "HX-Request": "true"}
    answer = owner.get("/search/?q=oda", headers=headers)
    next_page = parse_qs(urlsplit(answer.headers["HX-Redirect"]).query)["next"][0]
    assert next_page == "/inbox/?sort=age"


@pytest.mark.parametrize("has_cookie", [True, False])
def test_a_form_is_not_taken_away_while_it_is_filled_in(owner: Visitor, has_cookie: bool) -> None:
    if not has_cookie:
        owner.client.delete_cookie("hub")
    headers = {
        "Referer": f"http://localhost/installations/{owner.story.installation}/settings",
        "Origin": "http://localhost",
        "HX-Request": "true",
    }
    address = f"/installations/{owner.story.installation}/settings/changes"
    form = {"csrf_token": owner._token, "schedule": "2h"}
    answer = owner.client.post(address, data=form, headers=headers)
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer.headers
    assert "Your session has ended. Save leads to the log-in" in answer.text
    assert draft_count(owner) == 0


@pytest.mark.parametrize("part", ["/schedule/next?often=1h", "/inbox/bulk/people?assignee=o"])
def test_a_part_of_a_form_takes_nobody_away_from_it(owner: Visitor, part: str) -> None:
    headers = {"Referer": "http://localhost/inbox/", "HX-Request": "true"}
    answer = owner.get(part, headers=headers)
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (200, False)
    assert "Your session has ended." in answer.text


def test_a_form_after_a_confirmation_does_not_claim_that_its_page_was_open_too_long(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    clock.advance(1200)
    headers = {"Referer": "http://localhost/setup/mail"}
    fields = {"csrf_token": visitor._token, "host": "smtp.example.com"}
    question = visitor.client.post("/setup/mail", data=fields, headers=headers)
    assert question.status_code in (302, 303)
    confirm = {"confirm_password": PASSWORD, "csrf_token": visitor._token}
    visitor.post(question.location, **confirm)
    page = visitor.page(parse_qs(urlsplit(question.location).query)["next"][0])
    assert "smtp.example.com" in page
    assert "open too long" not in page


def test_the_form_of_the_mail_server_says_why_it_is_shown_again(owner: Visitor) -> None:
    path = "/setup/mail"
    back = page_after_log_in(send_late(owner, path, path, host="smtp.example.com"))
    owner.log_in("olga")
    page = owner.page(back)
    assert "The form was not saved yet. Check it and save it again." in page
    assert "smtp.example.com" in page
    assert "Check it and save it again." not in owner.page(path)


FORMS = """<!doctype html><main><svg viewBox="0 0 1 1"/>
<form action="/other" method="post"><input name="note" value="a"></form>
<form action="/act" method="post">
<input type="hidden" name="id" value="1"><input name="note"></form>
<form action="/act?x=1" method="post" id="two">
<input type="hidden" name="id" value="2"><input type="hidden" name="csrf_token" value="t">
<input name="note" value="old &amp; bold"><input type="password" name="pin" value="">
<input type="file" name="sheet">
<input type="checkbox" name="sure" checked><input type="checkbox" name="picks" value="a">
<input type="checkbox" name="picks" value="b"><input type="radio" name="way" value="x" checked>
<input type="radio" name="way" value="y">
<select name="who"><option>ann &amp; bo</option><option selected>cy</option></select>
<textarea name="text">before &lt;b&gt;</textarea><button name="act" value="1">Go</button>
</form><input form="two" name="outside"><p>1 &lt; 2 &#38; 3</p></main>"""


def test_all_kinds_of_fields_of_the_right_form_are_filled_in() -> None:
    form = MultiDict(
        [
            ("id", "2"),
            ("csrf_token", "other"),
            ("note", '"new" <b>'),
            ("pin", "1234"),
            ("sheet", "x"),
            ("picks", "b"),
            ("way", "y"),
            ("who", "ann & bo"),
            ("text", "</textarea>after"),
            ("outside", "o"),
            ("act", "1"),
        ]
    )
    filled = filled_form.fill(FORMS, "/act", form, "<i>note</i>", note_without_form="none")
    expected = FORMS
    for before, after in (
        ('<form action="/act?x=1"', '<i>note</i><form action="/act?x=1"'),
        ('name="note" value="old &amp; bold"', 'name="note" value="&quot;new&quot; &lt;b&gt;"'),
        ('name="sure" checked', 'name="sure"'),
        ('name="picks" value="b"', 'name="picks" value="b" checked'),
        ('name="way" value="x" checked', 'name="way" value="x"'),
        ('name="way" value="y"', 'name="way" value="y" checked'),
        ("<option>ann", "<option selected>ann"),
        ("<option selected>cy", "<option>cy"),
        (">before &lt;b&gt;<", ">\n&lt;/textarea&gt;after<"),
        ('form="two" name="outside"', 'form="two" name="outside" value="o"'),
    ):
        assert before in expected
        expected = expected.replace(before, after, 1)
    assert filled == expected


def test_a_page_is_repeated_to_the_letter_but_for_the_form(visitor: Visitor) -> None:
    visitor.log_in("olga")
    for path in ("/", "/inbox/", f"/installations/{visitor.story.installation}/settings"):
        page = visitor.page(path)
        action = re.findall(r'action="(/[^"?]*)" method="post"', page)[0]
        filled = filled_form.fill(page, action, MultiDict(), "", note_without_form="")
        assert filled.replace(" checked", "") == page.replace(" checked", "")

"""People: first passwords, names in every spelling, and the page of those who may log in."""

import re

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.db.engine import transaction
from hub.models import AuditEntry, User
from hub.security import people
from hub.security.rights import Right
from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD
from tests.support.rows.rights_rows import TwoCompanies, canary

NEW = "kari@example.com"
OWN = "tulip gearbox sonnet 41"


@pytest.fixture
def kari(visitor: Visitor) -> Visitor:
    """Provide a person whom an owner has added, and who has not logged in yet."""
    visitor.log_in("olga")
    visitor.press("/people/add", name=NEW, password=PASSWORD, role="operator")
    return Visitor(visitor.app, visitor.story)


def _token(person: Visitor, path: str) -> str:
    """Return the token of the form on a page."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', person.page(path))
    assert token
    return token[1]


def _change(person: Visitor, current: str, new: str) -> str:
    """Change the password of the person at the pages; return the page that follows."""
    form = {"password": current, "new_password": new, "new_password_confirm": new}
    answer = person.client.post(
        "/password", data={"csrf_token": _token(person, "/password"), **form}
    )
    return answer.text if answer.status_code == 200 else answer.location


def test_the_role_of_an_invitation_is_not_chosen_in_the_form_beside_it(visitor: Visitor) -> None:
    visitor.log_in("olga")
    chosen = '<option value="owner" selected>'
    for button in ({}, {"more": "1"}):
        page = visitor.post("/people/invite", address="none", role="owner", **button).text
        assert chosen not in page.partition('action="/people/add"')[2]
    page = visitor.post("/people/add", name="none", password=PASSWORD, role="owner").text
    assert chosen in page.partition('action="/people/add"')[2]


def test_a_password_that_somebody_else_chose_is_changed_first(kari: Visitor) -> None:
    assert kari.log_in(NEW).location == "/"
    for page in ("/", "/inbox/", "/documents"):
        assert kari.get(page).location == "/password"
    htmx = kari.get("/inbox/", headers={"HX-Request": "true"})
    assert htmx.headers["HX-Redirect"] == "/password"
    assert "Somebody else chose your password" in kari.page("/password")
    assert kari.post("/installations/1/run").location == "/password"

    assert _change(kari, PASSWORD, OWN) == "/"
    assert "Somebody else" not in kari.page("/password")
    assert kari.get("/inbox/").status_code == 200
    again = Visitor(kari.app, kari.story)
    assert again.log_in(NEW, OWN).status_code == 302
    assert again.get("/").status_code == 200


def test_the_first_password_must_be_replaced_by_another_one(kari: Visitor) -> None:
    kari.log_in(NEW)
    assert "must be different" in _change(kari, PASSWORD, PASSWORD)
    assert kari.get("/").location == "/password"


def test_the_field_of_a_refused_password_gets_the_focus(kari: Visitor) -> None:
    kari.log_in(NEW)
    for current, new, wrong in ((OWN, OWN, "password"), (PASSWORD, "short", "new_password")):
        page = _change(kari, current, new)
        focused = re.findall(r"<input[^>]* autofocus[^>]*>", page)
        assert [re.findall(r' name="(.*?)"', field) for field in focused] == [[wrong]]
        assert "aria-invalid" in focused[0]


def test_a_wrong_current_password_is_told_in_the_language_of_the_page(kari: Visitor) -> None:
    kari.log_in(NEW)
    kari.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb-NO"
    assert "Passordet er feil. Prøv igjen." in _change(kari, "not the password 1", OWN)
    assert "Det nye passordet må være et annet" in _change(kari, PASSWORD, PASSWORD)


@pytest.mark.parametrize(
    ("password", "status", "reason"),
    [
        ("password1234", 200, "too easy to guess"),
        ("kari.example1", 200, "little more than your name"),
        ("x" * 1001, 400, "at most 1,000 characters"),
    ],
)
def test_a_changed_password_follows_the_rules(
    kari: Visitor, password: str, status: int, reason: str
) -> None:
    kari.log_in(NEW)
    form = {"password": PASSWORD, "new_password": password, "new_password_confirm": password}
    answer = kari.client.post("/password", data={"csrf_token": _token(kari, "/password"), **form})
    assert (answer.status_code, reason in answer.text) == (status, True)
    assert kari.get("/").location == "/password"


@pytest.mark.parametrize("password", ["x" * 1001, "half a \ud83d pair of them", "a \0 of length"])
def test_a_text_that_is_no_password_is_refused_before_it_is_hashed(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    hashed: list[str] = []
    context = visitor.app.extensions["security"].pwd_context
    for action in ("verify", "hash"):
        monkeypatch.setattr(context, action, lambda *values, **more: hashed.append("once"))
    headers = {"X-CSRFToken": _token(visitor, "/login")}
    sent = {"email": "olga", "password": password}
    answer = visitor.client.post("/login", json=sent, headers=headers)
    assert (answer.status_code, hashed) == (400, [])


def test_a_password_is_the_same_however_its_letters_are_composed(visitor: Visitor) -> None:
    composed, decomposed = "kjæledyr på månen igjen", "kjæledyr pa\u030a ma\u030anen igjen"
    with visitor.app.app_context():
        new = people.prepare(NEW, composed)
        with engine.transaction() as session:
            people.add(session, new, "viewer")
    for password in (composed, decomposed):
        assert Visitor(visitor.app, visitor.story).log_in(NEW, password).status_code == 302


@pytest.mark.parametrize("name", ["hub", "Admin", "root", "costtracker", "ny", "ny@", "һub"])
def test_a_name_that_is_no_address_is_refused_with_the_reason(visitor: Visitor, name: str) -> None:
    visitor.log_in("olga")
    answer = visitor.post("/people/add", name=name, password=PASSWORD, role="viewer")
    assert answer.status_code == 400
    assert "e-mail address" in answer.text


def test_the_page_shows_who_logged_in_last_and_when(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("vera")
    before = clock.now()
    clock.advance(3600)
    owner = Visitor(visitor.app, visitor.story)
    owner.log_in("olga")
    with visitor.app.app_context(), engine.read_only_session() as session:
        last = {name: people.find(session, name) for name in ("vera", "olga", "arne")}
    times = {name: person.last_login_at for name, person in last.items() if person}
    assert times == {
        "vera": before.replace(tzinfo=None),
        "olga": clock.now().replace(tzinfo=None),
        "arne": None,
    }
    page = owner.page("/people/")
    assert f'datetime="{before.isoformat()}"' in page
    assert '<span class="soft">never</span>' in page


def test_a_changed_password_is_no_new_log_in(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("vera")
    before = visitor.row(User, 4).last_login_at
    clock.advance(60)
    assert _change(visitor, PASSWORD, OWN) == "/"
    assert visitor.row(User, 4).last_login_at == before


@pytest.mark.parametrize("loss", ["disabled", "another role", "no role"])
def test_a_first_password_is_void_once_its_owner_is_none_any_more(kari: Visitor, loss: str) -> None:
    with kari.app.app_context(), transaction() as session:
        ids = {user.username: user.id for user in session.scalars(select(User))}
        people.insert(session, "eva", people.hash_new(PASSWORD), [Right("owner")])
    other = Visitor(kari.app, kari.story)
    other.log_in("eva")
    other.press("/people/add", name="own@example.com", password=PASSWORD, role="viewer")
    match loss:
        case "disabled":
            other.press(f"/people/{ids['olga']}/active", active="")
        case "another role":
            other.press(f"/people/{ids['olga']}/role", role="operator")
        case _:
            other.press(f"/people/{ids['olga']}/rights/remove")
    assert "not right" in kari.log_in(NEW).text
    assert kari.log_in("own@example.com").status_code == 302
    voided = select(AuditEntry).where(AuditEntry.what == "first password voided")
    with kari.app.app_context(), engine.read_only_session() as session:
        entries = [(entry.who, entry.subject) for entry in session.scalars(voided)]
    assert entries == [("eva", NEW)]


def test_a_first_password_stays_valid_while_its_owner_is_one(kari: Visitor) -> None:
    with kari.app.app_context(), transaction() as session:
        ids = {user.username: user.id for user in session.scalars(select(User))}
    other = Visitor(kari.app, kari.story)
    other.log_in("olga")
    other.press(f"/people/{ids['olga']}/role", role="owner")
    assert kari.log_in(NEW).status_code == 302


def test_disabling_a_person_ends_sessions_for_good(visitor: Visitor) -> None:
    visitor.log_in("vera")
    other = Visitor(visitor.app, visitor.story)
    other.log_in("olga")
    for active in ("", "1"):
        other.press("/people/4/active", active=active)
        assert visitor.get("/").status_code == 302
    assert visitor.log_in("vera").status_code == 302


def test_the_page_shows_the_rights_of_who_has_no_role_for_everything(
    two_companies: TwoCompanies,
) -> None:
    owner = two_companies.visitor("owner/every company/every app")
    page = owner.page("/people/")
    assert (
        f'<div class="small">operator of every app in Alfaborg {canary("Alfaborg")}</div>' in page
    )
    assert page.count('<option value="" selected>none</option>') == 1, "of nobody"
    choice = page[page.index('<option value="" selected>only for some') :].partition("</select>")[0]
    assert '<option value="viewer">viewer of everything</option>' in choice


def test_a_change_that_is_refused_shows_the_page_with_the_reason(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.post("/people/4/role", role="")
    assert (answer.status_code, "There is no role" in answer.text) == (400, True)
    assert "<h1>People</h1>" in answer.text


def test_the_state_of_one_person_is_in_the_singular(visitor: Visitor) -> None:
    visitor.log_in("olga")
    page = visitor.get("/people/", headers={"Accept-Language": "nb"}).text
    assert re.findall(r'<span class="state good">(Aktive?)<', page)
    assert ">Aktive<" not in page

"""Notifications on the account page, and requests for access that reach the owners."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from hub import notices, notifications
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Notice, User
from hub.web import notification_choices
from tests.support.pages.page_visitor import Visitor
from tests.support.servers.mail_server import mail_url

HERE = "/account/notifications"


def _id_of(visitor: Visitor, name: str) -> int:
    with visitor.app.app_context(), read_only_session() as session:
        return int(session.scalars(select(User.id).where(User.username == name)).one())


def test_a_person_chooses_for_each_app_and_for_everything_else(visitor: Visitor) -> None:
    visitor.log_in("vera")
    app = visitor.story.installation
    assert HERE in visitor.page("/account/")
    assert "CostTracker · Nordvik Bygg AS" in visitor.page(HERE)
    form = {"timing-other": "off", f"timing-{app}": "daily", "timing-999": "off"}
    assert "Your notifications are saved." in visitor.press(HERE, **form)
    assert visitor.page(HERE).count(" selected") == 2
    vera, oda = _id_of(visitor, "vera"), _id_of(visitor, "oda")
    with visitor.app.app_context(), read_only_session() as session:
        timings = notices.load(session)
    assert [timings.of(vera, None), timings.of(vera, app), timings.of(vera, 999)] == [
        "off",
        "daily",
        "off",
    ]
    assert timings.of(oda, app) == "now"
    visitor.press(HERE, **{"timing-other": "now", f"timing-{app}": "sometimes"})
    with visitor.app.app_context(), read_only_session() as session:
        assert notices.load(session).of(vera, app) == "daily"


def test_the_apps_of_many_companies_are_on_pages_and_are_found(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification_choices, "APPS_PER_PAGE", 2)
    with visitor.app.app_context(), transaction() as session:
        first = session.get_one(Installation, visitor.story.installation)
        columns = {
            column.key: getattr(first, column.key)
            for column in Installation.__table__.columns
            if column.key not in ("id", "company_id")
        }
        for number in range(3):
            company = ConnectedCompany(
                realm=f"90{number}", name=f"Vik {number}", connected_at=first.company.connected_at
            )
            session.add(company)
            session.flush()
            session.add(Installation(**columns, company_id=company.id))
    visitor.log_in("vera")
    page = visitor.page(HERE)
    assert page.count('<select class="form-select w-auto" id="timing-') == 3
    names = set(re.findall(r"CostTracker · ([^<]+)<", page))
    following = re.search(r'href="([^"]+)">Next', page)
    assert following
    page = visitor.page(unescape(following[1]))
    names |= set(re.findall(r"CostTracker · ([^<]+)<", page))
    assert names == {"Nordvik Bygg AS", "Vik 0", "Vik 1", "Vik 2"}
    found = visitor.page(f"{HERE}?q=Vik+2")
    assert re.findall(r"CostTracker · ([^<]+)<", found) == ["Vik 2"]
    (key,) = re.findall(r'name="timing-(\d+)"', found)
    answer = visitor.post(HERE, **{f"timing-{key}": "off", "kept": f"{HERE}?q=Vik+2"})
    assert answer.location == f"{HERE}?q=Vik+2"
    assert visitor.post(HERE, kept="//evil.example").location == HERE
    with visitor.app.app_context(), read_only_session() as session:
        assert notices.load(session).of(_id_of(visitor, "vera"), int(key)) == "off"
    assert "No company has this name" in visitor.page(f"{HERE}?q=nothing")


def test_everything_else_comes_after_the_apps(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page(HERE)
    assert page.index("CostTracker · Nordvik Bygg AS") < page.index("Everything else")


def test_without_an_app_there_is_nothing_else(open_pages) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    page = visitor.page(HERE)
    assert "Everything</label>" in page
    assert "Everything else" not in page


def test_without_an_address_nothing_is_mailed(visitor: Visitor) -> None:
    visitor.log_in("vera")
    assert "You have no e-mail address" in visitor.page(HERE)
    assert "You have no e-mail address" in visitor.press(f"{HERE}/test")


@pytest.mark.parametrize("name", ["arne", "olga"])
def test_a_request_for_access_is_mailed_to_the_owners(open_pages, clock, mail, name) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    with visitor.app.app_context(), transaction() as session:
        for person in session.scalars(select(User)):
            person.email = f"{person.username}@example.com"
    visitor.log_in("vera")
    page = visitor.press(f"/apps/ontraccr/{visitor.story.company}/ask")
    assert "mailed to the owners" in page
    visitor.press(f"/apps/ontraccr/{visitor.story.company}/ask")
    with visitor.app.app_context(), read_only_session() as session:
        (notice,) = session.scalars(select(Notice))
        assert notice.title == "vera requests access to Ontraccr for Nordvik Bygg AS"
    with visitor.app.app_context():
        notifications.digest()
    recipients = [one["To"] for one in mail.messages if "requests access" in one["Subject"]]
    assert (f"{name}@example.com" in recipients) == (name == "olga")


def test_an_owner_without_an_address_sees_a_request_on_home(open_pages, mail) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    visitor.log_in("vera")
    page = visitor.press(f"/apps/ontraccr/{visitor.story.company}/ask")
    assert "Your request is recorded. Owners see it on their page Home." in page
    text = "vera requests access to Ontraccr for Nordvik Bygg AS."
    assert text not in visitor.page("/")
    owner = Visitor(visitor.app, visitor.story)
    owner.log_in("olga")
    assert text in owner.page("/")
    owner.press(f"/apps/ontraccr/{visitor.story.company}/grant")
    assert text not in owner.page("/")


def test_an_address_that_the_mail_server_refuses_is_named(open_pages, mail) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    mail.replies["left@example.com"] = "550 no such user"
    with visitor.app.app_context():
        with transaction() as session:
            person = session.scalars(select(User).where(User.username == "olga")).one()
            person.email = "left@example.com"
            notices.add(session, int(person.id), "Title", "Text", is_daily=False)
        notifications.digest()
    visitor.log_in("olga")
    assert "left@example.com</strong>: 550 no such user" in visitor.page("/setup/mail")

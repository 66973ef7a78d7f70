"""Notifications on the account page, and requests for access that reach the owners."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from hub import notifications
from hub.db.engine import read_only_session, transaction
from hub.models import Notice, User
from hub.notifications import mail_timing, waiting_messages
from hub.security import people
from hub.security.rights import Right, Subject
from hub.web.accounts import notification_choices
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_installation
from tests.support.servers.mail_server import mail_url

HERE = "/account/notifications"


def _id_of(visitor: Visitor, name: str) -> int:
    with visitor.app.app_context(), read_only_session() as session:
        return int(session.scalars(select(User.id).where(User.username == name)).one())


def _load_timings(visitor: Visitor) -> mail_timing.Timings:
    with visitor.app.app_context(), read_only_session() as session:
        return mail_timing.load(session)


def test_a_person_chooses_for_everything_companies_and_apps(visitor: Visitor) -> None:
    visitor.enter("vera")
    app, company = visitor.story.installation, visitor.story.company
    assert HERE in visitor.page("/account/")
    assert "Mail about Nordvik Bygg AS" in visitor.page(HERE)
    form = {"timing-other": "off", f"timing-{app}": "daily", "timing-999": "now"}
    assert "Your notifications are saved." in visitor.press(HERE, **form)
    assert visitor.page(HERE).count(" selected") == 3
    vera, oda = _id_of(visitor, "vera"), _id_of(visitor, "oda")
    timings = _load_timings(visitor)
    assert timings.of(vera, None) == "off"
    assert timings.of(vera, app, company) == "daily"
    assert timings.of(vera, 999, company) == "off"
    assert timings.of(oda, app, company) == "now"
    visitor.press(HERE, **{"timing-other": "now", f"timing-{app}": "sometimes"})
    assert _load_timings(visitor).of(vera, app, company) == "daily"


def test_an_app_without_an_own_choice_follows_its_company(visitor: Visitor) -> None:
    visitor.enter("vera")
    app, company = visitor.story.installation, visitor.story.company
    vera = _id_of(visitor, "vera")
    key = f"timing-company-{company}"
    visitor.press(HERE, **{"timing-other": "now", key: "off", f"timing-{app}": ""})
    timings = _load_timings(visitor)
    assert [timings.of(vera, app, company), timings.of(vera, None, company)] == ["off", "off"]
    assert [timings.of(vera, None), timings.of(vera, None, 999)] == ["now", "now"]
    visitor.press(HERE, **{f"timing-{app}": "daily"})
    timings = _load_timings(visitor)
    assert [timings.of(vera, app, company), timings.of(vera, None, company)] == ["daily", "off"]
    visitor.press(HERE, **{key: "", f"timing-{app}": ""})
    timings = _load_timings(visitor)
    assert [timings.of(vera, app, company), timings.of(vera, None, company)] == ["now", "now"]


def test_nothing_is_stored_for_companies_that_the_person_may_not_see(visitor: Visitor) -> None:
    with visitor.app.app_context(), transaction() as session:
        other = add_company(session, "9130002", "Vik Elektro AS")
        app = add_installation(session, other, tenant="t2")
        right = [Right("viewer", Subject(visitor.story.company))]
        people.insert(session, "pia", people.hash_new(PASSWORD), right)
        other_id, app_id = other.id, app.id
    visitor.enter("pia")
    assert "Vik Elektro AS" not in visitor.page(HERE)
    visitor.press(HERE, **{f"timing-company-{other_id}": "off", f"timing-{app_id}": "off"})
    assert _load_timings(visitor).of(_id_of(visitor, "pia"), app_id, other_id) == "now"


def test_many_companies_are_on_pages_and_are_found(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification_choices, "COMPANIES_PER_PAGE", 2)
    with visitor.app.app_context(), transaction() as session:
        for number in range(3):
            company = add_company(session, f"90{number}", f"Vik {number}")
            add_installation(session, company, tenant=f"t{number + 2}")
    visitor.enter("vera")
    page = visitor.page(HERE)
    assert page.count('name="timing-company-') == 2
    names = set(re.findall(r"Mail about ([^\"]+)\"", page))
    following = re.search(r'href="([^"]+)">More companies', page)
    assert following
    page = visitor.page(unescape(following[1]))
    names |= set(re.findall(r"Mail about ([^\"]+)\"", page))
    assert names == {"Nordvik Bygg AS", "Vik 0", "Vik 1", "Vik 2"}
    found = visitor.page(f"{HERE}?q=Vik+2")
    assert re.findall(r"Mail about ([^\"]+)\"", found) == ["Vik 2"]
    (key,) = re.findall(r'name="timing-(\d+)"', found)
    answer = visitor.post(HERE, **{f"timing-{key}": "off", "kept": f"{HERE}?q=Vik+2"})
    assert answer.location == f"{HERE}?q=Vik+2"
    assert visitor.post(HERE, kept="//evil.example").location == HERE
    assert _load_timings(visitor).of(_id_of(visitor, "vera"), int(key)) == "off"
    assert "No company has this name" in visitor.page(f"{HERE}?q=nothing")


def test_of_many_companies_the_apps_with_an_own_choice_are_open(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.enter("vera")
    assert '<details class="small" open>' in visitor.page(HERE)
    monkeypatch.setattr(notification_choices, "MAX_UNFOLDED_COMPANIES", 0)
    page = visitor.page(HERE)
    assert "1 app<" in page
    assert '<details class="small" open>' not in page
    visitor.press(HERE, **{f"timing-{visitor.story.installation}": "off"})
    page = visitor.page(HERE)
    assert "1 app, 1 with its own choice" in page
    assert '<details class="small" open>' in page


def test_without_a_company_there_is_one_choice(open_pages) -> None:
    visitor = open_pages("people")
    visitor.enter("olga")
    page = visitor.page(HERE)
    assert page.count('name="timing-') == 1
    assert "Everything</label>" in page


def test_without_an_address_nothing_is_mailed(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert "You have no e-mail address" in visitor.page(HERE)
    assert "You have no e-mail address" in visitor.press(f"{HERE}/test")


@pytest.mark.parametrize("name", ["arne", "olga"])
def test_a_request_for_access_is_mailed_to_the_owners(open_pages, clock, mail, name) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    with visitor.app.app_context(), transaction() as session:
        for person in session.scalars(select(User)):
            person.email = f"{person.username}@example.com"
    visitor.enter("vera")
    page = visitor.press(f"/apps/ontraccr/{visitor.story.company}/ask")
    assert "mailed to the owners" in page
    visitor.press(f"/apps/ontraccr/{visitor.story.company}/ask")
    with visitor.app.app_context(), read_only_session() as session:
        (notice,) = session.scalars(select(Notice))
        assert notice.title == "vera requests access to Ontraccr for Nordvik Bygg AS"
    with visitor.app.app_context():
        notifications.mail_digest()
    recipients = [one["To"] for one in mail.messages if "requests access" in one["Subject"]]
    assert (f"{name}@example.com" in recipients) == (name == "olga")


def test_an_owner_without_an_address_sees_a_request_on_home(open_pages, mail) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    visitor.enter("vera")
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
            waiting_messages.add(session, person.id, "Title", "Text", is_daily=False)
        notifications.mail_digest()
    visitor.enter("olga")
    assert "left@example.com</strong>: 550 no such user" in visitor.page("/setup/mail")

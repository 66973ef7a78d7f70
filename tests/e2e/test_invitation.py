"""Tests of an invitation and a forgotten password in a browser, without a log-in."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.scheduling.scheduler import Scheduler
from hub.web.serving.server import Web
from tests.support.pages.browser import PAGE_TIMEOUT_MS, Person
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD
from tests.support.servers.mail_server import mail_url

pytestmark = pytest.mark.browser
ADDRESS = "kari@example.com"
NEW = "tulip gearbox sonnet 41"
CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}\b")


@pytest.fixture
def served(open_pages: Callable[..., Visitor], mail: Any) -> Iterator[Visitor]:
    """Serve a hub that sends mail over a socket."""
    visitor = open_pages("people", HUB_MAIL_URL=mail_url(mail))
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = f"http://localhost:{web.port}"
    yield visitor
    web.stop()


def test_an_invitation_is_accepted_by_keyboard_and_a_password_forgotten(
    served: Visitor, mail: Any, open_tab: Callable[..., Person]
) -> None:
    owner = open_tab(served.url)
    owner.log_in("olga", PASSWORD)
    owner.open("/people/")
    owner.page.get_by_label("E-mail address").first.fill(ADDRESS)
    owner.press("Invite")
    owner.expect_text(f"{ADDRESS} has mail with a code")
    owner.check_page()

    kari = open_tab(served.url)
    kari.open("/invitation")
    kari.check_page()
    keyboard = kari.page.keyboard
    labels = ("E-mail address", "Code", "Password", "Password again")
    for label, text in zip(labels, (ADDRESS, _code(mail), PASSWORD, PASSWORD), strict=True):
        kari.type_into(label, text)
        keyboard.press("Tab")
    keyboard.press("Enter")
    kari.page.wait_for_url(f"{served.url}/", timeout=PAGE_TIMEOUT_MS)
    kari.expect_text(f"You log in as {ADDRESS} from now on")
    kari.check_page()
    kari.press("Log out")
    kari.page.wait_for_url(f"{served.url}/login")

    kari.check_page()
    kari.follow("Forgotten password?")
    kari.check_page()
    kari.type_into("E-mail address", ADDRESS)
    keyboard.press("Enter")
    kari.expect_text("a mail with a code is on its way")
    kari.check_page()
    _mail_codes(served)
    assert kari.page.get_by_label("Name or e-mail").input_value() == ADDRESS
    labels = ("Code", "New password", "New password again")
    for label, text in zip(labels, (_code(mail), NEW, NEW), strict=True):
        kari.type_into(label, text)
        keyboard.press("Tab")
    keyboard.press("Enter")
    kari.page.wait_for_url(f"{served.url}/login", timeout=PAGE_TIMEOUT_MS)
    kari.expect_text("Your password is changed")
    kari.log_in(ADDRESS, NEW)


def _code(mail: Any) -> str:
    """Return the code in the newest mail."""
    (code,) = set(CODE.findall(mail.messages[-1].get_payload()))
    return str(code)


def _mail_codes(visitor: Visitor) -> None:
    """Send the codes as the scheduler of `hub serve` does every few seconds."""
    scheduler = Scheduler(visitor.app)
    assert scheduler.answer_password_requests() == 0, "only the active process sends mail"
    scheduler.tick()
    assert scheduler.answer_password_requests() == 1
    scheduler.stop()

"""Tests in Chromium of how few clicks clear the demo's inbox."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator

from hub import demo
from hub.cli.sync_runs import sync_all
from hub.db.engine import read_only_session
from hub.models import Case, Posting
from hub.scheduling.scheduler import Scheduler
from tests.support.pages.browser import Person
from tests.support.sources.small_demo import SmallDemo

MAX_CLICKS = 12
MAX_SECONDS = 180
CASES = 10
CAUSES = 6  # by what a person has to do
ACCOUNT = "1999"  # to which nothing in QuickBooks is similar
APPS = ("costtracker", "ion", "costcertified", "ontraccr", "autotask-invoices")
MAX_WAIT_SECONDS = 240  # seconds that the hub has for its runs


class ClickCounter:
    """A person whose clicks are counted."""

    def __init__(self, person: Person) -> None:
        self.page, self.clicks = person.page, 0

    def click(self, element: Locator) -> None:
        element.click()
        self.clicks += 1

    def follow(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=re.compile(rf"^{name}\b")).first)

    def press(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=re.compile(rf"^\s*{name}\b")).first)


@pytest.fixture
def full_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDemo]:
    """Return a demo whose runs have put ten cases into the inbox."""
    monkeypatch.setattr(SmallDemo, "documents", dict.fromkeys(APPS))
    with closing(SmallDemo(tmp_path / "demo", 0)) as demo_hub:
        demo_hub.web.start()
        demo_hub.set_up()
        with demo_hub.app.app_context():
            sync_all(demo.list_installations())
        yield demo_hub


def open_cases(demo_hub: SmallDemo) -> list[Any]:
    """Return the open cases."""
    with demo_hub.app.app_context(), read_only_session() as session:
        return list(session.query(Case).filter(Case.closed_at.is_(None)))


def call_control(demo_hub: SmallDemo, name: str, page: str, **values: Any) -> Any:
    """Change what a stand-in of the demo holds, or ask for it."""
    url = f"{demo_hub.address(name)}/_sandbox/{page}"
    answer = requests.post(url, json=values, timeout=60)
    answer.raise_for_status()
    return answer.json()


def bill_of(demo_hub: SmallDemo, cause: str) -> str:
    """Return the id in CostTracker of the bill that an open case with this cause is about."""
    with demo_hub.app.app_context(), read_only_session() as session:
        about = session.query(Case).filter(Case.cause.like(f"posting:%:{cause}")).one()
        posting = session.get_one(Posting, int(about.cause.split(":")[1]))
        return posting.document.source_id.removeprefix("invoice:")


def correct_elsewhere(demo_hub: SmallDemo) -> None:
    """Correct in the sources and in QuickBooks what the hub cannot correct."""
    edit = partial(call_control, demo_hub, "costtracker", "do", do="edit", line={})
    total = {"gross_total": "71955.22"}
    edit(invoice=bill_of(demo_hub, "content"), header={}, totals=total)
    edit(invoice=bill_of(demo_hub, "file"), header={"files": ["pdf"]})
    number = {"entity": "BillingCodes", "id": 805, "fields": {"externalNumber": "Labor"}}
    call_control(demo_hub, "autotask-invoices", "do", do="put", **number)
    for realm in demo_hub.quickbooks.companies:
        call_control(demo_hub, "quickbooks", "company", realm=realm, closed=None)


def wait_for_runs(demo_hub: SmallDemo) -> None:
    """Let the scheduler do what was requested, until no case is open."""
    scheduler = Scheduler(demo_hub.app)
    scheduler.start()
    end = time.monotonic() + MAX_WAIT_SECONDS
    while open_cases(demo_hub) and time.monotonic() < end:
        time.sleep(0.2)
    scheduler.stop()
    assert [case.title for case in open_cases(demo_hub)] == []


@pytest.mark.proof(small=0)
def test_ten_cases_of_six_causes_are_cleared_in_twelve_clicks(
    full_inbox: SmallDemo, open_tab: Callable[..., Person]
) -> None:
    cases = open_cases(full_inbox)
    assert (len(cases), len({case.action for case in cases})) == (CASES, CAUSES)
    correct_elsewhere(full_inbox)
    person = open_tab(full_inbox.web.url)
    person.log_in(demo.DEMO_PERSON, full_inbox.password)
    began = time.monotonic()
    hand = ClickCounter(person)
    page = person.page

    hand.follow("Inbox")
    hand.click(page.get_by_label(f"Select all {CASES} on this page"))
    hand.click(page.get_by_label("Act on several cases").get_by_text("Retry"))
    hand.click(page.locator("tbody a.btn", has_text=re.compile("Match|Compare")).first)
    for _ in range(CASES):
        page.wait_for_load_state("networkidle")
        title = page.locator("h1").inner_text()
        if title == "Inbox":
            break
        former = page.url
        decide(hand, title)
        page.wait_for_url(lambda url, former=former: url != former)
    assert page.locator("h1").inner_text() == "Inbox"
    assert time.monotonic() - began < MAX_SECONDS
    assert hand.clicks <= MAX_CLICKS
    wait_for_runs(full_inbox)
    hand.follow("Inbox")
    person.expect_text("Nothing needs you")
    assert person.wrong == []


def decide(hand: ClickCounter, title: str) -> None:
    """Do what the page of a case proposes; a person chooses the account and compares the bills."""
    page = hand.page
    if ACCOUNT in title:
        hand.click(page.get_by_label(re.compile(r"^\s*4010")).first)
        hand.press("Match")
    elif title == "Number already used":
        hand.click(page.get_by_label("It is not posted, because"))
        page.keyboard.type("Twice in CostTracker")
        hand.press("Skip")
    elif page.locator(".suggestions").count():
        hand.click(page.locator(".suggestions button").first)
    else:
        hand.press("Create in QuickBooks")

"""The pages in a real browser: no foreign requests, no errors, no accessibility violations."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.db import engine as db_engine
from hub.demo import Demo
from hub.scheduling.scheduler import Scheduler
from hub.web import people
from hub.web.server import Web
from tests.support.page_rows import PASSWORD
from tests.support.page_visitor import Visitor

pytestmark = pytest.mark.browser
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
LIGHT = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-extensions",
    "--mute-audio",
]
SOON = 30_000
LOUD = ("error", "warning")
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, where there is one; HUB_REQUIRE_BROWSER=1 turns its absence into a failure."""
    if not CHROMIUM:
        if os.environ.get("HUB_REQUIRE_BROWSER") == "1":
            pytest.fail(
                "HUB_REQUIRE_BROWSER is set, but there is no Chromium: install one or name it by CHROMIUM."
            )
        pytest.skip("no Chromium: install one or name it by CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=LIGHT)
        yield opened
        opened.close()


class Person:
    """A person at one tab; what goes wrong in it is kept."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.wrong: list[str] = []
        page.set_default_timeout(SOON)
        page.on(
            "console",
            lambda said: (
                said.type in ("error", "warning") and self.wrong.append(f"console: {said.text}")
            ),
        )
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((url, "data:")) or self.wrong.append(f"to {asked.url}")
            ),
        )

    def open(self, path: str) -> None:
        answer = self.page.goto(self.url + path)
        assert answer
        assert answer.status == 200, path

    def log_in(self, name: str, password: str) -> None:
        self.open("/login")
        self.page.get_by_label("Name or e-mail").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.press("Log in")
        self.page.wait_for_url(f"{self.url}/")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=SOON)

    def look(self, where: str = "") -> None:
        """Nothing wrong so far, and nothing on this page that axe objects to."""
        found = Axe().run(self.page).response["violations"]
        self.wrong += [f"axe: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
        assert self.wrong == [], where or self.page.url


@pytest.fixture
def sit_down(browser: Browser) -> Iterator[Callable[..., Person]]:
    """Opens a tab of its own at an address."""
    contexts = []

    def sit(url: str, **options: Any) -> Person:
        contexts.append(browser.new_context(**options))
        return Person(contexts[-1].new_page(), url)

    yield sit
    for context in contexts:
        context.close()


@pytest.fixture
def served(visitor: Visitor) -> Iterator[Visitor]:
    """The hub with a story in it, over a socket."""
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = web.url
    yield visitor
    web.stop()


def _pages(visitor: Visitor) -> list[str]:
    """Return the addresses of every page."""
    story, here = visitor.story, f"/installations/{visitor.story.installation}"
    found = ["/", "/inbox/", "/documents", "/runs/", "/apps/", "/apps/costtracker", "/companies", "/plugins/",
             "/people/", "/audit/", "/password", f"{here}/", f"{here}/settings", f"{here}/review/", f"{here}/matching/",
             f"{here}/matching/code?field=supplier&code=s1", f"{here}/review/approve?which=all",
             f"{here}/earlier/", f"{here}/earlier/include?which=all"]  # fmt: skip
    found += [f"/documents/{story.documents[name]}" for name in ("posted", "unknown", "changed")]
    found += [f"/runs/{story.runs[name]}" for name in ("done", "stopped")]
    found += [f"/inbox/{story.cases[act]}" for act in ("match", "choose", "retry")]
    return found


@pytest.mark.proof(small=0)
def test_no_page_has_an_error_a_foreign_request_or_a_barrier(
    served: Visitor, sit_down: Callable[..., Person]
) -> None:
    person = sit_down(served.url, viewport={"width": 1360, "height": 900})
    person.open("/login")
    person.look()
    person.log_in("olga", PASSWORD)
    for path in _pages(served):
        person.open(path)
        person.look(path)


@pytest.mark.proof(small=0)
def test_every_page_fits_a_telephone(served: Visitor, sit_down: Callable[..., Person]) -> None:
    person = sit_down(served.url, viewport={"width": 390, "height": 800})
    person.log_in("olga", PASSWORD)
    wide = []
    for path in _pages(served):
        person.open(path)
        if person.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ):
            wide.append(path)
    assert wide == []


def test_the_progress_of_a_run_moves_without_a_reload(
    served: Visitor, sit_down: Callable[..., Person]
) -> None:
    from hub.models import Run

    person = sit_down(served.url)
    person.log_in("oda", PASSWORD)
    run = served.story.runs["running"]
    person.open(f"/runs/{run}")
    person.sees("40 of 120")
    with served.app.app_context(), db_engine.transaction() as session:
        session.get_one(Run, run).done = 77
    person.sees("77 of 120")
    with served.app.app_context(), db_engine.transaction() as session:
        row = session.get_one(Run, run)
        row.ended_at, row.outcome, row.counts = row.started_at, "done", {"posted": 120}
    expect(person.page.locator("#progress .state").first).to_have_text("Done", timeout=SOON)
    person.look()


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(
    served: Visitor, sit_down: Callable[..., Person]
) -> None:
    person = sit_down(served.url)
    person.log_in("oda", PASSWORD)
    person.page.keyboard.press("Tab")
    expect(person.page.get_by_text("Skip to content")).to_be_focused()
    person.page.keyboard.press("Enter")
    person.page.keyboard.press("Tab")
    assert person.page.evaluate(OUTLINE) == "solid"
    person.open("/documents")
    outlines = {}
    while person.page.evaluate("!document.activeElement.closest('.box')"):
        outlines.setdefault(
            person.page.evaluate("document.activeElement.tagName"), person.page.evaluate(OUTLINE)
        )
        person.page.keyboard.press("Tab")
    outlines.pop("BODY", None)
    assert outlines == dict.fromkeys(("A", "BUTTON", "INPUT", "SELECT"), "solid")


class Fresh(Demo):
    """The demo's stand-ins and hub, before anything was set up; a few documents only."""

    def _open(self, slug: str) -> Any:
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = self.app.extensions["hub"].plugins
        return plugins.call(slug, "hub_sandbox", folder=folder, documents=12, seed=0)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A hub just installed, its engine at work, its owner known."""
    demo = Fresh(tmp_path / "demo", 0)
    demo.web.start()
    db_engine.upgrade(demo.app)
    with demo.app.app_context(), db_engine.transaction() as session:
        people.add(session, "olga", PASSWORD, "owner")
    engine = Scheduler(demo.app)
    engine.start()
    yield demo
    engine.stop()
    demo.close()


@pytest.mark.row("CT-S13")
@pytest.mark.row("CT-S15")
@pytest.mark.row("CT-S16")
@pytest.mark.row("CT-S17")
@pytest.mark.row("CT-S18")
@pytest.mark.row("CT-S23")
@pytest.mark.end_to_end
@pytest.mark.proof(small=1)
@pytest.mark.parametrize("javascript", [True, False])
def test_an_owner_goes_from_an_empty_hub_to_bills_in_the_books(
    fresh: Fresh, sit_down: Callable[..., Person], javascript: bool
) -> None:
    person = sit_down(fresh.web.url, java_script_enabled=javascript)
    page = person.page
    person.log_in("olga", PASSWORD)
    person.follow("Companies")
    person.press("Connect a company")
    _consent(page)
    person.sees("is connected; its lists are being read.")
    person.follow("Apps")
    person.follow("Open CostTracker")
    person.follow("Configure")
    for label, value in _answers(fresh).items():
        page.get_by_label(label, exact=False).first.fill(value)
    account = page.get_by_label("Credit account")
    account.select_option(index=1 if account.input_value() == "" else 0)
    person.press("Test connection")
    person.sees("The connection works")
    for label, value in _answers(fresh).items():
        page.get_by_label(label, exact=False).first.fill(value)
    person.press("Enable CostTracker")
    person.sees("is enabled")
    person.press("Download master data now")
    _until_done(person, javascript)
    person.follow("CostTracker")
    person.press("Run now")
    _until_done(person, javascript)
    person.follow("CostTracker")
    page.get_by_role("link", name=re.compile("^Review")).first.click()
    page.get_by_role("button", name=re.compile("^Approve all")).click()
    page.get_by_role("button", name=re.compile(r"^Approve \d+ · .* NOK$")).click()
    person.sees("Posting now.")
    person.follow("Runs")
    page.locator("tbody th a").first.click()
    _until_done(person, javascript)
    person.follow("Home")
    posted = page.locator(".figures a", has_text="Posted").locator("strong").inner_text()
    assert int(posted) > 3
    assert person.wrong == []


def _consent(page: Page) -> None:
    """The stand-in's page: the admin allows it."""
    page.wait_for_url(re.compile("connect/oauth2"))
    page.get_by_role("button", name=re.compile("connect", re.IGNORECASE)).first.click()


def _answers(fresh: Fresh) -> dict[str, str]:
    settings = fresh.stand_ins["costtracker"].settings(fresh.address("costtracker"))
    labels = {"Address": "base_url", "Client id": "client_id", "Client secret": "client_secret"}
    return {label: str(settings[name]) for label, name in labels.items()}


def _until_done(person: Person, javascript: bool) -> None:
    """Watches a run to its end; without scripts by loading the page again."""
    state = person.page.locator("#progress .state").first
    for _ in range(0 if javascript else 60):
        if state.inner_text() in ("Done", "Stopped"):
            break
        person.page.wait_for_timeout(500)
        person.page.reload()
    expect(state).to_have_text("Done", timeout=120_000)

"""A person in front of Chromium: fixtures for stories in a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

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
# What htmx writes when the browser leaves a page whose request is under way. A request that fails
# writes something else besides.
ABORTED_BY_LEAVING = ("htmx:sendAbort", "htmx:afterRequest")


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
                said.type in ("error", "warning")
                and said.text not in ABORTED_BY_LEAVING
                and self.wrong.append(f"console: {said.text}")
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

    def type_at(self, label: str, text: str) -> None:
        """Type into the field that the page or the last key has put the cursor in."""
        expect(self.page.get_by_label(label).first).to_be_focused(timeout=SOON)
        self.page.keyboard.type(text)

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
        assert self.wrong == [], f"{where or self.page.url}: {self.wrong}"


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

"""Fixtures for tests in Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.pages.page_visitor import TOKEN
from tests.support.pages.row_headers import TableRows

# The shell is Chromium without the parts that no test sees, and needs a quarter less CPU.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
LIGHT = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-extensions",
    "--mute-audio",
    # A page lives for a second, in which a compiler that optimizes costs more than it saves.
    "--js-flags=--no-opt --no-maglev",
]
PAGE_TIMEOUT_MS = 30_000
# The colors of a transition that is under way are in no style sheet, so each is ended before. Of
# the results of axe, the others are many times larger.
VIOLATIONS = """() => {
  const animations = document.getAnimations();
  animations.filter(one => one instanceof CSSTransition).forEach(one => one.finish());
  return axe.run({resultTypes: ["violations"]}).then(results => results.violations);
}"""
# Messages of htmx when the browser leaves a page during a request. A request that fails writes
# another message in addition.
ABORTED_BY_LEAVING = ("htmx:sendAbort", "htmx:afterRequest")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; without one skip, or fail if HUB_REQUIRE_BROWSER=1."""
    if not CHROMIUM:
        if os.environ.get("HUB_REQUIRE_BROWSER") == "1":
            pytest.fail(
                "HUB_REQUIRE_BROWSER is set, but there is no "
                "Chromium: install one or name it by CHROMIUM."
            )
        pytest.skip("no Chromium: install one or name it by CHROMIUM")
    with sync_playwright() as playwright:
        new_browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LIGHT)
        yield new_browser
        new_browser.close()


class Person:
    """A person at one tab; errors of the page are collected."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.wrong: list[str] = []
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and message.text not in ABORTED_BY_LEAVING
                and self.wrong.append(f"console: {message.text}")
            ),
        )
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith((url, "data:")) or self.wrong.append(f"to {request.url}")
            ),
        )

    def open(self, path: str) -> None:
        answer = self.page.goto(self.url + path)
        assert answer
        assert answer.status == 200, path

    def enter(self, name: str, password: str) -> None:
        """Log in by sending the form without opening a page, which needs less CPU."""
        request = self.page.context.request
        form = TOKEN.search(request.get(f"{self.url}/login").text())
        assert form
        values = {"email": name, "password": password, "csrf_token": form[1]}
        answer = request.post(f"{self.url}/login", form=values, max_redirects=0)
        assert (answer.status, answer.headers["location"]) == (302, "/"), answer.text()

    def at_widths(self, *widths: int) -> Iterator[int]:
        """Make the window as wide as each of these, without loading the page again."""
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            yield width

    def log_in(self, name: str, password: str) -> None:
        """Log in by the pages."""
        self.open("/login")
        self.page.locator("[name=email]").fill(name)
        field = self.page.locator("[name=password]")
        field.fill(password)
        field.press("Enter")
        self.page.wait_for_url(f"{self.url}/")

    def type_into(self, label: str, text: str) -> None:
        """Type into the field that has the focus."""
        expect(self.page.get_by_label(label).first).to_be_focused(timeout=PAGE_TIMEOUT_MS)
        self.page.keyboard.type(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def expect_text(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PAGE_TIMEOUT_MS)

    def check_page(self, where: str = "") -> None:
        """Check that no errors occurred, that axe finds no violations, and that rows have headers.

        The text appears before the style sheet of the dark colors, so wait for the whole page.
        """
        self.page.wait_for_load_state()
        self.page.evaluate(AXE_SCRIPT)
        violations = self.page.evaluate(VIOLATIONS)
        self.wrong += [
            f"axe: {violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in violations
        ]
        unnamed_rows = TableRows(self.page.content()).without_header
        self.wrong += [f"a row without a header: {text[:160]}" for text in unnamed_rows]
        assert self.wrong == [], f"{where or self.page.url}: {self.wrong}"


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Person]]:
    """Return a function that opens a new tab at an address."""
    contexts = []

    def sit(url: str, **options: Any) -> Person:
        contexts.append(browser.new_context(**options))
        return Person(contexts[-1].new_page(), url)

    yield sit
    for context in contexts:
        context.close()

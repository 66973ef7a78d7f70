"""Tests of the recipe of docs/admin.md in a browser: from empty folders to reconciled books.

The commands are taken from the documentation and run unchanged, on free ports. The values entered
and buttons pressed are compared with the steps of the documentation. The users work by keyboard,
without JavaScript, and on a telephone with dark pages.

Every button, link and field from the set-up code to the first posted bill counts, those of the
second factor and of the consent page included; opening the printed address, the menu of a small
screen and the later log-in do not.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Locator, Page, expect

from tests.support.pages.browser import Person
from tests.support.processes.command_processes import MAX_WAIT_SECONDS, environment

pytestmark = pytest.mark.browser
ADMIN = Path(__file__).parents[2] / "docs" / "admin.md"
HUB = Path(sys.executable).with_name("hub")
MAX_CLICKS, MAX_FIELDS = 20, 10
MAX_TABS = 150
EMAIL, PASSWORD = "anna@example.com", "quiet-lake-7-morning"
STEP = 30  # seconds for which an authenticator app shows a code


def recipe() -> str:
    """Return the tested section of the documentation."""
    text = ADMIN.read_text(encoding="utf-8")
    return text.partition("## Try it on stand-ins")[2].partition("\n## ")[0]


def commands() -> list[list[str]]:
    """Return the commands of the recipe, on free ports."""
    block = recipe().partition("```shell\n")[2].partition("```")[0]
    command_lines = [
        shlex.split(re.sub(r"--port \d+", "--port 0", line)) for line in block.splitlines()
    ]
    assert [command[:2] for command in command_lines] == [
        ["hub", "sandbox"],
        ["hub", "sandbox"],
        ["hub", "serve"],
    ]
    return command_lines


def documented_names() -> list[str]:
    """Return the names that the recipe says to enter, follow and press, in order."""
    steps = recipe().partition("\n1. ")[2].partition("\n\n")[0]
    return [" ".join(name.split()) for name in re.findall(r"\*\*(.+?)\*\*", steps, re.S)]


class RunningCommand:
    """A running command of the recipe, in a folder of its own and without settings."""

    def __init__(self, command: list[str], folder: Path) -> None:
        folder.mkdir()
        self._out = folder.parent / f"{folder.name}.out"
        with self._out.open("w") as out:
            self._process = subprocess.Popen(
                [str(HUB), *command[1:]],
                cwd=folder,
                env=environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def text(self, pattern: str) -> str:
        """Return the text that the command prints at a place, waiting for it."""
        end = time.monotonic() + MAX_WAIT_SECONDS
        while not (match := re.search(pattern, self._out.read_text(), re.M)):
            assert self._process.poll() is None, self._out.read_text()
            assert time.monotonic() < end, self._out.read_text()
            time.sleep(0.05)
        return match[1]

    def output(self) -> str:
        return self._out.read_text()

    def end(self) -> int:
        """End the command with Ctrl-C as a person does, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(MAX_WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[list[str]], RunningCommand]]:
    """Return a function that starts commands; they end with the test."""
    running: list[RunningCommand] = []

    def begin(command: list[str]) -> RunningCommand:
        running.append(RunningCommand(command, tmp_path / f"folder{len(running)}"))
        return running[-1]

    yield begin
    for running_command in running:
        if running_command._process.poll() is None:
            running_command.end()


class KeyboardUser:
    """A user without a mouse; entries and key presses are recorded."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.names: list[str] = []
        self.clicks = self.fields = 0

    def _reach(self, element: Locator) -> None:
        """Press Tab until an element has the focus."""
        expect(element).to_be_visible(timeout=30_000)
        for _ in range(MAX_TABS):
            if element.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{element} cannot be reached by keyboard")

    def enter(self, label: str, text: str) -> None:
        self._reach(self.page.get_by_label(re.compile(f"^{label}")).first)
        self.page.keyboard.type(text)
        self.fields += 1
        self.names.append(label)

    def press(self, name: str, role: str = "button") -> None:
        """Press a button or follow a link whose name begins with a text."""
        pattern = re.compile(rf"^{name}\b")
        self._reach(self.page.get_by_role(role, name=pattern).first)  # type: ignore[arg-type]
        self.page.keyboard.press("Enter")
        self.clicks += 1
        self.names.append(name)

    def follow(self, name: str) -> None:
        """Follow a link and wait for its page: a text may be on the former page too."""
        former = self.page.url
        self.press(name, role="link")
        self.page.wait_for_url(lambda url: url != former, timeout=MAX_WAIT_SECONDS * 1000)

    def go_to(self, name: str) -> None:
        """Follow a link of the navigation."""
        self.follow(name)

    def log_out(self) -> None:
        self.press("Log out")

    def expect_text(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=60_000)

    def wait_for_run(self) -> None:
        """Wait until the run of the page is done; the page updates itself."""
        state = self.page.locator("#progress .state").first
        expect(state).to_have_text("Done", timeout=MAX_WAIT_SECONDS * 1000)


class UserWithoutScripts(KeyboardUser):
    """A user with a mouse whose browser runs no scripts."""

    def _reach(self, element: Locator) -> None:
        element.click()

    def enter(self, label: str, text: str) -> None:
        """Type into a field, or choose the option of a list with this text."""
        field = self.page.get_by_label(re.compile(f"^{label}")).first
        if field.evaluate("one => one.tagName") == "SELECT":
            option = field.locator("option", has_text=text).first
            field.select_option(option.get_attribute("value"))
            self.fields += 1
            self.names.append(label)
        else:
            super().enter(label, text)

    def press(self, name: str, role: str = "button") -> None:
        """Click a button or link whose name begins with a text."""
        pattern = re.compile(rf"^{name}\b")
        self._reach(self.page.get_by_role(role, name=pattern).first)  # type: ignore[arg-type]
        self.clicks += 1
        self.names.append(name)

    def wait_for_run(self) -> None:
        """Reload the page of the run until it is done."""
        end = time.monotonic() + MAX_WAIT_SECONDS
        state = self.page.locator("#progress .state").first
        while state.inner_text() != "Done":
            assert time.monotonic() < end, self.page.content()
            self.page.wait_for_timeout(300)
            self.page.reload()


class PhoneUser(UserWithoutScripts):
    """A user who taps on a small screen; the navigation is behind a button there."""

    def _reach(self, element: Locator) -> None:
        element.tap()

    def go_to(self, name: str) -> None:
        """Open the menu and follow one of its links."""
        self.page.get_by_role("button", name="Menu").tap()
        self.follow(name)

    def log_out(self) -> None:
        """Open the menu and log out."""
        self.page.get_by_role("button", name="Menu").tap()
        self.press("Log out")

    def wait_for_run(self) -> None:
        """Wait until the run of the page is done; the page updates itself."""
        KeyboardUser.wait_for_run(self)


TELEPHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
WAYS: dict[str, tuple[type[KeyboardUser], dict[str, Any]]] = {
    "keyboard": (KeyboardUser, {}),
    "no-javascript": (UserWithoutScripts, {"java_script_enabled": False}),
    "dark-telephone": (PhoneUser, {**TELEPHONE, "color_scheme": "dark"}),
}


@pytest.mark.proof(small=1, full=1)
@pytest.mark.parametrize("way", WAYS)
def test_the_recipe_leads_from_empty_folders_to_reconciled_books(
    way: str,
    start: Callable[[list[str]], RunningCommand],
    open_tab: Callable[..., Person],
    tmp_path: Path,
) -> None:
    quickbooks, source, hub = (start(command) for command in commands())
    books_url = quickbooks.text(r"^(http://\S+)")
    url = hub.text(r"^The hub serves (\S+)")
    sort_of_person, options = WAYS[way]
    watched = open_tab(url, **options)
    page = watched.page
    person = sort_of_person(page)
    page.goto(url)

    person.enter("Set-up code", hub.text(r"set-up code (\S+)"))
    person.enter("Your e-mail address", EMAIL)
    person.enter("Password", PASSWORD)
    _check_page(watched, way)
    _save_screenshot(page, f"1-owner-{way}")
    person.press("Become the owner")
    secret = _set_up_authenticator(person)

    label = "Address of a QuickBooks stand-in"
    person.enter(label, quickbooks.text(rf"^  {label}: (\S+)"))
    _check_page(watched, way)
    _save_screenshot(page, f"2-keys-{way}")
    person.press("Save keys")

    person.press("Connect a company")
    page.wait_for_url(re.compile("connect/oauth2"))
    person.press("Connect")
    person.expect_text("is connected; its lists are being read.")
    watched.wrong.clear()  # the consent page belongs to another server
    _check_page(watched, way)
    _save_screenshot(page, f"3-connected-{way}")

    person.go_to("Apps")
    person.follow("Open CostTracker")
    person.follow("Enable for")
    for label in ("Address", "Client id", "Client secret"):
        person.enter(label, source.text(rf"^  {label}: (\S+)"))
    person.enter("Credit account", "2400")
    _check_page(watched, way)
    _save_screenshot(page, f"4-settings-{way}")
    person.press("Test connection")
    person.expect_text("The connection works")
    person.press("Enable CostTracker")
    person.expect_text("is enabled")

    person.press("Download master data now")
    person.wait_for_run()
    person.follow("CostTracker")
    person.press("Run now")
    person.wait_for_run()
    person.follow("CostTracker")
    person.follow("Review")
    _check_page(watched, way)
    person.press("Approve all")
    with_sum = page.get_by_role("button", name=re.compile(r"^Approve \d+ · ")).first.inner_text()
    bills = int(with_sum.split()[1])
    assert bills > 3
    _check_page(watched, way)
    person.press("Approve")
    person.expect_text("Posting now.")

    _wait_for_bills(books_url, bills)
    assert person.clicks <= MAX_CLICKS
    assert person.fields <= MAX_FIELDS
    assert person.names == documented_names()
    page.goto(url)
    person.expect_text("5 of 7 done")
    _check_page(watched, way)
    _save_screenshot(page, f"5-home-{way}")

    person.go_to("Companies")
    _check_page(watched, way)
    person.press("Reconcile now")
    person.wait_for_run()
    person.go_to("Home")
    person.expect_text(f"{bills} of {bills} documents match QuickBooks")
    _check_page(watched, way)
    _save_screenshot(page, f"6-reconciled-{way}")
    _log_in_again(person, secret, url)
    _check_page(watched, way)
    assert hub.end() == 0
    code = re.search(r"set-up code (\S+)", hub.output())
    assert code
    for log in (tmp_path / "folder2").rglob("*.log"):
        assert code[1] not in log.read_text()


def _set_up_authenticator(person: KeyboardUser) -> str:
    """Set up an authenticator app as the hub requires of owners; return its secret."""
    person.press("Set up an authenticator app")
    secret = person.page.locator("#secret").inner_text().replace(" ", "")
    person.enter("Code", _code(secret, time.time()))
    person.press("Confirm")
    expect(person.page.locator("#recovery-codes li")).to_have_count(10)
    person.follow("I have stored them")
    return secret


def _log_in_again(person: KeyboardUser, secret: str, url: str) -> None:
    """Log out, and log in with the password and a code of the authenticator app."""
    page = person.page
    person.log_out()
    page.wait_for_url(f"{url}/login")
    person.enter("Name or e-mail", EMAIL)
    person.enter("Password", PASSWORD)
    person.press("Log in")
    page.wait_for_url(re.compile("/login/second-factor"))
    page.goto(f"{url}/documents")
    page.wait_for_url(f"{url}/login/second-factor?next=/documents")
    # The code of the next step is accepted too, and never the one that the set-up has used.
    person.enter("Code", _code(secret, time.time() + STEP))
    person.press("Log in")
    page.wait_for_url(f"{url}/documents")
    expect(page.get_by_role("heading", name="Documents", level=1)).to_be_visible(timeout=60_000)


def _code(secret: str, time_of_code: float) -> str:
    """Return the code that the authenticator app shows at a time."""
    return str(TOTP(key=secret, format="base32").generate(time=time_of_code).token)


def _check_page(watched: Person, way: str) -> None:
    """Check that no errors occurred, with axe if the page may run scripts."""
    if way == "no-javascript":
        assert watched.wrong == [], watched.page.url
    else:
        watched.check_page()


def _wait_for_bills(url: str, count: int) -> None:
    """Wait until this many bills and credits of the hub are in the stand-in's books."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        with urllib.request.urlopen(f"{url}/_sandbox/books", timeout=MAX_WAIT_SECONDS) as answer:
            companies = json.load(answer)
        bills: list[dict[str, Any]] = []
        for books in companies.values():
            bills += [*books.get("Bill", ()), *books.get("VendorCredit", ())]
        if sum("[hub:" in bill.get("PrivateNote", "") for bill in bills) == count:
            return
        assert time.monotonic() < end, bills
        time.sleep(0.2)


def _save_screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the page for review, if a folder for it is named."""
    if folder := os.environ.get("HUB_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

"""Tests of the log-in in a browser: passkeys, an authenticator app, keyboard, no scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from passlib.totp import TOTP
from playwright.sync_api import expect

from hub.testing.clock import FakeClock
from hub.web.serving.server import Web
from tests.support.pages.browser import PAGE_TIMEOUT_MS, Person
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD

pytestmark = pytest.mark.browser
STEP = 30


@pytest.fixture
def address(visitor: Visitor) -> Iterator[str]:
    """Return the address of a served hub; browsers allow passkeys at localhost."""
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    yield f"http://localhost:{web.port}"
    web.stop()


def add_device(person: Person) -> Any:
    """Give the browser a device that stores passkeys and verifies its user."""
    session = person.page.context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    return session


def log_out(person: Person) -> None:
    person.press("Log out")
    person.page.wait_for_url(f"{person.url}/login")


def code_at(secret: str, clock: FakeClock) -> str:
    """Return the current code of the authenticator app."""
    return str(TOTP(key=secret.replace(" ", ""), format="base32").generate(time=clock.now()).token)


def test_a_passkey_is_added_and_logs_in_with_and_without_the_password(
    address: str, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(address)
    add_device(person)
    person.log_in("olga", PASSWORD)
    person.open("/account/")
    person.check_page()
    person.page.get_by_label("Name of the passkey").fill("Work laptop")
    person.press("Add a passkey")
    person.expect_text("Passkey added")
    expect(person.page.locator("#recovery-codes li")).to_have_count(10)
    person.check_page()
    person.open("/account/")
    person.expect_text("Work laptop")
    person.check_page()
    log_out(person)
    person.press("Log in with a passkey")
    person.page.wait_for_url(f"{address}/", timeout=PAGE_TIMEOUT_MS)
    log_out(person)
    person.page.get_by_label("Name or e-mail").fill("olga")
    person.page.get_by_label("Password").fill(PASSWORD)
    person.press("Log in")
    person.expect_text("Second factor")
    expect(person.page.get_by_role("button", name="Use a passkey")).to_be_focused()
    person.check_page()
    person.press("Use a passkey")
    person.page.wait_for_url(f"{address}/", timeout=PAGE_TIMEOUT_MS)
    person.expect_text("Logged in as")


def test_an_authenticator_app_works_by_keyboard_and_without_scripts(
    address: str, open_tab: Callable[..., Person], clock: FakeClock
) -> None:
    person = open_tab(address, java_script_enabled=False)
    keyboard = person.page.keyboard
    person.open("/login")
    person.type_into("Name or e-mail", "olga")
    keyboard.press("Tab")
    person.type_into("Password", PASSWORD)
    keyboard.press("Enter")
    person.page.wait_for_url(f"{address}/")
    person.open("/account/")
    person.page.get_by_role("button", name="Set up an authenticator app").focus()
    keyboard.press("Enter")
    secret = person.page.locator("#secret").inner_text()
    expect(person.page.get_by_alt_text("QR code")).to_be_visible()
    person.type_into("Code", code_at(secret, clock))
    keyboard.press("Enter")
    expect(person.page.locator("#recovery-codes li")).to_have_count(10)
    person.page.get_by_role("button", name="Log out").focus()
    keyboard.press("Enter")
    person.page.wait_for_url(f"{address}/login")
    clock.advance(STEP)
    person.type_into("Name or e-mail", "olga")
    keyboard.press("Tab")
    person.type_into("Password", PASSWORD)
    keyboard.press("Enter")
    person.expect_text("Second factor")
    expect(person.page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    person.type_into("Code", code_at(secret, clock))
    keyboard.press("Enter")
    person.page.wait_for_url(f"{address}/")


def test_pages_of_the_log_in_have_no_barrier(
    address: str, open_tab: Callable[..., Person], clock: FakeClock
) -> None:
    person = open_tab(address)
    person.log_in("olga", PASSWORD)
    person.open("/people/1/sessions/")
    person.check_page()
    person.open("/account/")
    person.press("Set up an authenticator app")
    person.expect_text("Scan this code")
    person.check_page()
    secret = person.page.locator("#secret").inner_text()
    person.type_into("Code", code_at(secret, clock))
    person.page.keyboard.press("Enter")
    expect(person.page.locator("#recovery-codes li")).to_have_count(10)
    person.check_page("recovery codes")
    log_out(person)
    clock.advance(STEP)
    person.page.get_by_label("Name or e-mail").fill("olga")
    person.page.get_by_label("Password").fill(PASSWORD)
    person.press("Log in")
    person.expect_text("Second factor")
    person.check_page("second factor")
    person.type_into("Code", code_at(secret, clock))
    person.page.keyboard.press("Enter")
    person.page.wait_for_url(f"{address}/")
    clock.advance(10 * 60)
    person.open("/people/")
    person.page.get_by_role("button", name="Change").first.click()
    person.expect_text("Confirm that it is you")
    person.check_page()
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Continue")
    person.page.wait_for_url(f"{address}/people/")


def test_a_passkey_confirms_the_person_and_the_act_continues(
    address: str, open_tab: Callable[..., Person], clock: FakeClock
) -> None:
    person = open_tab(address)
    add_device(person)
    person.log_in("olga", PASSWORD)
    person.open("/account/")
    person.page.get_by_label("Name of the passkey").fill("Work laptop")
    person.press("Add a passkey")
    person.expect_text("Passkey added")
    clock.advance(10 * 60)
    person.open("/people/")
    person.page.get_by_label("Role of vera").select_option("operator")
    row = person.page.get_by_role("row", name="vera")
    row.get_by_role("button", name="Change").click()
    person.expect_text("Confirm that it is you")
    person.check_page()
    person.press("Continue with a passkey")
    person.expect_text("vera is now operator")

    clock.advance(10 * 60)
    person.open("/account/")
    person.page.get_by_label("Name of the passkey").fill("Another one")
    person.press("Add a passkey")
    person.expect_text("Confirm that it is you")
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Continue")
    person.page.wait_for_url(f"{address}/account/", timeout=PAGE_TIMEOUT_MS)
    person.check_page()


def test_what_a_passkey_did_not_do_is_said_in_the_language_of_the_page(
    address: str, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(address, locale="nb-NO")
    person.open("/login")
    person.page.evaluate(
        "() => { navigator.credentials.get = () =>"
        " Promise.reject(new DOMException('cancelled', 'NotAllowedError')); }"
    )
    person.press("Logg inn med en passnøkkel")
    person.expect_text("Ingen passnøkkel ble brukt. Prøv igjen.")
    person.page.route("**/login/passkey/options", lambda route: route.fulfill(status=400))
    person.press("Logg inn med en passnøkkel")
    person.expect_text("Siden er utdatert. Last den inn på nytt og prøv igjen.")


def test_why_passkeys_do_not_work_at_an_ip_address_is_said_in_the_language_of_the_page(
    address: str, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(address.replace("localhost", "127.0.0.1"), locale="nb-NO")
    person.open("/login")
    person.press("Logg inn med en passnøkkel")
    person.expect_text("Passnøkler virker bare på https://… med et vertsnavn, eller på localhost.")

"""A new password for somebody who has linked an account: what it leaves as it is is said."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main
from tests.support.pages.browsers import person_id
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.servers.identity_provider import Provider, link

OpenPages = Callable[..., Visitor]
CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}\b")
NEW = "tulip gearbox sonnet 41"
# Whether the provider is the only way to log in, and what an owner and the person are told.
CASES = [
    (
        "0",
        "vera can still log in with anna@example.com at Example ID",
        "You can still log in with anna@example.com at Example ID",
    ),
    (
        "1",
        "vera has to log in with anna@example.com at Example ID",
        "Log in with Example ID: the hub requires it.",
    ),
]


@pytest.fixture
def open_hub(open_pages: OpenPages, provider: Provider) -> Callable[[str], Visitor]:
    """Return a function that opens a hub in which vera has linked her account; olga is there."""

    def open_hub(required: str) -> Visitor:
        visitor = open_pages("people", **provider.settings(HUB_OIDC_REQUIRED=required))
        visitor.log_in("vera")
        link(visitor)
        owner = Visitor(visitor.app, visitor.story)
        owner.log_in("olga")
        return owner

    return open_hub


def change(visitor: Visitor, code: str) -> str:
    """Set a new password of vera with a code, and return the page after it."""
    browser = Visitor(visitor.app, visitor.story)
    browser._token = browser._read_token(browser.page("/new-password"))
    form: dict[str, Any] = {"name": "vera", "code": code, "password": NEW, "password_again": NEW}
    return browser.press("/new-password", **form)


@pytest.mark.parametrize(("required", "for_owner", "for_person"), CASES)
def test_a_new_password_says_what_it_does_not_change(
    open_hub: Callable[[str], Visitor], required: str, for_owner: str, for_person: str
) -> None:
    owner = open_hub(required)
    answer = owner.post(f"/people/{person_id(owner, 'vera')}/reset")
    assert for_owner in compact(answer.text)
    code = CODE.search(answer.text)
    assert code
    page = change(owner, code[0])
    assert "Your password is changed, and your sessions have ended." in page
    assert for_person in page
    assert ("Log in with it." in page) == (required == "0")


@pytest.mark.parametrize(("required", "for_owner", "_"), CASES)
def test_the_command_for_a_new_password_says_what_it_does_not_change(
    open_hub: Callable[[str], Visitor], required: str, for_owner: str, _: str
) -> None:
    owner = open_hub(required)
    result = CliRunner().invoke(main, ["users", "reset", "vera"], obj=owner.app)
    assert for_owner in result.output


def test_nothing_is_said_about_people_without_an_account(
    open_hub: Callable[[str], Visitor],
) -> None:
    owner = open_hub("0")
    page = compact(owner.post(f"/people/{person_id(owner, 'oda')}/reset").text)
    assert "Example ID" not in page
    result = CliRunner().invoke(main, ["users", "reset", "oda"], obj=owner.app)
    assert "Example ID" not in result.output

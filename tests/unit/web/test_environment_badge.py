"""The badges of a sandbox and of stand-ins, on every page and on an app's pages."""

import re
from collections.abc import Callable

import pytest

from hub.config import API_URLS
from hub.db import engine
from hub.models import Installation
from tests.support.pages.page_visitor import Visitor

ON_EVERY_PAGE = re.compile(r'<span class="environment"[^>]*>([\w-]+)<')
OF_SOURCE = re.compile(r'<span class="state look" title="CostTracker is read from ([^ ]+) on this')


@pytest.mark.parametrize(
    ("address", "word"),
    [
        (API_URLS["production"], []),
        (API_URLS["sandbox"], ["Sandbox"]),
        ("http://127.0.0.1:8001", ["Stand-in"]),
        ("https://quickbooks.example", ["Stand-in"]),
    ],
)
def test_every_page_says_where_documents_go_unless_it_is_quickbooks(
    open_pages: Callable[..., Visitor], address: str, word: list[str]
) -> None:
    visitor = open_pages(HUB_QBO_API_URL=address)
    visitor.log_in("vera")
    for path in ("/", "/inbox/", "/documents", "/account/"):
        assert ON_EVERY_PAGE.findall(visitor.page(path)) == word, path
    assert ON_EVERY_PAGE.findall(visitor.get("/nowhere").text) == word


def test_a_hub_without_keys_has_no_badge(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages(HUB_QBO_CLIENT_ID="")
    visitor.log_in("vera")
    assert not ON_EVERY_PAGE.findall(visitor.page("/"))


@pytest.mark.parametrize(
    ("address", "badges"),
    [("http://127.0.0.1:8001", ["127.0.0.1:8001"]), ("https://costtracker.example", [])],
)
def test_the_pages_of_an_app_say_that_its_source_is_on_this_machine(
    visitor: Visitor, address: str, badges: list[str]
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        row = session.get_one(Installation, visitor.story.installation)
        row.settings = {**row.settings, "base_url": address}
    visitor.log_in("vera")
    for page in ("", "review/", "settings"):
        here = visitor.page(f"/installations/{visitor.story.installation}/{page}")
        assert OF_SOURCE.findall(here) == badges

"""Log-out at the identity provider, which follows the log-out of the hub if the person wants it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.servers.identity_provider import CLIENT_ID, Provider, go_there_and_back, link

OpenPages = Callable[..., Visitor]
OFFER = "Log out at Example ID, too"


@pytest.fixture
def open_hub(open_pages: OpenPages, provider: Provider) -> Callable[..., Visitor]:
    """Return a function that opens a hub in which vera has linked her account."""

    def open_hub(*, end_session_endpoint: str | None = None, **settings: str) -> Visitor:
        if end_session_endpoint is None:
            end_session_endpoint = f"{provider.url}/end?tenant=1"
        provider.metadata = {"end_session_endpoint": end_session_endpoint}
        visitor = open_pages("people", **provider.settings(**settings))
        visitor.log_in("vera")
        link(visitor)
        return visitor

    return open_hub


def log_in_there(visitor: Visitor) -> Visitor:
    """Log in at the provider in another browser, and return that."""
    other = Visitor(visitor.app, visitor.story)
    go_there_and_back(other, "/login/provider")
    other._token = other._read_token(other.page("/account/"))
    return other


def log_out(visitor: Visitor) -> Any:
    """Log out of the hub, and return the page after it."""
    answer = visitor.post("/logout")
    assert answer.location == "/login"
    return visitor.page(answer.location)


@pytest.mark.parametrize("required", ["0", "1"])
def test_who_logs_out_can_log_out_at_the_provider_too(
    open_hub: Callable[..., Visitor], provider: Provider, required: str
) -> None:
    browser = log_in_there(open_hub(HUB_OIDC_REQUIRED=required))
    assert OFFER in log_out(browser)
    address = urlsplit(browser.get("/logout/provider").location)
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.url}/end"
    sent = dict(parse_qsl(address.query))
    back = sent.pop("post_logout_redirect_uri")
    assert sent == {"tenant": "1", "client_id": CLIENT_ID}
    assert urlsplit(back).path == "/login"
    visits = len(provider.visits)
    page = browser.page("/login")
    assert "Log in with Example ID" in page, "the page waits for the person"
    assert OFFER not in page
    assert len(provider.visits) == visits


def test_who_did_not_log_in_at_the_provider_is_not_sent_there(
    open_hub: Callable[..., Visitor], clock: FakeClock
) -> None:
    visitor = open_hub()
    assert OFFER not in log_out(visitor)
    assert visitor.get("/logout/provider").location == "/login"
    browser = log_in_there(visitor)
    clock.advance(13 * 3600)
    browser.log_in("vera")
    browser._token = browser._read_token(browser.page("/account/"))
    assert OFFER not in log_out(browser)


@pytest.mark.parametrize("endpoint", ["", "javascript:alert(1)", "https:"])
def test_a_provider_without_a_usable_log_out_is_not_offered(
    open_hub: Callable[..., Visitor], endpoint: str
) -> None:
    browser = log_in_there(open_hub(end_session_endpoint=endpoint))
    assert OFFER not in log_out(browser)
    assert browser.get("/logout/provider").location == "/login"


def test_the_offer_ends_after_ten_minutes_and_with_the_next_log_in(
    open_hub: Callable[..., Visitor], clock: FakeClock
) -> None:
    browser = log_in_there(open_hub())
    assert OFFER in log_out(browser)
    go_there_and_back(browser, "/login/provider")
    assert browser.get("/logout/provider").location == "/"
    browser._token = browser._read_token(browser.page("/account/"))
    assert OFFER in log_out(browser)
    clock.advance(600)
    assert OFFER not in browser.page("/login")


def test_a_provider_that_cannot_be_asked_is_explained(
    open_hub: Callable[..., Visitor], provider: Provider, clock: FakeClock
) -> None:
    visitor = open_hub()
    clock.advance(55 * 60)
    browser = log_in_there(visitor)
    assert OFFER in log_out(browser)
    clock.advance(6 * 60)
    provider.metadata = {"issuer": None}
    answer = browser.get("/logout/provider")
    assert "calls itself" in browser.page(answer.location)


def test_without_a_provider_there_is_no_log_out_there(visitor: Visitor) -> None:
    assert visitor.get("/logout/provider").status_code == 404

"""Error pages: a sentence and the next step, never a stack trace."""

import re
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Conflict, RequestEntityTooLarge, TooManyRequests

from hub.db import engine
from hub.db.database_errors import TransactionConflict
from hub.errors import Busy, DatabaseUnavailable, NotFound, Refused
from tests.support.pages.page_visitor import Visitor


def fail_with(visitor: Visitor, error: Exception) -> None:
    """Let the page of the plugins fail with an error."""

    def fail(**values: Any) -> str:
        raise error

    fail.needs = "viewer"  # type: ignore[attr-defined]
    visitor.app.view_functions["plugins.index"] = fail


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/nowhere", 404, "There is nothing at this address."),
        ("/documents/999999", 404, "There is nothing at this address."),
        ("/inbox/999999", 404, "There is nothing at this address."),
        ("/logout", 405, "Use the buttons on the page"),
    ],
)
def test_a_wrong_address_is_reported_in_a_sentence(
    visitor: Visitor, path: str, status: int, sentence: str
) -> None:
    visitor.enter("olga")
    answer = visitor.get(path)
    assert answer.status_code == status
    assert sentence in answer.text


def test_a_form_without_its_token_is_answered_with_advice_to_reload(visitor: Visitor) -> None:
    visitor.enter("olga")
    answer = visitor.client.post("/audit/verify")
    assert answer.status_code == 400
    assert "reload the page" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (RuntimeError("boom in /srv/hub"), 500, "did not expect"),
        (DatabaseUnavailable("sqlite:///x", "disk full"), 503, "Nothing was lost"),
        (TransactionConflict(), 503, "Nothing was changed; try again"),
        (OperationalError("SELECT secret", {}, Exception("locked")), 503, "Nothing was lost"),
        (Busy("This company"), 503, "in use by another process"),
        (NotFound("app", "x"), 404, "There is no app"),
        (Refused("QuickBooks says no."), 400, "QuickBooks says no."),
    ],
)
def test_every_error_ends_in_a_page_without_a_trace(
    visitor: Visitor, error: Exception, status: int, sentence: str
) -> None:
    fail_with(visitor, error)
    visitor.enter("vera")
    answer = visitor.get("/plugins/")
    assert answer.status_code == status
    assert sentence in answer.text
    for inner in ("Traceback", "boom", "SELECT", "/srv/hub"):
        assert inner not in answer.text


def test_a_database_that_is_gone_gives_the_same_page(visitor: Visitor) -> None:
    visitor.enter("olga")
    with visitor.app.app_context():
        engine.db.engine.dispose()
    data = visitor.app.extensions["hub"].config.data
    (data / "hub.db").rename(data / "gone")
    answer = visitor.get("/")
    assert answer.status_code == 503
    assert "Nothing was lost" in answer.text
    assert '<nav aria-label="Main">' in answer.text
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+|/[^"]+\.(?:css|js)[^"]*)"', answer.text)
    assert len(assets) >= 5
    for address in assets:
        with visitor.get(address) as asset:
            assert asset.status_code == 200, address


def test_a_part_of_a_page_fails_in_plain_words(visitor: Visitor) -> None:
    visitor.enter("olga")
    answer = visitor.get("/runs/999999/progress", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/nowhere", None),
        ("/documents/999999", None),
        ("/people/", None),
        ("/plugins/", Conflict()),
        ("/plugins/", TooManyRequests()),
        ("/plugins/", RequestEntityTooLarge()),
        ("/plugins/", RuntimeError("boom")),
        ("/plugins/", Busy("This company")),
    ],
)
def test_an_error_page_keeps_the_navigation_and_leads_back_and_to_help(
    visitor: Visitor, path: str, error: Exception | None
) -> None:
    if error is not None:
        fail_with(visitor, error)
    visitor.enter("vera")
    answer = visitor.get(path, headers={"Referer": "http://localhost/inbox/?sort=age"})
    assert answer.status_code >= 400
    assert '<nav aria-label="Main">' in answer.text
    assert "<strong>vera</strong>" in answer.text
    assert 'href="/inbox/?sort=age">Back</a>' in answer.text
    assert re.search(r'<a class="btn btn-quiet" href="/help[^"]*">Help</a>', answer.text)


@pytest.mark.parametrize("error", [RuntimeError("boom"), DatabaseUnavailable("x", "disk full")])
def test_a_page_that_may_work_later_offers_to_try_again(visitor: Visitor, error: Exception) -> None:
    fail_with(visitor, error)
    visitor.enter("vera")
    answer = visitor.get("/plugins/?q=a")
    assert '<a class="btn btn-primary" href="/plugins/?q=a">Try again</a>' in answer.text
    assert "Try again</a>" not in visitor.get("/nowhere").text


def test_an_error_page_of_a_stranger_has_no_navigation(visitor: Visitor) -> None:
    answer = visitor.get("/nowhere")
    assert answer.status_code == 404
    assert "<nav" not in answer.text
    assert 'href="/support">Help</a>' in answer.text


@pytest.mark.parametrize(
    "referrer", ["https://elsewhere.example/x", "http://localhost//elsewhere.example", ""]
)
def test_an_error_page_never_leads_back_to_another_site(visitor: Visitor, referrer: str) -> None:
    visitor.enter("vera")
    answer = visitor.get("/nowhere", headers={"Referer": referrer})
    assert "elsewhere.example" not in answer.text


def test_without_the_database_the_links_of_the_navigation_stay(visitor: Visitor) -> None:
    visitor.enter("olga")
    fail_with(visitor, DatabaseUnavailable("sqlite:///x", "disk full"))
    answer = visitor.get("/plugins/")
    assert answer.status_code == 503
    assert '<nav aria-label="Main">' in answer.text
    assert "olga" not in answer.text


def test_a_stranger_gets_no_navigation_while_the_database_is_away(visitor: Visitor) -> None:
    fail_with(visitor, DatabaseUnavailable("sqlite:///x", "disk full"))
    visitor.app.view_functions["plugins.index"].needs = "anyone"  # type: ignore[attr-defined]
    answer = visitor.get("/plugins/")
    assert answer.status_code == 503
    assert "<nav" not in answer.text


def test_a_defect_in_the_navigation_itself_leaves_the_error_page(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.enter("olga")

    def fail() -> None:
        raise RuntimeError("boom in the frame")

    monkeypatch.setattr("hub.web.frame.company_choice.load_switcher", fail)
    answer = visitor.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert '<nav aria-label="Main">' in answer.text
    assert "boom" not in answer.text

"""Error pages: a sentence and the next step, never a trace."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hub.db import engine
from hub.errors import Busy, DatabaseUnavailable, NotFound, Refused
from tests.support.page_visitor import Visitor


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "There is nothing at this address."),
        ("/documents/999999", 404, "There is nothing at this address."),
        ("/inbox/999999", 404, "There is nothing at this address."),
        ("/logout", 405, "Use the buttons on the page"),
    ],
)
def test_a_wrong_address_is_told_in_a_sentence(
    visitor: Visitor, path: str, status: int, said: str
) -> None:
    visitor.log_in("olga")
    answer = visitor.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_a_form_without_its_token_is_told_to_reload(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.client.post("/audit/verify")
    assert answer.status_code == 400
    assert "reload the page" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (RuntimeError("boom in /srv/hub"), 500, "did not expect"),
        (DatabaseUnavailable("sqlite:///x", "disk full"), 503, "Nothing was lost"),
        (OperationalError("SELECT secret", {}, Exception("locked")), 503, "Nothing was lost"),
        (Busy("This company"), 503, "in use by another process"),
        (NotFound("app", "x"), 404, "There is no app"),
        (Refused("QuickBooks says no."), 400, "QuickBooks says no."),
    ],
)
def test_every_error_ends_in_a_page_without_a_trace(
    visitor: Visitor, error: Exception, status: int, said: str
) -> None:
    def fail(**values: Any) -> str:
        raise error

    fail.needs = "viewer"  # type: ignore[attr-defined]
    visitor.app.view_functions["plugins.index"] = fail
    visitor.log_in("vera")
    answer = visitor.get("/plugins/")
    assert answer.status_code == status
    assert said in answer.text
    for inner in ("Traceback", "boom", "SELECT", "/srv/hub"):
        assert inner not in answer.text


def test_a_database_that_is_gone_gives_the_same_page(visitor: Visitor) -> None:
    visitor.log_in("olga")
    with visitor.app.app_context():
        engine.db.engine.dispose()
    data = visitor.app.extensions["hub"].config.data
    (data / "hub.db").rename(data / "gone")
    answer = visitor.get("/")
    assert answer.status_code == 503
    assert "Nothing was lost" in answer.text


def test_a_part_of_a_page_fails_in_plain_words(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.get("/runs/999999/progress", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")

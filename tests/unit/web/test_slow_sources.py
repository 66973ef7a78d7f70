"""The form of an app whose source answers slowly, or not at all."""

import logging
from typing import Any

import pytest

from hub.context import PAGE_CALL_SECONDS, current_hub
from hub.http import exchange
from hub.qbo.client import Client
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor

HOME, SLUG = "https://source.test", "ontraccr"  # whose settings have choices from the source
PAGE = f"/apps/{SLUG}/1/configure"
ACCOUNT = "1920"  # the number of a bank account in the books


@pytest.fixture
def form(connected_visitor: Visitor) -> dict[str, str]:
    """Return the fields of the form that enables the app, for a source in this process."""
    with connected_visitor.app.app_context():
        stand_in = current_hub().plugins.open_stand_in(SLUG, folder=None, documents=0, seed=1)
        current_hub().mounts[HOME] = WSGIAdapter(stand_in.wsgi, HOME)
        settings = stand_in.settings(HOME)
    fields = {name: str(value) for name, value in settings.items()}
    own = {"mode": "review", "schedule": "15m", "zone": "UTC", "start_date": ""}
    return {**own, **fields, "purchase_account": ACCOUNT}


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no call to the source be answered; return the time limit of each call."""
    limits: list[float] = []
    fetch = exchange.fetch

    def wait_in_vain(adapter: Any, request: Any, *, seconds: float, **options: Any) -> Any:
        if not str(request.url).startswith(HOME):
            return fetch(adapter, request, seconds=seconds, **options)
        limits.append(seconds)
        raise exchange.DeadlinePassed("no answer", may_have_sent=True)

    monkeypatch.setattr(exchange, "fetch", wait_in_vain)
    return limits


def test_a_source_that_does_not_answer_a_test_is_called_once_and_not_for_long(
    connected_visitor: Visitor, form: dict[str, str], unanswered: list[float]
) -> None:
    answer = connected_visitor.post(PAGE, **form, test="1")
    assert "did not answer Ontraccr within 25 seconds" in answer.text
    assert unanswered == [PAGE_CALL_SECONDS]
    assert f'value="{form["division"]}"' in answer.text


def test_the_form_asks_for_choices_once_the_source_answers(
    connected_visitor: Visitor, form: dict[str, str]
) -> None:
    answer = connected_visitor.post(PAGE, **{**form, "division": ""}, test="1")
    assert "choose one in the settings" in answer.text
    assert "West Coast" in answer.text


def test_quickbooks_is_not_waited_for_long_either(
    connected_visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    fetch = exchange.fetch

    def note_limit(adapter: Any, request: Any, *, seconds: float, **options: Any) -> Any:
        limits.append(seconds)
        return fetch(adapter, request, seconds=seconds, **options)

    monkeypatch.setattr(exchange, "fetch", note_limit)
    connected_visitor.press("/companies/1/check")
    from_page, limits[:] = [*limits], []
    with connected_visitor.app.app_context():
        Client(1).company_info()
    assert from_page
    assert max(from_page) <= PAGE_CALL_SECONDS < min(limits)


def test_an_incomplete_form_does_not_call_the_plugin(
    connected_visitor: Visitor, form: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = connected_visitor.post(PAGE, **{**form, "client_secret": ""}, test="1")
    about = answer.text[answer.text.index('id="client_secret-about"') :][:400]
    assert "This is needed." in about
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

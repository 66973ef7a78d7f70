"""Monitoring addresses: alive, ready, and metrics."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from hub.db import engine
from hub.migrations import schema
from hub.scheduling.scheduler import Scheduler
from hub.testing.clock import FakeClock
from hub.web import readiness
from tests.support.pages.page_visitor import Visitor

TOKEN = "0123456789abcdef0123456789abcdef"
REMOTE, PROXY = "203.0.113.9", "192.0.2.1"


def ask(app: Flask, path: str, caller: str = "127.0.0.1", **headers: str) -> Any:
    """Request an address from another client address."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().get(path, headers=fields, environ_base={"REMOTE_ADDR": caller})


def break_database(app: Flask) -> None:
    with app.app_context():
        engine.db.engine.dispose()
    data = app.extensions["hub"].config.data
    (data / "hub.db").rename(data / "gone")


# -- alive and ready -------------------------------------------------------------------------------


def test_a_process_answers_without_its_database(visitor: Visitor) -> None:
    break_database(visitor.app)
    answer = ask(visitor.app, "/healthz", REMOTE)
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_process_answers_without_its_database_in_the_browser_of_a_person(
    visitor: Visitor,
) -> None:
    visitor.log_in("olga")
    assert visitor.get("/documents").status_code == 200
    break_database(visitor.app)
    assert visitor.get("/documents").status_code == 503
    assert visitor.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_are_answered_before_the_hub_has_an_owner(
    app_with_pages: Flask, path: str
) -> None:
    assert ask(app_with_pages, path).status_code == 200


def test_a_hub_in_order_is_ready(visitor: Visitor) -> None:
    answer = ask(visitor.app, "/readyz", REMOTE)
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "checks": {"database": "ok", "schema": "ok"}}


def test_a_hub_without_its_database_is_not_ready_and_names_no_address(visitor: Visitor) -> None:
    break_database(visitor.app)
    answer = ask(visitor.app, "/readyz", REMOTE)
    assert answer.status_code == 503
    assert answer.json["ready"] is False
    assert answer.json["checks"]["schema"] == readiness.OTHER_TABLES
    assert str(visitor.app.extensions["hub"].config.data) not in answer.text


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_a_hub_with_tables_of_another_version_is_not_ready(visitor: Visitor, revision: str) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    answer = ask(visitor.app, "/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"database": "ok", "schema": readiness.OTHER_TABLES}
    assert revision not in answer.text


def test_a_scheduler_that_stops_ticking_makes_the_hub_unready(
    visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(visitor.app)
    monkeypatch.setattr(scheduler._scheduler, "start", lambda: None)
    scheduler.start()
    clock.advance(readiness.MAX_TICK_SECONDS + 1)
    answer = ask(visitor.app, "/readyz")
    assert (answer.status_code, answer.json["checks"]["scheduler"]) == (503, readiness.NO_TICKS)
    scheduler.tick()
    answer = ask(visitor.app, "/readyz")
    assert (answer.status_code, answer.json["checks"]["scheduler"]) == (200, "ok")
    scheduler.stop()


def test_a_database_that_does_not_answer_holds_up_nobody_for_long(
    visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer, calls = threading.Event(), []

    def hang(connection: Any) -> None:
        calls.append(1)
        may_answer.wait(60)

    monkeypatch.setattr(schema, "require_newest", hang)
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", 0.01)
    for _ in range(3):
        answer = ask(visitor.app, "/readyz")
        assert (answer.status_code, answer.json["checks"]) == (
            503,
            {"database": readiness.NO_ANSWER_MESSAGE},
        )
    assert len(calls) == 1, "each request asked a database that does not answer"
    check = visitor.app.extensions[readiness.EXTENSION]
    thread = check._thread
    may_answer.set()
    thread.join(60)
    assert ask(visitor.app, "/readyz").status_code == 200


def test_the_database_is_checked_at_most_once_a_second(
    visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(schema, "require_newest", lambda connection: calls.append(1))
    for _ in range(5):
        assert ask(visitor.app, "/readyz").status_code == 200
    assert len(calls) == 1
    clock.advance(readiness.FRESH_SECONDS + 0.1)
    ask(visitor.app, "/readyz")
    assert len(calls) == 2


# -- who may read the figures ----------------------------------------------------------------------

NO_PROXY: dict[str, str] = {}
BEHIND = {"HUB_PUBLIC_URL": "https://hub.example.com", "HUB_TRUSTED_PROXY": PROXY}
BEHIND_LOCAL = {"HUB_PUBLIC_URL": "https://hub.example.com", "HUB_TRUSTED_PROXY": "127.0.0.1"}
BEHIND_UNDECLARED = {"HUB_PUBLIC_URL": "https://hub.example.com"}


@pytest.mark.parametrize(
    ("settings", "caller", "headers", "status"),
    [
        (NO_PROXY, "127.0.0.1", {}, 200),
        (NO_PROXY, "::1", {}, 200),
        (NO_PROXY, "::ffff:127.0.0.1", {}, 200),
        (NO_PROXY, REMOTE, {}, 403),
        (NO_PROXY, REMOTE, {"X_Forwarded_For": "127.0.0.1"}, 403),
        (NO_PROXY, "127.0.0.1", {"X_Forwarded_For": REMOTE}, 403),
        (NO_PROXY, "127.0.0.1", {"X_Real_IP": REMOTE}, 403),
        (NO_PROXY, "127.0.0.1", {"Forwarded": f"for={REMOTE}"}, 403),
        (NO_PROXY, "127.0.0.1", {"Via": "1.1 proxy"}, 403),
        (NO_PROXY, "127.0.0.1", {"Authorization": f"Bearer {TOKEN}"}, 200),
        (BEHIND, "127.0.0.1", {}, 200),
        (BEHIND, PROXY, {}, 403),
        (BEHIND, PROXY, {"X_Forwarded_For": "127.0.0.1"}, 403),
        (BEHIND_LOCAL, "127.0.0.1", {}, 403),
        (BEHIND_LOCAL, "127.0.0.1", {"X_Forwarded_For": REMOTE}, 403),
        (BEHIND_LOCAL, "127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, 403),
        (BEHIND_UNDECLARED, "127.0.0.1", {}, 403),
    ],
)
def test_without_a_token_the_figures_are_for_this_machine_only(
    open_pages: Callable[..., Visitor],
    settings: dict[str, str],
    caller: str,
    headers: dict[str, str],
    status: int,
) -> None:
    app = open_pages(**settings).app
    assert ask(app, "/metrics", caller, **headers).status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        ("", 401),
        ("Bearer ", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer ÆØÅ", 401),
    ],
)
@pytest.mark.parametrize("caller", ["127.0.0.1", REMOTE])
def test_the_figures_can_be_read_with_a_token(
    open_pages: Callable[..., Visitor], caller: str, header: str, status: int
) -> None:
    app = open_pages(HUB_METRICS_TOKEN=TOKEN).app
    answer = ask(app, "/metrics", caller, Authorization=header)
    assert answer.status_code == status
    assert TOKEN not in answer.text
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


def test_an_owner_on_another_machine_does_not_see_the_figures(visitor: Visitor) -> None:
    visitor.client.environ_base["REMOTE_ADDR"] = REMOTE
    visitor.log_in("olga")
    assert visitor.get("/metrics").status_code == 403


def test_figures_of_a_database_that_is_gone_are_not_shown(visitor: Visitor) -> None:
    break_database(visitor.app)
    answer = ask(visitor.app, "/metrics")
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")


# -- the id of a request ---------------------------------------------------------------------------

GOOD_ID = "f4b1a6c2d3e4f5061728394a5b6c7d8e"


@pytest.mark.parametrize(
    ("caller", "sent", "is_taken"),
    [
        (PROXY, GOOD_ID, True),
        (PROXY, "req_2026.11-a", True),
        (PROXY, "short", False),
        (PROXY, "x" * 65, False),
        (PROXY, 'ok" level="error', False),
        (PROXY, "f4b1a6c2 run_id=1", False),
        (REMOTE, GOOD_ID, False),
        ("127.0.0.1", GOOD_ID, False),
    ],
)
def test_the_id_of_a_request_is_its_proxys_or_a_new_one(
    open_pages: Callable[..., Visitor], caller: str, sent: str, is_taken: bool
) -> None:
    app = open_pages(HUB_TRUSTED_PROXY=PROXY).app
    answers = [ask(app, "/healthz", caller, X_Request_ID=sent) for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert (ids == [sent, sent]) == is_taken
    assert is_taken or (len(ids[0]) == 32 and ids[0] != ids[1])


def test_an_error_page_shows_the_id_of_the_request(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.get("/nowhere")
    assert answer.headers["X-Request-ID"] in answer.text


def test_every_answer_has_an_id_even_one_without_a_page(visitor: Visitor) -> None:
    answer = ask(visitor.app, "/healthz", Host="not a host")
    assert answer.status_code == 400
    assert answer.headers["X-Request-ID"]


def test_requests_are_logged_with_their_ids_and_without_their_queries(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="hub.web")
    answer = visitor.get("/login?next=/secret-place", buffered=True)
    entry = next(entry for entry in caplog.records if entry.name == "hub.web")
    assert entry.getMessage() == "Answered GET /login with 200"
    assert vars(entry)["path"] == "/login"
    assert "secret-place" not in json.dumps(vars(entry), default=str)
    assert answer.headers["X-Request-ID"]


def test_requests_are_counted_by_route_and_status(visitor: Visitor) -> None:
    for path in ("/documents/1", "/documents/2", "/nowhere", "/healthz"):
        visitor.get(path, buffered=True)
    page = ask(visitor.app, "/metrics").text
    assert (
        'hub_web_requests_total{method="GET",route="/documents/<int:document_id>",status="302"} 2.0'
        in page
    )
    assert 'hub_web_requests_total{method="GET",route="none",status="302"}' not in page
    assert 'route="none"' in page
    assert 'hub_web_request_duration_seconds_count{blueprint="monitoring"} 1.0' in page

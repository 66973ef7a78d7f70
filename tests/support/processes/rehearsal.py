"""A short story of a hub, run in a process before its forks to save imports and compilation."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from hub import config as configuration
from hub import demo
from hub.app import create_app
from hub.db import engine
from hub.http import deadline
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from hub.security import people
from hub.security.rights import Right
from hub.testing.clock import FakeClock
from qbo_sandbox import NORWAY, US, QuickBooks
from qbo_sandbox import create as create_quickbooks
from qbo_sandbox.kit import Clock
from qbo_sandbox.kit.faults import Fault
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.runs.hub_environment import (
    COSTTRACKER,
    INTUIT,
    QUICKBOOKS,
    SECRET_KEY,
    VAULT_KEYS,
)

OWNER, PASSWORD = "rehearsal@example.com", "quiet-lake-7-morning"
SLUG = "costtracker"
PAGES = (
    "/",
    "/inbox/",
    "/documents",
    "/runs/",
    "/companies",
    "/installations/1/",
    "/installations/1/review/",
)


def rehearse(folder: Path, settings: Mapping[str, str]) -> None:
    """Post a few documents with a new hub, lose an answer, and open pages."""
    fixed = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS, "HUB_SECOND_FACTOR": "off"}
    config = configuration.load({"HUB_DATA": str(folder)} | fixed | INTUIT | dict(settings))
    clock = FakeClock()
    quickbooks = create_quickbooks(
        companies=(US, NORWAY), clock=Clock(clock.now().timestamp(), frozen=True)
    )
    clock.followers.append(lambda now: quickbooks.clock.set(now.timestamp()))
    mounts = {QUICKBOOKS: WSGIAdapter(quickbooks.wsgi, QUICKBOOKS, sleep=clock.sleep)}
    app = create_app(config, clock=clock, mounts=mounts)
    engine.upgrade(app)
    with app.app_context(), _without_deadlines():
        _post(app, quickbooks)
        _show_pages(app)
        engine.db.engine.dispose()
    others = threading.enumerate()[1:]
    assert not others, f"Forks of this process would lack {others}."
    assert "pytest" not in sys.modules, "A hub runs without it."


class _Unwatched:
    """Replaces the thread that cuts late calls, which forks of this process would lack."""

    def watch(self, guard: deadline.RequestGuard) -> None:
        """Let a call take its time."""

    def unwatch(self, guard: deadline.RequestGuard) -> None:
        """Do nothing: the call was not watched."""


@contextmanager
def _without_deadlines() -> Iterator[None]:
    watchdog = deadline._watchdog
    deadline._watchdog = _Unwatched()  # type: ignore[assignment]
    try:
        yield
    finally:
        deadline._watchdog = watchdog


def _post(app: Flask, quickbooks: QuickBooks) -> None:
    """Connect a company, enable an app and run it, with a lost answer and again without changes."""
    shared = app.extensions["hub"]
    source = shared.plugins.open_stand_in(SLUG, folder=None, documents=8, seed=1)
    shared.mounts[COSTTRACKER] = WSGIAdapter(source.wsgi, COSTTRACKER, sleep=shared.clock.sleep)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    demo.enable(company, SLUG, source.settings(COSTTRACKER))
    quickbooks.faults.add(Fault(kind="lose_answer", call="bill.create"))
    for _ in range(2):
        runner.sync(1, requested_by=OWNER, wait=True)


def _show_pages(app: Flask) -> None:
    """Log in as an owner and open the pages that are visited most."""
    app.config["WTF_CSRF_ENABLED"] = False
    password_hash = people.hash_new(PASSWORD)
    with engine.transaction() as session:
        people.insert(session, OWNER, password_hash, [Right("owner")])
    person = app.test_client()
    for path in ("/healthz", "/readyz", "/login"):
        person.get(path)
    person.post("/login", data={"email": OWNER, "password": PASSWORD})
    for path in PAGES:
        assert person.get(path).status_code == 200, path

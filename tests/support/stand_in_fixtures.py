"""Fixtures of the QuickBooks and CostTracker stand-ins, mounted in a hub without a network."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub.contract.types import Sandbox
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.clock import START, FakeClock
from hub.testing.openapi import check_calls
from qbo_sandbox import QuickBooks
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support import prepared_state
from tests.support.hub_environment import COSTTRACKER, QUICKBOOKS


@pytest.fixture
def intuit(app: Flask, clock: FakeClock) -> QuickBooks:
    """Mount a QuickBooks stand-in with an American and a Norwegian company on the hub's clock."""
    return mount_quickbooks(app, clock)


def mount_quickbooks(app: Flask, clock: FakeClock) -> QuickBooks:
    quickbooks = prepared_state.opened_quickbooks(clock)
    clock.followers.append(lambda now: quickbooks.clock.set(now.timestamp()))
    mounts: dict[str, Any] = app.extensions["hub"].mounts
    mounts[QUICKBOOKS] = WSGIAdapter(quickbooks.wsgi, QUICKBOOKS, sleep=clock.sleep)
    return quickbooks


@pytest.fixture(scope="session")
def connected() -> dict[Any, prepared_state.Connected]:
    """Return a cache of the states created by `quickbooks`, by the hub's keys."""
    return {}


@pytest.fixture
def quickbooks(
    app: Flask,
    intuit: QuickBooks,
    clock: FakeClock,
    empty_database: Path,
    connected: dict[Any, prepared_state.Connected],
    tmp_path_factory: pytest.TempPathFactory,
) -> QuickBooks:
    """Return the stand-in with its first company connected, with the id 1, and its lists read."""
    usual = prepared_state.is_untouched(app, clock, empty_database)
    keys = app.extensions["hub"].config.secret_key, app.extensions["hub"].config.vault_keys
    if usual and keys in connected:
        prepared_state.put(intuit, connected[keys])
        return intuit
    company = oauth_connect.connect_with_refresh_token(
        intuit.realm, intuit.refresh_tokens[intuit.realm]
    )
    record_download.refresh(company.id)
    if usual and clock.now() == START:
        connected[keys] = prepared_state.keep(
            intuit, tmp_path_factory.mktemp("connected") / "hub.db"
        )
    return intuit


@pytest.fixture
def costtracker(app: Flask) -> Sandbox:
    """Mount a CostTracker stand-in with a few invoices; `settings(COSTTRACKER)` refers to it."""
    return mount_costtracker(app)


def mount_costtracker(app: Flask, documents: int = 8) -> Sandbox:
    shared = app.extensions["hub"]
    stand_in: Sandbox = shared.plugins.open_stand_in(
        "costtracker", folder=None, documents=documents, seed=1
    )
    wsgi = check_calls(stand_in.wsgi, shared.plugins.apps["costtracker"].assumed_api)
    shared.mounts[COSTTRACKER] = WSGIAdapter(wsgi, COSTTRACKER, sleep=shared.clock.sleep)
    return stand_in

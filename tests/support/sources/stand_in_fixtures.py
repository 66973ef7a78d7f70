"""Fixtures of the QuickBooks and CostTracker stand-ins, mounted in a hub without a network."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub.contract.types import Sandbox
from hub.testing.clock import FakeClock
from hub.testing.openapi import check_calls
from qbo_sandbox import QuickBooks
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.runs import prepared_state
from tests.support.runs.hub_environment import COSTTRACKER, QUICKBOOKS


@pytest.fixture
def intuit(app: Flask, clock: FakeClock) -> QuickBooks:
    """Mount a QuickBooks stand-in with an American and a Norwegian company on the hub's clock."""
    return mount_quickbooks(app, clock)


def mount_quickbooks(app: Flask, clock: FakeClock) -> QuickBooks:
    """Mount a QuickBooks stand-in on the hub's clock."""
    quickbooks = prepared_state.create_stand_in(clock)
    clock.followers.append(lambda now: quickbooks.clock.set(now.timestamp()))
    mounts: dict[str, Any] = app.extensions["hub"].mounts
    mounts[QUICKBOOKS] = WSGIAdapter(quickbooks.wsgi, QUICKBOOKS, sleep=clock.sleep)
    return quickbooks


@pytest.fixture
def quickbooks(app: Flask, intuit: QuickBooks, empty_database: Path) -> QuickBooks:
    """Return the stand-in with its first company connected, with the id 1, and its lists read."""
    prepared_state.connect(app, intuit, empty_database)
    return intuit


@pytest.fixture
def costtracker(app: Flask) -> Sandbox:
    """Mount a CostTracker stand-in with a few invoices; `settings(COSTTRACKER)` refers to it."""
    return mount_costtracker(app)


def mount_costtracker(app: Flask, documents: int = 8) -> Sandbox:
    """Mount a CostTracker stand-in."""
    shared = app.extensions["hub"]
    stand_in: Sandbox = shared.plugins.open_stand_in(
        "costtracker", folder=None, documents=documents, seed=1
    )
    wsgi = check_calls(stand_in.wsgi, shared.plugins.apps["costtracker"].assumed_api)
    shared.mounts[COSTTRACKER] = WSGIAdapter(wsgi, COSTTRACKER, sleep=shared.clock.sleep)
    return stand_in


@pytest.fixture
def sent_requests(app: Flask, quickbooks: QuickBooks) -> list[dict[str, Any]]:
    """Record every later request to QuickBooks as the server receives it."""
    calls: list[dict[str, Any]] = []
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner = adapter.app
    adapter.app = lambda environ, start: (calls.append(environ), inner(environ, start))[1]
    return calls

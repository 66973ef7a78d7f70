"""Fixtures of the tests of posting: a desk and a shop in a hub with a QuickBooks stand-in."""

import pytest
from flask import Flask

from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from tests.support.every_kind_source import Till
from tests.support.posting_bench import Desk


@pytest.fixture
def desk(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> Desk:
    """Provide a desk whose postings go to the first company."""
    return Desk(app, quickbooks, clock)


@pytest.fixture
def till(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> Till:
    """Provide a shop that is enabled for the first company."""
    return Till(app, quickbooks, clock)

"""Fixtures of the stories that need no source of their own."""

import pytest
from flask import Flask

from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from tests.support.sources.every_kind_source import ShopSite


@pytest.fixture
def shop(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> ShopSite:
    """Provide a shop whose source has documents of every kind, enabled for the first company."""
    return ShopSite(app, quickbooks, clock)

"""Fixtures of the tests of posting: a bench and a shop in a hub with a QuickBooks stand-in."""

import pytest
from flask import Flask

from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from tests.support.rows.posting_bench import PostingBench
from tests.support.sources.every_kind_source import ShopSite


@pytest.fixture
def bench(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> PostingBench:
    """Provide a bench whose postings go to the first company."""
    return PostingBench(app, quickbooks, clock)


@pytest.fixture
def shop(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> ShopSite:
    """Provide a shop that is enabled for the first company."""
    return ShopSite(app, quickbooks, clock)

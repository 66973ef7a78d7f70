"""Fixtures of the tests of posting: a bench and a shop in a hub with a QuickBooks stand-in."""

import pytest
from flask import Flask

from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
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


@pytest.fixture
def export(app: Flask, quickbooks: QuickBooks, clock: FakeClock) -> ShopSite:
    """Provide the shop of a company that keeps books in several currencies."""
    realm = quickbooks.open("multicurrency")
    company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(company.id)
    return ShopSite(app, quickbooks, clock, company=company)

"""Lists of a server that overlooks MAXRESULTS and returns a hundred objects at most."""

import datetime as dt
import io
import json

import pytest

from hub.db import engine
from hub.qbo import changes, record_download, records, transaction_download
from hub.qbo.client import Client
from tests.support.sources.client_calls import bill

DAY = dt.date(2020, 1, 1)


@pytest.fixture
def hundred_at_most(app, quickbooks):
    """Intuit's page "Query operations and syntax": the response has 100 objects by default."""
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner = adapter.app

    def overlook_page_size(environ, start):
        if environ["PATH_INFO"].endswith("/query"):
            text = environ["wsgi.input"].read().replace(b" MAXRESULTS 1000", b"")
            environ |= {"wsgi.input": io.BytesIO(text), "CONTENT_LENGTH": str(len(text))}
        return inner(environ, start)

    adapter.app = overlook_page_size
    return quickbooks


def create_bills(quickbooks, count, first=0):
    for number in range(first, first + count):
        quickbooks.act("create", kind="Bill", set=json.loads(bill(number=f"N-{number}")))


def test_a_first_reading_of_transactions_is_complete(hundred_at_most):
    create_bills(hundred_at_most, 250)
    assert transaction_download.load(1, Client(1), ["bill"], DAY) == 250


def test_a_list_that_has_grown_is_read_whole(hundred_at_most):
    for number in range(200):
        hundred_at_most.act("create", kind="Vendor", set={"DisplayName": f"Vendor {number:05}"})
    assert record_download.refresh(1, ["vendor"]) == {"vendor": 240}
    with engine.read_only_session() as session:
        assert len(records.list_choices(session, 1, "vendor")) == 240


def test_more_changes_than_an_answer_holds_are_all_stored(hundred_at_most, clock):
    transaction_download.load(1, Client(1), ["bill"], DAY)
    for first in range(0, 1200, 200):
        clock.advance(200)
        create_bills(hundred_at_most, 200, first)
    clock.advance(60)
    assert len(changes.poll(1).heads) == 1200


@pytest.mark.parametrize(("count", "reads"), [(99, 1), (100, 2), (101, 1)])
def test_only_a_list_that_fills_default_pages_is_counted(quickbooks, count, reads):
    create_bills(quickbooks, count)
    client = Client(1)
    assert transaction_download.load(1, client, ["bill"], DAY) == count
    assert client.reads == reads

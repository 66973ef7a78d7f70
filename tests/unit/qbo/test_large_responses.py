"""Large objects are read in pages that fit into a response, by every way of reading."""

import datetime as dt
from typing import Any

import pytest

from hub.db import engine
from hub.models import TransactionHead
from hub.qbo import changes, search, transaction_download, transport
from hub.qbo.client import Client

DAY = dt.date(2026, 1, 1)
COUNT = 60
LINE = {
    "Amount": 5,
    "Description": "Excavation of the eastern part of the site, with removal of the material",
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}


def bill(number: int) -> dict[str, Any]:
    return {
        "VendorRef": {"value": "1"},
        "TxnDate": "2026-02-01",
        "DocNumber": f"L-{number}",
        "Line": [LINE] * 20,
    }


@pytest.fixture
def large_bills(quickbooks, clock, monkeypatch):
    """Provide bills of which a response holds about twenty."""
    for number in range(COUNT):
        clock.advance(number % 3)
        quickbooks.act("create", kind="Bill", set=bill(number))
    clock.advance(3600)
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", 150_000)
    return quickbooks


def get_head(id: str) -> TransactionHead:
    with engine.read_only_session() as session:
        return session.get_one(TransactionHead, (1, "bill", id))


def test_large_transactions_are_read_in_smaller_pages(large_bills):
    assert transaction_download.load(1, Client(1), ["bill"], DAY) == COUNT
    assert get_head(str(COUNT)).number == f"L-{COUNT - 1}"


def test_large_transactions_are_searched_in_smaller_pages(large_bills):
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    pages = search.find_created_since(Client(1), "bill", since, until_nothing_new=True)
    assert len([entity for page in pages for entity in page]) == COUNT


def test_large_transactions_are_read_by_their_ids_in_smaller_parts(large_bills):
    ids = [str(id) for id in range(1, COUNT + 1)]
    assert [entity["Id"] for entity in search.find_by_ids(Client(1), "bill", ids)] == ids


def test_changes_that_are_too_large_for_one_response_are_read_in_pages(large_bills, clock):
    client = Client(1)
    transaction_download.load(1, client, ["bill"], DAY)
    clock.advance(3600)
    for id in range(2, COUNT + 1):
        large_bills.act("edit", kind="Bill", id=str(id), set={"DocNumber": f"changed {id}"})
    large_bills.act("delete", kind="Bill", id="1")
    clock.advance(600)
    changes.poll(1)
    assert get_head("1").state == "deleted"
    assert {get_head(str(id)).number for id in range(2, COUNT + 1)} == {
        f"changed {id}" for id in range(2, COUNT + 1)
    }
    clock.advance(3600)
    reads_before = client.reads
    changes.poll(1, client)
    assert client.reads == reads_before + 1


def test_many_large_transactions_with_one_number_are_found(large_bills):
    company = {"realm": large_bills.realm, "warn_duplicate_bills": False}
    large_bills.control.company("POST", company)
    for id in range(1, COUNT + 1):
        large_bills.act("edit", kind="Bill", id=str(id), set={"DocNumber": "1"})
    assert len(search.find_by_number(Client(1), "bill", ["1"])) == COUNT


def test_a_page_that_quickbooks_finds_too_large_is_read_in_smaller_ones(quickbooks, clock):
    for number in range(3):
        quickbooks.act("create", kind="Bill", set=bill(number))
    clock.advance(3600)
    quickbooks.add_fault("refusal", "query.bill", code="10100", count=2)
    assert transaction_download.load(1, Client(1), ["bill"], DAY) == 3

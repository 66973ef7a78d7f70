"""The batch endpoint: up to thirty operations, each with its own outcome."""

import pytest

from hub.db import engine
from hub.models import ConnectedCompany
from hub.qbo import usage
from hub.qbo.batch import BatchItem, split_responses
from hub.qbo.client import Client
from tests.support.sources.client_calls import KEY, bill, entries


def batch(count: int) -> list[BatchItem]:
    return [
        BatchItem(f"{number:02}", "create", "bill", bill(f"B-{number}")) for number in range(count)
    ]


def company() -> ConnectedCompany:
    with engine.read_only_session() as session:
        return session.get_one(ConnectedCompany, 1)


def test_a_batch_tells_of_each_item(quickbooks):
    items = [*batch(2), BatchItem("02", "create", "bill", b'{"VendorRef":{"value":"1"}}')]
    results = split_responses(Client(1).batch(items, KEY), items)
    assert [results[item.bid].outcome for item in items] == ["landed", "landed", "refused"]


@pytest.mark.parametrize("kind", ["bid_missing", "bid_twice"])
def test_an_item_that_is_missing_or_repeated_in_the_answer_is_in_doubt(quickbooks, kind):
    quickbooks.add_fault(kind, "batch")
    items = batch(3)
    results = split_responses(Client(1).batch(items, KEY), items)
    assert [results[item.bid].outcome for item in items] == ["landed", "landed", "doubt"]


def test_a_foreign_item_changes_nothing(quickbooks):
    quickbooks.add_fault("bid_foreign", "batch")
    items = batch(2)
    assert {a.outcome for a in split_responses(Client(1).batch(items, KEY), items).values()} == {
        "landed"
    }


def test_a_lost_batch_leaves_every_item_in_doubt(quickbooks):
    quickbooks.add_fault("lose_answer", "batch")
    items = batch(2)
    assert {a.outcome for a in split_responses(Client(1).batch(items, KEY), items).values()} == {
        "doubt"
    }


@pytest.mark.parametrize(
    ("items", "key"),
    [
        ([], KEY),
        (batch(31), KEY),
        (batch(1) * 2, KEY),
        (batch(1), "k" * 37),
        ([BatchItem("0123456789x", "create", "bill", b"{}")], KEY),
    ],
)
def test_a_batch_that_quickbooks_would_refuse_whole_is_never_sent(quickbooks, items, key):
    with pytest.raises(ValueError, match=r"batch|key"):
        Client(1).batch(items, key)
    assert not entries(quickbooks, "batch")


def test_thirty_items_are_one_call_and_one_batch_of_the_quota(quickbooks):
    items, before = batch(30), usage.compute_remaining_budget(company())
    assert {
        a.outcome for a in split_responses(Client(1).batch(items, "k" * 36), items).values()
    } == {"landed"}
    after = usage.compute_remaining_budget(company())
    assert (before.requests - after.requests, before.batches - after.batches) == (1, 1)


def test_an_update_in_a_batch_that_shows_another_object_is_in_doubt(quickbooks):
    client, items = Client(1), batch(2)
    results = split_responses(client.batch(items, KEY), items)
    body = bill("B-0", Id=results["00"].id, SyncToken="0", sparse=True)
    other = BatchItem(
        "00", "update", "bill", bill("B-1", Id=results["01"].id, SyncToken="0", sparse=True)
    )
    outcomes = client.batch([BatchItem("00", "update", "bill", body)], "b" * 32)
    assert split_responses(outcomes, [other])["00"].outcome == "doubt"


def test_the_exact_bytes_of_an_item_are_sent(sent_requests):
    item = BatchItem("00", "create", "bill", bill())
    Client(1).batch([item], KEY)
    assert item.body in sent_requests[0]["sandbox.body"]

"""Batches: composed before sending, one outcome for each item, single lookups in doubt."""

import datetime as dt
import json
from collections import defaultdict
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session
from hub.errors import Refused
from hub.models import Attempt, AuditEntry, Posting
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.batch_sizing import BatchResult, BatchSizer
from hub.posting.send.run import resolve_only
from hub.qbo.batch import MAX_KEY_LENGTH
from hub.qbo.client import Client
from hub.qbo.responses import DEFAULT_PAUSE_SECONDS
from hub.security import audit_check
from tests.support.rows.posting_bench import PostingBench

POISON = {"VendorRef": {"value": "999"}}


@pytest.fixture
def bench(app, quickbooks, clock):
    bench = PostingBench(app, quickbooks, clock)
    bench.set_sending_mode("batch")
    return bench


def create_bills(bench, count, first=1):
    return [bench.bill(f"A-{n:02}") for n in range(first, first + count)]


def states(bench, ids):
    return [bench.state(id) for id in ids]


def numbers(bench):
    """Return the numbers of the bills in QuickBooks, in the order of their creation."""
    return [bill["DocNumber"] for bill in sorted(bench.bills(), key=lambda bill: int(bill["Id"]))]


def sent_batches(bench):
    """Return the attempts of each batch in the order of their bIds, and the number of others."""
    batches, alone = defaultdict(list), 0
    with read_only_session() as session:
        for attempt in session.scalars(select(Attempt).order_by(Attempt.requestid)):
            batches[attempt.batch].append(attempt.posting_id)
    alone = len(batches.pop("", ()))
    return list(batches.values()), alone


def test_thirty_documents_are_one_request_in_their_order(bench, figure):
    ids = create_bills(bench, 30)
    result = bench.drain()
    assert states(bench, ids) == ["posted"] * 30
    assert (result.writes, len(bench.sent("bill.create")), sent_batches(bench)) == (
        1,
        0,
        ([ids], 0),
    )
    assert numbers(bench) == [f"A-{n:02}" for n in range(1, 31)]
    figure("documents posted by one request", 30 / result.writes, 30)


def test_items_keys_and_bytes_of_a_batch_are_stored_before_the_first_byte_leaves(
    bench, monkeypatch
):
    stored, sent, batch = [], [], Client.batch

    def watched(self, items, requestid, **options):
        sent.extend(
            (f"{requestid}{item.bid}", requestid, "sent", "sending", item.body) for item in items
        )
        columns = Attempt.requestid, Attempt.batch, Attempt.outcome, Posting.state, Posting.payload
        with read_only_session() as session:
            stored.extend(
                map(
                    tuple,
                    session.execute(select(*columns).join(Posting).order_by(Attempt.requestid)),
                )
            )
        return batch(self, items, requestid, **options)

    monkeypatch.setattr(Client, "batch", watched)
    create_bills(bench, 12)
    bench.drain()
    assert (len(stored), stored) == (12, sent)
    assert all(len(key) <= MAX_KEY_LENGTH for key, *_ in stored)


def test_the_key_of_a_batch_depends_on_its_items_and_their_order():
    assert outbox.derive_batch_id("ab") == outbox.derive_batch_id(["a", "b"])
    assert (
        len(
            {
                outbox.derive_batch_id("ab"),
                outbox.derive_batch_id("ba"),
                outbox.derive_batch_id("abc"),
                outbox.derive_batch_id(["ab"]),
            }
        )
        == 4
    )


def test_one_poison_among_thirty_leaves_29_posted_and_one_held(bench, figure):
    ids = create_bills(bench, 13)
    ids.append(bench.bill("POISON", **POISON))
    ids += create_bills(bench, 16, first=14)
    result = bench.drain()
    assert states(bench, ids) == ["posted"] * 13 + ["held"] + ["posted"] * 16
    assert (result.writes, len(bench.cases())) == (1, 1)
    assert "999" in bench.posting(ids[13]).reason
    assert bench.company().batch_size == 30
    figure(
        "other documents in the batch of a refused one that were posted", len(numbers(bench)), 29
    )


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "truncate"])
def test_after_a_lost_answer_each_is_looked_for_and_the_absent_go_singly_under_a_new_key(
    bench, fault
):
    bench.quickbooks.add_fault(fault, "batch")
    ids = create_bills(bench, 4)
    bench.drain()
    assert states(bench, ids) == ["unknown"] * 4
    is_posted = len(bench.bills()) == 4
    bench.pass_time(200)
    bench.drain()
    assert states(bench, ids) == ["posted"] * 4
    assert (len(bench.bills()), len(bench.sent("batch"))) == (4, 1)
    assert sent_batches(bench) == ([ids], 0 if is_posted else 4)
    assert {bench.posting(id).generation for id in ids} == {0 if is_posted else 1}
    assert {tuple(bench.proofs(id)) for id in ids} == {("present",) if is_posted else ("absent",)}


def test_an_item_of_a_lost_batch_keeps_its_bytes_under_the_key_that_it_had(bench):
    bench.quickbooks.add_fault("lose_request", "batch")
    ids = create_bills(bench, 2)
    bench.drain()
    bench.pass_time(200)
    resolve_only(bench.company_id, [bench.installation_id])
    first = bench.posting(ids[0])
    assert (first.state, len(first.requestid)) == ("ready", 34)
    changed = bench.body("A-01", "150.00")
    bench.plan("A-01", "create", changed, total=Decimal("150.00"))
    kept = bench.posting(ids[0])
    assert (kept.requestid, kept.payload) == (first.requestid, first.payload)
    bench.drain()
    assert (states(bench, ids), bench.posting(ids[0]).posted_total) == (["posted"] * 2, 100)


def test_the_documents_of_a_batch_with_an_unknown_end_are_searched_singly(bench, monkeypatch):
    def dies(self, items, requestid, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "batch", dies)
    ids = create_bills(bench, 4)
    with pytest.raises(KeyboardInterrupt):
        bench.drain()
    monkeypatch.undo()
    bench.restart()
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills()), sent_batches(bench)) == (
        ["posted"] * 4,
        4,
        ([ids], 4),
    )


def shorten_first_search(monkeypatch, most):
    """Let QuickBooks return at most `most` bills on the first page of a search by creation time."""
    query, left = Client.query, [1]

    def shortened(self, text, **at):
        response = query(self, text, **at)
        if "CreateTime" in text and left[0]:
            left[0] -= 1
            del (response.entity or {}).get("Bill", [])[most:]
        return response

    monkeypatch.setattr(Client, "query", shortened)


@pytest.mark.parametrize("most", [0, 1])
def test_a_search_whose_page_came_too_short_has_nothing_sent_again(bench, monkeypatch, most):
    bench.quickbooks.add_fault("lose_answer", "batch")
    bodies = [bench.body(f"A-{n:02}") for n in range(3)]
    for body in bodies:
        del body["DocNumber"]  # without numbers only the search by creation time is left
    ids = [bench.plan(f"A-{n:02}", "create", body) for n, body in enumerate(bodies)]
    bench.drain()
    shorten_first_search(monkeypatch, most)
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills()), sent_batches(bench)) == (
        ["posted"] * 3,
        3,
        ([ids], 0),
    )


def test_a_batch_that_is_refused_although_it_is_done_has_nothing_sent_again(bench):
    reason = {"code": "6000", "detail": "The request has already been processed."}
    bench.quickbooks.add_fault("refusal", "batch", commit=True, **reason)
    bodies = [bench.body(f"A-{n:02}") for n in range(3)]
    for body in bodies:
        del body["DocNumber"]
    ids = [bench.plan(f"A-{n:02}", "create", body) for n, body in enumerate(bodies)]
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills())) == (["posted"] * 3, 3)


@pytest.mark.parametrize("fault", ["bid_missing", "bid_twice"])
def test_only_an_item_that_is_missing_or_repeated_in_the_answer_is_in_doubt(bench, fault):
    bench.quickbooks.add_fault(fault, "batch")
    ids = create_bills(bench, 3)
    bench.drain()
    assert states(bench, ids) == ["posted"] * 2 + ["unknown"]
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills())) == (["posted"] * 3, 3)
    assert bench.company().batch_size == 15


@pytest.mark.parametrize("fault", ["bid_foreign", "bid_reversed"])
def test_an_answer_is_assigned_by_its_bid_alone(bench, fault):
    bench.quickbooks.add_fault(fault, "batch")
    ids = create_bills(bench, 3)
    bench.drain()
    ids_by_number = {bill["DocNumber"]: bill["Id"] for bill in bench.bills()}
    assert [bench.posting(id).quickbooks_id for id in ids] == [
        ids_by_number[f"A-{n:02}"] for n in (1, 2, 3)
    ]


def change_answer(monkeypatch, change):
    """Change the items of the response to the next batch."""
    batch = Client.batch

    def create_batch(self, items, requestid, **options):
        whole = batch(self, items, requestid, **options)
        change(whole.body["BatchItemResponse"])
        monkeypatch.undo()
        return whole

    monkeypatch.setattr(Client, "batch", create_batch)


def test_an_item_that_failed_inside_quickbooks_is_in_doubt_alone(bench, monkeypatch):
    fault = {
        "Fault": {
            "Error": [{"code": "10000", "Message": "System Failure Error"}],
            "type": "SystemFault",
        }
    }
    change_answer(monkeypatch, lambda items: items.__setitem__(1, {**fault, "bId": "01"}))
    ids = create_bills(bench, 3)
    bench.drain()
    assert states(bench, ids) == ["posted", "unknown", "posted"]
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills())) == (["posted"] * 3, 3)


@pytest.mark.parametrize("code", ["3001", "140"])
def test_all_calls_pause_after_an_item_that_quickbooks_asks_to_repeat_later(
    bench, monkeypatch, code
):
    fault = {"Fault": {"Error": [{"code": code, "Message": "Later"}], "type": "SERVICE"}}
    change_answer(monkeypatch, lambda items: items.__setitem__(1, {**fault, "bId": "01"}))
    ids = create_bills(bench, 3)
    begin = bench.clock.now()
    bench.drain()
    assert (states(bench, ids), len(bench.bills())) == (["posted"] * 3, 3)
    assert bench.clock.now() - begin >= dt.timedelta(seconds=DEFAULT_PAUSE_SECONDS)


def test_two_items_whose_answers_are_mixed_up_are_looked_for(bench, monkeypatch):
    def mix(items):
        items[0]["bId"], items[1]["bId"] = items[1]["bId"], items[0]["bId"]

    change_answer(monkeypatch, mix)
    ids = create_bills(bench, 3)
    bench.drain()
    assert states(bench, ids) == ["unknown", "unknown", "posted"]
    bench.drain(wait_for_doubts=True)
    ids_by_number = {bill["DocNumber"]: bill["Id"] for bill in bench.bills()}
    assert [bench.posting(id).quickbooks_id for id in ids] == [
        ids_by_number[f"A-{n:02}"] for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("status", [429, 401])
def test_a_batch_that_is_not_let_in_was_not_sent(bench, status):
    bench.quickbooks.add_fault("status", "batch", status=status)
    ids = create_bills(bench, 3)
    bench.drain(wait_for_doubts=True)
    assert (states(bench, ids), len(bench.bills()), sent_batches(bench)[1]) == (
        ["posted"] * 3,
        3,
        0,
    )
    assert {bench.posting(id).generation for id in ids} == {0}


def test_a_batch_that_is_refused_whole_holds_nobody_and_goes_singly_at_once(bench):
    bench.quickbooks.switch(batch_size=3)
    ids = create_bills(bench, 4)
    bench.drain()
    assert (states(bench, ids), sent_batches(bench)) == (["posted"] * 4, ([ids], 4))
    assert (bench.company().batch_size, bench.company().batch_most) == (15, 25)


def test_postings_other_than_new_transactions_are_sent_singly(bench):
    (first, *_) = ids = create_bills(bench, 3)
    bench.drain()
    other = bench.change(first, "update", total="120.00")
    bench.attach(ids[1])
    names = [
        bench.plan(f"v{n}", "create", {"DisplayName": f"Vendor {n}"}, kind="vendor")
        for n in range(3)
    ]
    bench.drain()
    assert set(states(bench, [other, *names])) == {"posted"}
    assert len(bench.sent("batch")) == 1


def test_a_company_that_wants_single_requests_gets_them(bench):
    bench.set_sending_mode("single")
    ids = create_bills(bench, 3)
    assert (bench.drain().writes, states(bench, ids), bench.sent("batch")) == (
        3,
        ["posted"] * 3,
        [],
    )


def test_auto_sends_a_few_singly_and_more_together(bench):
    bench.set_sending_mode("auto")
    create_bills(bench, 5)
    assert bench.drain().writes == 5
    create_bills(bench, 6, first=6)
    assert bench.drain().writes == 1


def test_a_wave_of_batches_grows_with_good_answers_and_is_remembered(bench):
    bench.set_sending_mode("auto", size=10)
    create_bills(bench, 45)
    result = bench.drain()
    assert sorted(len(ids) for ids in sent_batches(bench)[0]) == [10, 10, 10, 15]
    assert (result.writes, bench.company().batch_size) == (4, 20)


def test_documents_too_large_for_one_request_are_sent_in_several(bench, monkeypatch):
    monkeypatch.setattr(
        batch_sizing, "MAX_BATCH_BYTES", 3 * len(json.dumps(bench.body("A-01"), default=str))
    )
    create_bills(bench, 9)
    bench.drain()
    assert sorted(len(ids) for ids in sent_batches(bench)[0]) == [3, 3, 3]


WELL = BatchResult(10, frozenset({"landed", "refused"}))
PACES = {
    "all well": (BatchSizer("auto", 10), [WELL, WELL], 15),
    "up to what quickbooks takes": (
        BatchSizer("auto", 28),
        [BatchResult(28, frozenset({"landed"}))],
        30,
    ),
    "none of them was full": (BatchSizer("auto", 15), [WELL], 15),
    "slow": (
        BatchSizer("auto", 10),
        [WELL, BatchResult(4, frozenset({"landed"}), seconds=25.0)],
        10,
    ),
    "a doubt": (BatchSizer("auto", 10), [WELL, BatchResult(10, frozenset({"landed", "doubt"}))], 5),
    "a pause": (BatchSizer("batch", 30), [BatchResult(30, frozenset({"throttled"}))], 15),
    "never less than one": (
        BatchSizer("batch", 1),
        [BatchResult(30, frozenset({"landed", "doubt"}))],
        1,
    ),
    "single ones went well": (BatchSizer("auto", 1), [BatchResult(30, frozenset({"landed"}))], 2),
    "no byte left": (BatchSizer("auto", 10), [BatchResult(10, frozenset({"unsent"}))], 10),
    "too many": (
        BatchSizer("auto", 15),
        [BatchResult(15, frozenset({"declined"}), too_many=True)],
        7,
    ),
}


@pytest.mark.parametrize(("sizer", "results", "size"), PACES.values(), ids=PACES)
def test_the_size_follows_the_answers(sizer, results, size):
    assert sizer.adjust(results).size == size


def test_the_limit_learned_from_too_many_items_stays():
    learnt = BatchSizer("auto", 15).adjust(
        [BatchResult(15, frozenset({"declined"}), too_many=True)]
    )
    assert learnt.adjust([BatchResult(30, frozenset({"landed"}))] * 9).max_size == 10


def test_the_choice_is_a_persons_and_audited(bench):
    batch_sizing.store_mode(bench.company_id, "auto", "kari")
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.who, entry.detail) == ("kari", {"before": "batch", "after": "auto"})
        audit_check.verify(session)
    with pytest.raises(Refused, match="Choose one of single, auto, batch"):
        batch_sizing.store_mode(bench.company_id, "always", "kari")


@pytest.mark.parametrize(("lag", "keys"), [(100, "own"), (600, "shared")])
@pytest.mark.parametrize("number", [None, "A"])
def test_a_lost_batch_is_not_posted_twice_while_the_index_is_behind(
    bench, quickbooks, lag, keys, number
):
    """Within the quiet time the search finds it; later the key of the item protects it."""
    quickbooks.control.company("POST", {"realm": quickbooks.realm, "warn_duplicate_bills": False})
    bench.quickbooks.switch(index_lag=lag, requestid_batch_keys=keys)
    ids = [bench.bill(f"A-{n}", DocNumber=number and f"{number}-{n}") for n in range(3)]
    bench.quickbooks.add_fault("lose_answer", "batch")
    bench.drain(wait_for_doubts=True)
    bench.clock.advance(1200)
    assert (states(bench, ids), len(bench.bills())) == (["posted"] * 3, 3)

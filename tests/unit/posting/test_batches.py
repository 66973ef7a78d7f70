"""Batches: composed before sending, one outcome for each item, single lookups in doubt."""

import json
from collections import defaultdict

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session
from hub.errors import Refused
from hub.models import Attempt, AuditEntry, ConnectedCompany, Posting
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.batch_sizing import BatchResult, BatchSizer
from hub.qbo.batch import MAX_KEY_LENGTH
from hub.qbo.client import Client
from hub.security import audit_check
from tests.support.posting_bench import Desk

POISON = {"VendorRef": {"value": "999"}}


@pytest.fixture
def desk(app, quickbooks, clock):
    desk = Desk(app, quickbooks, clock)
    desk.send_by("batch")
    return desk


def lay(desk, count, first=1):
    return [desk.bill(f"A-{n:02}") for n in range(first, first + count)]


def states(desk, ids):
    return [desk.state(id) for id in ids]


def numbers(desk):
    """Return the numbers of the bills in QuickBooks, in the order of their creation."""
    return [bill["DocNumber"] for bill in sorted(desk.bills(), key=lambda bill: int(bill["Id"]))]


def company(desk):
    with read_only_session() as session:
        return session.get_one(ConnectedCompany, desk.company_id)


def sent(desk):
    """Return the attempts of each batch in the order of their bIds, and the number of others."""
    batches, alone = defaultdict(list), 0
    with read_only_session() as session:
        for attempt in session.scalars(select(Attempt).order_by(Attempt.requestid)):
            batches[attempt.batch].append(attempt.posting_id)
    alone = len(batches.pop("", ()))
    return list(batches.values()), alone


def test_thirty_documents_are_one_request_in_their_order(desk, figure):
    ids = lay(desk, 30)
    result = desk.drain()
    assert states(desk, ids) == ["posted"] * 30
    assert (result.writes, len(desk.sent("bill.create")), sent(desk)) == (1, 0, ([ids], 0))
    assert numbers(desk) == [f"A-{n:02}" for n in range(1, 31)]
    figure("documents posted by one request", 30 / result.writes, 30)


def test_items_keys_and_bytes_of_a_batch_are_stored_before_the_first_byte_leaves(desk, monkeypatch):
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
    lay(desk, 12)
    desk.drain()
    assert (len(stored), stored) == (12, sent)
    assert all(len(key) <= MAX_KEY_LENGTH for key, *_ in stored)


def test_the_key_of_a_batch_depends_on_its_items_and_their_order():
    assert outbox.batch_id("ab") == outbox.batch_id(["a", "b"])
    assert (
        len(
            {
                outbox.batch_id("ab"),
                outbox.batch_id("ba"),
                outbox.batch_id("abc"),
                outbox.batch_id(["ab"]),
            }
        )
        == 4
    )


def test_one_poison_among_thirty_leaves_29_posted_and_one_held(desk, figure):
    ids = lay(desk, 13)
    ids.append(desk.bill("POISON", **POISON))
    ids += lay(desk, 16, first=14)
    result = desk.drain()
    assert states(desk, ids) == ["posted"] * 13 + ["held"] + ["posted"] * 16
    assert (result.writes, len(desk.cases())) == (1, 1)
    assert "999" in desk.posting(ids[13]).reason
    assert company(desk).batch_size == 30
    figure("neighbours of a refused document in one batch that were posted", len(numbers(desk)), 29)


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "truncate"])
def test_after_a_lost_answer_each_is_looked_for_and_the_absent_go_singly_under_a_new_key(
    desk, fault
):
    desk.quickbooks.add_fault(fault, "batch")
    ids = lay(desk, 4)
    desk.drain()
    assert states(desk, ids) == ["unknown"] * 4
    is_posted = len(desk.bills()) == 4
    desk.pass_time(200)
    desk.drain()
    assert states(desk, ids) == ["posted"] * 4
    assert (len(desk.bills()), len(desk.sent("batch"))) == (4, 1)
    assert sent(desk) == ([ids], 0 if is_posted else 4)
    assert {desk.posting(id).generation for id in ids} == {0 if is_posted else 1}
    assert {tuple(desk.proofs(id)) for id in ids} == {("present",) if is_posted else ("absent",)}


def test_a_batch_that_no_process_knows_the_end_of_is_looked_for_singly(desk, monkeypatch):
    def dies(self, items, requestid, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "batch", dies)
    ids = lay(desk, 4)
    with pytest.raises(KeyboardInterrupt):
        desk.drain()
    monkeypatch.undo()
    desk.restart()
    desk.drain(wait_for_doubts=True)
    assert (states(desk, ids), len(desk.bills()), sent(desk)) == (["posted"] * 4, 4, ([ids], 4))


@pytest.mark.parametrize("fault", ["bid_missing", "bid_twice"])
def test_only_an_item_that_is_missing_or_repeated_in_the_answer_is_in_doubt(desk, fault):
    desk.quickbooks.add_fault(fault, "batch")
    ids = lay(desk, 3)
    desk.drain()
    assert states(desk, ids) == ["posted"] * 2 + ["unknown"]
    desk.drain(wait_for_doubts=True)
    assert (states(desk, ids), len(desk.bills())) == (["posted"] * 3, 3)
    assert company(desk).batch_size == 15


@pytest.mark.parametrize("fault", ["bid_foreign", "bid_reversed"])
def test_an_answer_is_assigned_by_its_bid_alone(desk, fault):
    desk.quickbooks.add_fault(fault, "batch")
    ids = lay(desk, 3)
    desk.drain()
    ids_by_number = {bill["DocNumber"]: bill["Id"] for bill in desk.bills()}
    assert [desk.posting(id).quickbooks_id for id in ids] == [
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


def test_an_item_that_failed_inside_quickbooks_is_in_doubt_alone(desk, monkeypatch):
    fault = {
        "Fault": {
            "Error": [{"code": "10000", "Message": "System Failure Error"}],
            "type": "SystemFault",
        }
    }
    change_answer(monkeypatch, lambda items: items.__setitem__(1, {**fault, "bId": "01"}))
    ids = lay(desk, 3)
    desk.drain()
    assert states(desk, ids) == ["posted", "unknown", "posted"]
    desk.drain(wait_for_doubts=True)
    assert (states(desk, ids), len(desk.bills())) == (["posted"] * 3, 3)


def test_two_items_whose_answers_are_mixed_up_are_looked_for(desk, monkeypatch):
    def mix(items):
        items[0]["bId"], items[1]["bId"] = items[1]["bId"], items[0]["bId"]

    change_answer(monkeypatch, mix)
    ids = lay(desk, 3)
    desk.drain()
    assert states(desk, ids) == ["unknown", "unknown", "posted"]
    desk.drain(wait_for_doubts=True)
    ids_by_number = {bill["DocNumber"]: bill["Id"] for bill in desk.bills()}
    assert [desk.posting(id).quickbooks_id for id in ids] == [
        ids_by_number[f"A-{n:02}"] for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("status", [429, 401])
def test_a_batch_that_is_not_let_in_was_not_sent(desk, status):
    desk.quickbooks.add_fault("status", "batch", status=status)
    ids = lay(desk, 3)
    desk.drain(wait_for_doubts=True)
    assert (states(desk, ids), len(desk.bills()), sent(desk)[1]) == (["posted"] * 3, 3, 0)
    assert {desk.posting(id).generation for id in ids} == {0}


def test_a_batch_that_is_refused_whole_holds_nobody_and_goes_singly_at_once(desk):
    desk.quickbooks.switch(batch_size=3)
    ids = lay(desk, 4)
    desk.drain()
    assert (states(desk, ids), sent(desk)) == (["posted"] * 4, ([ids], 4))
    assert (company(desk).batch_size, company(desk).batch_most) == (15, 25)


def test_postings_other_than_new_transactions_are_sent_singly(desk):
    (first, *_) = ids = lay(desk, 3)
    desk.drain()
    other = desk.change(first, "update", total="120.00")
    desk.attach(ids[1])
    names = [
        desk.plan(f"v{n}", "create", {"DisplayName": f"Vendor {n}"}, kind="vendor")
        for n in range(3)
    ]
    desk.drain()
    assert set(states(desk, [other, *names])) == {"posted"}
    assert len(desk.sent("batch")) == 1


def test_a_company_that_wants_single_requests_gets_them(desk):
    desk.send_by("single")
    ids = lay(desk, 3)
    assert (desk.drain().writes, states(desk, ids), desk.sent("batch")) == (3, ["posted"] * 3, [])


def test_auto_sends_a_few_singly_and_more_together(desk):
    desk.send_by("auto")
    lay(desk, 5)
    assert desk.drain().writes == 5
    lay(desk, 6, first=6)
    assert desk.drain().writes == 1


def test_a_wave_of_batches_grows_with_good_answers_and_is_remembered(desk):
    desk.send_by("auto", size=10)
    lay(desk, 45)
    result = desk.drain()
    assert sorted(len(ids) for ids in sent(desk)[0]) == [10, 10, 10, 15]
    assert (result.writes, company(desk).batch_size) == (4, 20)


def test_documents_too_large_for_one_request_are_sent_in_several(desk, monkeypatch):
    monkeypatch.setattr(
        batch_sizing, "MAX_BATCH_BYTES", 3 * len(json.dumps(desk.body("A-01"), default=str))
    )
    lay(desk, 9)
    desk.drain()
    assert sorted(len(ids) for ids in sent(desk)[0]) == [3, 3, 3]


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


def test_the_choice_is_a_persons_and_audited(desk):
    batch_sizing.store_mode(desk.company_id, "auto", "kari")
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.who, entry.detail) == ("kari", {"before": "batch", "after": "auto"})
        audit_check.verify(session)
    with pytest.raises(Refused, match="Choose single, auto, batch"):
        batch_sizing.store_mode(desk.company_id, "always", "kari")

"""Sending everything that is ready: each document is in QuickBooks once afterwards."""

import json
from dataclasses import replace

import pytest

from hub.qbo import transport
from hub.qbo.client import MAX_READ_ATTEMPTS


def test_a_bill_is_posted_and_known_as_quickbooks_answered(bench):
    id = bench.bill("A-1")
    result = bench.drain()
    posting = bench.posting(id)
    assert (posting.state, posting.quickbooks_id) == ("posted", bench.bills()[0]["Id"])
    assert result.counts == {"posted": 1}
    assert result.writes == 1


def test_many_are_sent_with_one_write_each_and_no_read_in_steady_state(bench):
    for n in range(3):
        bench.bill(f"W-{n}")
    bench.drain()
    for n in range(25):
        bench.bill(f"A-{n}")
    result = bench.drain()
    assert (result.counts["posted"], result.writes, result.reads) == (25, 25, 0)
    assert len({bill["DocNumber"] for bill in bench.bills()}) == len(bench.bills()) == 28


def test_a_second_drain_sends_nothing(bench):
    bench.bill()
    bench.drain()
    assert bench.drain().writes == 0


@pytest.mark.parametrize("kind", ["lose_answer", "truncate", "wrong_type", "reset"])
def test_a_lost_answer_is_found_again_and_nothing_is_sent_twice(bench, kind):
    bench.quickbooks.add_fault(kind, "bill.create")
    id = bench.bill()
    assert bench.drain(wait_for_doubts=True).in_doubt == 0
    assert (bench.state(id), len(bench.bills()), len(bench.sent("bill.create"))) == ("posted", 1, 1)


def answer_write_with(monkeypatch, bill):
    """Let the next bill be written, but answer with this one."""
    send = transport.send

    def send_and_swap(request, **options):
        response = send(request, **options)
        if "/bill?" not in request.url:
            return response
        monkeypatch.undo()
        return replace(response, body=json.dumps({"Bill": bill}, default=str).encode())

    monkeypatch.setattr(transport, "send", send_and_swap)


@pytest.mark.parametrize("has_marker", [True, False])
@pytest.mark.parametrize("operation", ["create", "update"])
def test_an_answer_that_shows_another_document_is_not_believed(
    bench, monkeypatch, operation, has_marker
):
    """A proxy may deliver the answer to another request."""
    first = bench.bill("A-1")
    bench.drain()
    other = dict(bench.bills()[0])
    if not has_marker:
        del other["PrivateNote"]
    id = bench.bill("A-2")
    if operation == "update":
        bench.drain()
        other["Id"] = bench.posting(id).quickbooks_id
        id = bench.change(id, PrivateNote=bench.body("A-2")["PrivateNote"])
    answer_write_with(monkeypatch, other)
    bench.drain(wait_for_doubts=True)
    ids_by_number = {bill["DocNumber"]: bill["Id"] for bill in bench.bills()}
    assert bench.posting(first).quickbooks_id == ids_by_number["A-1"]
    assert bench.posting(id).quickbooks_id == ids_by_number["A-2"]
    assert len(bench.bills()) == 2
    assert (bench.state(first), bench.state(id), bench.cases()) == ("posted", "posted", [])


@pytest.mark.parametrize("kind", ["lose_request", "refuse"])
def test_a_request_that_never_arrived_is_sent_again(bench, kind):
    bench.quickbooks.add_fault(kind, "bill.create")
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    bench.pass_time(60)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("fault", ["status", "internal", "system_failure", "business"])
def test_a_bill_is_posted_once_after_any_failure(bench, fault, commit):
    bench.quickbooks.add_fault(fault, "bill.create", commit=commit)
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


def test_a_refusal_holds_it_with_a_case_and_the_others_go_on(bench):
    bad, good = bench.bill("A-1", vendor="99999"), bench.bill("A-2")
    result = bench.drain(wait_for_doubts=True)
    assert (bench.state(bad), bench.state(good), result.in_doubt) == ("held", "posted", 0)
    assert (bench.posting(bad).held_by, bench.posting(bad).rekey) == ("quickbooks", True)
    assert bench.cases() == ["Refused by QuickBooks"]


def test_before_the_quiet_time_is_over_nothing_is_looked_for_or_sent(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.pass_time(179)
    result = bench.drain()
    assert (bench.state(id), result.in_doubt, result.writes) == ("unknown", 1, 0)
    bench.pass_time(1)
    bench.drain()
    assert bench.state(id) == "posted"


def test_a_late_commit_is_waited_for(bench):
    bench.quickbooks.add_fault("commit_late", "bill.create", seconds=110)
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), len(bench.sent("bill.create"))) == ("posted", 1, 1)


def test_a_doubt_of_a_process_that_died_waits_longer(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.restart()
    bench.pass_time(200)
    bench.drain()
    assert bench.state(id) == "unknown"
    bench.pass_time(90)
    bench.drain()
    assert bench.state(id) == "posted"


def test_an_answer_that_cannot_be_read_is_posted_and_shown_and_stops_no_other(bench, monkeypatch):
    from hub import payloads

    summarize = payloads.summarize

    def odd(kind, entity, home=""):
        if entity.get("Id") and entity["DocNumber"] == "A-1":
            raise ValueError("no number")
        return summarize(kind, entity, home)

    monkeypatch.setattr(payloads, "summarize", odd)
    ids = [bench.bill(f"A-{n}") for n in range(3)]
    bench.drain()
    assert ([bench.state(id) for id in ids], bench.cases()) == (
        ["posted"] * 3,
        ["Posted but differs"],
    )


def test_one_poison_bill_among_thirty_leaves_the_others_posted(bench):
    ids = [bench.bill(f"A-{n}", vendor="99999" if n == 17 else "1") for n in range(30)]
    bench.drain()
    assert [bench.state(id) for id in ids].count("posted") == 29
    assert bench.state(ids[17]) == "held"


def test_a_busy_quickbooks_is_waited_for_until_nothing_is_left(bench):
    bench.quickbooks.switch(throttle=True)
    ids = [bench.bill(f"A-{n}") for n in range(40)]
    bench.drain(wait_for_doubts=True)
    assert {bench.state(id) for id in ids} == {"posted"}


def test_a_doubt_is_looked_up_again_while_the_run_waits(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.quickbooks.add_fault("status", "query.bill", status=503, count=3 * MAX_READ_ATTEMPTS)
    assert bench.drain(wait_for_doubts=True).in_doubt == 0
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)

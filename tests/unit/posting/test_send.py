"""Sending everything that is ready: each document is in QuickBooks once afterwards."""

import pytest

from hub.qbo.client import MAX_READ_ATTEMPTS


def test_a_bill_is_posted_and_known_as_quickbooks_answered(desk):
    id = desk.bill("A-1")
    result = desk.drain()
    posting = desk.posting(id)
    assert (posting.state, posting.quickbooks_id) == ("posted", desk.bills()[0]["Id"])
    assert result.counts == {"posted": 1}
    assert result.writes == 1


def test_many_are_sent_with_one_write_each_and_no_read_in_steady_state(desk):
    for n in range(3):
        desk.bill(f"W-{n}")
    desk.drain()
    for n in range(25):
        desk.bill(f"A-{n}")
    result = desk.drain()
    assert (result.counts["posted"], result.writes, result.reads) == (25, 25, 0)
    assert len({bill["DocNumber"] for bill in desk.bills()}) == len(desk.bills()) == 28


def test_a_second_drain_sends_nothing(desk):
    desk.bill()
    desk.drain()
    assert desk.drain().writes == 0


@pytest.mark.parametrize("kind", ["lose_answer", "truncate", "wrong_type", "reset"])
def test_a_lost_answer_is_found_again_and_nothing_is_sent_twice(desk, kind):
    desk.quickbooks.add_fault(kind, "bill.create")
    id = desk.bill()
    assert desk.drain(wait_for_doubts=True).in_doubt == 0
    assert (desk.state(id), len(desk.bills()), len(desk.sent("bill.create"))) == ("posted", 1, 1)


@pytest.mark.parametrize("kind", ["lose_request", "refuse"])
def test_a_request_that_never_arrived_is_sent_again(desk, kind):
    desk.quickbooks.add_fault(kind, "bill.create")
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    desk.pass_time(60)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("fault", ["status", "internal", "system_failure", "business"])
def test_a_bill_is_posted_once_whatever_a_failure_did(desk, fault, commit):
    desk.quickbooks.add_fault(fault, "bill.create", commit=commit)
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


def test_a_refusal_holds_it_with_a_case_and_the_others_go_on(desk):
    bad, good = desk.bill("A-1", vendor="99999"), desk.bill("A-2")
    result = desk.drain(wait_for_doubts=True)
    assert (desk.state(bad), desk.state(good), result.in_doubt) == ("held", "posted", 0)
    assert (desk.posting(bad).held_by, desk.posting(bad).rekey) == ("quickbooks", True)
    assert desk.cases() == ["Refused by QuickBooks"]


def test_before_the_quiet_time_is_over_nothing_is_looked_for_or_sent(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.pass_time(179)
    result = desk.drain()
    assert (desk.state(id), result.in_doubt, result.writes) == ("unknown", 1, 0)
    desk.pass_time(1)
    desk.drain()
    assert desk.state(id) == "posted"


def test_a_late_commit_is_waited_for(desk):
    desk.quickbooks.add_fault("commit_late", "bill.create", seconds=110)
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills()), len(desk.sent("bill.create"))) == ("posted", 1, 1)


def test_a_doubt_of_a_process_that_died_waits_longer(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.restart()
    desk.pass_time(200)
    desk.drain()
    assert desk.state(id) == "unknown"
    desk.pass_time(90)
    desk.drain()
    assert desk.state(id) == "posted"


def test_an_answer_that_cannot_be_read_is_posted_and_shown_and_stops_no_other(desk, monkeypatch):
    from hub.qbo import payloads

    summarize = payloads.summarize

    def odd(kind, entity, home=""):
        if entity.get("Id") and entity["DocNumber"] == "A-1":
            raise ValueError("no number")
        return summarize(kind, entity, home)

    monkeypatch.setattr(payloads, "summarize", odd)
    ids = [desk.bill(f"A-{n}") for n in range(3)]
    desk.drain()
    assert ([desk.state(id) for id in ids], desk.cases()) == (
        ["posted"] * 3,
        ["Posted but differs"],
    )


def test_one_poison_bill_among_thirty_leaves_the_others_posted(desk):
    ids = [desk.bill(f"A-{n}", vendor="99999" if n == 17 else "1") for n in range(30)]
    desk.drain()
    assert [desk.state(id) for id in ids].count("posted") == 29
    assert desk.state(ids[17]) == "held"


def test_a_busy_quickbooks_is_waited_for_until_nothing_is_left(desk):
    desk.quickbooks.switch(throttle=True)
    ids = [desk.bill(f"A-{n}") for n in range(40)]
    desk.drain(wait_for_doubts=True)
    assert {desk.state(id) for id in ids} == {"posted"}


def test_a_doubt_is_looked_up_again_while_the_run_waits(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.quickbooks.add_fault("status", "query.bill", status=503, count=3 * MAX_READ_ATTEMPTS)
    assert desk.drain(wait_for_doubts=True).in_doubt == 0
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)

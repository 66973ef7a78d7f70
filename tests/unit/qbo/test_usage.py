"""Usage that Intuit meters: reads by day, and the remaining quota."""

import threading

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.models import ConnectedCompany, ReadDay
from hub.payloads import encode
from hub.qbo import usage
from hub.qbo.client import MAX_READ_ATTEMPTS, Client


def reads() -> usage.Reads:
    with engine.read_only_session() as session:
        return usage.count_reads(session, 1)


@pytest.fixture
def reads_before(quickbooks) -> usage.Reads:
    """Return the reads that connecting and loading the lists took."""
    return reads()


def test_each_read_is_counted_and_no_write(reads_before):
    client = Client(1)
    client.query("SELECT * FROM Bill")
    client.create("vendor", encode({"DisplayName": "New"}), "a" * 32)
    assert reads().today == reads_before.today + client.reads == reads_before.today + 1


def test_every_day_has_a_count_of_its_own_and_the_month_their_sum(reads_before, clock):
    clock.advance(24 * 3600)
    Client(1).company_info()
    assert (reads().today, reads().month) == (1, reads_before.month + 1)
    clock.advance(30 * 24 * 3600)
    assert reads() == usage.Reads(0, 0)


def test_reads_of_several_threads_are_all_counted(app, reads_before):
    def work() -> None:
        with app.app_context():
            for _ in range(5):
                usage.count_read(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads().today == reads_before.today + 20


def test_reads_without_an_answer_are_counted_and_unsent_ones_are_not(quickbooks, reads_before):
    quickbooks.add_fault("lose_answer", "bill.read", count=0)
    Client(1).read("bill", "1")
    assert reads().today == reads_before.today + MAX_READ_ATTEMPTS
    quickbooks.faults.clear()
    quickbooks.add_fault("refuse", "bill.read")
    Client(1).read("bill", "1")
    assert reads().today == reads_before.today + MAX_READ_ATTEMPTS


def test_reads_are_counted_on_both_databases(either_app, clock):
    with engine.transaction() as session:
        session.add(ConnectedCompany(id=1, realm="1", connected_at=clock.now()))
    usage.count_read(1)
    usage.count_read(1)
    with engine.read_only_session() as session:
        assert session.scalars(select(ReadDay.count)).all() == [2]


def test_the_room_is_that_of_the_company(quickbooks):
    with engine.read_only_session() as session:
        company = session.get_one(ConnectedCompany, 1)
    room = usage.compute_remaining_budget(company)
    Client(1).company_info()
    assert usage.compute_remaining_budget(company).requests == room.requests - 1

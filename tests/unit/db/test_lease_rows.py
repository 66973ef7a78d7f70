"""Leases as rows: one holder among all machines, and a successor for one that has died."""

import threading

import pytest
from sqlalchemy import text

from hub.db import lease_rows
from hub.db.engine import db, transaction
from hub.errors import Busy, DatabaseUnavailable, LeaseLost
from hub.scheduling import leases
from hub.scheduling.leases import lease
from tests.support.distributed_processes import (
    LEASE,
    MARGIN,
    age_heartbeats,
    end_sessions,
    session_count,
)


@pytest.fixture
def one(make_process):
    return make_process("one")


@pytest.fixture
def two(make_process):
    return make_process("two")


def take(app, name="company-1"):
    with app.app_context():
        return leases.take(name)


def fence_of(app, name="company-1"):
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(
            text("SELECT holder, fence FROM lease WHERE name = :name"), {"name": name}
        ).one()


def renew(app):
    with app.app_context():
        lease_rows.process_leases().renew()


def test_one_process_and_thread_holds_it_at_a_time(one, two):
    first_lease = take(one)
    assert (take(two), take(one)) == (None, None)
    assert take(two, "company-2") is not None
    with one.app_context():
        first_lease.release()
    assert take(two) is not None


def test_each_holder_gets_a_higher_fence(one, two):
    first = take(one)
    with one.app_context():
        first.release()
    second = take(two)
    assert second.fence == first.fence + 1
    assert fence_of(one) == (two.extensions["hub"].process, second.fence)


def test_a_holder_with_an_old_heartbeat_is_replaced_and_one_with_a_younger_one_is_not(one, two):
    take(one)
    age_heartbeats(two, LEASE - MARGIN)
    assert take(two) is None
    age_heartbeats(two, 2 * MARGIN)
    assert take(two).fence == 2


def test_the_successor_ends_the_sessions_of_the_holder_and_only_those(one, two, make_process):
    third = make_process("three")
    take(one)
    take(third, "company-3")
    with one.app_context(), db.engine.connect() as open_transaction:
        open_transaction.execute(text("SELECT * FROM lease FOR UPDATE"))
        with two.app_context(), db.engine.connect():
            age_of_one = text(
                "UPDATE lease SET heartbeat_at = heartbeat_at - interval '10 d' WHERE name = :name"
            )
            assert session_count(two, of=one) == 2
            open_transaction.rollback()
            open_transaction.execute(age_of_one, {"name": "company-1"})
            open_transaction.commit()
            open_transaction.execute(text("SELECT * FROM lease FOR UPDATE"))
        assert take(two) is not None, "an open transaction of the holder blocks nobody"
        assert session_count(two, of=one) == 0
        assert session_count(two, of=third) == 1
        open_transaction.invalidate()


def test_a_heartbeat_renews_all_leases_and_notices_those_that_were_taken(one, two):
    lost_lease, renewed_lease = take(one, "company-1"), take(one, "company-2")
    age_heartbeats(two, LEASE + MARGIN)
    assert take(two, "company-1") is not None
    with one.app_context():
        with pytest.raises(DatabaseUnavailable):
            lease_rows.process_leases().renew()  # its session was ended
        lease_rows.process_leases().renew()
    assert (lost_lease.is_lost, renewed_lease.is_lost) == (True, False)
    assert take(two, "company-2") is None


def test_work_whose_lease_was_taken_ends_at_its_next_step(one, two):
    with one.app_context(), lease("company-1", "The company"):
        leases.require()
        age_heartbeats(two, LEASE + MARGIN)
        assert take(two) is not None
        with pytest.raises(DatabaseUnavailable):
            leases.require()
        with pytest.raises(LeaseLost, match="Another process took over the lease company-1"):
            leases.require()
    assert fence_of(two) == (two.extensions["hub"].process, 2), "the loser releases nothing"


def test_nothing_is_claimed_under_a_lease_that_was_taken(one, two):
    with one.app_context(), lease("company-1", "The company"):
        with transaction() as session:
            lease_rows.confirm_all(session)
        age_heartbeats(two, LEASE + MARGIN)
        assert take(two) is not None
        db.engine.dispose()
        with pytest.raises(LeaseLost), transaction() as session:
            lease_rows.confirm_all(session)


def test_other_threads_do_not_work_under_the_lease_of_this_one(one, two):
    errors = []

    def work():
        with one.app_context():
            try:
                leases.require()
            except LeaseLost as error:
                errors.append(error)

    with one.app_context(), lease("company-1", "The company"):
        age_heartbeats(two, LEASE + MARGIN)
        take(two)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert errors == []


def test_a_lease_outlives_a_restart_of_the_server(one, two):
    first_lease = take(one)
    end_sessions(two, of=one)
    with pytest.raises(DatabaseUnavailable):
        renew(one)
    renew(one)
    age_heartbeats(two, LEASE - MARGIN)
    assert take(two) is None
    with one.app_context():
        first_lease.release()
    assert take(two).fence == 2


def test_a_lease_that_could_not_be_released_is_released_by_the_next_heartbeat(one, two):
    first_lease = take(one)
    end_sessions(two, of=one)
    with one.app_context():
        first_lease.release()  # over a connection that is gone
    assert take(two) is None
    renew(one)
    assert take(two) is not None


def test_a_lease_that_could_not_be_released_may_be_taken_again_by_its_process(one, two):
    first_lease = take(one)
    end_sessions(two, of=one)
    with one.app_context():
        first_lease.release()
    assert take(one).fence == 2
    renew(one)
    assert take(two) is None


def test_a_waiting_process_gets_the_lease_when_it_is_released(one, two, clock):
    first_lease = take(one)

    def release(now):
        with one.app_context():
            first_lease.release()

    clock.followers.append(lambda now: release(now) if len(clock.slept) > 3 else None)
    messages = []
    with two.app_context():
        with pytest.raises(Busy), lease("company-1", "The company"):
            pass
        with lease("company-1", "The company", wait=True, on_wait=messages.append):
            assert take(one) is None
    assert len(messages) == 1


def test_the_names_that_are_held_leave_out_the_released_and_the_expired(one, two):
    take(one, "company-1")
    age_heartbeats(two, LEASE + MARGIN)
    take(one, "company-2")
    released = take(two, "company-3")
    with two.app_context():
        released.release()
        assert lease_rows.process_leases().held_names() == {"company-2"}


def test_a_thread_renews_the_heartbeats_while_a_lease_is_held(one, two, monkeypatch):
    renewed = threading.Event()
    with one.app_context():
        rows = lease_rows.process_leases()
    monkeypatch.setattr(type(rows), "heartbeat_seconds", 0.01)
    monkeypatch.setattr(rows, "renew", renewed.set)
    first_lease = take(one)
    assert renewed.wait(60)
    thread = rows._thread
    with one.app_context():
        first_lease.release()
    thread.join(60)
    assert not thread.is_alive()

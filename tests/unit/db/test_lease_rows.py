"""Leases as rows: one holder among all machines, and a successor for one that has died."""

import threading

import pytest
from sqlalchemy import text

from hub.db import lease_rows
from hub.db.engine import db, transaction
from hub.errors import Busy, DatabaseUnavailable, LeaseLost
from hub.scheduling import leases
from hub.scheduling.leases import lease
from tests.support.processes.distributed_processes import (
    LEASE,
    LEASE_MARGIN_SECONDS,
    age_heartbeats,
    end_sessions,
    session_count,
)


@pytest.fixture
def first_hub(make_process):
    return make_process("one")


@pytest.fixture
def second_hub(make_process):
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


def test_one_process_and_thread_holds_a_lease_at_a_time(first_hub, second_hub):
    first_lease = take(first_hub)
    assert (take(second_hub), take(first_hub)) == (None, None)
    assert take(second_hub, "company-2") is not None
    with first_hub.app_context():
        first_lease.release()
    assert take(second_hub) is not None


def test_each_holder_gets_a_higher_fence(first_hub, second_hub):
    first = take(first_hub)
    with first_hub.app_context():
        first.release()
    second = take(second_hub)
    assert second.fence == first.fence + 1
    assert fence_of(first_hub) == (second_hub.extensions["hub"].process, second.fence)


def test_a_holder_with_an_old_heartbeat_is_replaced_and_one_with_a_younger_one_is_not(
    first_hub, second_hub
):
    take(first_hub)
    age_heartbeats(second_hub, LEASE - LEASE_MARGIN_SECONDS)
    assert take(second_hub) is None
    age_heartbeats(second_hub, 2 * LEASE_MARGIN_SECONDS)
    assert take(second_hub).fence == 2


def test_the_successor_ends_the_sessions_of_the_holder_and_only_those(
    first_hub, second_hub, make_process
):
    third = make_process("three")
    take(first_hub)
    take(third, "company-3")
    with first_hub.app_context(), db.engine.connect() as open_transaction:
        open_transaction.execute(text("SELECT * FROM lease FOR UPDATE"))
        with second_hub.app_context(), db.engine.connect():
            age_of_one = text(
                "UPDATE lease SET heartbeat_at = heartbeat_at - interval '10 d' WHERE name = :name"
            )
            assert session_count(second_hub, of=first_hub) == 2
            open_transaction.rollback()
            open_transaction.execute(age_of_one, {"name": "company-1"})
            open_transaction.commit()
            open_transaction.execute(text("SELECT * FROM lease FOR UPDATE"))
        assert take(second_hub) is not None, "an open transaction of the holder blocks nobody"
        assert session_count(second_hub, of=first_hub) == 0
        assert session_count(second_hub, of=third) == 1
        open_transaction.invalidate()


def test_a_heartbeat_renews_all_leases_and_notices_those_that_were_taken(first_hub, second_hub):
    lost_lease, renewed_lease = take(first_hub, "company-1"), take(first_hub, "company-2")
    age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
    assert take(second_hub, "company-1") is not None
    with first_hub.app_context():
        with pytest.raises(DatabaseUnavailable):
            lease_rows.process_leases().renew()  # its session was ended
        lease_rows.process_leases().renew()
    assert (lost_lease.is_lost, renewed_lease.is_lost) == (True, False)
    assert take(second_hub, "company-2") is None


def test_a_lease_that_is_released_during_a_heartbeat_was_not_lost(first_hub, monkeypatch, caplog):
    lease_of_run = take(first_hub)
    coordination_of = lease_rows.process_coordination

    def release_first():
        monkeypatch.setattr(lease_rows, "process_coordination", coordination_of)
        lease_of_run.release()
        return coordination_of()

    monkeypatch.setattr(lease_rows, "process_coordination", release_first)
    renew(first_hub)
    assert (lease_of_run.is_lost, "was taken by another one" in caplog.text) == (False, False)


def test_work_whose_lease_was_taken_ends_at_its_next_step(first_hub, second_hub):
    with first_hub.app_context(), lease("company-1", "The company"):
        leases.require()
        age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
        assert take(second_hub) is not None
        with pytest.raises(DatabaseUnavailable):
            leases.require()
        with pytest.raises(LeaseLost, match="Another process took over the lease company-1"):
            leases.require()
    assert fence_of(second_hub) == (second_hub.extensions["hub"].process, 2), (
        "the loser releases nothing"
    )


def test_nothing_is_claimed_under_a_lease_that_was_taken(first_hub, second_hub):
    with first_hub.app_context(), lease("company-1", "The company"):
        with transaction() as session:
            lease_rows.confirm_all(session)
        age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
        assert take(second_hub) is not None
        db.engine.dispose()
        with pytest.raises(LeaseLost), transaction() as session:
            lease_rows.confirm_all(session)


def test_other_threads_do_not_work_under_the_lease_of_this_one(first_hub, second_hub):
    errors = []

    def work():
        with first_hub.app_context():
            try:
                leases.require()
            except LeaseLost as error:
                errors.append(error)

    with first_hub.app_context(), lease("company-1", "The company"):
        age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
        take(second_hub)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert errors == []


def test_a_lease_outlives_a_restart_of_the_server(first_hub, second_hub):
    first_lease = take(first_hub)
    end_sessions(second_hub, of=first_hub)
    with pytest.raises(DatabaseUnavailable):
        renew(first_hub)
    renew(first_hub)
    age_heartbeats(second_hub, LEASE - LEASE_MARGIN_SECONDS)
    assert take(second_hub) is None
    with first_hub.app_context():
        first_lease.release()
    assert take(second_hub).fence == 2


def test_a_lease_that_could_not_be_released_is_released_by_the_next_heartbeat(
    first_hub, second_hub
):
    first_lease = take(first_hub)
    end_sessions(second_hub, of=first_hub)
    with first_hub.app_context():
        first_lease.release()  # over a connection that is gone
    assert take(second_hub) is None
    renew(first_hub)
    assert take(second_hub) is not None


def test_a_lease_that_could_not_be_released_may_be_taken_again_by_its_process(
    first_hub, second_hub
):
    first_lease = take(first_hub)
    end_sessions(second_hub, of=first_hub)
    with first_hub.app_context():
        first_lease.release()
    assert take(first_hub).fence == 2
    renew(first_hub)
    assert take(second_hub) is None


def test_a_release_that_fails_while_an_earlier_one_is_repeated_is_repeated_too(
    first_hub, second_hub, monkeypatch
):
    first_lease = take(first_hub)
    end_sessions(second_hub, of=first_hub)
    with first_hub.app_context():
        first_lease.release()
        leases = lease_rows.process_leases()
    release_row = leases._release_row

    def release_after_a_later_lease(lease):
        monkeypatch.setattr(leases, "_release_row", release_row)
        later_lease = leases.take(lease.name)
        end_sessions(second_hub, of=first_hub)
        later_lease.release()
        release_row(lease)

    monkeypatch.setattr(leases, "_release_row", release_after_a_later_lease)
    renew(first_hub)
    assert take(second_hub) is None
    renew(first_hub)
    assert take(second_hub) is not None


def test_a_waiting_process_gets_the_lease_when_it_is_released(first_hub, second_hub, clock):
    first_lease = take(first_hub)

    def release(now):
        with first_hub.app_context():
            first_lease.release()

    clock.followers.append(lambda now: release(now) if len(clock.slept) > 3 else None)
    messages = []
    with second_hub.app_context():
        with pytest.raises(Busy), lease("company-1", "The company"):
            pass
        with lease("company-1", "The company", wait=True, on_wait=messages.append):
            assert take(first_hub) is None
    assert len(messages) == 1


def test_the_names_that_are_held_leave_out_the_released_and_the_expired(first_hub, second_hub):
    take(first_hub, "company-1")
    age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
    take(first_hub, "company-2")
    released = take(second_hub, "company-3")
    with second_hub.app_context():
        released.release()
        assert lease_rows.process_leases().held_names() == {"company-2"}


def test_a_thread_renews_the_heartbeats_while_a_lease_is_held(first_hub, second_hub, monkeypatch):
    renewed = threading.Event()
    with first_hub.app_context():
        rows = lease_rows.process_leases()
    monkeypatch.setattr(type(rows), "heartbeat_seconds", 0.01)
    monkeypatch.setattr(rows, "renew", renewed.set)
    first_lease = take(first_hub)
    assert renewed.wait(60)
    thread = rows._thread
    with first_hub.app_context():
        first_lease.release()
    thread.join(60)
    assert not thread.is_alive()

"""The coordination connection: advisory locks of several processes, and lost connections."""

import threading

import pytest
from sqlalchemy import text

from hub.db import coordination
from hub.db.engine import db
from hub.errors import Busy, DatabaseUnavailable
from tests.support.distributed_processes import end_sessions


@pytest.fixture
def one(make_process):
    return make_process("one")


@pytest.fixture
def two(make_process):
    return make_process("two")


def try_lock(app, name="clock"):
    with app.app_context():
        return coordination.process_coordination().try_lock(name)


def unlock(app, lock):
    with app.app_context():
        coordination.process_coordination().unlock(lock)


def holds(app, name="clock"):
    with app.app_context():
        return coordination.process_coordination().holds(name)


def test_a_lock_has_one_holder_among_all_processes_and_threads(one, two):
    lock = try_lock(one)
    assert lock
    assert (try_lock(two), try_lock(one)) == (None, None)
    assert try_lock(two, "another")
    unlock(one, lock)
    assert try_lock(two)


def test_a_lock_of_another_process_is_not_released_by_unlocking(one, two):
    lock = try_lock(one)
    unlock(two, lock)
    with two.app_context():
        coordination.process_coordination().unlock_name("clock")
    assert not try_lock(two)


def test_a_lost_connection_loses_its_locks_and_is_opened_again(one, two):
    assert try_lock(one)
    assert end_sessions(two, of=one)
    with pytest.raises(DatabaseUnavailable):
        holds(one)
    assert not holds(one)
    assert try_lock(two)
    assert not try_lock(one)


def test_unlocking_what_was_lost_is_no_error(one, two):
    lock = try_lock(one)
    end_sessions(two, of=one)
    unlock(one, lock)
    assert try_lock(two)


def test_unlocking_what_was_lost_leaves_the_next_holder_its_lock(one, two):
    """The next holder is another thread of the same process."""
    lost = try_lock(one)
    end_sessions(two, of=one)
    with pytest.raises(DatabaseUnavailable):
        holds(one)
    assert try_lock(one)
    unlock(one, lost)
    assert holds(one)
    assert not try_lock(two)


def test_all_connections_of_a_process_bear_its_name(one, two):
    with one.app_context(), db.engine.connect(), coordination.connection() as connection:
        connection.execute(text("SELECT 1"))
        assert end_sessions(two, of=one) == 2


def test_a_waiting_process_gets_the_lock_when_it_is_free(one, two, clock):
    lock = try_lock(one)
    clock.followers.append(lambda now: unlock(one, lock) if len(clock.slept) > 3 else None)
    with two.app_context(), coordination.advisory_lock("clock", "The clock", 60):
        assert not try_lock(one)
    assert try_lock(one)


def test_waiting_too_long_for_a_lock_raises_busy_with_its_name(one, two):
    assert try_lock(one)
    with (
        two.app_context(),
        pytest.raises(Busy, match="The clock"),
        coordination.advisory_lock("clock", "The clock", 60),
    ):
        pass


def test_threads_use_the_connection_one_after_the_other(one):
    order = []

    def use(number):
        with one.app_context(), coordination.connection() as connection:
            order.append(number)
            connection.execute(text("SELECT 1"))
            order.append(number)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[::2] == order[1::2]
    assert sorted(set(order)) == list(range(8))

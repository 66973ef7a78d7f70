"""The coordination connection: advisory locks of several processes, and lost connections."""

import threading

import pytest
from sqlalchemy import text

from hub.db import coordination
from hub.db.engine import db
from hub.errors import Busy, DatabaseUnavailable
from hub.scheduling import folder_lock
from tests.support.processes.distributed_processes import end_sessions


@pytest.fixture
def first_hub(make_process):
    return make_process("one")


@pytest.fixture
def second_hub(make_process):
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


def test_a_lock_has_one_holder_among_all_processes_and_threads(first_hub, second_hub):
    lock = try_lock(first_hub)
    assert lock
    assert (try_lock(second_hub), try_lock(first_hub)) == (None, None)
    assert try_lock(second_hub, "another")
    unlock(first_hub, lock)
    assert try_lock(second_hub)


def test_a_lock_of_another_process_is_not_released_by_unlocking(first_hub, second_hub):
    lock = try_lock(first_hub)
    unlock(second_hub, lock)
    with second_hub.app_context():
        coordination.process_coordination().unlock_name("clock")
    assert not try_lock(second_hub)


def test_a_lost_connection_loses_its_locks_and_is_opened_again(first_hub, second_hub):
    assert try_lock(first_hub)
    assert end_sessions(second_hub, of=first_hub)
    with pytest.raises(DatabaseUnavailable):
        holds(first_hub)
    assert not holds(first_hub)
    assert try_lock(second_hub)
    assert not try_lock(first_hub)


def test_unlocking_what_was_lost_is_no_error(first_hub, second_hub):
    lock = try_lock(first_hub)
    end_sessions(second_hub, of=first_hub)
    unlock(first_hub, lock)
    assert try_lock(second_hub)


def test_unlocking_what_was_lost_leaves_the_next_holder_its_lock(first_hub, second_hub):
    """The next holder is another thread of the same process."""
    lost = try_lock(first_hub)
    end_sessions(second_hub, of=first_hub)
    with pytest.raises(DatabaseUnavailable):
        holds(first_hub)
    assert try_lock(first_hub)
    unlock(first_hub, lost)
    assert holds(first_hub)
    assert not try_lock(second_hub)


def test_all_connections_of_a_process_bear_its_name(first_hub, second_hub):
    with first_hub.app_context():
        assert folder_lock.process_lock().claim() is None
    with first_hub.app_context(), db.engine.connect(), coordination.connection() as connection:
        connection.execute(text("SELECT 1"))
        assert end_sessions(second_hub, of=first_hub) == 3


def test_a_waiting_process_gets_the_lock_when_it_is_free(first_hub, second_hub, clock):
    lock = try_lock(first_hub)
    clock.followers.append(lambda now: unlock(first_hub, lock) if len(clock.slept) > 3 else None)
    with second_hub.app_context(), coordination.advisory_lock("clock", "The clock", 60):
        assert not try_lock(first_hub)
    assert try_lock(first_hub)


def test_waiting_too_long_for_a_lock_raises_busy_with_its_name(first_hub, second_hub):
    assert try_lock(first_hub)
    with (
        second_hub.app_context(),
        pytest.raises(Busy, match="The clock"),
        coordination.advisory_lock("clock", "The clock", 60),
    ):
        pass


def test_threads_use_the_connection_one_after_the_other(first_hub):
    order = []

    def use(number):
        with first_hub.app_context(), coordination.connection() as connection:
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

"""Leases: one holder at a time, released when its process ends."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from hub.context import Ending
from hub.errors import Busy, FolderUnavailable
from hub.scheduling.leases import lease, take


@pytest.fixture(autouse=True)
def context(app):
    return app


def test_a_lease_has_one_holder_at_a_time():
    with (
        lease("a", "The thing"),
        pytest.raises(Busy, match="The thing is in use by another process"),
        lease("a", "The thing"),
    ):
        pass
    with lease("a", "The thing"):
        pass


def test_two_names_do_not_hinder_each_other():
    with lease("a", "A"), lease("b", "B"):
        assert (take("a"), take("b")) == (None, None)


def test_waiting_for_a_lease_is_announced_once_and_ends_when_it_is_free(clock):
    first_lease, messages = take("a"), []
    clock.followers.append(lambda now: first_lease.release() if len(clock.slept) > 3 else None)
    with lease("a", "The thing", wait=True, on_wait=messages.append):
        pass
    assert messages == [
        "The thing is in use by another process; waiting until that one has finished"
    ]


def test_another_thread_cannot_take_a_held_lease(app):
    results = []

    def other():
        with app.app_context():
            results.append(take("a"))

    with lease("a", "A"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert results == [None]


def test_a_lease_is_free_after_its_process_was_killed(app):
    file = app.extensions["hub"].config.data / "locks" / "a.lock"
    file.parent.mkdir(exist_ok=True)
    code = (
        f"import filelock, sys; lock = filelock.FileLock({str(file)!r}); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        assert take("a") is None
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    assert take("a") is not None


def test_a_folder_that_cannot_be_written_is_reported_in_a_sentence(app):
    (app.extensions["hub"].config.data / "locks").write_text("a file where the folder should be")
    with pytest.raises(
        FolderUnavailable, match=r"a\.lock cannot be written: .*\. Nothing was lost"
    ):
        take("a")


def test_waiting_for_a_lease_ends_when_the_hub_ends(app):
    first_lease = take("a")
    app.extensions["hub"].ending.set()
    with pytest.raises(Ending), lease("a", "The thing", wait=True):
        pass
    first_lease.release()

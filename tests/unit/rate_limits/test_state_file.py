"""Rate limits are shared between the processes of a hub."""

import gc
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from hub.rate_limits import state_file
from hub.rate_limits.limiter import Limits, RateLimiter
from hub.rate_limits.state_file import SharedState
from hub.testing.clock import FakeClock
from qbo_sandbox import US, create
from qbo_sandbox.kit.server import Server
from tests.support.proofs.windows import most_within

READS = 14
PROCESS = """
import sys, urllib.request
from pathlib import Path
from hub.clock import SystemClock
from hub.rate_limits.limiter import RateLimiter
url, token, file, count = sys.argv[1:]
limiter = RateLimiter(SystemClock(), file=Path(file))
for _ in range(int(count)):
    with limiter.slot():
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        print(urllib.request.urlopen(request).status)
"""


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def two_limiters(clock, tmp_path):
    """Provide the limiters of two processes."""
    return [RateLimiter(clock, file=tmp_path / "pace" / "1.starts") for _ in range(2)]


def begin_alternately(limiters, clock, count, items=0):
    results = []
    for _ in range(count):
        for limiter in limiters:
            with limiter.slot(items=items):
                results.append(clock.monotonic())
    return results


def test_two_limiters_together_keep_the_limits_of_one(two_limiters, clock):
    result = begin_alternately(two_limiters, clock, 600)
    assert (most_within(result, 1.0), most_within(result, 60.0)) == (10, 500)
    assert most_within(begin_alternately(two_limiters, clock, 50, items=30), 60.0) == 40


def test_a_pause_applies_to_other_processes_too(two_limiters, clock):
    begin_alternately(two_limiters[:1], clock, 20)
    two_limiters[0].note_throttling(60)
    began = clock.monotonic()
    assert (two_limiters[1].budget().paused, two_limiters[1].budget().requests) == (60, 230)
    assert begin_alternately(two_limiters[1:], clock, 1) == [began + 60]


def test_the_next_process_continues_with_the_stored_state(clock, tmp_path):
    file = tmp_path / "1.starts"
    begin_alternately([RateLimiter(clock, file=file)], clock, 500)
    assert RateLimiter(clock, file=file).budget().requests == 0


def test_a_file_that_is_replaced_or_removed_meanwhile_is_noticed(two_limiters, clock, tmp_path):
    first, second = two_limiters
    begin_alternately([first], clock, 400)
    assert second.budget().requests == 100
    (tmp_path / "pace" / "1.starts").unlink()
    begin_alternately([first], clock, 1)
    assert second.budget().requests == 99
    other = tmp_path / "pace" / "other"
    other.write_bytes((tmp_path / "pace" / "1.starts").read_bytes())
    other.replace(tmp_path / "pace" / "1.starts")
    begin_alternately([second], clock, 1)
    assert first.budget().requests == 98


def open_files_below(folder):
    """Return the files of a folder that this process has open."""
    paths = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing itself was one of them
            paths.append(link.readlink())
    return [path for path in paths if path.is_relative_to(folder)]


def test_a_limiter_closes_its_files(clock, tmp_path):
    limiters = [RateLimiter(clock, file=tmp_path / f"{number}.starts") for number in range(5)]
    begin_alternately(limiters, clock, 2)
    assert len(open_files_below(tmp_path)) == 10  # each with its lock file
    limiters.clear()
    gc.collect()
    assert open_files_below(tmp_path) == []


def test_the_files_of_few_limiters_stay_open(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(state_file, "MAX_OPEN_STATES", 3)
    limiters = [RateLimiter(clock, file=tmp_path / f"{number}.starts") for number in range(10)]
    begin_alternately(limiters, clock, 2)
    assert {path.stem for path in open_files_below(tmp_path)} == {"7", "8", "9"}
    begin_alternately(limiters[:1], clock, 1)
    assert {path.stem for path in open_files_below(tmp_path)} == {"0", "8", "9"}
    others = [RateLimiter(clock, file=tmp_path / f"{number}.starts") for number in range(10)]
    assert [limiter.budget().requests for limiter in others] == [497, *[498] * 9]


def test_files_that_are_in_use_stay_open(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(state_file, "MAX_OPEN_STATES", 1)
    states = [SharedState(tmp_path / f"{number}.starts") for number in range(3)]
    with states[0].lock(), states[1].lock():
        with states[2].lock():
            assert len(open_files_below(tmp_path)) == 3
        for state in states[:2]:
            with pytest.raises(Timeout):
                FileLock(state._lock_file, timeout=0).acquire()


@pytest.mark.parametrize("content", [b"", b"x" * 11, b"\x00" * 40, b"\xff" * 80, None])
def test_a_file_that_cannot_be_read_stops_nobody(clock, tmp_path, content):
    file = tmp_path / "1.starts"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    assert most_within(begin_alternately([RateLimiter(clock, file=file)], clock, 30), 1.0) == 10


def test_requests_from_before_a_reboot_do_not_count(clock, tmp_path):
    file = tmp_path / "1.starts"
    clock.advance(100)
    begin_alternately([RateLimiter(clock, Limits(per_period=5), file)], clock, 5)
    assert RateLimiter(FakeClock(), Limits(per_period=5), file).budget().requests == 5


def test_a_process_frozen_with_the_lock_blocks_no_other(clock, tmp_path):
    file, gate, locked = tmp_path / "1.starts", threading.Event(), threading.Event()

    def freeze():
        with SharedState(file).lock():
            locked.set()
            gate.wait(20)

    frozen = threading.Thread(target=freeze)
    frozen.start()
    locked.wait(20)
    assert len(begin_alternately([RateLimiter(clock, file=file)], clock, 1)) == 1
    gate.set()
    frozen.join()


@pytest.mark.forks
def test_a_forked_process_does_not_share_the_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(state_file, "LOCK_SECONDS", 0.01)
    file = tmp_path / "1.starts"
    state = SharedState(file)
    with state.lock():
        child = os.fork()
        if child == 0:
            with suppress(BaseException), state.lock():
                pass
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(Timeout):
            FileLock(file.with_suffix(".lock"), timeout=0).acquire()


@pytest.mark.proof(small=0)
def test_two_processes_start_ten_calls_in_a_second(tmp_path):
    """Look at the shared starts: on a busy machine, calls may arrive at the server in crowds."""
    file = tmp_path / "1.starts"
    quickbooks = create(companies=[US])
    with Server(quickbooks.wsgi) as server:
        url = f"{server.url}/v3/company/{US.realm}/companyinfo/{US.realm}"
        command = [
            sys.executable,
            "-c",
            PROCESS,
            url,
            quickbooks.token(US.realm),
            str(file),
            str(READS),
        ]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate(timeout=60)[0].split() for process in running] == [
            ["200"] * READS
        ] * 2
    starts = SharedState(file).read().counted
    assert len(starts) == 2 * READS
    assert most_within(starts, 1.0) <= 10

"""The state of a rate limiter in a file that all processes of one data folder share."""

import os
import threading
import weakref
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout, lock_descriptor, unlock_descriptor

# A process that was suspended while it held the lock must not stop the others.
LOCK_SECONDS = 1.0
HEADER_LENGTH = 6
# States whose two files stay open. A hub has one for each company, and a process may often open no
# more than a thousand files.
MAX_OPEN_STATES = 32
# Those that were used last come last.
_open_states: weakref.WeakKeyDictionary["SharedState", None] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


@dataclass(frozen=True)
class RateLimitState:
    """The starts of requests and batches, and the limits learnt from refusals; machine time."""

    paused_to: float
    cap: float
    cap_at: float
    by_items: bool
    starts: Sequence[float]
    batches: Sequence[tuple[float, int]]
    counted: Sequence[float]

    def get_newest_start(self) -> float:
        """Return when the last request started."""
        return max(self.starts, default=0.0)


class SharedState:
    """The file of a state; if it cannot be used, each process only has its own state.

    It and its lock file stay open between two uses, because opening them costs more than everything
    else here; those of states that were not used for longest are closed. Only one thread at a time
    may use it, and only while it is locked.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock_file = file.with_suffix(".lock")
        self._lock_descriptor: _Descriptor | None = None
        # The same lock for when another process has it: it can wait, but reopens the file.
        self._slow_lock = FileLock(self._lock_file, timeout=LOCK_SECONDS)
        self._descriptor: _Descriptor | None = None
        self._content = b""  # the content of the file, as this process last read or wrote it
        self._is_in_use = False

    def exists(self) -> bool:
        """Return whether a process has written a state."""
        return self._file.exists()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from reading or writing during the block."""
        with self._use(), ExitStack() as stack:
            with suppress(OSError, Timeout):
                self._acquire(stack)
            yield

    @contextmanager
    def _use(self) -> Iterator[None]:
        """Keep the files open during the block; close those of other states if they are many."""
        with _guard:
            self._is_in_use = True
            _open_states.pop(self, None)
            _open_states[self] = None
            if len(_open_states) > MAX_OPEN_STATES:
                _close_idle(len(_open_states) - MAX_OPEN_STATES)
        try:
            yield
        finally:
            with _guard:
                self._is_in_use = False

    def _acquire(self, stack: ExitStack) -> None:
        """Lock the lock file; raise Timeout if another process holds it for too long."""
        number = self._open_lock()
        if lock_descriptor(number, blocking=False):
            stack.callback(unlock_descriptor, number)
        else:
            stack.enter_context(self._slow_lock)

    def _open_lock(self) -> int:
        """Return the descriptor of the lock file, reopened if it was removed or replaced."""
        if self._lock_descriptor is None or not self._lock_descriptor.is_at(self._lock_file):
            self._lock_file.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock_descriptor = _Descriptor(self._lock_file)
        return self._lock_descriptor.number

    def read(self) -> RateLimitState | None:
        """Return the state of the file; None if it is the last one of this process, or unusable."""
        try:
            number = self._open()
            content = os.pread(number, os.fstat(number).st_size, 0)
            if content == self._content:
                return None
            state = _parse(array("d", content).tolist())
        except (OSError, ValueError, IndexError, OverflowError):
            return None
        self._content = content
        return state

    def write(self, state: RateLimitState) -> None:
        """Write a state; it matters for a minute only, so nothing waits for the disk."""
        content = array("d", _encode_state(state)).tobytes()
        self._content = b""
        with suppress(OSError):
            number = self._open()
            if os.fstat(number).st_size > len(content):
                os.ftruncate(number, len(content))
            if os.pwrite(number, content, 0) == len(content):
                self._content = content

    def _open(self) -> int:
        """Return the descriptor of the file, reopened if the file was removed or replaced."""
        if self._descriptor is None or not self._descriptor.is_at(self._file):
            self._content = b""
            self._descriptor = _Descriptor(self._file)
        return self._descriptor.number


def _close_idle(count: int) -> None:
    """Close the files of states that nobody uses, those that were not used for longest first."""
    idle = [state for state in _open_states if not state._is_in_use]
    for state in idle[:count]:
        del _open_states[state]
        state._lock_descriptor = state._descriptor = None


class _Descriptor:
    """An open file, which is closed with its last reference."""

    def __init__(self, file: Path) -> None:
        self.number = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        self._process = os.getpid()
        weakref.finalize(self, os.close, self.number)

    def is_at(self, file: Path) -> bool:
        """Return whether the path still leads to this file, and this process has opened it.

        After a fork, parent and child would hold a lock together.
        """
        if os.getpid() != self._process:
            return False
        try:
            return os.path.samestat(os.stat(file), os.fstat(self.number))
        except FileNotFoundError:
            return False


def _encode_state(state: RateLimitState) -> list[float]:
    """Return a state as numbers: a header with the lengths, then starts, batches and counted."""
    numbers = [
        state.paused_to,
        state.cap,
        state.cap_at,
        state.by_items,
        len(state.starts),
        len(state.batches),
        *state.starts,
    ]
    for start, items in state.batches:
        numbers += [start, items]
    numbers += state.counted
    return numbers


def _parse(numbers: list[float]) -> RateLimitState:
    """Return the state in such numbers; raise ValueError or IndexError if some are missing."""
    paused_to, cap, cap_at, by_items, start_count, batch_count = numbers[:HEADER_LENGTH]
    starts_end = HEADER_LENGTH + int(start_count)
    batches_end = starts_end + 2 * int(batch_count)
    pairs = numbers[starts_end:batches_end]
    batch_starts = pairs[::2]
    batch_items = [int(items) for items in pairs[1::2]]
    return RateLimitState(
        paused_to=paused_to,
        cap=cap,
        cap_at=cap_at,
        by_items=bool(by_items),
        starts=numbers[HEADER_LENGTH:starts_end],
        batches=list(zip(batch_starts, batch_items, strict=True)),
        counted=numbers[batches_end:],
    )

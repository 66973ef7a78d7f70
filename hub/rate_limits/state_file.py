"""The state of a rate limiter in a file that all processes of one data folder share."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

# A process that was suspended while it held the lock must not stop the others.
LOCK_SECONDS = 1.0
HEADER_LENGTH = 6


@dataclass(frozen=True)
class RateLimitState:
    """When requests and batches started, and the limits learnt from refusals; machine time."""

    paused_to: float
    cap: float
    cap_at: float
    by_items: bool
    starts: Sequence[float]
    batches: Sequence[tuple[float, int]]
    counted: Sequence[float]

    def newest(self) -> float:
        """Return when the last request started."""
        return max(self.starts, default=0.0)


class SharedState:
    """The file of a state; if it cannot be used, each process only has its own state."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lock_file = file.with_suffix(".lock")
        self._lock = FileLock(lock_file, timeout=LOCK_SECONDS)

    def exists(self) -> bool:
        """Tell whether a process has written a state."""
        return self._file.exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from reading or writing during the block."""
        with suppress(OSError, Timeout):
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def read(self) -> RateLimitState | None:
        """Return the last state; None if there is no complete one."""
        try:
            return _parse(array("d", self._file.read_bytes()).tolist())
        except (OSError, ValueError, IndexError, OverflowError):
            return None

    def write(self, state: RateLimitState) -> None:
        """Write a state; it matters for a minute only, so nothing waits for the disk."""
        numbers = array("d", _numbers(state))
        with suppress(OSError):
            self._file.write_bytes(numbers.tobytes())


def _numbers(state: RateLimitState) -> list[float]:
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

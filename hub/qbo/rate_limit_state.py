"""What was asked of a company of late, in a file that all processes of one data folder share."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_SECONDS = 1.0  # a process that was frozen with the lock in its hands keeps nobody
HEAD = 6


@dataclass(frozen=True)
class RateLimitState:
    """When requests and batches began, and what was learnt from a refusal, by the clock of the machine."""

    paused_to: float
    cap: float
    cap_at: float
    by_items: bool
    starts: Sequence[float]
    batches: Sequence[tuple[float, int]]
    counted: Sequence[float]

    def newest(self) -> float:
        """When the last of them began."""
        return max(self.starts, default=0.0)


class SharedState:
    """The file; where it cannot be used, each process knows of itself alone."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, FileLock(file.with_suffix(".lock"), timeout=LOCK_SECONDS)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile."""
        with suppress(OSError, Timeout):
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def read(self) -> RateLimitState | None:
        """What was written last; None where there is nothing, or no whole of it."""
        try:
            return _parsed(array("d", self._file.read_bytes()).tolist())
        except (OSError, ValueError, IndexError, OverflowError):
            return None

    def write(self, now: RateLimitState) -> None:
        """Keep it for the others; it is of use for a minute, so nothing waits for the disk."""
        head = now.paused_to, now.cap, now.cap_at, now.by_items, len(now.starts), len(now.batches)
        numbers = array(
            "d",
            (
                *head,
                *now.starts,
                *(number for pair in now.batches for number in pair),
                *now.counted,
            ),
        )
        with suppress(OSError):
            self._file.write_bytes(numbers.tobytes())


def _parsed(numbers: list[float]) -> RateLimitState:
    first = HEAD + int(numbers[4])
    last = first + 2 * int(numbers[5])
    batches = list(zip(numbers[first:last:2], map(int, numbers[first + 1 : last : 2]), strict=True))
    paused_to, cap, cap_at, by_items = numbers[:4]
    return RateLimitState(
        paused_to, cap, cap_at, bool(by_items), numbers[HEAD:first], batches, numbers[last:]
    )

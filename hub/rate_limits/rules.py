"""The limits of calls to a company or a source, and the types that callers use."""

from dataclasses import dataclass
from enum import Enum

MINUTE = 60.0
# Requests that start evenly do not arrive evenly: a limit is kept over a little more than its
# period, by a fifth of it and at most half a second. A second would cost 1.6 % of a minute.
MAX_MARGIN_SECONDS, MARGIN_SHARE = 0.5, 0.2
SECOND_WINDOW = 1.0 + MARGIN_SHARE
# After a refusal: the slowest rate, and how much of the rate returns with each minute.
MIN_PER_MINUTE, RECOVERY_PER_MINUTE = 30, 50
SLOWDOWN_FACTOR = 0.9
TURN_SECONDS = 1.0  # how long to wait for the turn of another request before looking again


@dataclass(frozen=True)
class Limits:
    """The limits of requests in a second, in a period and at once, and of batches in a period.

    `period` is its length in seconds.
    """

    per_second: int = 10
    per_period: int = 500
    concurrent: int = 10
    batches: int = 40
    period: float = MINUTE

    @property
    def window(self) -> float:
        """Return the seconds over which the limit of a period is kept."""
        return self.period + min(MAX_MARGIN_SECONDS, MARGIN_SHARE * self.period)


INTUIT_LIMITS = Limits()


class CallKind(Enum):
    """The kinds of calls that the limits tell apart."""

    SINGLE = "single"
    BATCH = "batch"

    @classmethod
    def of_items(cls, items: int) -> "CallKind":
        """Return the kind of a call with this number of items; a single call has 0."""
        return cls.BATCH if items else cls.SINGLE


class NoSlot(Exception):
    """The budget has no room before the deadline; `after` is when it has, in seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("its limit of calls leaves no room for one more now")
        self.after = after


@dataclass(frozen=True)
class Budget:
    """The rest of the limits of a period, the running and waiting requests, and the pause left."""

    requests: int
    batches: int
    running: int
    waiting: int
    paused: float


@dataclass(eq=False)
class Ticket:
    """A request that waits: the app that makes it, and the number of items if it is a batch.

    `started_at` is when it may be sent, or was last allowed to be.
    """

    app: str
    items: int
    started_at: float = 0.0

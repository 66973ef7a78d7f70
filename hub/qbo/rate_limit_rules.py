"""The limits of calls to a company, and what callers see of them."""

from dataclasses import dataclass

MINUTE = 60.0
# Requests that start evenly do not arrive evenly: the limits are kept over a little more than a
# second and a minute.
SECOND_WINDOW, MINUTE_WINDOW = 1.2, 61.0
# After a refusal: the slowest rate, and how much of the rate returns with each minute.
MIN_PER_MINUTE, RECOVERY_PER_MINUTE = 30, 50
SLOWDOWN_FACTOR = 0.9
TURN_SECONDS = 1.0  # how long to wait for the turn of another request before looking again


@dataclass(frozen=True)
class Limits:
    """How many requests may start in a second and a minute, run at once, and batches per minute."""

    per_second: int = 10
    per_minute: int = 500
    concurrent: int = 10
    batches: int = 40


INTUIT = Limits()


class NoSlot(Exception):
    """The company's budget has no room before the deadline; `after` is when it has, in seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("its limit of calls leaves no room for one more now")
        self.after = after


@dataclass(frozen=True)
class Budget:
    """What is left of a minute, what runs and waits, and the seconds of a pause."""

    requests: int
    batches: int
    running: int
    waiting: int
    paused: float


@dataclass(frozen=True, eq=False)
class Ticket:
    """A request that waits: the app that makes it, and the number of items if it is a batch."""

    app: str
    items: int

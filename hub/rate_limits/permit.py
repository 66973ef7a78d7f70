"""The permission to send one request, which is valid for a moment, and the slots that give it."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from hub.clock import Clock
from hub.rate_limits.rules import Ticket

# How long after its start the first byte of a request may leave. The windows of the limits are
# wider than the limits by more than this.
MAX_SEND_DELAY = 0.1
# On a machine that is so busy that every start comes too late, the request is sent nevertheless.
MAX_STARTS = 4


class Permit:
    """The start of a request, which is replaced by a new one if the request is not sent in time.

    Opening a connection or a busy machine can delay a request after its start. It would then reach
    the server together with later requests.
    """

    def __init__(self, clock: Clock, ticket: Ticket, start_again: Callable[[], None]) -> None:
        self._clock = clock
        self._ticket = ticket
        self._start_again = start_again

    def confirm(self) -> None:
        """Wait for another start if this one is over; call it right before the first byte is sent.

        If there is none in time, raise the error that `slot` raises; nothing may be sent then.
        """
        for _ in range(MAX_STARTS - 1):
            if self._clock.monotonic() <= self._ticket.started_at + MAX_SEND_DELAY:
                return
            self._start_again()


class RequestSlots(ABC):
    """The slots of a rate limiter: a request waits for one in a queue, and holds it while it runs.

    Apps take turns. The batches of an app have a queue of their own, because their limit is lower.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._running = 0
        self._queues: dict[tuple[str, bool], deque[Ticket]] = {}
        self._last_turns: dict[str, int] = {}
        self._turn = 0

    @contextmanager
    def slot(
        self, app: str = "", *, items: int = 0, until: float | None = None
    ) -> Iterator[Permit]:
        """Wait for a slot and hold it while a request runs; a batch has `items`.

        Raise NoSlot if the request cannot start before `until`.
        """
        ticket = Ticket(app, items)
        self._enter(ticket, until)
        try:
            yield Permit(self._clock, ticket, partial(self._start_again, ticket, until))
        finally:
            with self._changed:
                self._end()

    def _start_again(self, ticket: Ticket, until: float | None) -> None:
        """Wait for another start of a request that holds a slot; the former one counts as well."""
        with self._changed:
            self._end()
        try:
            self._enter(ticket, until)
        except BaseException:
            with self._changed:
                self._running += 1
            raise

    @abstractmethod
    def _enter(self, ticket: Ticket, until: float | None) -> None:
        """Wait until the request has started."""

    @contextmanager
    def _queue(self, ticket: Ticket) -> Iterator[None]:
        """Keep a request in its queue during the block."""
        queue = self._get_queue(ticket)
        queue.append(ticket)
        try:
            yield
        finally:
            queue.remove(ticket)
            self._changed.notify_all()

    def _get_queue(self, ticket: Ticket) -> deque[Ticket]:
        """Return the queue of a request."""
        return self._queues.setdefault((ticket.app, ticket.items > 0), deque())

    def _count_waiting(self) -> int:
        """Return how many requests wait."""
        return sum(len(queue) for queue in self._queues.values())

    def _find_next_request(self) -> Ticket:
        """Return the first request of the app that waited longest, among those that may start."""
        firsts = [queue[0] for queue in self._queues.values() if queue]
        return min(firsts, key=self._rank)

    def _rank(self, ticket: Ticket) -> tuple[float, int]:
        """Return when a request may start, and the last turn of its app."""
        return self._compute_earliest_start(ticket), self._last_turns.get(ticket.app, 0)

    def _sleep(self, seconds: float) -> None:
        """Sleep, and let other threads go on meanwhile."""
        self._changed.release()
        try:
            self._clock.sleep(seconds)
        finally:
            self._changed.acquire()

    @abstractmethod
    def _compute_earliest_start(self, ticket: Ticket) -> float:
        """Return until when other requests pass this one, although its app has the turn."""

    def _begin(self, ticket: Ticket, now: float) -> None:
        """Note that a request starts now; it is the turn of its app."""
        ticket.started_at = now
        self._turn += 1
        self._running += 1
        self._last_turns[ticket.app] = self._turn

    def _end(self) -> None:
        """Note that a request no longer runs."""
        self._running -= 1
        self._changed.notify_all()

"""The permission to send one request, which holds only for a moment."""

from collections.abc import Callable

from hub.clock import Clock
from hub.rate_limits.rules import Ticket

# How long after its start the first byte of a request may leave. The windows of the limits are
# wider than the limits by more than this.
MAX_SEND_DELAY = 0.1
# On a machine that is so busy that every start comes too late, the request is sent nevertheless.
MAX_STARTS = 4


class Permit:
    """The start of a request, and new ones if the request does not leave soon enough.

    Opening a connection or a busy machine can delay a request after its start. It would then reach
    the server together with later ones.
    """

    def __init__(self, clock: Clock, ticket: Ticket, start_again: Callable[[], None]) -> None:
        self._clock = clock
        self._ticket = ticket
        self._start_again = start_again

    def confirm(self) -> None:
        """Wait for another start if this one is over; call it right before the first byte.

        Raise what `slot` raises if there is none in time. Nothing may be sent then.
        """
        for _ in range(MAX_STARTS - 1):
            if self._clock.monotonic() <= self._ticket.started_at + MAX_SEND_DELAY:
                return
            self._start_again()

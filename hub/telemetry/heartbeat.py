"""The time at which a part of the process that acts regularly did so last."""

from collections.abc import Callable

SCHEDULER_HEARTBEAT = "hub.scheduler_heartbeat"  # the extension with that of the scheduler


class Heartbeat:
    """The time of the last beat on the monotonic clock; at first that of the start."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last = monotonic()

    def beat(self) -> None:
        """Note that the part has acted."""
        self._last = self._monotonic()

    def age(self) -> float:
        """Return the seconds since the last beat."""
        return self._monotonic() - self._last

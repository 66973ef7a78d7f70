"""Intuit's limits on requests, enforced where the switch is on."""

from collections import defaultdict, deque

from hub.qbo.sandbox.options import Switches
from hub.qbo.sandbox.refusals import throttled

A_SECOND, A_MINUTE, BATCHES, ALL_BATCHES = 10, 500, 40, 120


class Limits:
    """Counts requests by realm, and by realm and application."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def take(self, switches: Switches, realm: str, client: str, call: str, now: float, items: int = 1) -> None:
        """Count one request; refuses it when it is one too many."""
        if not switches.throttle:
            return
        wanted = [(("s", realm, client), 1.0, A_SECOND, 1), (("m", realm), 60.0, A_MINUTE, items)]
        if call == "batch":
            wanted += [(("b", realm, client), 60.0, BATCHES, 1), (("B", realm), 60.0, ALL_BATCHES, 1)]
        if any(self._count(key, window, now) + weight > most for key, window, most, weight in wanted):
            raise throttled()
        for key, _, _, weight in wanted:
            self._seen[key].extend([now] * weight)

    def _count(self, key: tuple[str, ...], window: float, now: float) -> int:
        seen = self._seen[key]
        while seen and seen[0] <= now - window:
            seen.popleft()
        return len(seen)

"""How often the account may be asked: so many calls in five minutes, whoever makes them."""

import threading
from collections import deque

from hub.sandboxing.strict import Wrong

WINDOW, MOST = 300, 2500


class Limits:
    """Counts the calls; past the allowance each is refused until the oldest are five minutes old."""

    def __init__(self, clock):
        self._clock, self._calls, self._lock = clock, deque(), threading.Lock()

    def count(self):
        """Admits a call, or says how long to wait."""
        now = self._clock.now()
        with self._lock:
            while self._calls and self._calls[0] <= now - WINDOW:
                self._calls.popleft()
            if len(self._calls) >= MOST:
                wait = max(1, int(self._calls[0] + WINDOW - now))
                said = f"More than {MOST} requests in five minutes."
                raise Wrong(429, "too_many_requests", said, headers=(("Retry-After", str(wait)),))
            self._calls.append(now)

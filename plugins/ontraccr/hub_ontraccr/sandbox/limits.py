"""How often the API may be asked: so many requests in thirty seconds."""

import math
import threading
from collections import deque

WINDOW, REQUESTS = 30, 1000


class Limits:
    """Counts requests by the stand-in's clock; `requests` may be set while it runs."""

    def __init__(self, clock):
        self.requests = REQUESTS
        self._clock, self._seen, self._lock = clock, deque(), threading.Lock()

    def admit(self):
        """Whether one more is let in now."""
        with self._lock:
            now = self._clock.now()
            while self._seen and self._seen[0] <= now - WINDOW:
                self._seen.popleft()
            if len(self._seen) >= self.requests:
                return False
            self._seen.append(now)
            return True

    def wait(self):
        """Seconds until the next one is."""
        return max(1, math.ceil(self._seen[0] + WINDOW - self._clock.now())) if self._seen else WINDOW

    def page(self, method, body):
        """Reads and sets the limit at /_sandbox/limit."""
        if method == "POST":
            self.requests = int(body["requests"])
        return {"requests": self.requests, "seconds": WINDOW}

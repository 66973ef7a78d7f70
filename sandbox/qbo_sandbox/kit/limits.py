"""How often a stand-in may be asked: so many calls in so many seconds, by its own clock."""

import math
import threading
from collections import deque
from typing import Any

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.strict import Wrong


class Limits:
    """Counts calls, whoever makes them; `requests` may be set while it runs, 0 takes all."""

    def __init__(self, clock: Clock, requests: int, seconds: int) -> None:
        self.requests, self.seconds = requests, seconds
        self._clock, self._times, self._lock = clock, deque[float](), threading.Lock()

    def wait(self) -> int:
        """Count a call: return 0 if it is admitted, else the seconds to wait."""
        with self._lock:
            now = self._clock.now()
            while self._times and self._times[0] <= now - self.seconds:
                self._times.popleft()
            if self.requests and len(self._times) >= self.requests:
                return max(1, math.ceil(self._times[0] + self.seconds - now))
            self._times.append(now)
            return 0

    def count(self) -> None:
        """Count a call; refuse it with the time to wait if it is not admitted."""
        if seconds := self.wait():
            message = f"More than {self.requests} requests in {self.seconds} seconds."
            raise Wrong(429, "too_many_requests", message, headers=(("Retry-After", str(seconds)),))

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/limit: GET reads; POST {"requests": 100} sets it."""
        if method == "POST":
            self.requests = int(body["requests"])
        return {"requests": self.requests, "seconds": self.seconds}

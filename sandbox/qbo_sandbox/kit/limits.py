"""The rate limit of a stand-in: a number of calls in some seconds, by its own clock."""

import math
import re
import threading
from collections import deque
from typing import Any, Self

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.strict import CallRefused

RATE_PATTERN = re.compile(r"(\d+)/(\d*)([smhd])")
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Limits:
    """Counts the calls of all clients; `requests` can be changed, and 0 means no limit."""

    def __init__(self, clock: Clock, requests: int, seconds: int) -> None:
        self.requests = requests
        self.seconds = seconds
        self._clock = clock
        self._times = deque[float]()
        self._lock = threading.Lock()

    @classmethod
    def at_rate(cls, clock: Clock, rate: str) -> Self:
        """Return the limit of a rate, such as `100/15s`, `10/s` or `5000/h`."""
        match = RATE_PATTERN.fullmatch(rate)
        if match is None:
            raise ValueError(f"{rate!r} is no rate; write it as 100/15s")
        requests, count, unit = match.groups()
        seconds = int(count or 1) * UNIT_SECONDS[unit]
        return cls(clock, int(requests), seconds)

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
            raise CallRefused(
                429, "too_many_requests", message, headers=(("Retry-After", str(seconds)),)
            )

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/limit: GET reads; POST {"requests": 100} sets it."""
        if method == "POST":
            self.requests = int(body["requests"])
        return {"requests": self.requests, "seconds": self.seconds}

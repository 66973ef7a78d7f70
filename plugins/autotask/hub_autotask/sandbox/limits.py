"""The limits of a database: calls an hour, three at once for an entity, slower from half of it.

They are those of "REST API supportability, query thresholds, and latency" and of "API thread
limiting" in Autotask's developer help.
"""

import contextlib
import math
import threading
from collections import Counter, deque

from hub_autotask.sandbox.refusals import Refusal
from qbo_sandbox.kit import ConnectionFault

HOUR_SECONDS = 3600
MAX_CONCURRENT_CALLS = 3  # for an entity
SLOWDOWN_SECONDS = 0.5  # added to a call once half of the allowance is used


class Limits:
    """Counts calls; refuses calls beyond the allowance, or too many at once, with 429."""

    def __init__(self, clock, allowance):
        self._clock = clock
        self._allowance = allowance
        self._calls = deque()
        self._concurrent_calls = Counter()
        self._lock = threading.Lock()

    def count_calls(self):
        """Return the number of calls in the last hour, this one included."""
        with self._lock:
            self._forget_old_calls()
            return len(self._calls)

    def _forget_old_calls(self):
        """Forget the calls that were made more than an hour ago."""
        while self._calls and self._calls[0] <= self._clock.now() - HOUR_SECONDS:
            self._calls.popleft()

    def page(self, method, body):
        """Answer /_sandbox/limit: GET reads; POST {"requests": 100} sets it."""
        if method == "POST":
            self._allowance = int(body["requests"])
        return {"requests": self._allowance, "seconds": HOUR_SECONDS}

    def pause(self):
        """Return the seconds by which a call is slowed down now."""
        return SLOWDOWN_SECONDS if self.count_calls() > self._allowance / 2 else 0

    @contextlib.contextmanager
    def admit(self, call):
        """Admit a call for as long as it runs."""
        endpoint = call.partition(".")[0]
        with self._lock:
            self._forget_old_calls()
            if len(self._calls) >= self._allowance:
                raise self._build_refusal()
            self._calls.append(self._clock.now())
            self._concurrent_calls[endpoint] += 1
            is_too_many = self._concurrent_calls[endpoint] > MAX_CONCURRENT_CALLS
        try:
            if is_too_many:
                raise Refusal(
                    429,
                    f"The thread threshold of {MAX_CONCURRENT_CALLS} threads has been exceeded for"
                    f" {endpoint}.",
                )
            yield
        finally:
            with self._lock:
                self._concurrent_calls[endpoint] -= 1

    def _build_refusal(self):
        """Return the refusal of a call beyond the allowance, with the time to wait."""
        oldest = self._calls[0] if self._calls else self._clock.now()
        seconds = math.ceil(oldest + HOUR_SECONDS - self._clock.now())
        return Refusal(
            429,
            "The request threshold has been exceeded. Requests are suspended for this database.",
            headers=(("Retry-After", str(max(1, seconds))),),
        )


def answer_later(seconds, answer, *arguments):
    """Raise `ConnectionFault` with the answer, to be sent that many seconds later."""
    head = []

    def start(line, headers):
        head[:] = int(line[:3]), headers

    body = b"".join(answer(start, *arguments))
    status, headers = head
    raise ConnectionFault(status=status, headers=headers, body=body, pause=seconds)

"""The threads of the web server: webhooks have their own, so that a flood of them stops no page."""

import logging
import threading
from collections import Counter, deque
from typing import Any

from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

WEBHOOK_PATH = "/webhooks/"
RETRY_AFTER_SECONDS = 5
logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it reports every request that waits


class TooManyRequests(Error):  # type: ignore[misc]
    """The response to a webhook while too many to its address wait."""

    code = 429
    reason = "Too Many Requests"

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and text, with the pause before the next try."""
        status, headers, text = super().to_response(ident)
        return status, [*headers, ("Retry-After", str(RETRY_AFTER_SECONDS))], text


class TaskLanes:
    """Two groups of threads: one for pages, a smaller one for webhooks.

    Only a few webhooks to the same address are handled at once. A limited number of others waits,
    and further ones are refused, so that they do not delay webhooks to other addresses.
    """

    def __init__(
        self, threads: int, webhook_threads: int, *, at_once: int, max_waiting: int
    ) -> None:
        """Start the threads."""
        self._pages = ThreadedTaskDispatcher()
        self._webhooks = ThreadedTaskDispatcher()
        self._at_once = at_once
        self._max_waiting = max_waiting
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Webhook]] = {}
        self._lock = threading.Lock()
        self._pages.set_thread_count(threads)
        self._webhooks.set_thread_count(webhook_threads)

    def add_task(self, channel: Any) -> None:
        """Let a thread work on the first request of a connection."""
        request = channel.requests[0]
        is_webhook = request.error is None and request.path.startswith(WEBHOOK_PATH)
        if not is_webhook:
            self._pages.add_task(channel)
        elif not self._add_webhook(_Webhook(self, channel, request.path)):
            request.error = TooManyRequests("Too many calls of this address wait. Try later.")
            self._pages.add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads when they have finished their requests."""
        results = [lane.shutdown(cancel_pending, timeout) for lane in (self._webhooks, self._pages)]
        return all(results)

    def start_next(self, path: str) -> None:
        """Work on the next webhook to an address after one has ended."""
        with self._lock:
            waiting = self._waiting.get(path)
            if waiting:
                self._webhooks.add_task(waiting.popleft())
                return
            self._waiting.pop(path, None)
            self._running[path] -= 1
            if not self._running[path]:
                del self._running[path]

    def _add_webhook(self, webhook: "_Webhook") -> bool:
        """Start a webhook or let it wait; return False if too many to its address wait."""
        path = webhook.path
        with self._lock:
            if self._running[path] < self._at_once:
                self._running[path] += 1
                self._webhooks.add_task(webhook)
                return True
            waiting = self._waiting.setdefault(path, deque())
            if len(waiting) >= self._max_waiting:
                return False
            waiting.append(webhook)
            return True


class _Webhook:
    """A request to the address of a webhook."""

    def __init__(self, lanes: TaskLanes, channel: Any, path: str) -> None:
        self.path = path
        self._lanes = lanes
        self._channel = channel

    def service(self) -> None:
        """Work on the request, and let the next one to its address start."""
        try:
            self._channel.service()
        finally:
            self._lanes.start_next(self.path)

    def cancel(self) -> None:
        """Give the request up because the server ends."""
        self._channel.cancel()

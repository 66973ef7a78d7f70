"""What a stand-in tells whoever asked to be called: signed, in the background, again when it is not taken."""

import hashlib
import hmac
import json
import queue
import threading
import urllib.request
from typing import Any

PATIENCE = 10
TRIES = 3


class Calls:
    """Sends calls in a thread of their own; `events` is the audit of them, `habits` how they misbehave.

    `topic` and `id` name the fields of a hint.
    Habits: `twice` sends each call again, `held` collects them until `release`, which sends the newest first.
    """

    def __init__(
        self, header: str, prefix: str = "", *, topic: str = "topic", id: str = "id"
    ) -> None:
        self._header, self._prefix = header, prefix
        self._topic, self._id = topic, id
        self.events: list[dict[str, Any]] = []
        self.habits = {"twice": False, "held": False}
        self._queue: queue.Queue[tuple[dict[str, Any], str]] = queue.Queue()
        self._held: list[tuple[dict[str, Any], str]] = []
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def hint(self, address: str, secret: str, topic: str, id: str | None = None) -> None:
        """A call that names a topic and perhaps an id, if there is anywhere to send it."""
        if address:
            self.send(address, secret, {self._topic: topic} | ({self._id: id} if id else {}))

    def send(self, address: str, secret: str, said: dict[str, Any]) -> None:
        """Queues a call."""
        with self._lock:
            event = {
                "number": len(self.events) + 1,
                "to": address,
                "said": said,
                "outcome": "waits",
            }
            self.events.append(event)
            self._held += [(event, secret)] * (2 if self.habits["twice"] else 1)
            if not self.habits["held"]:
                self.release()

    def release(self) -> None:
        """Sends what was held back, the newest first if it was held on purpose."""
        with self._lock:
            waiting, self._held = self._held, []
            for one in reversed(waiting) if self.habits["held"] else waiting:
                self._queue.put(one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Waits until everything that was released is taken or given up."""
        self._queue.join()

    @property
    def last(self) -> str:
        """How the newest call went, for people."""
        if not self.events:
            return ""
        event = self.events[-1]
        return f"{' '.join(map(str, event['said'].values()))}: {event['outcome']}"

    def page(self, method: str, body: Any) -> object:
        """What /_sandbox/webhooks does: tells the events; POST sets habits, {"release": true} sends what is held."""
        if method == "POST":
            unknown = body.keys() - self.habits - {"release"}
            if unknown:
                raise ValueError(
                    f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(self.habits)}, release"
                )
            self.habits |= {name: bool(body[name]) for name in self.habits if name in body}
            if body.get("release"):
                self.release()
        return {"habits": self.habits, "events": self.events}

    def _work(self) -> None:
        while True:
            event, secret = self._queue.get()
            try:
                event["outcome"] = self._outcome(event, secret)
            finally:
                self._queue.task_done()

    def _outcome(self, event: dict[str, Any], secret: str) -> str:
        body = json.dumps(event["said"]).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", self._header: self._prefix + signature}
        outcome = ""
        for _ in range(TRIES):
            request = urllib.request.Request(event["to"], body, headers)  # noqa: S310  (an address that was checked)
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  (as above)
                    return f"taken with {answer.status}"
            except OSError as error:
                outcome = f"not taken ({error})"
        return outcome

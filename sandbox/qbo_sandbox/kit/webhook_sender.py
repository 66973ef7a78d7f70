"""Send signed webhook calls in the background, and repeat them when they fail."""

import base64
import hashlib
import hmac
import json
import queue
import threading
import urllib.request
from typing import Any, Literal

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.earlier_names import warn_of_earlier_name
from qbo_sandbox.kit.json_object import JsonObject

CALL_TIMEOUT_SECONDS = 10
MAX_TRIES = 3


class WebhookSender:
    """Sends signed calls in a thread; `events` lists them, `habits` make them misbehave.

    `topic` and `id` name the fields of an event, which has no other content. With `timestamp`, the
    name of a header, that header has the seconds since 1970 by `clock`, which are signed with a dot
    before the body. If that is a text such as "t=", both are in one header: with the `prefix`
    "v1=" it is `t=1772449080,v1=5257a8`. Signatures are hexadecimal digits, or base64 if this is
    the `encoding`.

    Habits: `twice` sends each call again, `held` collects calls until `release`, which sends the
    newest first.
    """

    def __init__(
        self,
        header: str,
        prefix: str = "",
        *,
        topic: str = "topic",
        id: str = "id",
        timestamp: str = "",
        encoding: Literal["hex", "base64"] = "hex",
    ) -> None:
        self._header = header
        self._prefix = prefix
        self._topic = topic
        self._id = id
        self._timestamp = timestamp
        self._encoding = encoding
        self.clock = Clock()
        self.events: list[JsonObject] = []
        self.habits = {"twice": False, "held": False}
        self._queue: queue.Queue[tuple[JsonObject, str]] = queue.Queue()
        self._waiting: list[tuple[JsonObject, str]] = []
        self._receiver: tuple[str, str] | None = None  # address and secret of the newest call
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def send_event(self, address: str, secret: str, topic: str, id: str | None = None) -> None:
        """Send the topic of an event and perhaps the id of a row, unless there is no address."""
        message = {self._topic: topic}
        if id:
            message[self._id] = id
        self.send(address, secret, message)

    def hint(self, address: str, secret: str, topic: str, id: str | None = None) -> None:
        """Send an event: the earlier name of `send_event`."""
        warn_of_earlier_name("WebhookSender.hint", "send_event")
        self.send_event(address, secret, topic, id)

    def send(self, address: str, secret: str, content: Any) -> None:
        """Queue a call with any JSON, unless there is no address."""
        if not address:
            return
        with self._lock:
            self._receiver = address, secret
            event = {
                "number": len(self.events) + 1,
                "to": address,
                "said": content,
                "outcome": "waits",
                "sent_at": int(self.clock.now()),
            }
            self.events.append(event)
            self._waiting += [(event, secret)] * (2 if self.habits["twice"] else 1)
            if not self.habits["held"]:
                self.release()

    def release(self) -> None:
        """Send the waiting calls, the newest first if the habit `held` is on."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for call in reversed(waiting) if self.habits["held"] else waiting:
                self._queue.put(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_queued_calls, daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Wait until every released call has been answered or given up."""
        self._queue.join()

    @property
    def last(self) -> str:
        """Return the outcome of the newest call as a page shows it."""
        if not self.events:
            return ""
        event = self.events[-1]
        content = event["said"]
        facts = content.values() if isinstance(content, dict) else [json.dumps(content)]
        return f"{' '.join(map(str, facts))}: {event['outcome']}"

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/webhooks: GET lists; POST sets habits, {"release": true} sends.

        `waiting` are the calls that are held back, with headers and body as they will be sent.
        {"content": …} sends any JSON to the receiver of the newest call, signed like that one.
        """
        if method == "POST":
            unknown = body.keys() - self.habits - {"release", "content"}
            if unknown:
                raise ValueError(
                    f"unknown: {', '.join(sorted(unknown))};"
                    f" there are {', '.join(self.habits)}, release, content"
                )
            self.habits |= {name: bool(body[name]) for name in self.habits if name in body}
            if "content" in body:
                self._send_to_newest_receiver(body["content"])
            if body.get("release"):
                self.release()
        with self._lock:
            waiting = [self._request(event, secret) for event, secret in self._waiting]
        requests = [{"headers": headers, "body": body.decode()} for headers, body in waiting]
        return {"habits": self.habits, "events": self.events, "waiting": requests}

    def _send_to_newest_receiver(self, content: Any) -> None:
        """Send any JSON to the receiver of the newest call."""
        if self._receiver is None:
            raise ValueError("no call was sent yet, so there is no receiver")
        self.send(*self._receiver, content)

    def _send_queued_calls(self) -> None:
        """Make the calls in the queue, in a thread of its own."""
        while True:
            event, secret = self._queue.get()
            try:
                event["outcome"] = self._send_call(event, secret)
            finally:
                self._queue.task_done()

    def _request(self, event: JsonObject, secret: str) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of a call."""
        body = json.dumps(event["said"]).encode()
        headers = {"Content-Type": "application/json"}
        signed_content, prefix = body, self._prefix
        if self._timestamp:
            signed_content = f"{event['sent_at']}.".encode() + body
        if self._timestamp.endswith("="):
            prefix = f"{self._timestamp}{event['sent_at']},{prefix}"
        elif self._timestamp:
            headers[self._timestamp] = str(event["sent_at"])
        digest = hmac.digest(secret.encode(), signed_content, hashlib.sha256)
        is_hex = self._encoding == "hex"
        signature = digest.hex() if is_hex else base64.b64encode(digest).decode()
        return headers | {self._header: prefix + signature}, body

    def _send_call(self, event: JsonObject, secret: str) -> str:
        """Send a call, up to MAX_TRIES times until it is accepted; return the outcome as text."""
        headers, body = self._request(event, secret)
        outcome = ""
        for _ in range(MAX_TRIES):
            address = event["to"]
            request = urllib.request.Request(address, body, headers)  # noqa: S310  (was checked)
            try:
                answer = urllib.request.urlopen(  # noqa: S310  (the address was checked)
                    request, timeout=CALL_TIMEOUT_SECONDS
                )
                with answer:
                    return f"taken with {answer.status}"
            except OSError as error:
                outcome = f"not taken ({error})"
        return outcome

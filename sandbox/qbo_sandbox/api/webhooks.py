"""Send webhooks: gather events, sign them, and try again if the receiver fails."""

import base64
import hashlib
import hmac
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from qbo_sandbox.accounting.company import Change
from qbo_sandbox.api.webhook_events import BODY_BUILDERS, Event, format_moment, list_events
from qbo_sandbox.kit import Clock, ConnectionFault, Journal, send_request
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.switches import Switches

DELIVERY_TIMEOUT_SECONDS = 3.0
RETRY_SECONDS = (10, 20, 30, 300, 1200, 7200, 14400, 21600)
RETRIED_STATUSES = (0, 408, 500, 502, 503, 504)
MAX_DELIVERIES = 1000
CLASSIC_PREFIX = "classic:"


@dataclass
class Delivery:
    """One body for one address, and how each try to deliver it ended; status 0 is no answer."""

    number: int
    url: str
    body: bytes
    due: float
    trace: str = field(default_factory=lambda: str(uuid.uuid4()))
    tries: list[tuple[float, int]] = field(default_factory=list)
    over: bool = False

    def as_dict(self) -> JsonObject:
        """Return the delivery as the control page shows it."""
        tries = [{"at": format_moment(at), "status": status} for at, status in self.tries]
        fields = {
            "number": self.number,
            "url": self.url,
            "body": self.body.decode(),
            "tries": tries,
            "over": self.over,
        }
        if not self.over:
            fields["next"] = format_moment(self.due)
        return fields


class Sender:
    """Sends the companies' changes to subscribers, a few seconds later by the stand-in's clock."""

    def __init__(
        self, clock: Clock, journal: Journal, verifier: str, switches: Callable[[], Switches]
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.verifier = verifier
        self.switches = switches
        self.addresses: dict[str, str] = {}
        self.deliveries: list[Delivery] = []
        self._mounted: dict[str, WSGIApplication] = {}
        self._waiting: dict[tuple[str, ...], Event] = {}
        self._numbers = 0
        self._unsent_at = 0.0
        self._sending = threading.RLock()
        self._awake = threading.Condition()
        self._thread: threading.Thread | None = None
        clock.on_change.append(self.settle)

    def subscribe(
        self, url: str, form: str = "cloudevents", wsgi: WSGIApplication | None = None
    ) -> None:
        """Send events to this address, as "cloudevents" or "classic"; `wsgi` needs no socket.

        "classic:" before the address says the form too.
        """
        if url.startswith(CLASSIC_PREFIX):
            url, form = url.removeprefix(CLASSIC_PREFIX), "classic"
        if form not in BODY_BUILDERS or urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(
                f"a webhook needs an http address and a form of {', '.join(BODY_BUILDERS)}"
            )
        if wsgi is not None:
            self._mounted[url] = wsgi
        self.journal.append({"webhooks": {"url": url, "form": form}})
        self.addresses[url] = form

    def clear(self) -> None:
        """Remove all subscriptions, and drop the events that were not sent."""
        self.journal.append({"webhooks": {}})
        self._forget()

    def _forget(self) -> None:
        """Remove all subscribers, waiting events and deliveries."""
        with self._awake:
            self.addresses = {}
            self._waiting = {}
        self.deliveries = []

    def replay(self, entry: JsonObject) -> None:
        """Take one line from the journal."""
        if "told" in entry:
            sent_until = float(entry["told"])
            for same, event in list(self._waiting.items()):
                if event.at <= sent_until:
                    del self._waiting[same]
        elif entry:
            self.addresses[entry["url"]] = entry["form"]
        else:
            self._forget()

    def requeue(self, realm: str, changes: list[Change], act: str, at: float) -> None:
        """Queue a write from the journal that a killed process may not have sent."""
        if not self.addresses:
            return
        events = list_events(realm, changes, act, at)
        self._keep(events)

    def watch(self, realm: str, changes: list[Change], act: str, at: float) -> None:
        """Queue the events of a write; of equal events only the newest is sent."""
        if not self.addresses:
            return
        with self._awake:
            events = list_events(realm, changes, act, at)
            self._keep(events)
            self.start()
            self._awake.notify()

    def _keep(self, events: list[Event]) -> None:
        """Store events until they are sent; equal ones become one, with the latest time."""
        for event in events:
            equal_event = self._waiting.get(event.same, event)
            latest = max(event.at, equal_event.at)
            self._waiting[event.same] = event._replace(at=latest)

    def start(self) -> None:
        """Start a thread that sends events, if any wait and the clock is running.

        While the clock stands still, events are sent when a test moves it.
        """
        if not self._waiting or self._thread is not None:
            return
        is_running = self.clock.state()["stopped"] is None
        if is_running:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def settle(self) -> None:
        """Send everything that is due, each at its own time."""
        with self._sending:
            while (due := self._next()) is not None and due <= self.clock.now():
                with self.clock.pretend(due):
                    self._gather(due)
                    for delivery in self._due_deliveries(due):
                        self._try_to_send(delivery, due)
                    self._note()

    def _due_deliveries(self, now: float) -> list[Delivery]:
        """Return the deliveries that are to be tried now."""
        pending = [delivery for delivery in self.deliveries if not delivery.over]
        return [delivery for delivery in pending if delivery.due <= now]

    def _note(self) -> None:
        """Write to the journal when everything up to a time has been sent."""
        if self._unsent_at and all(delivery.over for delivery in self.deliveries):
            self.journal.append({"webhooks": {"told": self._unsent_at}})
            self._unsent_at = 0.0

    def _next(self) -> float | None:
        """Return the moment of the next delivery, or None."""
        with self._awake:
            waiting_since = [event.at for event in self._waiting.values()]
        moments = [delivery.due for delivery in self.deliveries if not delivery.over]
        if waiting_since:
            delay = self.switches().webhook_delay
            moments.append(min(waiting_since) + delay)
        return min(moments, default=None)

    def _gather(self, now: float) -> None:
        """Send all waiting events once the oldest has waited long enough."""
        with self._awake:
            delay = self.switches().webhook_delay
            events = list(self._waiting.values())
            if not any(event.at + delay <= now for event in events):
                return
            self._waiting = {}
            self._unsent_at = now
        for url, form in self.addresses.items():
            for body in BODY_BUILDERS[form](events):
                self._numbers += 1
                self.deliveries.append(Delivery(self._numbers, url, body, now))
        del self.deliveries[:-MAX_DELIVERIES]

    def _try_to_send(self, delivery: Delivery, now: float) -> None:
        """Send a delivery once, and note when to send it again.

        The last of the intervals is repeated until the subscriber takes the message.
        """
        failures = min(len(delivery.tries), len(RETRY_SECONDS) - 1)
        delivery.due = now + RETRY_SECONDS[failures]
        status = self._post(delivery, now)
        delivery.tries.append((now, status))
        delivery.over = status not in RETRIED_STATUSES

    def _post(self, delivery: Delivery, now: float) -> int:
        """Return the answer's status; 0 if none came in time."""
        signature = hmac.new(self.verifier.encode(), delivery.body, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "intuit-signature": base64.b64encode(signature).decode(),
            "intuit-created-time": format_moment(now),
            "intuit-t-id": delivery.trace,
            "intuit-notification-schema-version": "0.1",
            "user-agent": "intuit_notification_server/0.1",
        }
        wsgi = self._mounted.get(delivery.url)
        return _call_in_process(wsgi, delivery, headers) if wsgi else _send(delivery, headers)

    def _run(self) -> None:
        """Send deliveries when they are due, in a thread of its own."""
        while True:
            self.settle()
            with self._awake:
                due = self._next()
                seconds = None
                if due is not None:
                    seconds = min(60.0, max(0.05, due - self.clock.now()))
                self._awake.wait(seconds)

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/webhooks: GET lists, POST {"url", "form"?} adds, DELETE ends all."""
        if method == "DELETE":
            self.clear()
        if method == "POST":
            self.subscribe(body["url"], body.get("form", "cloudevents"))
        with self._awake:
            waiting = [
                event._asdict() | {"at": format_moment(event.at)}
                for event in self._waiting.values()
            ]
        deliveries = [delivery.as_dict() for delivery in list(self.deliveries)]
        return {
            "addresses": self.addresses,
            "waiting": waiting,
            "deliveries": deliveries,
        }


def _call_in_process(wsgi: WSGIApplication, delivery: Delivery, headers: dict[str, str]) -> int:
    """Deliver to a WSGI application; return the status, 0 if it fails."""
    parts = urlsplit(delivery.url)
    path = parts.path or "/"
    by_keyword = {name.replace("-", "_"): value for name, value in headers.items()}
    try:
        answer = send_request(wsgi, "POST", path, delivery.body, host=parts.netloc, **by_keyword)
    except ConnectionFault:
        return 0
    return answer.status


def _send(delivery: Delivery, headers: dict[str, str]) -> int:
    """Deliver over HTTP; return the status, 0 without an answer."""
    parts = urlsplit(delivery.url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=DELIVERY_TIMEOUT_SECONDS)
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    try:
        connection.request("POST", target, delivery.body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()

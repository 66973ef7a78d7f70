"""The webhooks: a delivery for each row that changed and each subscription, signed, repeated when it is not taken."""

import hashlib
import hmac
import json
import queue
import threading
import urllib.request

PATIENCE = 10
TRIES = 3
RESOURCES = {
    "orders": "PURCHASEORDERS", "lines": "PURCHASEORDERLINES", "fees": "PURCHASEORDERFEES", "parts": "PARTS",
    "receipts": "RECEIPTS", "suppliers": "SUPPLIERS",
}  # fmt: skip


class Calls:
    """Deliveries in a thread of their own; `events` is the audit of them, `habits` how they misbehave.

    Habits: `twice` sends each delivery again, `held` collects them until `release`, which sends the newest first.
    """

    def __init__(self, books, organization):
        self._books, self._organization = books, organization
        self.events, self.habits = [], {"twice": False, "held": False}
        self._queue, self._held, self._thread = queue.Queue(), [], None
        self._books.hear.append(self.changed)

    def changed(self, action, table, id):
        """Queues what the subscriptions want to know of a changed row."""
        resource = RESOURCES.get(table)
        for one in self._books.rows("subscriptions") if resource else ():
            if (one["resource"], one["action"]) == (resource, action):
                self._add(self._books.row("receivers", one["receiverId"]), resource, action, id)

    def _add(self, receiver, resource, action, id):
        number = len(self.events) + 1
        said = {
            "resource": resource, "action": action, "id": id, "organizationId": self._organization,
            "transactionId": number, "changes": {}, "timestamp": self._books.last,
        }  # fmt: skip
        event = {"number": number, "to": receiver["webhookUri"], "said": said, "outcome": "waits"}
        self.events.append(event)
        copies = 2 if self.habits["twice"] else 1
        for _ in range(copies):
            self._held.append((event, receiver["sharedSecret"]))
        if not self.habits["held"]:
            self.release()

    def release(self):
        """Sends what was held back, the newest first if it was held on purpose."""
        waiting, self._held = self._held, []
        for one in reversed(waiting) if self.habits["held"] else waiting:
            self._queue.put(one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def settle(self):
        """Waits until everything that was released is delivered or given up."""
        self._queue.join()

    def page(self, method, body):
        """What /_sandbox/webhooks does: tells the events; POST sets habits, {"release": true} sends what is held."""
        if method == "POST" and isinstance(body, dict):
            self.habits |= {name: bool(body[name]) for name in self.habits if name in body}
            if body.get("release"):
                self.release()
        return {"habits": self.habits, "events": self.events}

    def _work(self):
        while True:
            event, secret = self._queue.get()
            try:
                event["outcome"] = self._delivered(event, secret)
            finally:
                self._queue.task_done()

    def _delivered(self, event, secret):
        body = json.dumps(event["said"]).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "x-ion-signature": f"sha256={signature}"}
        outcome = ""
        for _ in range(TRIES):
            request = urllib.request.Request(event["to"], body, headers)  # noqa: S310  (http and https only, checked)
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  (as above)
                    return f"taken with {answer.status}"
            except OSError as error:
                outcome = f"not taken ({error})"
        return outcome

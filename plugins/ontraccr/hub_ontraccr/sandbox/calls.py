"""What the company tells the hub when something changes: signed, in the background, and never more than a hint."""

import hashlib
import hmac
import json
import threading
import urllib.request

PATIENCE = 10
WAYS = ("once", "twice", "late")


class Calls:
    """Calls the addresses that asked for it; `way` plays calls that come twice, or after the next one."""

    def __init__(self, books):
        self._books, self._kept, self.way, self.last = books, [], "once", ""

    def tell(self, division, topic, id):
        """Sends a hint, if anybody asked for it."""
        hub = self._books.hubs.get(division, {})
        if not hub.get("url"):
            return None
        thread = threading.Thread(target=self._send, args=(hub, self._played(topic, id)), daemon=True)
        thread.start()
        return thread

    def _played(self, topic, id):
        """The calls to send now: a late one waits and comes after the one behind it."""
        call = {"topic": topic, "id": id}
        if self.way == "late" and not self._kept:
            self._kept.append(call)
            return []
        late, self._kept = self._kept, []
        return [call, *late] + ([call] if self.way == "twice" else [])

    def _send(self, hub, calls):
        for call in calls:
            body = json.dumps(call).encode()
            signature = hmac.new(hub["secret"].encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", "X-Ontraccr-Signature": signature}
            request = urllib.request.Request(hub["url"], body, headers)  # noqa: S310  (only http and https are taken in)
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  (as above)
                    self.last = f"{call['topic']} {call['id']}: the hub answered {answer.status}."
            except OSError as error:
                self.last = f"{call['topic']} {call['id']}: {hub['url']} did not take it ({error})."

    def page(self, method, body):
        """How calls are made, at /_sandbox/webhooks."""
        if method == "POST":
            if body["way"] not in WAYS:
                raise ValueError(f"One of {', '.join(WAYS)} is needed.")
            self.way = body["way"]
        return {"way": self.way, "last": self.last, "kept": self._kept, "hubs": self._books.hubs}

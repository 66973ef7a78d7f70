"""What the account tells the hub when something changes: signed, in the background, and never more than a hint."""

import hashlib
import hmac
import json
import threading
import urllib.request

from hub_costtracker.sandbox.company import WEBHOOK_SECRET

PATIENCE = 10


class Calls:
    """Calls the address that a person has put in; `last` says how the latest call went."""

    def __init__(self, books):
        self._books, self.last = books, ""

    def tell(self, topic, id=None):
        """Sends a hint, if there is anywhere to send it."""
        if self._books.hub:
            body = json.dumps({"topic": topic, **({"id": id} if id else {})}).encode()
            thread = threading.Thread(target=self._send, args=(self._books.hub, topic, body), daemon=True)
            thread.start()
            return thread
        return None

    def _send(self, address, topic, body):
        signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-CostTracker-Signature": signature}
        request = urllib.request.Request(address, body, headers)  # noqa: S310  (only http and https are taken in)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  (as above)
                self.last = f"{topic}: the hub answered {answer.status}."
        except OSError as error:
            self.last = f"{topic}: {address} did not take it ({error})."

"""What the company tells the hub when something changes: never more than a hint."""

from hub_ontraccr import names
from qbo_sandbox import kit


class Calls(kit.Calls):
    """Calls the address that asked for it, each division's its own."""

    def __init__(self, books):
        super().__init__(
            "X-Ontraccr-Signature",
            topic=names.Change.TOPIC,
            id=names.Change.ID,
        )
        self._books = books

    def tell(self, division, topic, id):
        """Send a hint, if somebody has subscribed."""
        hub = self._books.hubs.get(division, {})
        self.hint(hub.get("url"), hub.get("secret"), topic, id)

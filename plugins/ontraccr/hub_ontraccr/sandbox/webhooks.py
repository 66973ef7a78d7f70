"""Webhook calls about changes: each names a topic and an id, but no content."""

from hub_ontraccr import names
from qbo_sandbox import kit


class Webhooks(kit.WebhookSender):
    """Calls the addresses that subscribed; each division has one of its own."""

    def __init__(self, books):
        super().__init__(
            "X-Ontraccr-Signature",
            topic=names.Change.TOPIC,
            id=names.Change.ID,
        )
        self._books = books

    def notify(self, division, topic, id):
        """Send an event, if somebody has subscribed."""
        hub = self._books.hubs.get(division, {})
        self.send_event(hub.get("url"), hub.get("secret"), topic, id)

"""Webhook calls about changes: each names a topic and an id, but no content."""

from hub_costtracker import names
from hub_costtracker.sandbox.company import WEBHOOK_SECRET
from qbo_sandbox import kit


class Webhooks(kit.WebhookSender):
    """Calls the address that a person entered."""

    def __init__(self, books):
        super().__init__(
            "X-CostTracker-Signature",
            topic=names.Change.TOPIC,
            id=names.Change.ID,
        )
        self._books = books

    def notify(self, topic, id=None):
        """Send an event, if there is an address for it."""
        self.send_event(self._books.hub, WEBHOOK_SECRET, topic, id)

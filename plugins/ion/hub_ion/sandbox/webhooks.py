"""Webhook calls about changes: one delivery for each changed row and subscription."""

from qbo_sandbox import kit

RESOURCES_BY_TABLE = {
    "orders": "PURCHASEORDERS",
    "lines": "PURCHASEORDERLINES",
    "fees": "PURCHASEORDERFEES",
    "parts": "PARTS",
    "receipts": "RECEIPTS",
    "suppliers": "SUPPLIERS",
}


class Webhooks(kit.WebhookSender):
    """Calls the receivers that subscribed to what changed."""

    def __init__(self, books, organization):
        super().__init__("x-ion-signature", "sha256=")
        self._books = books
        self._organization = organization
        self._books.listeners.append(self.announce)

    def announce(self, action, table, id):
        """Send a changed row to the subscriptions for it."""
        resource = RESOURCES_BY_TABLE.get(table)
        if not resource:
            return
        for subscription in self._books.rows("subscriptions"):
            if (subscription["resource"], subscription["action"]) == (resource, action):
                receiver = self._books.row("receivers", subscription["receiverId"])
                self._deliver(receiver, resource, action, id)

    def _deliver(self, receiver, resource, action, id):
        """Send one delivery to a receiver."""
        content = {
            "resource": resource,
            "action": action,
            "id": id,
            "organizationId": self._organization,
            "transactionId": len(self.events) + 1,
            "changes": {},
            "timestamp": self._books.last,
        }
        self.send(receiver["webhookUri"], receiver["sharedSecret"], content)

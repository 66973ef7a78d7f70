"""Every mutation of the API: what it needs, what it refuses, what it writes."""

import hashlib
from decimal import Decimal

from graphql import GraphQLError

from hub_ion.sandbox import rules
from hub_ion.sandbox.rules import check_draft, checked_etag, require

HTTPS = ("https://", "http://127.0.0.1", "http://localhost")
REFERENCES = {
    "supplierId": ("suppliers", "Supplier"),
    "currencyId": ("currencies", "Currency"),
    "shipToLocationId": ("locations", "Location"),
    "partId": ("parts", "Part"),
}
PLAIN = {"_etag", "id", "etag"}


class Changes:
    """The mutations by name, each with its arguments as the schema gives them."""

    def __init__(self, books):
        self._books = books

    def names(self):
        """Return the mutations of the schema that this class has."""
        return [name for name in dir(self) if name.startswith(("create", "update", "delete"))]

    # -- orders ---------------------------------------------------------------------------------

    def createPurchaseOrder(self, input):
        self._check_references(input)
        values = {"phase": "DRAFT", "attributes": {}, **_plain_values(input)}
        return {"purchaseOrder": self._books.put("orders", **_ids(values))}

    def updatePurchaseOrder(self, input):
        order = self._order(input["id"], input["etag"])
        self._check_references(input)
        changes = _ids(_plain_values(input))
        status = input.get("status")
        changes.pop("status", None)
        if changes.keys() - {"terms", "notes", "externalReference"}:
            check_draft(order, "Supplier, currency and address")
        if not status or status == order["phase"]:
            return {"purchaseOrder": self._books.put("orders", id=order["id"], **changes)}
        return {"purchaseOrder": self._move(order, status, changes)}

    def _move(self, order, status, changes):
        """Change the status and the etags of all lines; each move to Ordered is a new version."""
        rules.checked_move(order, status)
        values = {**changes, "id": order["id"], "phase": status}
        if status == "ORDERED":
            version = int(order["attributes"].get("Version") or 0) + 1
            values |= {
                "orderedDate": self._books.today(),
                "attributes": {**order["attributes"], "Version": str(version)},
            }
        lines = [
            ("put", "lines", {"id": line["id"], "purchaseOrderId": order["id"]})
            for line in self._lines(order)
        ]
        return self._books.commit(("put", "orders", values), *lines)[0]

    def deletePurchaseOrder(self, id, etag):
        order = self._order(id, etag)
        if self._lines(order) or self._books.of_order("fees", order):
            raise GraphQLError("A purchase order with lines or fees cannot be deleted.")
        self._books.commit(("drop", "orders", order["id"]))
        return {"id": order["id"]}

    def updatePurchaseOrderAttribute(self, input):
        order = self._order(input["purchaseOrderId"], input["etag"])
        attributes = {**order["attributes"], input["key"]: input.get("value")}
        return {"purchaseOrder": self._books.put("orders", id=order["id"], attributes=attributes)}

    # -- lines and fees -------------------------------------------------------------------------

    def createPurchaseOrderLine(self, input):
        order = self._order(input["purchaseOrderId"])
        check_draft(order, "Lines")
        self._check_references(input)
        number = max((line["lineNumber"] for line in self._lines(order)), default=0) + 1
        row = self._books.put(
            "lines",
            lineNumber=number,
            attributes={},
            **_ids(_plain_values(input)),
        )
        return {"purchaseOrderLine": row}

    def updatePurchaseOrderLine(self, input):
        line, order = self._line(input["id"], input["etag"])
        self._check_references(input)
        changes = _ids(_plain_values(input))
        rules.check_line_change(order, line, changes)
        status = changes.pop("status", None)
        if status:
            changes["canceled"] = status == "CANCELED"
        row = self._books.put("lines", id=line["id"], purchaseOrderId=order["id"], **changes)
        return {"purchaseOrderLine": row}

    def deletePurchaseOrderLine(self, id, etag):
        line, order = self._line(id, etag)
        check_draft(order, "Lines")
        rules.check_not_received(line)
        self._books.commit(("drop", "lines", line["id"]))
        return {"id": line["id"]}

    def updatePurchaseOrderLineAttribute(self, input):
        line, order = self._line(input["purchaseOrderLineId"], input["etag"])
        attributes = {**line["attributes"], input["key"]: input.get("value")}
        row = self._books.put(
            "lines",
            id=line["id"],
            purchaseOrderId=order["id"],
            attributes=attributes,
        )
        return {"purchaseOrderLine": row}

    def createPurchaseOrderFee(self, input):
        self._order(input["purchaseOrderId"])
        return {"purchaseOrderFee": self._books.put("fees", **_ids(_plain_values(input)))}

    def updatePurchaseOrderFee(self, input):
        fee = self._fee(input["id"], input["etag"])
        values = {
            **_plain_values(input),
            "id": fee["id"],
            "purchaseOrderId": fee["purchaseOrderId"],
        }
        return {"purchaseOrderFee": self._books.put("fees", **values)}

    def deletePurchaseOrderFee(self, id, etag):
        fee = self._fee(id, etag)
        self._books.commit(("drop", "fees", fee["id"]))
        return {"id": fee["id"]}

    def createReceipt(self, input):
        received = []
        ids = []
        for received_line in input["lines"]:
            line, order = self._line(received_line["purchaseOrderLineId"])
            if order["phase"] != "ORDERED" or line.get("canceled"):
                raise GraphQLError("Only what is ordered can be received.")
            if received_line["quantity"] <= 0:
                raise GraphQLError("What is received has a quantity above zero.")
            quantity = Decimal(line.get("receivedQuantity", "0")) + received_line["quantity"]
            values = {
                "id": line["id"],
                "purchaseOrderId": order["id"],
                "receivedQuantity": str(quantity),
            }
            received.append(("put", "lines", values))
            ids.append(line["id"])
        return {"receipt": self._books.commit(("put", "receipts", {"lines": ids}), *received)[0]}

    # -- lists ----------------------------------------------------------------------------------

    def createSupplier(self, input):
        return {"supplier": self._books.put("suppliers", name=input["name"], attributes={})}

    def createPart(self, input):
        fields = {
            "revision": "A",
            "purchaseType": "INVENTORY",
            **_plain_values(input),
        }
        return {"part": self._new_part(fields)}

    def updatePart(self, input):
        part = require(self._books.row("parts", input["id"]), "Part", input["id"])
        checked_etag(part, input["etag"], "Part")
        return {"part": self._books.put("parts", id=part["id"], **_plain_values(input))}

    def createPartRevision(self, input):
        part = require(self._books.row("parts", input["id"]), "Part", input["id"])
        checked_etag(part, input["etag"], "Part")
        copied = {
            name: part.get(name) for name in ("partNumber", "description", "purchaseType", "cost")
        }
        return {
            "part": self._new_part(
                {**copied, "revision": input.get("revision") or chr(ord(part["revision"][-1]) + 1)}
            )
        }

    def _new_part(self, fields):
        name = fields["partNumber"], fields["revision"]
        if any(
            (part["partNumber"], part["revision"]) == name for part in self._books.rows("parts")
        ):
            raise GraphQLError(f"Part {name[0]} already has a revision {name[1]}.")
        return self._books.put("parts", attributes={}, **fields)

    # -- webhooks -------------------------------------------------------------------------------

    def createWebhookReceiver(self, input):
        if not input["webhookUri"].startswith(HTTPS):
            raise GraphQLError("A webhook receiver needs an https address.")
        count = len(self._books.rows("receivers"))
        secret = hashlib.sha256(f"{input['webhookUri']}:{count}".encode()).hexdigest()
        return {
            "webhookReceiver": self._books.put(
                "receivers", sharedSecret=secret, **_plain_values(input)
            )
        }

    def deleteWebhookReceiver(self, id, etag):
        row = require(self._books.row("receivers", id), "WebhookReceiver", id)
        checked_etag(row, etag, "WebhookReceiver")
        subscriptions = [
            subscription["id"]
            for subscription in self._books.rows("subscriptions")
            if subscription["receiverId"] == row["id"]
        ]
        self._books.commit(
            *(("drop", "subscriptions", subscription_id) for subscription_id in subscriptions),
            ("drop", "receivers", row["id"]),
        )
        return {"id": row["id"]}

    def createWebhookSubscription(self, input):
        require(
            self._books.row("receivers", input["receiverId"]),
            "WebhookReceiver",
            input["receiverId"],
        )
        return {
            "webhookSubscription": self._books.put("subscriptions", **_ids(_plain_values(input)))
        }

    def _check_references(self, input):
        for name, (table, what) in REFERENCES.items():
            if input.get(name) is not None:
                require(self._books.row(table, input[name]), what, input[name])

    # -- finding --------------------------------------------------------------------------------

    def _order(self, id, etag=None):
        order = require(self._books.row("orders", id), "PurchaseOrder", id)
        if etag is not None:
            checked_etag(order, etag, "PurchaseOrder")
        return order

    def _line(self, id, etag=None):
        line = require(self._books.row("lines", id), "PurchaseOrderLine", id)
        if etag is not None:
            checked_etag(line, etag, "PurchaseOrderLine")
        return line, self._order(line["purchaseOrderId"])

    def _fee(self, id, etag):
        fee = require(self._books.row("fees", id), "PurchaseOrderFee", id)
        checked_etag(fee, etag, "PurchaseOrderFee")
        return fee

    def _lines(self, order):
        return self._books.of_order("lines", order)


def _plain_values(input):
    """Return the values to write, with amounts as text."""
    values = {name: value for name, value in input.items() if name not in PLAIN}
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()
    }


def _ids(values):
    """Return ids, which the API accepts as texts or numbers, as numbers."""
    return {
        name: int(value) if name.endswith("Id") and value is not None else value
        for name, value in values.items()
    }

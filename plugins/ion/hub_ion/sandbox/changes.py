"""The mutations of the API: they check the input and write rows."""

import hashlib
from decimal import Decimal

from graphql import GraphQLError

from hub_ion.sandbox import rules
from hub_ion.sandbox.rules import check_attribute_etag, check_draft, check_etag, require

RECEIVER_ADDRESS_PREFIXES = ("https://", "http://127.0.0.1", "http://localhost")
REFERENCED_TABLES = {
    "supplierId": ("suppliers", "Supplier"),
    "currencyId": ("currencies", "Currency"),
    "shipToLocationId": ("locations", "Location"),
    "partId": ("parts", "Part"),
}
READ_ONLY_FIELDS = {"_etag", "id", "etag"}
FIELDS_COPIED_TO_REVISION = ("partNumber", "description", "purchaseType", "cost")


class Changes:
    """The mutations, each a method with the name and the arguments of the schema."""

    def __init__(self, books):
        self._books = books

    def names(self):
        """Return the mutations of the schema that this class has."""
        return [name for name in dir(self) if name.startswith(("create", "update", "delete"))]

    # -- orders ---------------------------------------------------------------------------------

    def createPurchaseOrder(self, input):
        """Add a draft."""
        self._check_references(input)
        values = {"phase": "DRAFT", "attributes": {}, **_convert_values(input)}
        return {"purchaseOrder": self._books.put("orders", **_convert_ids(values))}

    def updatePurchaseOrder(self, input):
        """Change fields or the status; most fields change only on a draft."""
        order = self._order(input["id"], input["etag"])
        self._check_references(input)
        changes = _convert_ids(_convert_values(input))
        status = input.get("status")
        changes.pop("status", None)
        if changes.keys() - {"terms", "notes", "externalReference"}:
            check_draft(order, "Supplier, currency and address")
        if not status or status == order["phase"]:
            return {"purchaseOrder": self._books.put("orders", id=order["id"], **changes)}
        return {"purchaseOrder": self._move(order, status, changes)}

    def _move(self, order, status, changes):
        """Change the status and the etags of all lines; each move to Ordered is a new version."""
        rules.check_status_change(order, status)
        values = {**changes, "id": order["id"], "phase": status}
        if status == "ORDERED":
            version = int(order["attributes"].get("Version") or 0) + 1
            values |= {
                "orderedDate": self._books.today(),
                "attributes": {**order["attributes"], "Version": str(version)},
            }
        touched_lines = []
        for line in self._lines(order):
            touched_lines.append(
                ("put", "lines", {"id": line["id"], "purchaseOrderId": order["id"]})
            )
        row, *_ = self._books.commit(("put", "orders", values), *touched_lines)
        return row

    def deletePurchaseOrder(self, id, etag):
        """Delete an order without lines and fees."""
        order = self._order(id, etag)
        if self._lines(order) or self._books.of_order("fees", order):
            raise GraphQLError("A purchase order with lines or fees cannot be deleted.")
        self._books.commit(("drop", "orders", order["id"]))
        return {"id": order["id"]}

    def updatePurchaseOrderAttribute(self, input):
        """Write an attribute of an order."""
        order = self._order(input["purchaseOrderId"])
        check_attribute_etag(order, input["key"], input["etag"], "PurchaseOrder")
        attributes = {**order["attributes"], input["key"]: input.get("value")}
        row = self._books.put("orders", id=order["id"], attributes=attributes)
        return {"purchaseOrder": row}

    # -- lines and fees -------------------------------------------------------------------------

    def createPurchaseOrderLine(self, input):
        """Add a line to a draft."""
        order = self._order(input["purchaseOrderId"])
        check_draft(order, "Lines")
        self._check_references(input)
        numbers = [line["lineNumber"] for line in self._lines(order)]
        values = _convert_ids(_convert_values(input))
        number = max(numbers, default=0) + 1
        row = self._books.put("lines", lineNumber=number, attributes={}, **values)
        return {"purchaseOrderLine": row}

    def updatePurchaseOrderLine(self, input):
        """Change a line, as the status of its order allows."""
        line, order = self._line(input["id"], input["etag"])
        self._check_references(input)
        changes = _convert_ids(_convert_values(input))
        rules.check_line_change(order, line, changes)
        status = changes.pop("status", None)
        if status:
            changes["canceled"] = status == "CANCELED"
        row = self._books.put("lines", id=line["id"], purchaseOrderId=order["id"], **changes)
        return {"purchaseOrderLine": row}

    def deletePurchaseOrderLine(self, id, etag):
        """Delete a line of a draft."""
        line, order = self._line(id, etag)
        check_draft(order, "Lines")
        rules.check_not_received(line)
        self._books.commit(("drop", "lines", line["id"]))
        return {"id": line["id"]}

    def updatePurchaseOrderLineAttribute(self, input):
        """Write an attribute of a line."""
        line, order = self._line(input["purchaseOrderLineId"])
        check_attribute_etag(line, input["key"], input["etag"], "PurchaseOrderLine")
        attributes = {**line["attributes"], input["key"]: input.get("value")}
        row = self._books.put(
            "lines",
            id=line["id"],
            purchaseOrderId=order["id"],
            attributes=attributes,
        )
        return {"purchaseOrderLine": row}

    def createPurchaseOrderFee(self, input):
        """Add a fee to an order."""
        self._order(input["purchaseOrderId"])
        values = _convert_ids(_convert_values(input))
        return {"purchaseOrderFee": self._books.put("fees", **values)}

    def updatePurchaseOrderFee(self, input):
        """Change a fee."""
        fee = self._fee(input["id"], input["etag"])
        values = {
            **_convert_values(input),
            "id": fee["id"],
            "purchaseOrderId": fee["purchaseOrderId"],
        }
        return {"purchaseOrderFee": self._books.put("fees", **values)}

    def deletePurchaseOrderFee(self, id, etag):
        """Delete a fee."""
        fee = self._fee(id, etag)
        self._books.commit(("drop", "fees", fee["id"]))
        return {"id": fee["id"]}

    def createReceipt(self, input):
        """Receive quantities of lines that are ordered."""
        puts = []
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
            puts.append(("put", "lines", values))
            ids.append(line["id"])
        row, *_ = self._books.commit(("put", "receipts", {"lines": ids}), *puts)
        return {"receipt": row}

    # -- lists ----------------------------------------------------------------------------------

    def createSupplier(self, input):
        """Add a supplier."""
        return {"supplier": self._books.put("suppliers", name=input["name"], attributes={})}

    def createPart(self, input):
        """Add a part."""
        fields = {
            "revision": "A",
            "purchaseType": "INVENTORY",
            **_convert_values(input),
        }
        return {"part": self._new_part(fields)}

    def updatePart(self, input):
        """Change a part."""
        part = require(self._books.row("parts", input["id"]), "Part", input["id"])
        check_etag(part, input["etag"], "Part")
        return {"part": self._books.put("parts", id=part["id"], **_convert_values(input))}

    def createPartRevision(self, input):
        """Add the next revision of a part."""
        part = require(self._books.row("parts", input["id"]), "Part", input["id"])
        check_etag(part, input["etag"], "Part")
        fields = {name: part.get(name) for name in FIELDS_COPIED_TO_REVISION}
        next_letter = chr(ord(part["revision"][-1]) + 1)
        fields["revision"] = input.get("revision") or next_letter
        return {"part": self._new_part(fields)}

    def _new_part(self, fields):
        """Add a part; refuse a revision that its number already has."""
        number, revision = fields["partNumber"], fields["revision"]
        for part in self._books.rows("parts"):
            if (part["partNumber"], part["revision"]) == (number, revision):
                raise GraphQLError(f"Part {number} already has a revision {revision}.")
        return self._books.put("parts", attributes={}, **fields)

    # -- webhooks -------------------------------------------------------------------------------

    def createWebhookReceiver(self, input):
        """Add an address to call; its secret signs the calls."""
        if not input["webhookUri"].startswith(RECEIVER_ADDRESS_PREFIXES):
            raise GraphQLError("A webhook receiver needs an https address.")
        count = len(self._books.rows("receivers"))
        secret = hashlib.sha256(f"{input['webhookUri']}:{count}".encode()).hexdigest()
        values = _convert_values(input)
        row = self._books.put("receivers", sharedSecret=secret, **values)
        return {"webhookReceiver": row}

    def deleteWebhookReceiver(self, id, etag):
        """Delete an address with its subscriptions."""
        row = require(self._books.row("receivers", id), "WebhookReceiver", id)
        check_etag(row, etag, "WebhookReceiver")
        drops = []
        for subscription in self._books.rows("subscriptions"):
            if subscription["receiverId"] == row["id"]:
                drops.append(("drop", "subscriptions", subscription["id"]))
        self._books.commit(*drops, ("drop", "receivers", row["id"]))
        return {"id": row["id"]}

    def createWebhookSubscription(self, input):
        """Subscribe an address to changes of a resource."""
        id = input["receiverId"]
        require(self._books.row("receivers", id), "WebhookReceiver", id)
        values = _convert_ids(_convert_values(input))
        return {"webhookSubscription": self._books.put("subscriptions", **values)}

    def _check_references(self, input):
        """Refuse an id that no row of its table has."""
        for name, (table, type_name) in REFERENCED_TABLES.items():
            if input.get(name) is not None:
                require(self._books.row(table, input[name]), type_name, input[name])

    # -- finding --------------------------------------------------------------------------------

    def _order(self, id, etag=None):
        """Return an order; refuse an id or an etag that is not its own."""
        order = require(self._books.row("orders", id), "PurchaseOrder", id)
        if etag is not None:
            check_etag(order, etag, "PurchaseOrder")
        return order

    def _line(self, id, etag=None):
        """Return a line with its order; refuse an id or an etag that is not its own."""
        line = require(self._books.row("lines", id), "PurchaseOrderLine", id)
        if etag is not None:
            check_etag(line, etag, "PurchaseOrderLine")
        return line, self._order(line["purchaseOrderId"])

    def _fee(self, id, etag):
        """Return a fee; refuse an id or an etag that is not its own."""
        fee = require(self._books.row("fees", id), "PurchaseOrderFee", id)
        check_etag(fee, etag, "PurchaseOrderFee")
        return fee

    def _lines(self, order):
        """Return the lines of an order."""
        return self._books.of_order("lines", order)


def _convert_values(input):
    """Return the values to write, with amounts as text."""
    values = {name: value for name, value in input.items() if name not in READ_ONLY_FIELDS}
    for name, value in values.items():
        if isinstance(value, Decimal):
            values[name] = str(value)
    return values


def _convert_ids(values):
    """Return ids, which the API accepts as texts or numbers, as numbers."""
    numbers = {}
    for name, value in values.items():
        is_id = name.endswith("Id") and value is not None
        numbers[name] = int(value) if is_id else value
    return numbers

"""Compute statuses and totals, and refuse changes that ION does not allow."""

import hashlib
from decimal import ROUND_HALF_UP, Decimal

from graphql import GraphQLError

CENT = Decimal("0.01")
NEXT_STATUSES = {
    "DRAFT": ("IN_REVIEW",),
    "IN_REVIEW": ("APPROVED", "DRAFT"),
    "APPROVED": ("ORDERED", "DRAFT"),
    "ORDERED": ("DRAFT",),
}
# Fields of a line that can be changed in every status.
ALWAYS_CHANGEABLE_FIELDS = {"estimatedArrivalDate", "paid"}


def get_line_status(order, line):
    """Return a line's status by its order and what was received."""
    if line.get("canceled"):
        return "CANCELED"
    received_quantity = Decimal(line.get("receivedQuantity", "0"))
    if order["phase"] != "ORDERED" or not received_quantity:
        return order["phase"]
    return "RECEIVED" if received_quantity >= Decimal(line["quantity"]) else "PARTIALLY_RECEIVED"


def get_order_status(order, lines):
    """Return an order's status by its lines."""
    statuses = {get_line_status(order, line) for line in lines}
    if statuses == {"CANCELED"}:
        return "CANCELED"
    if statuses and statuses <= {"RECEIVED", "CANCELED"}:
        return "RECEIVED"
    if statuses & {"RECEIVED", "PARTIALLY_RECEIVED"}:
        return "PARTIALLY_RECEIVED"
    return order["phase"]


def compute_line_total(line):
    """Return the stated total of a line, or else quantity times cost in cents."""
    if line.get("totalCost") is not None:
        return Decimal(line["totalCost"])
    total = Decimal(line["quantity"]) * Decimal(line["cost"])
    return total.quantize(CENT, ROUND_HALF_UP)


def compute_order_total(lines, fees):
    """Return an order's estimated cost: lines that are not canceled, and fees."""
    total = Decimal(0)
    for line in lines:
        if not line.get("canceled"):
            total += compute_line_total(line)
    for fee in fees:
        total += Decimal(fee["value"])
    return total


def check_status_change(order, status):
    """Refuse a status that cannot follow the present one."""
    if status not in NEXT_STATUSES.get(order["phase"], ()):
        raise GraphQLError(f"A purchase order cannot go from {order['phase']} to {status}.")


def check_draft(order, what):
    """Refuse a change that only a draft accepts."""
    if order["phase"] != "DRAFT":
        raise GraphQLError(f"{what} can only be changed while the purchase order is a draft.")


def check_line_change(order, line, changes):
    """Refuse a change that a line does not accept at this time."""
    status = changes.get("status")
    if status not in (None, "", "CANCELED", "DRAFT"):
        raise GraphQLError("The only status that can be set on a line is CANCELED.")
    may_be_restored = order["phase"] == "DRAFT" and line.get("canceled")
    if status == "DRAFT" and not may_be_restored:
        raise GraphQLError(
            "A line can be taken back from CANCELED only while its purchase order is a draft."
        )
    if status == "CANCELED":
        check_not_received(line)
    if changes.keys() - ALWAYS_CHANGEABLE_FIELDS - {"status"}:
        check_draft(order, "A line")


def check_not_received(line):
    """Refuse to cancel or delete a line that was received."""
    if Decimal(line.get("receivedQuantity", "0")):
        raise GraphQLError("A line that was received cannot be canceled or deleted.")


def get_attribute_etag(row, key):
    """Return the etag with which an attribute is written: its own, or its row's if it is new."""
    if key not in row["attributes"]:
        return row["_etag"]
    digest = hashlib.sha256(f"{row['_etag']}:{key}".encode()).hexdigest()
    return digest[:32]


def check_attribute_etag(row, key, etag, what):
    """Refuse to write an attribute that has changed since its etag was read."""
    if etag != get_attribute_etag(row, key):
        raise GraphQLError(f"{what} has been updated since the etag was read.")


def check_etag(row, etag, what):
    """Refuse a write that is based on an older version."""
    if row["_etag"] != etag:
        raise GraphQLError(f"{what} has been updated since the etag was read.")


def require(row, what, id):
    """Return the row; raise an error that names what is missing if it is None."""
    if row is None:
        raise GraphQLError(f"{what} {id} does not exist.")
    return row

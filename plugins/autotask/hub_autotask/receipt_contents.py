"""What people may change in the bill of a receipt while it waits in the hub."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub import Row
from hub_autotask.client import Autotask
from hub_autotask.entity_rows import has_id, list_values

# The hub itself writes other fields of an order.
ORDER_FIELDS = (
    "vendorID",
    "purchaseForCompanyID",
    "paymentTerm",
    "freight",
    "internalCurrencyFreight",
    "generalMemo",
    "purchaseOrderNumber",
)


def iter_contents(source: Autotask, receipts: Sequence[Row]) -> Iterator[tuple[int, object]]:
    """Yield the id of each receipt, and what its bill has of it, of its item and of its order."""
    item_ids = {receipt["purchaseOrderItemID"] for receipt in receipts}
    items = _index(source.rows_with("PurchaseOrderItems", "id", item_ids))
    order_ids = {item["orderID"] for item in items.values() if has_id(item, "orderID")}
    orders = _index(source.rows_with("PurchaseOrders", "id", order_ids))
    for receipt in receipts:
        item = items.get(receipt["purchaseOrderItemID"], {})
        order = orders.get(item.get("orderID"), {})
        of_order = [order.get(field) for field in ORDER_FIELDS]
        yield receipt["id"], [list_values(receipt), list_values(item), of_order]


def _index(rows: Iterable[Row]) -> dict[Any, Row]:
    """Return the rows that have an id, by their ids."""
    return {row["id"]: row for row in rows if has_id(row)}

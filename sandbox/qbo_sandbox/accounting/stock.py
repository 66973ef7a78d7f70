"""Inventory: what a transaction adds to stock or takes from it, and what that costs."""

from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.kinds import GROUP_LINE, ITEM_LINE, SALES_LINE
from qbo_sandbox.accounting.ledger import Entries, Entry
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO, money


def moved(company: Lookups, data: dict[str, Any], direction: int) -> Entries:
    """What is bought goes into stock with its line; what is sold leaves it at its purchase cost."""
    booked: list[Entry] = []
    for place, line in enumerate(data.get("Line", ())):
        for part in (
            line[GROUP_LINE].get("Line", ()) if line["DetailType"] == GROUP_LINE else (line,)
        ):
            booked += _line(company, part, direction, place)
    return tuple(booked)


def _line(company: Lookups, line: dict[str, Any], direction: int, place: int) -> list[Entry]:
    kind = line.get("DetailType")
    if kind not in (ITEM_LINE, SALES_LINE):
        return []
    detail = line[kind]
    quantity = Decimal(str(detail.get("Qty") or 0))
    row = company.row("Item", (detail.get("ItemRef") or {}).get("value")) if quantity else None
    item = row.read() if row else {}
    if row is None or item.get("Type") != "Inventory":
        return []
    asset, expense = item["AssetAccountRef"]["value"], item["ExpenseAccountRef"]["value"]
    if kind == ITEM_LINE:
        return [Entry(asset, ZERO, ZERO, place, row.id, direction * quantity)]
    cost = money(direction * quantity * Decimal(str(item.get("PurchaseCost") or 0)))
    return [
        Entry(asset, cost, cost, place, row.id, direction * quantity),
        *([Entry(expense, -cost, -cost, place)] if cost else []),
    ]


def opening(company: Lookups, item: dict[str, Any]) -> Entries:
    """The stock an item starts with, against the opening balance."""
    quantity = Decimal(str(item.get("QtyOnHand") or 0))
    if item.get("Type") != "Inventory" or not quantity:
        return ()
    value = money(quantity * Decimal(str(item.get("PurchaseCost") or 0)))
    first = Entry(item["AssetAccountRef"]["value"], value, value, -1, item["Id"], quantity)
    return (first, Entry(company.opening_account(), -value, -value)) if value else (first,)

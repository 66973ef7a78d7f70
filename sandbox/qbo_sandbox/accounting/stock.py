"""Inventory: the quantities that a transaction adds or takes, and their cost."""

from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.kinds import GROUP_LINE, ITEM_LINE, SALES_LINE
from qbo_sandbox.accounting.ledger import Entries, LedgerEntry
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO, round_money


def book_movements(company: Lookups, data: dict[str, Any], direction: int) -> Entries:
    """Return the stock entries of a transaction.

    Purchases go into stock with their line; sales leave it at the purchase cost.
    """
    booked: list[LedgerEntry] = []
    for place, line in enumerate(data.get("Line", ())):
        parts = [line]
        if line["DetailType"] == GROUP_LINE:
            parts = line[GROUP_LINE].get("Line", ())
        for part in parts:
            booked += _book_line(company, part, direction, place)
    return tuple(booked)


def _book_line(
    company: Lookups, line: dict[str, Any], direction: int, place: int
) -> list[LedgerEntry]:
    kind = line.get("DetailType")
    if kind not in (ITEM_LINE, SALES_LINE):
        return []
    detail = line[kind]
    quantity = Decimal(str(detail.get("Qty") or 0))
    if not quantity:
        return []
    row = company.row("Item", (detail.get("ItemRef") or {}).get("value"))
    if row is None:
        return []
    item = row.read()
    if item.get("Type") != "Inventory":
        return []
    asset = item["AssetAccountRef"]["value"]
    expense = item["ExpenseAccountRef"]["value"]
    if kind == ITEM_LINE:
        return [LedgerEntry(asset, ZERO, ZERO, place, row.id, direction * quantity)]
    cost = round_money(direction * quantity * Decimal(str(item.get("PurchaseCost") or 0)))
    entries = [LedgerEntry(asset, cost, cost, place, row.id, direction * quantity)]
    if cost:
        entries.append(LedgerEntry(expense, -cost, -cost, place))
    return entries


def book_opening_stock(company: Lookups, item: dict[str, Any]) -> Entries:
    """Return the entries of an item's initial stock, against the opening balance."""
    quantity = Decimal(str(item.get("QtyOnHand") or 0))
    if item.get("Type") != "Inventory" or not quantity:
        return ()
    cost = Decimal(str(item.get("PurchaseCost") or 0))
    value = round_money(quantity * cost)
    asset_account = item["AssetAccountRef"]["value"]
    first = LedgerEntry(asset_account, value, value, -1, item["Id"], quantity)
    if not value:
        return (first,)
    return first, LedgerEntry(company.opening_account(), -value, -value)

"""Inventory: the quantities that a transaction adds or takes, and their cost."""

from decimal import Decimal

from qbo_sandbox.accounting.kinds import (
    ADJUSTMENT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    SALES_LINE,
)
from qbo_sandbox.accounting.ledger import Entries, LedgerEntry
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.kit.json_object import JsonObject


def book_movements(company: Lookups, data: JsonObject, direction: int) -> Entries:
    """Return the stock entries of a transaction.

    Purchases go into stock with their line; sales leave it at the purchase cost.
    """
    entries: list[LedgerEntry] = []
    for index, line in enumerate(data.get("Line", ())):
        parts = [line]
        if line["DetailType"] == GROUP_LINE:
            parts = line[GROUP_LINE].get("Line", ())
        for part in parts:
            entries += _book_line(company, part, direction, index)
    return tuple(entries)


def _book_line(company: Lookups, line: JsonObject, direction: int, index: int) -> list[LedgerEntry]:
    """Return the stock entries of a line; none unless it has a quantity of a stock item."""
    kind = line.get("DetailType")
    if kind not in (ITEM_LINE, SALES_LINE):
        return []
    detail = line[kind]
    quantity = direction * Decimal(str(detail.get("Qty") or 0))
    if not quantity:
        return []
    item = _find_stock_item(company, detail)
    if item is None:
        return []
    if kind == ITEM_LINE:
        asset = item["AssetAccountRef"]["value"]
        return [LedgerEntry(asset, ZERO, ZERO, index, item["Id"], quantity)]
    return _book_at_cost(item, quantity, item["ExpenseAccountRef"]["value"], index)


def book_differences(company: Lookups, lines: list[JsonObject], counter_account: str) -> Entries:
    """Return the stock entries of the lines of an inventory adjustment."""
    entries: list[LedgerEntry] = []
    for index, line in enumerate(lines):
        detail = line[ADJUSTMENT_LINE]
        item = _find_stock_item(company, detail)
        quantity = Decimal(str(detail["QtyDiff"]))
        if item is not None and quantity:
            entries += _book_at_cost(item, quantity, counter_account, index)
    return tuple(entries)


def _find_stock_item(company: Lookups, detail: JsonObject) -> JsonObject | None:
    """Return the item of a line, or None unless it is an item in stock."""
    reference = detail.get("ItemRef") or {}
    row = company.row("Item", reference.get("value"))
    if row is None:
        return None
    item = row.read()
    return item if item.get("Type") == "Inventory" else None


def _book_at_cost(
    item: JsonObject, quantity: Decimal, counter_account: str, index: int
) -> list[LedgerEntry]:
    """Return the entries of a quantity that enters or leaves stock at the purchase cost."""
    unit_cost = Decimal(str(item.get("PurchaseCost") or 0))
    cost = round_money(quantity * unit_cost)
    asset_account = item["AssetAccountRef"]["value"]
    entries = [LedgerEntry(asset_account, cost, cost, index, item["Id"], quantity)]
    if cost:
        entries.append(LedgerEntry(counter_account, -cost, -cost, index))
    return entries


def book_opening_stock(company: Lookups, item: JsonObject) -> Entries:
    """Return the entries of an item's initial stock, against the opening balance."""
    quantity = Decimal(str(item.get("QtyOnHand") or 0))
    if item.get("Type") != "Inventory" or not quantity:
        return ()
    cost = Decimal(str(item.get("PurchaseCost") or 0))
    value = round_money(quantity * cost)
    asset_account = item["AssetAccountRef"]["value"]
    stock_entry = LedgerEntry(asset_account, value, value, -1, item["Id"], quantity)
    if not value:
        return (stock_entry,)
    opening_account = company.opening_account()
    counter_entry = LedgerEntry(opening_account, -value, -value)
    return stock_entry, counter_entry

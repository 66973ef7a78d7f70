"""A product or service, or a category of them."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Item, Role
from hub.qbo.payloads.builder import PayloadBuilder, clean, day, details_of, without_empty
from hub.qbo.payloads.names import LONGEST_ITEM, name
from hub.qbo.payloads.sales_tax import EXEMPT, TAXABLE

TYPES = {
    "service": "Service",
    "non_inventory": "NonInventory",
    "inventory": "Inventory",
    "category": "Category",
}
ACCOUNTS: tuple[Role, ...] = ("income_account", "expense_account", "asset_account")
LONGEST_SALE, LONGEST_PURCHASE, LONGEST_SKU = 4000, 1000, 100


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The item as QuickBooks takes it; it has no note for our marker, so its name alone tells it again."""
    item = details_of(builder.document, Item)
    above = builder.header("category")
    made = without_empty(Name=name(builder, item.name, LONGEST_ITEM), Type=TYPES[item.type])
    made |= without_empty(ParentRef=above, SubItem=True if above else None)
    if item.type == "category":
        return made
    made |= _texts(item) | _accounts(builder, item) | _tax(builder)
    made |= without_empty(PrefVendorRef=builder.header("vendor"), ClassRef=builder.header("class"))
    return made | (_stock(builder, item) if item.type == "inventory" else {})


def _texts(item: Item) -> dict[str, Any]:
    said = clean(item.description or "")
    return without_empty(
        Sku=clean(item.sku or "")[:LONGEST_SKU],
        Description=said[:LONGEST_SALE],
        PurchaseDesc=said[:LONGEST_PURCHASE],
        UnitPrice=item.price,
        PurchaseCost=item.cost,
    )


def _accounts(builder: PayloadBuilder, item: Item) -> dict[str, Any]:
    """Return the accounts of an item; an inventory item needs all three, any other one of two."""
    header = builder.mapped.header
    is_inventory = item.type == "inventory"
    missing = []
    if is_inventory:
        missing = [role.replace("_", " ") for role in ACCOUNTS if role not in header]
    elif "income_account" not in header and "expense_account" not in header:
        missing = ["income account or expense account"]
    if missing:
        builder.problems.append(
            f"{item.name} cannot be made without {' and '.join(missing)}. Choose them in the"
            " settings of the app."
        )
    return without_empty(
        IncomeAccountRef=builder.header("income_account"),
        ExpenseAccountRef=builder.header("expense_account"),
        AssetAccountRef=builder.header("asset_account") if is_inventory else None,
    )


def _stock(builder: PayloadBuilder, item: Item) -> dict[str, Any]:
    start = item.start or builder.document.date
    if start is None:
        builder.problems.append(
            f"{item.name} is kept in stock, but not known from which day. Complete it at the source."
        )
    return {"TrackQtyOnHand": True, "QtyOnHand": item.on_hand or Decimal(0)} | without_empty(
        InvStartDate=day(start)
    )


def _tax(builder: PayloadBuilder) -> dict[str, Any]:
    code = builder.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"SalesTaxCodeRef": {"value": code.id}, "Taxable": True}

"""A product or service, or a category of them."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Item, Role
from hub.qbo.payloads.builder import Work, clean, day, details_of, given
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


def body(work: Work) -> dict[str, Any]:
    """The item as QuickBooks takes it; it has no note for our marker, so its name alone tells it again."""
    item = details_of(work.document, Item)
    above = work.header("category")
    made = given(Name=name(work, item.name, LONGEST_ITEM), Type=TYPES[item.type])
    made |= given(ParentRef=above, SubItem=True if above else None)
    if item.type == "category":
        return made
    made |= _texts(item) | _accounts(work, item) | _tax(work)
    made |= given(PrefVendorRef=work.header("vendor"), ClassRef=work.header("class"))
    return made | (_stock(work, item) if item.type == "inventory" else {})


def _texts(item: Item) -> dict[str, Any]:
    said = clean(item.description or "")
    return given(
        Sku=clean(item.sku or "")[:LONGEST_SKU],
        Description=said[:LONGEST_SALE],
        PurchaseDesc=said[:LONGEST_PURCHASE],
        UnitPrice=item.price,
        PurchaseCost=item.cost,
    )


def _accounts(work: Work, item: Item) -> dict[str, Any]:
    needed = ACCOUNTS if item.type == "inventory" else ()
    missing = [role.replace("_", " ") for role in needed if role not in work.mapped.header]
    if not needed and not work.mapped.header.keys() & {"income_account", "expense_account"}:
        missing = ["income account or expense account"]
    if missing:
        work.problems.append(
            f"{item.name} cannot be made without {' and '.join(missing)}. Choose them in the settings of the app."
        )
    asset = work.header("asset_account") if item.type == "inventory" else None
    income, expense = work.header("income_account"), work.header("expense_account")
    return given(IncomeAccountRef=income, ExpenseAccountRef=expense, AssetAccountRef=asset)


def _stock(work: Work, item: Item) -> dict[str, Any]:
    start = item.start or work.document.date
    if start is None:
        work.problems.append(
            f"{item.name} is kept in stock, but not known from which day. Complete it at the source."
        )
    return {"TrackQtyOnHand": True, "QtyOnHand": item.on_hand or Decimal(0)} | given(
        InvStartDate=day(start)
    )


def _tax(work: Work) -> dict[str, Any]:
    code = work.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"SalesTaxCodeRef": {"value": code.id}, "Taxable": True}

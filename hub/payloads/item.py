"""A product or service, or a category of them."""

from decimal import Decimal
from typing import Any

from hub.contract.documents import Item, Role
from hub.errors import Sentence
from hub.payloads.builder import (
    ACCOUNT_LABELS,
    PayloadBuilder,
    clean,
    drop_empty,
    format_date,
    require_details,
)
from hub.payloads.names import MAX_ITEM_LENGTH, build_name
from hub.payloads.sales_tax import EXEMPT, TAXABLE
from hub.payloads.shared_fields import iter_texts

ITEM_TYPES = {
    "service": "Service",
    "non_inventory": "NonInventory",
    "inventory": "Inventory",
    "category": "Category",
}
ACCOUNT_ROLES: tuple[Role, ...] = ("income_account", "expense_account", "asset_account")
MAX_SALES_TEXT_LENGTH = 4000
MAX_PURCHASE_TEXT_LENGTH = 1000
MAX_SKU_LENGTH = 100


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of an item; items have no memo for a marker, so the name identifies it."""
    item = require_details(builder.document, Item)
    parent = builder.header_reference("category")
    _warn_of_texts(builder)
    fields = drop_empty(
        Name=build_name(builder, item.name, MAX_ITEM_LENGTH),
        Type=ITEM_TYPES[item.type],
        ParentRef=parent,
        SubItem=True if parent else None,
    )
    if item.type == "category":
        return fields
    fields |= (
        _build_descriptions_and_prices(builder, item)
        | _build_account_refs(builder, item)
        | _build_tax_code(builder)
    )
    fields |= drop_empty(
        PrefVendorRef=builder.header_reference("vendor"),
        ClassRef=builder.header_reference("class"),
    )
    if item.type == "inventory":
        fields |= _build_opening_stock(builder, item)
    return fields


def _warn_of_texts(builder: PayloadBuilder) -> None:
    """Warn of texts of the document that an item of QuickBooks has no field for."""
    for label, text in iter_texts(builder.document):
        if clean(text or ""):
            builder.warnings.append(
                Sentence(
                    "Products and services in QuickBooks have no field for %(label)s; it"
                    " is left out. Put it into the description at the source.",
                    label=label,
                )
            )


def _build_descriptions_and_prices(builder: PayloadBuilder, item: Item) -> dict[str, Any]:
    """Return the SKU, the description for sales and purchases, and the prices."""
    sku = clean(item.sku or "")
    description = clean(item.description or "")
    for_sales = Sentence("Description for sales")
    for_purchases = Sentence("Description for purchases")
    return drop_empty(
        Sku=builder.fit_without_memo(sku, MAX_SKU_LENGTH, Sentence("SKU")),
        Description=builder.fit_without_memo(description, MAX_SALES_TEXT_LENGTH, for_sales),
        PurchaseDesc=builder.fit_without_memo(description, MAX_PURCHASE_TEXT_LENGTH, for_purchases),
        UnitPrice=item.price,
        PurchaseCost=item.cost,
    )


def _build_account_refs(builder: PayloadBuilder, item: Item) -> dict[str, Any]:
    """Return the accounts of an item.

    An inventory item needs all three; any other item one for income or one for expenses.
    """
    header = builder.mapped.header
    is_inventory = item.type == "inventory"
    missing = []
    if is_inventory:
        missing = [ACCOUNT_LABELS[role] for role in ACCOUNT_ROLES if role not in header]
    elif "income_account" not in header and "expense_account" not in header:
        missing = [Sentence("income account or expense account")]
    if missing:
        builder.report(
            Sentence(
                "%(name)s cannot be made without %(missing)s. Choose them in the settings"
                " of the app.",
                name=item.name,
                missing=" and ".join(missing),
            ),
            "settings",
        )
    return drop_empty(
        IncomeAccountRef=builder.header_reference("income_account"),
        ExpenseAccountRef=builder.header_reference("expense_account"),
        AssetAccountRef=builder.header_reference("asset_account") if is_inventory else None,
    )


def _build_opening_stock(builder: PayloadBuilder, item: Item) -> dict[str, Any]:
    """Return the quantity in stock, with the day from which QuickBooks counts it."""
    start = item.start or builder.document.date
    if start is None:
        builder.problems.append(
            Sentence(
                "%(name)s is kept in stock, but not known from which day. Complete it at"
                " the source.",
                name=item.name,
            )
        )
    on_hand = item.on_hand or Decimal(0)
    fields: dict[str, Any] = {"TrackQtyOnHand": True, "QtyOnHand": on_hand}
    return fields | drop_empty(InvStartDate=format_date(start))


def _build_tax_code(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the tax code of the item, or in the United States whether it is taxed."""
    code = builder.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"SalesTaxCodeRef": {"value": code.id}, "Taxable": True}

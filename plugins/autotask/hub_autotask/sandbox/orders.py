"""The purchase orders of the stand-in: in every status, and with special cases."""

import datetime as dt
from decimal import Decimal

from hub_autotask.sandbox.msp import CALIFORNIA, NAME, NET30
from hub_autotask.sandbox.picklists import DESCRIPTION_SOURCES, ORDER_STATUS, get_number
from hub_autotask.sandbox.schema import ENTITIES
from hub_autotask.sandbox.selection import select_cases

FIRST_ID, FIRST_ITEM, FIRST_RECEIPT = 8001, 80_001, 85_001


def item(product, quantity, cost, memo=None, received=()):
    """Return an item of a case; `received` has (quantity, vendor's invoice number)."""
    return {
        "product": product,
        "quantity": quantity,
        "cost": cost,
        "memo": memo,
        "received": received,
    }


def build_case(name, vendor, age, *items, status="Submitted", **more):
    """Return an order: vendor, days ago, items."""
    return {
        "name": name,
        "vendor": vendor,
        "age": age,
        "items": items,
        "status": status,
        "more": more,
    }


FIREWALL, PANEL = item(601, 2, "249.5000"), item(602, 5, "48.2000", memo="Grey, with screws")
CASES = (
    build_case("two products for a customer", 201, 2, FIREWALL, PANEL, purchaseForCompanyID=177),
    build_case(
        "with freight", 202, 3, PANEL, freight=Decimal("12.50"), generalMemo="Deliver before noon"
    ),
    build_case(
        "an item without product", 202, 3, item(None, 1, "75.0000", memo="Assembly on site")
    ),
    build_case("tax region set", 201, 4, FIREWALL, taxRegionID=CALIFORNIA),
    build_case("vendor with the name of a customer", 203, 4, FIREWALL),
    build_case("vendor in another currency", 204, 4, FIREWALL),
    build_case("tilde in the product", 201, 4, item(603, 1, "899.0000")),
    build_case("cost with four decimals", 201, 5, item(602, 3, "48.2055")),
    build_case("new", 201, 1, FIREWALL, status="New"),
    build_case(
        "canceled", 201, 5, FIREWALL, status="Canceled", cancelDateTime="2026-01-06T10:00:00.000Z"
    ),
    build_case("received", 201, 9, FIREWALL, status="Received Full", externalPONumber="1007"),
    build_case("numbered already", 201, 6, FIREWALL, externalPONumber="1009"),
    build_case("marked with ERROR", 201, 6, FIREWALL, externalPONumber="ERROR"),
    build_case(
        "partly received, two invoices",
        201,
        7,
        item(601, 4, "249.5000", received=((1, "ING-501"), (2, "ING-502"))),
        item(602, 5, "48.2000", received=((5, "ING-501"),)),
        status="Received Partial",
    ),
    build_case("fourteen days old", 201, 14, FIREWALL),
    build_case("fifteen days old", 201, 15, FIREWALL),
)
# These need a person; the demo has none of them.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "with freight",
        "an item without product",
        "vendor with the name of a customer",
        "vendor in another currency",
        "tilde in the product",
    }
)


def _build_plain_order(n):
    product = item((601, 602)[n % 2], n % 5 + 1, f"{n % 60 + 4}.2500")
    return build_case("plain", (201, 202)[n % 2], n % 13, product)


def iter_rows(documents, at, demo=False):
    """Yield (entity, row) of every order, item and receipt; `case` has the case's name."""
    item_id = FIRST_ITEM
    receipt = FIRST_RECEIPT
    cases = select_cases(CASES, LEFT_OUT_OF_DEMO, _build_plain_order, documents, demo)
    for id, seed_case in enumerate(cases, FIRST_ID):
        yield "PurchaseOrders", _build_order_row(id, seed_case, at)
        for item in seed_case["items"]:
            yield "PurchaseOrderItems", _build_item_row(item_id, id, item)
            for quantity, number_ in item["received"]:
                yield (
                    "PurchaseOrderItemReceiving",
                    _build_receipt_row(receipt, item_id, quantity, number_, at),
                )
                receipt += 1
            item_id += 1


def _build_order_row(id, seed_case, at):
    day = at.date() - dt.timedelta(days=seed_case["age"])
    is_submitted = seed_case["status"] != "New"
    values = {
        "id": id,
        "purchaseOrderNumber": f"PO{id}",
        "vendorID": seed_case["vendor"],
        "status": get_number(ORDER_STATUS, seed_case["status"]),
        "createDateTime": f"{day}T13:20:00.250Z",
        "submitDateTime": f"{day}T15:00:00.000Z" if is_submitted else None,
        "paymentTerm": NET30,
        "freight": Decimal(0),
        "internalCurrencyFreight": seed_case["more"].get("freight", Decimal(0)),
        "shipToName": NAME,
        "shipToAddress1": "8 Harbour Road",
        "shipToCity": "Riverton",
        "shipToState": "CA",
        "shipToPostalCode": "95363",
        "useItemDescriptionsFrom": get_number(DESCRIPTION_SOURCES, "Product (Catalog)"),
        "creatorResourceID": 43,
    }

    return {
        **ENTITIES["PurchaseOrders"].row(**{**values, **seed_case["more"]}),
        "case": seed_case["name"],
    }


def _build_item_row(id, order, fields):
    cost = Decimal(fields["cost"])
    return ENTITIES["PurchaseOrderItems"].row(
        id=id,
        orderID=order,
        productID=fields["product"],
        quantity=fields["quantity"],
        unitCost=cost,
        internalCurrencyUnitCost=cost,
        memo=fields["memo"],
        inventoryLocationID=1,
    )


def _build_receipt_row(id, item_id, quantity, number_, at):
    return ENTITIES["PurchaseOrderItemReceiving"].row(
        id=id,
        purchaseOrderItemID=item_id,
        quantityNowReceiving=quantity,
        vendorInvoiceNumber=number_,
        receiveDate=f"{at.date() - dt.timedelta(days=1)}T00:00:00.000Z",
    )

"""QuickBooks' names of the hub's kinds and lists, and rules that all of its objects share."""

import datetime as dt
import re
from typing import Any

# How long a query may not yet show an object that was just created.
INDEX_DELAY = dt.timedelta(minutes=10)
# QuickBooks refuses to look for another text, such as the number of a document, and may read an id
# with zeros before it as the id of a transaction that belongs to another document.
QUICKBOOKS_ID = re.compile(r"[1-9][0-9]{0,19}")

DOCUMENT_ENTITIES = {
    "bill": "Bill",
    "vendor_credit": "VendorCredit",
    "expense": "Purchase",
    "purchase_order": "PurchaseOrder",
    "invoice": "Invoice",
    "credit_memo": "CreditMemo",
    "payment": "Payment",
    "refund": "RefundReceipt",
    "bill_payment": "BillPayment",
    "deposit": "Deposit",
}
PARTIES_AND_ITEMS = {"vendor": "Vendor", "customer": "Customer", "item": "Item"}
LIST_ENTITIES = PARTIES_AND_ITEMS | {
    "account": "Account",
    "class": "Class",
    "location": "Department",
    "term": "Term",
    "tax_code": "TaxCode",
    "tax_rate": "TaxRate",
    "payment_method": "PaymentMethod",
    "employee": "Employee",
}
ENTITY_BY_KIND = DOCUMENT_ENTITIES | LIST_ENTITIES | {"attachment": "Attachable"}
ORDER_ENTITY = ENTITY_BY_KIND["purchase_order"]
KIND_BY_ENTITY = {entity: kind for kind, entity in ENTITY_BY_KIND.items()}


def get_linked_kind(type: str) -> str:
    """Return the kind of a linked transaction, "" for one that the hub does not post.

    QuickBooks adds to a bill payment how it was paid: BillPaymentCheck, BillPaymentCreditCard.
    """
    entity = "BillPayment" if type.startswith("BillPayment") else type
    return KIND_BY_ENTITY.get(entity, "")


def read_ref_id(entity: dict[str, Any], name: str) -> str:
    """Return the id in a reference, "" without one."""
    reference = entity.get(name)
    if not isinstance(reference, dict):
        return ""
    id = reference.get("value")
    return str(id or "")


def parse_day(value: Any) -> dt.date:
    """Return the day of a date or time, without the time zone that may follow it.

    Raise ValueError if it is neither.
    """
    return dt.date.fromisoformat(str(value)[:10])


def get_amount_sign(entity: dict[str, Any]) -> int:
    """Return the sign of a transaction's amounts, which QuickBooks omits.

    It is -1 for an expense that is a refund.
    """
    return -1 if str(entity.get("Credit", "")).lower() == "true" else 1


def format_moment(moment: dt.datetime) -> str:
    """Return a moment as Intuit documents it: to the second, with its offset."""
    return moment.isoformat(timespec="seconds")

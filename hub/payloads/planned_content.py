"""The content that an update sets, without the version of the object that it was built for."""

from typing import Any

from hub.models.transaction_summary import TransactionSummary
from hub.payloads.builder import drop_empty
from hub.payloads.entities import ORDER_ENTITY
from hub.payloads.party_fields import EMAIL_FIELDS

FIELDS_OF_HUB = (
    "VendorRef",
    "CustomerRef",
    "EntityRef",
    "APAccountRef",
    "AccountRef",
    "DepositToAccountRef",
    "DepartmentRef",
    "ClassRef",
    "PaymentMethodRef",
    "PaymentType",
    "PayType",
    "CheckPayment",
    "CreditCardPayment",
    "Credit",
    "TxnDate",
    "DueDate",
    "DocNumber",
    "PaymentRefNum",
    "CurrencyRef",
    "TotalAmt",
    "Line",
    "GlobalTaxCalculation",
    "TxnTaxDetail",
    "ApplyTaxAfterDiscount",
    "CustomerMemo",
    "Memo",
    "CustomField",
    "ShipAddr",
    "PrivateNote",
)
# Fields that people set as well, with the fact of the summary that shows whether the hub set them.
SHARED_FIELDS = {"SalesTermRef": "term", "ExchangeRate": "exchange_rate"}
VERSION_FIELDS = ("Id", "SyncToken", "sparse")  # fields of an update beside those that it sets


def is_whole_update(body: dict[str, Any]) -> bool:
    """Return whether a body replaces a whole transaction, with the fields that people set."""
    return "Id" in body and "sparse" not in body


def drop_version(body: dict[str, Any], summary: TransactionSummary | None) -> dict[str, Any]:
    """Return the fields that an update sets, without ids and the version that it was built for.

    `summary` is that of the content that the update sets.
    """
    if "sparse" not in body:
        body = _select_hub_fields(body, summary)
    content = {name: value for name, value in body.items() if name not in VERSION_FIELDS}
    if "Line" in content:
        content["Line"] = [_drop_id(line) for line in content["Line"]]
    return content


def _drop_id(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "Id"}


def _select_hub_fields(body: dict[str, Any], summary: TransactionSummary | None) -> dict[str, Any]:
    """Return the fields that the hub sets; the others come from an older version of the object."""
    names = [*FIELDS_OF_HUB, *_list_shared_fields(summary)]
    if any(body.get(name) for name in EMAIL_FIELDS):
        names += [*EMAIL_FIELDS, "EmailStatus"]
    fields = {name: body[name] for name in names if name in body}
    return fields | drop_empty(LinkedTxn=list_order_links(body))


def _list_shared_fields(summary: TransactionSummary | None) -> list[str]:
    """Return those of the fields shared with people that the hub has set."""
    if summary is None:
        return []
    return [name for name, fact in SHARED_FIELDS.items() if getattr(summary, fact)]


def list_order_links(body: dict[str, Any]) -> list[dict[str, str]]:
    """Return the links to purchase orders; those to payments belong to QuickBooks."""
    links = body.get("LinkedTxn") or ()
    return [link for link in links if link.get("TxnType") == ORDER_ENTITY]

"""The content that an update sets, without the version of the object that it was built for.

An update also contains what people had added to that version. If it was not carried out, it is
built again for the present version, where they may have changed or removed it.
"""

from collections.abc import Sequence
from typing import Any

from hub.models.transaction_summary import LineSummary, TransactionSummary
from hub.payloads.builder import drop_empty
from hub.payloads.entities import ORDER_ENTITY
from hub.payloads.line_ids import FIELDS_OF_QUICKBOOKS, Line
from hub.payloads.party_fields import EMAIL_FIELDS
from hub.payloads.set_fields import TEXT_FIELDS, find_custom_ids
from hub.payloads.summary import NOT_COUNTED

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
    "SalesTermRef",
    "ExchangeRate",
)
# Fields that an update empties if the source has no value for them any more, with the fact of the
# last write that shows whether the hub had set them. What people have set stays.
EMPTIED_FIELDS = {
    "DepartmentRef": "location",
    "ClassRef": "class_",
    "EntityRef": "party",
    "DocNumber": "number",
    "DueDate": "due",
    "SalesTermRef": "term",
    "PaymentRefNum": "number",
    "PaymentMethodRef": "payment_method",
    "DepositToAccountRef": "deposit_account",
    "APAccountRef": "payable_account",
}
# Fields that people set as well, with the fact of the summary that shows whether the hub set them.
SHARED_FIELDS = EMPTIED_FIELDS | {"ExchangeRate": "exchange_rate"}
VERSION_FIELDS = ("Id", "SyncToken", "sparse")  # fields of an update beside those that it sets


def is_whole_update(body: dict[str, Any]) -> bool:
    """Return whether a body replaces a whole transaction, with the fields that people set."""
    return "Id" in body and "sparse" not in body


def drop_version(body: dict[str, Any], summary: TransactionSummary | None) -> dict[str, Any]:
    """Return the fields that an update sets, without ids and the version that it was built for.

    `summary` is that of the content that the update sets. Without it, no field counts that people
    may have set, and what they had added to lines stays in.
    """
    if "sparse" not in body:
        body = _select_hub_fields(body, summary or TransactionSummary())
    content = {name: value for name, value in body.items() if name not in VERSION_FIELDS}
    if "Line" in content:
        content["Line"] = _drop_ids(content["Line"])
    if summary is None:
        return content
    return _drop_additions(content, summary)


def _drop_ids(lines: Sequence[Line]) -> list[Line]:
    return [{name: value for name, value in line.items() if name != "Id"} for line in lines]


def _select_hub_fields(body: dict[str, Any], summary: TransactionSummary) -> dict[str, Any]:
    """Return the fields that the hub sets; the others come from an older version of the object."""
    names = [name for name in FIELDS_OF_HUB if _is_set_by_hub(name, summary)]
    if any(body.get(name) for name in EMAIL_FIELDS):
        names += [*EMAIL_FIELDS, "EmailStatus"]
    fields = {name: body[name] for name in names if name in body}
    return fields | drop_empty(LinkedTxn=list_order_links(body))


def _is_set_by_hub(name: str, summary: TransactionSummary) -> bool:
    """Return whether planned content has a field, as far as its summary shows."""
    if name in TEXT_FIELDS:
        return name in summary.set_fields
    fact = SHARED_FIELDS.get(name)
    return fact is None or bool(getattr(summary, fact))


def list_order_links(body: dict[str, Any]) -> list[dict[str, str]]:
    """Return the links to purchase orders; those to payments belong to QuickBooks."""
    links = body.get("LinkedTxn") or ()
    return [link for link in links if link.get("TxnType") == ORDER_ENTITY]


def _drop_additions(content: dict[str, Any], summary: TransactionSummary) -> dict[str, Any]:
    """Return content without the memo, custom fields and details of lines that people had added."""
    planned_content = dict(content)
    if "PrivateNote" in content and summary.memo:
        planned_content["PrivateNote"] = summary.memo
    if "CustomField" in content:
        ids = find_custom_ids(summary.set_fields)
        fields = content["CustomField"]
        del planned_content["CustomField"]
        planned_content |= drop_empty(
            CustomField=[field for field in fields if str(field.get("DefinitionId")) in ids]
        )
    if "Line" in content:
        planned_content["Line"] = _drop_additions_to_lines(content["Line"], summary.lines)
    return planned_content


def _drop_additions_to_lines(
    lines: Sequence[Line], planned_lines: Sequence[LineSummary]
) -> list[Line]:
    """Return lines without additions; `planned_lines` are those with an amount, in their order."""
    counted_lines = [line for line in lines if line.get("DetailType") not in NOT_COUNTED]
    if len(counted_lines) != len(planned_lines):
        return list(lines)
    remaining = iter(planned_lines)
    plain_lines = []
    for line in lines:
        if line.get("DetailType") not in NOT_COUNTED:
            line = _drop_additions_to_line(line, next(remaining))
        plain_lines.append(line)
    return plain_lines


def _drop_additions_to_line(line: Line, planned_line: LineSummary) -> Line:
    """Return a line without a project, a link, a class and a customer that were not planned."""
    type = str(line.get("DetailType"))
    plain_line = {name: value for name, value in line.items() if name != "ProjectRef"}
    if not planned_line.linked:
        plain_line.pop("LinkedTxn", None)
    detail = line.get(type)
    if isinstance(detail, dict):
        plain_line[type] = _drop_additions_to_detail(detail, planned_line)
    return plain_line


def _drop_additions_to_detail(detail: Line, planned_line: LineSummary) -> Line:
    """Return the detail of a line without a class and a customer that were not planned."""
    added_names = _list_added_fields(planned_line)
    planned_detail = {name: value for name, value in detail.items() if name not in added_names}
    if "BillableStatus" in detail:
        planned_detail["BillableStatus"] = "Billable" if planned_line.is_billable else "NotBillable"
    return planned_detail


def _list_added_fields(planned_line: LineSummary) -> set[str]:
    """Return the fields of the detail of a line that people added if it has them."""
    names = set(FIELDS_OF_QUICKBOOKS)
    if planned_line.is_billable:
        names.remove("MarkupInfo")  # the hub may have set it
    if not planned_line.class_:
        names.add("ClassRef")
    if not planned_line.customer:
        names.add("CustomerRef")
    return names

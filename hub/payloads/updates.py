"""Bodies that change an object in QuickBooks and keep line ids and additions of people."""

from collections.abc import Collection, Iterable
from typing import Any

from hub.models.transaction_summary import TransactionSummary
from hub.payloads.currency_fields import list_fields_of_former_currency
from hub.payloads.due_dates import is_due_date_outdated
from hub.payloads.entities import ORDER_ENTITY
from hub.payloads.line_ids import keep_line_ids
from hub.payloads.memo_lengths import compute_memo_room
from hub.payloads.party_fields import (
    drop_projects_of_former_customer,
    keep_mailing,
    list_fields_of_former_party,
)
from hub.payloads.payment_details import keep_payment_details
from hub.payloads.planned_content import EMPTIED_FIELDS, drop_version, list_order_links
from hub.payloads.set_fields import TEXT_FIELDS, find_custom_ids
from hub.payloads.summary import has_open_tax, has_tax

READ_ONLY_FIELDS = (
    "MetaData",
    "domain",
    "sparse",
    "TotalAmt",
    "Balance",
    "HomeBalance",
    "HomeTotalAmt",
    "time",
    "status",
    "RecurDataRef",
    "PurchaseEx",
    "VendorCreditEx",
    "BillEx",
    "InvoiceEx",
    "PaymentEx",
    "PurchaseOrderEx",
    "DepositEx",
    "CreditMemoEx",
    "RefundReceiptEx",
    "BillPaymentEx",
    "UnappliedAmt",
    "RemainingCredit",
    "DeliveryInfo",
    "InvoiceLink",
)
# By a field that identifies the kind of a list entry: fields that are fixed at creation, or that
# people maintain.
FIXED_FIELDS = {
    "DisplayName": ("CurrencyRef", "Notes"),
    "Type": (
        "Type",
        "TrackQtyOnHand",
        "QtyOnHand",
        "InvStartDate",
        "IncomeAccountRef",
        "ExpenseAccountRef",
        "AssetAccountRef",
        "ParentRef",
        "SubItem",
    ),
}
CUT_MARK = "…"  # ends the hub's part of a memo if text added by people leaves no room for all
CLOSED_STATUS = {"POStatus": "Closed"}
OPEN_STATUS = {"POStatus": "Open"}  # added if a closed purchase order is needed again


def build_update_body(
    body: dict[str, Any],
    current: dict[str, Any],
    last: TransactionSummary | None = None,
    summary: TransactionSummary | None = None,
    unlinked_orders: Collection[str] = (),
) -> dict[str, Any]:
    """Turn a body into an update of `current`, with its Id, SyncToken and line ids.

    The update is sparse, so that fields the hub does not set stay. To empty a field, the update is
    the whole object. `last` is what the hub wrote last, as `complete_last_write` returns it: other
    lines of the memo, and classes, customers and other facts that it lacks, were added by people
    and stay. `summary` is that of the planned content. A body that was an update of another version
    already loses the ids of that version. `unlinked_orders` are the purchase orders that fewer
    lines of the body bill than before.
    """
    if "Id" in body:
        body = drop_version(body, summary)
    update = body | {"Id": current["Id"], "SyncToken": current["SyncToken"]}
    if "PrivateNote" in body:
        current_memo = str(current.get("PrivateNote") or "")
        last_memo = last.memo if last else ""
        update["PrivateNote"] = _merge_memo(body["PrivateNote"], current_memo, last_memo)
    if "Line" in body or "TotalAmt" in body:
        return _build_transaction_update(update, current, last, unlinked_orders)

    for name in _list_fixed_fields(body):
        update.pop(name, None)
    return update | {"sparse": True}


def _list_fixed_fields(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields of a list entry that an update leaves alone."""
    for name, fields in FIXED_FIELDS.items():
        if name in body:
            return fields
    return ()


def build_delete_body(id: str, token: str) -> dict[str, Any]:
    """Return the body that deletes a transaction; `token` is its SyncToken."""
    return {"Id": id, "SyncToken": token}


def build_void_body(id: str, token: str) -> dict[str, Any]:
    """Return the body that voids a transaction of a kind that can be voided."""
    return build_delete_body(id, token) | {"sparse": True}


def build_close_body(party: str) -> dict[str, Any]:
    """Return the body that closes a purchase order, to be sent as an update of it."""
    return {"VendorRef": {"value": party}, **CLOSED_STATUS}


def _build_transaction_update(
    update: dict[str, Any],
    current: dict[str, Any],
    last: TransactionSummary | None,
    unlinked_orders: Collection[str],
) -> dict[str, Any]:
    """Return the update of a transaction: sparse, or whole if a field must become empty."""
    lines, stored_lines = update.get("Line") or [], current.get("Line") or []
    update["Line"] = keep_line_ids(lines, stored_lines, last, unlinked_orders)
    if not update["Line"]:
        del update["Line"]  # a sparse update with an empty list may leave the lines as they are
    if current.get("Credit"):
        update.setdefault("Credit", False)  # otherwise a charge would stay a refund
    _reset_open_tax(update, current)
    keep_mailing(update, current)
    keep_payment_details(update, current)
    drop_projects_of_former_customer(update, current)
    clears_custom_field = _keep_custom_fields(update, current, last)

    emptied_fields = _find_emptied_fields(update, current, last)
    ends_links = _end_links(update, current, unlinked_orders)
    if not emptied_fields and not ends_links and not clears_custom_field:
        return update | {"sparse": True}
    whole = dict(current)
    for name in (*READ_ONLY_FIELDS, *emptied_fields):
        whole.pop(name, None)
    return whole | update


def list_linked_orders(body: dict[str, Any]) -> set[str]:
    """Return the ids of the purchase orders that a transaction or its lines are linked to."""
    lines = body.get("Line") or ()
    return {link["TxnId"] for part in (body, *lines) for link in list_order_links(part)}


def _end_links(
    update: dict[str, Any], current: dict[str, Any], unlinked_orders: Collection[str]
) -> bool:
    """Leave out the links to orders that an update bills no more; return whether there are any.

    The list of links is sent even if it becomes empty, because QuickBooks may keep a link that is
    not in the update.
    """
    if "LinkedTxn" in update:
        return False
    ended_orders = set(unlinked_orders).difference(list_linked_orders(update))
    links = current.get("LinkedTxn", [])
    remaining = []
    for link in links:
        if link.get("TxnType") != ORDER_ENTITY or link.get("TxnId") not in ended_orders:
            remaining.append(link)
    if remaining == links:
        return False
    update["LinkedTxn"] = remaining
    return True


def _reset_open_tax(update: dict[str, Any], current: dict[str, Any]) -> None:
    """Let QuickBooks work out the tax again; otherwise the tax of the old lines would stay."""
    current_detail = current.get("TxnTaxDetail")
    if not current_detail or not has_open_tax(update):
        return
    detail = update.get("TxnTaxDetail") or current_detail
    rate = detail.get("TxnTaxCodeRef")
    if rate:
        update["TxnTaxDetail"] = {"TxnTaxCodeRef": rate}


def _find_emptied_fields(
    update: dict[str, Any], current: dict[str, Any], last: TransactionSummary | None
) -> list[str]:
    """Return the fields to empty: those that the hub had set and for which the source has no value.

    QuickBooks itself gives numbers to purchase orders and to sales. The tax of the current version
    is emptied unless the update states another, as are an outdated due date, the addresses of a
    former party and the rate and accounts of a former currency.
    """
    absent = current.keys() - update.keys()
    is_numbered_by_quickbooks = "POStatus" in current or "CustomerRef" in update
    if is_numbered_by_quickbooks:
        absent.discard("DocNumber")
    emptied_fields = [name for name in (*_list_written_fields(last), "Line") if name in absent]
    if _has_outdated_tax(update, current):
        emptied_fields.append("TxnTaxDetail")
    if is_due_date_outdated(update, current, last, emptied_fields):
        emptied_fields.append("DueDate")
    emptied_fields += list_fields_of_former_currency(update, current)
    return emptied_fields + list_fields_of_former_party(update, current)


def _list_written_fields(last: TransactionSummary | None) -> list[str]:
    """Return the fields that the last write had set, of those that an update may empty."""
    if last is None:
        return []
    names = [name for name, fact in EMPTIED_FIELDS.items() if getattr(last, fact)]
    return names + [name for name in TEXT_FIELDS if name in last.set_fields]


def _has_outdated_tax(update: dict[str, Any], current: dict[str, Any]) -> bool:
    """Return whether a sparse update might leave the tax of the current version in place."""
    if "TotalTax" in (update.get("TxnTaxDetail") or {}):
        return False
    if has_open_tax(update):
        return bool(current.get("TxnTaxDetail"))
    return has_tax(current)


def _keep_custom_fields(
    update: dict[str, Any], current: dict[str, Any], last: TransactionSummary | None
) -> bool:
    """Keep the custom fields of QuickBooks that the hub does not set.

    Those that the hub had set before are emptied; return whether there are any.
    """
    ours = _select_filled(update.get("CustomField"))
    our_ids = {_get_custom_id(field) for field in ours}
    former_ids = find_custom_ids(last.set_fields) if last else set()
    cleared_ids = former_ids - our_ids
    theirs = []
    for field in current.get("CustomField") or ():
        if _get_custom_id(field) not in our_ids:
            theirs.append(field)
    clears_any = any(_get_custom_id(field) in cleared_ids for field in _select_filled(theirs))
    if clears_any or "CustomField" in update:
        update["CustomField"] = ours + [_clear_custom_field(field, cleared_ids) for field in theirs]
    return clears_any


def _select_filled(fields: Iterable[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the custom fields that have a value."""
    return [field for field in fields or () if "StringValue" in field]


def _get_custom_id(field: dict[str, Any]) -> str:
    """Return the id of a custom field."""
    return str(field.get("DefinitionId"))


def _clear_custom_field(field: dict[str, Any], cleared_ids: Collection[str]) -> dict[str, Any]:
    """Return a custom field, without its value if it is one of those to be emptied."""
    if _get_custom_id(field) not in cleared_ids:
        return field
    return {name: value for name, value in field.items() if name != "StringValue"}


def _merge_memo(ours: str, theirs: str, previous: str) -> str:
    """Return our memo with the lines that a person added; the marker stays last.

    If QuickBooks has no room for both, our text is cut, because its source still has it.
    """
    *our_lines, marker_line = ours.splitlines()
    written_by_us = {*ours.splitlines(), *previous.splitlines()}
    added_lines = []
    for line in theirs.splitlines():
        is_marker = line.startswith("[hub:")
        if line.strip() and not is_marker and not _is_written_by_us(line, written_by_us):
            added_lines.append(line)
    room = compute_memo_room(marker_line)
    added_text = "\n".join(added_lines)[:room]
    our_text = _cut("\n".join(our_lines), room - len(added_text) - bool(added_text))
    text = "\n".join(filter(None, (our_text, added_text)))
    return f"{text}\n{marker_line}".lstrip()


def _is_written_by_us(line: str, our_lines: Collection[str]) -> bool:
    """Return whether a line of a memo is one of ours, or what was left of one after a cut."""
    if line in our_lines:
        return True
    beginning = line.removesuffix(CUT_MARK)
    is_cut = beginning not in ("", line)
    return is_cut and any(ours.startswith(beginning) for ours in our_lines)


def _cut(text: str, max_length: int) -> str:
    """Return a text with a mark at its end if it had to be cut."""
    if len(text) <= max_length:
        return text
    beginning = text[: max(max_length - len(CUT_MARK), 0)].rstrip()
    return beginning + CUT_MARK if beginning else ""

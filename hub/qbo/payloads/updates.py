"""Changes to what is in QuickBooks already: line ids are kept, and so is what other people added."""

from typing import Any

from hub.qbo.payloads.builder import LONGEST_NOTE
from hub.qbo.payloads.line_ids import kept
from hub.qbo.payloads.summary import is_open

NOT_WRITABLE = (
    "MetaData", "domain", "sparse", "TotalAmt", "Balance", "HomeBalance", "HomeTotalAmt", "time", "status",
    "RecurDataRef", "PurchaseEx", "VendorCreditEx", "BillEx", "InvoiceEx", "PaymentEx", "PurchaseOrderEx", "DepositEx",
    "CreditMemoEx", "RefundReceiptEx", "BillPaymentEx", "UnappliedAmt", "RemainingCredit", "DeliveryInfo",
    "InvoiceLink",
)  # fmt: skip
OURS = (
    "VendorRef", "CustomerRef", "EntityRef", "APAccountRef", "AccountRef", "DepositToAccountRef", "DepartmentRef",
    "ClassRef", "PaymentMethodRef", "PaymentType", "PayType", "CheckPayment", "CreditCardPayment", "Credit", "TxnDate",
    "DueDate", "DocNumber", "PaymentRefNum", "CurrencyRef", "TotalAmt", "Line", "GlobalTaxCalculation", "TxnTaxDetail",
    "ApplyTaxAfterDiscount", "CustomerMemo", "Memo", "CustomField", "ShipAddr", "PrivateNote",
)  # fmt: skip
FIXED = {  # settled when it is made, or a person's own
    "DisplayName": ("CurrencyRef", "Notes"),
    "Type": (
        "Type", "TrackQtyOnHand", "QtyOnHand", "InvStartDate", "IncomeAccountRef", "ExpenseAccountRef",
        "AssetAccountRef", "ParentRef", "SubItem",
    ),
}  # fmt: skip
MAILED = ("BillEmail", "POEmail")
CLOSED = {"POStatus": "Closed"}
OPEN = {
    "POStatus": "Open"
}  # what a purchase order says besides, once it was closed and is wanted again


def for_update(body: dict[str, Any], current: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The body as a change of `current`: with its Id, SyncToken and line ids, leaving alone what is not ours.

    It is sparse, so that every other field stays; to empty a field, QuickBooks wants the whole object instead.
    `before` is the note as the hub last meant it: what else stands in it now, a person wrote.
    """
    if "Id" in body and "sparse" not in body:
        body = {
            name: body[name] for name in OURS if name in body
        }  # the rest is from an older sight
    changed = body | {"Id": current["Id"], "SyncToken": current["SyncToken"]}
    if "PrivateNote" in body:
        changed["PrivateNote"] = _note(
            body["PrivateNote"], str(current.get("PrivateNote") or ""), before
        )
    if "Line" in body or "TotalAmt" in body:
        return _transaction(changed, current)
    fixed = next((names for name, names in FIXED.items() if name in body), ())
    return {name: value for name, value in changed.items() if name not in fixed} | {"sparse": True}


def delete_body(id: str, token: str) -> dict[str, Any]:
    """What deletes a transaction."""
    return {"Id": id, "SyncToken": token}


def void_body(id: str, token: str) -> dict[str, Any]:
    """What voids a transaction, where its kind can be voided."""
    return {"Id": id, "SyncToken": token, "sparse": True}


def close_body(party: str) -> dict[str, Any]:
    """What closes a purchase order, as a change of it."""
    return {"VendorRef": {"value": party}, **CLOSED}


def _transaction(changed: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    changed["Line"] = kept(changed.get("Line") or [], current.get("Line") or [])
    if is_open(changed) and current.get("TxnTaxDetail"):
        rate = (changed.get("TxnTaxDetail") or current["TxnTaxDetail"]).get("TxnTaxCodeRef")
        changed["TxnTaxDetail"] = (
            {"TxnTaxCodeRef": rate} if rate else {}
        )  # or the tax of the old lines would stay
    if any(current.get(name) for name in MAILED):
        changed = {
            name: value for name, value in changed.items() if name not in (*MAILED, "EmailStatus")
        }
    if "CustomField" in changed:
        changed["CustomField"] = _custom(changed["CustomField"], current.get("CustomField") or [])
    emptied = [name for name in _owned(changed, current) if name in current and name not in changed]
    if not emptied:
        return changed | {"sparse": True}
    whole = {
        name: value for name, value in current.items() if name not in (*NOT_WRITABLE, *emptied)
    }
    return whole | changed


def _owned(changed: dict[str, Any], current: dict[str, Any]) -> tuple[str, ...]:
    """What the source alone sets, so that it goes when the source has it no more; some numbers QuickBooks gives."""
    numbered = "POStatus" in current or "CustomerRef" in changed
    return ("DepartmentRef",) if numbered else ("DepartmentRef", "DocNumber")


def _custom(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """My custom fields, and those that I do not set."""
    ids = {one.get("DefinitionId") for one in mine}
    return [*mine, *(one for one in theirs if one.get("DefinitionId") not in ids)]


def _note(mine: str, theirs: str, before: str) -> str:
    """My note with the lines that a person added, and without those that I wrote before; the marker stays last."""
    own, said = mine.splitlines(), {*mine.splitlines(), *before.splitlines()}
    added = [
        line
        for line in theirs.splitlines()
        if line.strip() and line not in said and not line.startswith("[hub:")
    ]
    text = "\n".join([*own[:-1], *added])
    return f"{text[: LONGEST_NOTE - len(own[-1]) - 1]}\n{own[-1]}".lstrip()

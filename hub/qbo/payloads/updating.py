"""Changes to what is in QuickBooks already: line ids are kept, and so is what other people added."""

from decimal import Decimal
from typing import Any

from hub.qbo.payloads.meanings import NOT_COUNTED
from hub.qbo.payloads.work import LONGEST_NOTE

NOT_WRITABLE = (
    "MetaData", "domain", "sparse", "TotalAmt", "Balance", "HomeBalance", "HomeTotalAmt", "time", "status",
    "RecurDataRef", "PurchaseEx", "VendorCreditEx", "BillEx",
)  # fmt: skip
OWNED = ("DepartmentRef", "DocNumber")  # set by the source, so gone when the source has it no more
OURS = (
    "VendorRef", "APAccountRef", "DepartmentRef", "TxnDate", "DueDate", "DocNumber", "CurrencyRef", "Line",
    "GlobalTaxCalculation", "TxnTaxDetail", "PrivateNote",
)  # fmt: skip
FIXED = ("CurrencyRef", "Notes")  # of a party: settled when it is made, or a person's own


def for_update(body: dict[str, Any], current: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The body as a change of `current`: with its Id, SyncToken and line ids, leaving alone what is not ours.

    It is sparse, so that every other field stays; to empty a field, QuickBooks wants the whole object instead.
    `before` is the note as the hub last meant it: what else stands in it now, a person wrote.
    """
    if "Id" in body and "sparse" not in body:
        body = {name: body[name] for name in OURS if name in body}  # the rest is from an older sight
    changed = body | {"Id": current["Id"], "SyncToken": current["SyncToken"]}
    if "PrivateNote" in body:
        changed["PrivateNote"] = _note(body["PrivateNote"], str(current.get("PrivateNote") or ""), before)
    for name in FIXED if "Line" not in body else ():
        changed.pop(name, None)
    if "Line" in body:
        changed["Line"] = _lines(body["Line"], current.get("Line") or [])
    emptied = [name for name in OWNED if name in current and name not in body and "Line" in body]
    if not emptied:
        return changed | {"sparse": True}
    whole = {name: value for name, value in current.items() if name not in (*NOT_WRITABLE, *emptied)}
    return whole | changed


def delete_body(id: str, token: str) -> dict[str, Any]:
    """What deletes a transaction."""
    return {"Id": id, "SyncToken": token}


def void_body(id: str, token: str) -> dict[str, Any]:
    """What voids a transaction, where its kind can be voided."""
    return {"Id": id, "SyncToken": token, "sparse": True}


def _lines(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """My lines in my order, each with the id of the line that it was."""
    free = [line for line in theirs if line.get("DetailType") != "SubTotalLineDetail" and line.get("Id")]
    kept: list[dict[str, Any]] = [dict(line) for line in mine]
    for alike in (_same, _same_text, _same_place, _same_amount):
        for place, line in enumerate(kept):
            fits = (other for other in free if alike(line, other, theirs.index(other) == place))
            if "Id" not in line and (found := next(fits, None)):
                free.remove(found)
                line["Id"] = found["Id"]
                _keep(line, found)
    return kept


def _same(line: dict[str, Any], other: dict[str, Any], here: bool) -> bool:
    return _same_text(line, other, here) and _same_amount(line, other, here)


def _same_text(line: dict[str, Any], other: dict[str, Any], here: bool) -> bool:
    return line["DetailType"] == other.get("DetailType") and line.get("Description") == other.get("Description")


def _same_place(line: dict[str, Any], other: dict[str, Any], here: bool) -> bool:
    return line["DetailType"] == other.get("DetailType") and here


def _same_amount(line: dict[str, Any], other: dict[str, Any], here: bool) -> bool:
    if line["DetailType"] != other.get("DetailType") or line["DetailType"] in NOT_COUNTED:
        return False
    return Decimal(str(line.get("Amount"))) == Decimal(str(other.get("Amount")))


def _keep(line: dict[str, Any], found: dict[str, Any]) -> None:
    """What stands on the line in QuickBooks and the source says nothing of."""
    if found.get("LinkedTxn"):
        line.setdefault("LinkedTxn", found["LinkedTxn"])
    mine, theirs = line.get(line["DetailType"]), found.get(line["DetailType"])
    if isinstance(mine, dict) and isinstance(theirs, dict) and "MarkupInfo" in theirs:
        line[line["DetailType"]] = {"MarkupInfo": theirs["MarkupInfo"], **mine}


def _note(mine: str, theirs: str, before: str) -> str:
    """My note with the lines that a person added, and without those that I wrote before; the marker stays last."""
    own, said = mine.splitlines(), {*mine.splitlines(), *before.splitlines()}
    added = [line for line in theirs.splitlines() if line.strip() and line not in said and not line.startswith("[hub:")]
    text = "\n".join([*own[:-1], *added])
    return f"{text[: LONGEST_NOTE - len(own[-1]) - 1]}\n{own[-1]}".lstrip()

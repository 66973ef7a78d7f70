"""Which line of a transaction each new line was: it keeps its id, and what others put on it."""

from decimal import Decimal
from typing import Any

from hub.qbo.payloads.applied_lines import linked
from hub.qbo.payloads.summary import NOT_COUNTED

Line = dict[str, Any]
KEPT = ("MarkupInfo", "ServiceDate", "TaxClassificationRef", "DeferredRevenue")


def kept(mine: list[Line], theirs: list[Line]) -> list[Line]:
    """My lines in my order, each with the id of the line that it was."""
    free = [
        line for line in theirs if line.get("DetailType") != "SubTotalLineDetail" and line.get("Id")
    ]
    lines = [dict(line) for line in mine]
    for alike in (_same_link, _same, _same_text, _same_place, _same_amount):
        for place, line in enumerate(lines):
            fits = (other for other in free if alike(line, other, theirs.index(other) == place))
            if "Id" not in line and (found := next(fits, None)):
                free.remove(found)
                line["Id"] = found["Id"]
                _keep(line, found)
    return lines


def named(meant: dict[str, Any], entity: Line) -> dict[str, Any]:
    """The meaning of what was sent, with the ids that its lines have in QuickBooks."""
    counted = [
        line for line in entity.get("Line") or () if line.get("DetailType") not in NOT_COUNTED
    ]
    if len(counted) != len(meant.get("lines") or ()):
        return meant
    ids = [str(line.get("Id") or "") for line in counted]
    return meant | {
        "lines": [line | {"line": id} for line, id in zip(meant["lines"], ids, strict=True)]
    }


def _same_link(line: Line, other: Line, here: bool) -> bool:
    return (
        "" not in linked(line) and linked(line) == linked(other) and _same_amount(line, other, here)
    )


def _same(line: Line, other: Line, here: bool) -> bool:
    return _same_text(line, other, here) and _same_amount(line, other, here)


def _same_text(line: Line, other: Line, here: bool) -> bool:
    return _same_kind(line, other) and line.get("Description") == other.get("Description")


def _same_place(line: Line, other: Line, here: bool) -> bool:
    return _same_kind(line, other) and here


def _same_amount(line: Line, other: Line, here: bool) -> bool:
    if not _same_kind(line, other) or line.get("DetailType") in NOT_COUNTED:
        return False
    return Decimal(str(line.get("Amount"))) == Decimal(str(other.get("Amount")))


def _same_kind(line: Line, other: Line) -> bool:
    """Of one sort, and not each linked with something else."""
    apart = "" not in (*linked(line), *linked(other)) and linked(line) != linked(other)
    return line.get("DetailType") == other.get("DetailType") and not apart


def _keep(line: Line, found: Line) -> None:
    """What stands on the line in QuickBooks and the source says nothing of."""
    if found.get("LinkedTxn"):
        line.setdefault("LinkedTxn", found["LinkedTxn"])
    name = str(line.get("DetailType"))
    mine, theirs = line.get(name), found.get(name)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        line[name] = {key: theirs[key] for key in KEPT if key in theirs} | mine

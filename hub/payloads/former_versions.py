"""Recognize a payload that an earlier version of the hub wrote in another form."""

import json
from decimal import Decimal
from typing import Any

from hub.payloads.planned_content import VERSION_FIELDS, is_whole_update

KIND_OF_SUPPLIERS = "vendor"


def is_same_content(
    kind: str, written_payload: bytes, planned_payload: bytes, written_memo: str
) -> bool:
    """Return whether two payloads differ at most in form, without any effect in QuickBooks.

    Earlier versions of the hub stated the tax of a rate, the orders of a bill, the payments of a
    deposit and the notes of a supplier in other forms. A whole update is never the same, because it
    also contains fields that people set. `written_memo` is the memo as it was planned: an update
    also contains the lines that people added to it.
    """
    if not written_payload or not planned_payload:
        return False
    before, after = _parse(written_payload), _parse(planned_payload)
    if is_whole_update(before) or is_whole_update(after):
        return False
    if "Id" in before and "PrivateNote" in before:
        before["PrivateNote"] = written_memo
    tax_before, tax_after = _take_tax_lines(before), _take_tax_lines(after)
    if _normalize(kind, before) != _normalize(kind, after):
        return False
    # Without them, QuickBooks divides the tax among the rates of the lines itself.
    return tax_before == tax_after or not (tax_before and tax_after)


def _parse(payload: bytes) -> dict[str, Any]:
    """Return the body of a payload."""
    body: dict[str, Any] = json.loads(payload, parse_float=Decimal)
    return body


def _take_tax_lines(body: dict[str, Any]) -> list[Any]:
    """Take the tax by rate out of a body, and return it without its percentages.

    The percentage belongs to the rate.
    """
    lines: list[dict[str, Any]] = (body.get("TxnTaxDetail") or {}).pop("TaxLine", None) or []
    for line in lines:
        detail = line.get("TaxLineDetail") or {}
        detail.pop("PercentBased", None)
        detail.pop("TaxPercent", None)
    return lines


def _normalize(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in the form that all versions have in common."""
    content = {name: value for name, value in body.items() if name not in VERSION_FIELDS}
    if kind == KIND_OF_SUPPLIERS:
        content.pop("Notes", None)
    lines = [_normalize_line(kind, line) for line in content.get("Line") or ()]
    if lines:
        content["Line"] = lines
    content["LinkedTxn"] = _list_links_of_header(content, lines)
    return content


def _list_links_of_header(content: dict[str, Any], lines: list[dict[str, Any]]) -> list[Any]:
    """Return the links of a transaction to orders of which no line of it has one."""
    ids = set()
    for line in lines:
        for link in line.get("LinkedTxn") or ():
            ids.add(link.get("TxnId"))
    links = content.get("LinkedTxn") or ()
    return [link for link in links if link.get("TxnId") not in ids]


def _normalize_line(kind: str, line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without its id, and a line that deposits a payment without its detail."""
    names = {"Id"}
    if kind == "deposit" and line.get("LinkedTxn"):
        names |= {"DetailType", "DepositLineDetail"}
    return {name: value for name, value in line.items() if name not in names}

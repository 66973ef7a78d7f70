"""Voiding: the transaction stays with its number, but for nothing."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.kinds import GROUP_LINE, TXN_KINDS
from qbo_sandbox.entities import links
from qbo_sandbox.kit.json_object import JsonObject

ZERO = Decimal(0)


def void(company: Company, kind: str, old: JsonObject) -> tuple[JsonObject, list[Change]]:
    """Return the voided transaction and the effects on others."""
    rule = TXN_KINDS[kind]
    note = " - ".join(filter(None, ("Voided", old.get("PrivateNote"))))
    data = old | {"PrivateNote": note, rule.total: ZERO}
    for field in ("Balance", "UnappliedAmt", "RemainingCredit", "HomeBalance", "HomeTotalAmt"):
        if field in data:
            data[field] = ZERO
    if "TxnTaxDetail" in data:
        data["TxnTaxDetail"] = {"TotalTax": ZERO}
    id = old["Id"]
    changes = links.release_payments(company, id, old)
    if rule.pays:
        data["Line"] = []
        changes += links.list_linked_changes(company, kind, id, data, old)
        return data, changes
    data["Line"] = [_void_line(line) for line in old["Line"]]
    if "LinkedTxn" in old:
        former_links = old["LinkedTxn"]
        data["LinkedTxn"] = [link for link in former_links if link["TxnType"] == "Estimate"]
    return data, changes


def _void_line(line: JsonObject) -> JsonObject:
    """Return a line with an amount and a quantity of zero."""
    void_line = dict(line)
    if "Amount" in line:
        void_line["Amount"] = ZERO
    detail_type = line["DetailType"]
    detail = line.get(detail_type)
    if isinstance(detail, dict) and "Qty" in detail:
        detail = detail | {"Qty": ZERO}
        void_line[detail_type] = detail
    if detail_type == GROUP_LINE:
        parts = [_void_line(part) for part in line[GROUP_LINE]["Line"]]
        void_line[GROUP_LINE] = line[GROUP_LINE] | {"Line": parts}
    return void_line

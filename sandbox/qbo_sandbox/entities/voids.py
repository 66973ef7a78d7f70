"""Voiding: the transaction stays with its number, but for nothing."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.kinds import GROUP_LINE, TXN_KINDS
from qbo_sandbox.entities import links
from qbo_sandbox.kit.json_object import JsonObject

NOTHING = Decimal(0)


def void(company: Company, kind: str, old: JsonObject) -> tuple[JsonObject, list[Change]]:
    """Return the voided transaction and the effects on others."""
    rule = TXN_KINDS[kind]
    data = old | {"PrivateNote": "Voided", rule.total: NOTHING}
    for field in ("Balance", "UnappliedAmt", "RemainingCredit", "HomeBalance", "HomeTotalAmt"):
        if field in data:
            data[field] = NOTHING
    if "TxnTaxDetail" in data:
        data["TxnTaxDetail"] = {"TotalTax": NOTHING}
    changes = links.release_payments(company, old["Id"], old)
    if rule.pays:
        data["Line"] = []
        changes += links.linked_changes(company, kind, old["Id"], data, old)
        return data, changes
    data["Line"] = [_void_line(line) for line in old["Line"]]
    if "LinkedTxn" in old:
        data["LinkedTxn"] = [link for link in old["LinkedTxn"] if link["TxnType"] == "Estimate"]
    return data, changes


def _void_line(line: JsonObject) -> JsonObject:
    """Return a line with an amount and a quantity of zero."""
    emptied = line | ({"Amount": NOTHING} if "Amount" in line else {})
    detail = line.get(line["DetailType"])
    if isinstance(detail, dict) and "Qty" in detail:
        emptied[line["DetailType"]] = detail | {"Qty": NOTHING}
    if line["DetailType"] == GROUP_LINE:
        emptied[GROUP_LINE] = line[GROUP_LINE] | {
            "Line": [_void_line(part) for part in line[GROUP_LINE]["Line"]]
        }
    return emptied

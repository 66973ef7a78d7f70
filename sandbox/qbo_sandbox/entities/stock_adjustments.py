"""Inventory adjustments: the account and the lines by which people correct quantities in stock."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import ADJUSTMENT_LINE, TxnKind
from qbo_sandbox.accounting.references import resolve, resolve_all
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import drop_trailing_zeros
from qbo_sandbox.entities.lines import LineIds
from qbo_sandbox.kit.json_object import JsonObject

# Intuit's schema: "an expense or opening balance equity account".
ACCOUNT_TYPES = ("Cost of Goods Sold", "Expense", "Other Expense", "Equity")


def complete_adjustment(
    company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None
) -> None:
    """Check the account of an adjustment and its lines, and give each line its id."""
    for field in ("CurrencyRef", "ExchangeRate", "LinkedTxn"):
        data.pop(field, None)
    account = resolve(company, "Account", data["AdjustAccountRef"]).read()
    if account["AccountType"] not in ACCOUNT_TYPES:
        raise Refusal(
            "6430",
            "Invalid account type : AdjustAccountRef must be an expense or equity account",
            "AdjustAccountRef",
        )
    ids = LineIds(data["Line"], old)
    lines = []
    for line in data["Line"]:
        completed_line = _complete_line(company, rule, line)
        completed_line["Id"] = ids.take(line)
        lines.append(completed_line)
    data["Line"] = lines


def _complete_line(company: Company, rule: TxnKind, line: JsonObject) -> JsonObject:
    """Return a line with an inventory item and the difference of its quantity.

    The detail tells its type, which Intuit's example of an update leaves out.
    """
    detail_type = line.get("DetailType", ADJUSTMENT_LINE)
    if detail_type != ADJUSTMENT_LINE:
        raise business_error(f"{detail_type} is not allowed on an {rule.label}.")
    detail = dict(line.get(ADJUSTMENT_LINE) or {})
    resolve_all(company, detail)
    for field in ("ItemRef", "QtyDiff"):
        if detail.get(field) is None:
            raise missing_field(f"Line.{ADJUSTMENT_LINE}.{field}")
    item = resolve(company, "Item", detail["ItemRef"]).read()
    if item["Type"] != "Inventory":
        raise business_error(f"{item['Name']} is no inventory item, so it has no quantity.")
    if company.options.classes == "off":
        detail.pop("ClassRef", None)
    detail["QtyDiff"] = drop_trailing_zeros(str(detail["QtyDiff"]))
    return line | {"DetailType": ADJUSTMENT_LINE, ADJUSTMENT_LINE: detail}

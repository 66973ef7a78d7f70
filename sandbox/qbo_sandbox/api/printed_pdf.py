"""The PDF of a document as QuickBooks prints it."""

from decimal import Decimal
from textwrap import wrap

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.refusals import unsupported_operation
from qbo_sandbox.entities.operations import require_existing
from qbo_sandbox.kit import pdf
from qbo_sandbox.kit.json_object import JsonObject

PRINTED_KINDS = (
    "Invoice",
    "Estimate",
    "CreditMemo",
    "SalesReceipt",
    "RefundReceipt",
    "Payment",
    "PurchaseOrder",
)
LINE_WIDTH = 84


def print_document(company: Company, kind: str, id: str) -> bytes:
    """Return the document with this id as QuickBooks prints it."""
    if kind not in PRINTED_KINDS:
        raise unsupported_operation(f"pdf {kind.lower()}")
    data = require_existing(company, kind, id).read()
    return pdf(_list_rows(company, kind, data))


def _list_rows(company: Company, kind: str, data: JsonObject) -> list[str]:
    """Return the rows of text on a printed document."""
    rule = TXN_KINDS[kind]
    currency = data["CurrencyRef"]["value"]
    rows = [
        company.options.name,
        "",
        f"{rule.label} {data.get('DocNumber', '')}".rstrip(),
        f"Date {data['TxnDate']}",
    ]
    if data.get("DueDate"):
        rows.append(f"Due {data['DueDate']}")
    party = data.get(rule.party) or {}
    rows += [str(party.get("name", "")), ""]
    for line in data.get("Line", ()):
        rows += _list_line_rows(line)
    return [*rows, "", _with_amount(f"Total {currency}", data[rule.total])]


def _get_item_name(line: JsonObject) -> object:
    """Return the name of a line's item or account; None if it has neither."""
    detail = line.get(line.get("DetailType", ""))
    if not isinstance(detail, dict):
        return None
    reference = detail.get("ItemRef") or detail.get("AccountRef") or {}
    return reference.get("name")


def _list_line_rows(line: JsonObject) -> list[str]:
    """Return the rows of a line: item or account, description, and the amount on the first one."""
    parts = [str(part) for part in (_get_item_name(line), line.get("Description")) if part]
    rows = wrap(" – ".join(parts), LINE_WIDTH - 18) or [""]
    if "Amount" in line:
        rows[0] = _with_amount(rows[0], line["Amount"])
    return rows


def _with_amount(text: str, amount: Decimal) -> str:
    """Return a row with an amount at its right end."""
    return f"{text:<{LINE_WIDTH - 16}}{Decimal(amount):>16,.2f}"

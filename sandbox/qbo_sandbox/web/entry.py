"""The page of one entry of the books: its fields, its lines, and what a person can do with it."""

import json
from decimal import Decimal, InvalidOperation
from html import escape

from qbo_sandbox.kit.json_object import JsonObject

PURCHASE_KINDS = ("Bill", "VendorCredit", "Purchase", "PurchaseOrder", "BillPayment")
SALE_KINDS = (
    "Invoice",
    "CreditMemo",
    "Payment",
    "SalesReceipt",
    "RefundReceipt",
    "Estimate",
    "Deposit",
)
ACTS_BY_KIND = {
    **dict.fromkeys((*PURCHASE_KINDS, *SALE_KINDS), (("delete", "Delete"),)),
    "Bill": (("pay", "Pay"), ("delete", "Delete")),
    "Invoice": (("pay", "Take payment"), ("void", "Void"), ("delete", "Delete")),
    "Payment": (("void", "Void"), ("delete", "Delete")),
    "Vendor": (("deactivate", "Make inactive"), ("activate", "Make active")),
}
FACT_LABELS = {
    "DocNumber": "Number",
    "TxnDate": "Date",
    "DueDate": "Due",
    "DepartmentRef": "Location",
    "SalesTermRef": "Terms",
    "CurrencyRef": "Currency",
    "PrivateNote": "Memo",
    "TotalAmt": "Total",
    "Balance": "Open",
}
POSTING_FIELDS = ("AccountRef", "ItemRef", "CustomerRef", "ClassRef", "TaxCodeRef")
EDITABLE_LINES = (
    "AccountBasedExpenseLineDetail",
    "ItemBasedExpenseLineDetail",
    "SalesItemLineDetail",
)


def render_entry(kind: str, body: JsonObject) -> str:
    """Return the page of an entry: facts, lines, buttons, and all fields folded."""
    buttons = []
    for do, label in ACTS_BY_KIND.get(kind, ()):
        buttons.append(render_button_form(do, label, kind=kind, id=body["Id"]))
    facts = []
    for field, label in FACT_LABELS.items():
        if body.get(field):
            facts.append(_render_fact_row(label, body[field]))
    table = f"<table><tbody>{''.join(facts)}</tbody></table>"
    json_text = escape(json.dumps(body, indent=2, ensure_ascii=False, default=str))
    all_fields = f"<details><summary>All fields</summary><pre>{json_text}</pre></details>"
    lines = _render_lines(body)
    edit_form = _render_edit_form(kind, body)
    return f"<p>{' '.join(buttons)}</p>{table}{lines}{edit_form}{all_fields}"


def render_button_form(do: str, label: str, more: str = "", **values: str) -> str:
    """Return a form with one button; `more` are further fields before it."""
    hidden = "".join(
        f'<input type="hidden" name="{key}" value="{escape(value)}">'
        for key, value in values.items()
    )
    return (
        f'<form method="post">{hidden}{more}<button name="do" value="{do}">{label}</button></form>'
    )


def format_amount(value: object) -> str:
    """Format an amount with thousands separators; return other values as text."""
    return f"{value:,}" if isinstance(value, (int, float, Decimal)) else str(value)


def parse_form_changes(body: JsonObject, form: dict[str, str]) -> JsonObject:
    """Return the changes of a form: number, memo, amount of the first line."""
    fields: JsonObject = {
        "DocNumber": form.get("number", ""),
        "PrivateNote": form.get("memo", "").replace("\r\n", "\n"),
    }
    amount_text = form.get("amount", "")
    line = _find_first_line(body)
    if line is None or amount_text == str(line["Amount"]):
        return fields
    try:
        amount = Decimal(amount_text)
    except InvalidOperation:
        raise ValueError(f"“{amount_text}” is no amount.") from None
    lines = []
    for body_line in body["Line"]:
        if body_line is line:
            lines.append(_with_amount(line, amount))
        elif body_line["DetailType"] != "SubTotalLineDetail":
            lines.append(body_line)
    return fields | {"Line": lines, "TxnTaxDetail": None}


def _with_amount(line: JsonObject, amount: Decimal) -> JsonObject:
    """Return a line with another amount; its quantity becomes one if it has a price."""
    kind = line["DetailType"]
    detail = line[kind]
    if "UnitPrice" in detail:
        detail = detail | {"Qty": Decimal(1), "UnitPrice": amount}
    return line | {"Amount": amount, kind: detail}


def _find_first_line(body: JsonObject) -> JsonObject | None:
    """Return the first line whose amount a person may change, or None."""
    return next(
        (
            line
            for line in body.get("Line", ())
            if line.get("DetailType") in EDITABLE_LINES and "Amount" in line
        ),
        None,
    )


def _render_edit_form(kind: str, body: JsonObject) -> str:
    """Return the form to change an object; "" if it has no amount to change."""
    line = _find_first_line(body)
    if line is None:
        return ""
    memo = escape(str(body.get("PrivateNote", "")))
    number, sum = (
        f'<label>{label} <input name="{name}" value="{escape(str(value))}"></label> '
        for label, name, value in (
            ("Number", "number", body.get("DocNumber", "")),
            ("First line", "amount", line["Amount"]),
        )
    )
    note = f'<label>Memo <textarea name="memo" rows="2" cols="30">{memo}</textarea></label> '
    save = render_button_form("edit", "Save", number + sum + note, kind=kind, id=body["Id"])
    return f"<h3>Change it</h3><p>{save}</p>"


def _render_fact_row(label: str, value: object) -> str:
    """Return a row of the table of fields."""
    if isinstance(value, dict):
        text = value.get("name") or value.get("value", "")
    else:
        text = format_amount(value)
    return f"<tr><th scope=row>{label}</th><td>{escape(str(text))}</td></tr>"


def _render_lines(body: JsonObject) -> str:
    """Return the table of the lines; "" for an object without lines."""
    lines = [
        line for line in body.get("Line", ()) if line.get("DetailType") != "SubTotalLineDetail"
    ]
    if not lines:
        return ""
    rows = "".join(
        f"<tr><td>{escape(str(line.get('Description', '')))}</td><td>{escape(_posts_to(line))}</td>"
        f"<td class=amount>{escape(format_amount(line.get('Amount', '')))}</td></tr>"
        for line in lines
    )
    heads = (
        "<th scope=col>Description</th><th scope=col>Posts to</th>"
        "<th scope=col class=amount>Amount</th>"
    )
    return (
        f"<table><caption>Lines</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _posts_to(line: JsonObject) -> str:
    """Return the names of what a line posts to."""
    detail = line.get(line.get("DetailType", ""), {})
    if not isinstance(detail, dict):
        return ""
    names = []
    for field in POSTING_FIELDS:
        reference = detail.get(field)
        if isinstance(reference, dict) and reference.get("name"):
            names.append(str(reference["name"]))
    return " · ".join(names)

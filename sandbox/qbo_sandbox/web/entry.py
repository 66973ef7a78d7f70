"""The page of one entry of the books: its fields, its lines, and what a person can do with it."""

import json
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any

BOUGHT = ("Bill", "VendorCredit", "Purchase", "PurchaseOrder", "BillPayment")
SOLD = ("Invoice", "CreditMemo", "Payment", "SalesReceipt", "RefundReceipt", "Estimate", "Deposit")
ACTS = {
    **dict.fromkeys((*BOUGHT, *SOLD), (("delete", "Delete"),)),
    "Bill": (("pay", "Pay"), ("delete", "Delete")),
    "Invoice": (("pay", "Take payment"), ("void", "Void"), ("delete", "Delete")),
    "Payment": (("void", "Void"), ("delete", "Delete")),
    "Vendor": (("deactivate", "Make inactive"), ("activate", "Make active")),
}
FACTS = {
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
DETAILS = ("AccountRef", "ItemRef", "CustomerRef", "ClassRef", "TaxCodeRef")
CHANGED = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "SalesItemLineDetail")


def entry_section(kind: str, body: dict[str, Any]) -> str:
    """Return the page of an entry: facts, lines, buttons, and all fields folded."""
    acts = " ".join(
        button_form(do, label, kind=kind, id=body["Id"]) for do, label in ACTS.get(kind, ())
    )
    facts = "".join(
        _fact_row(label, body[field]) for field, label in FACTS.items() if body.get(field)
    )
    whole = escape(json.dumps(body, indent=2, ensure_ascii=False, default=str))
    raw = f"<details><summary>All fields</summary><pre>{whole}</pre></details>"
    table = f"<table><tbody>{facts}</tbody></table>"
    return f"<p>{acts}</p>{table}{_line_rows(body)}{_edit_form(kind, body)}{raw}"


def button_form(do: str, label: str, more: str = "", **values: str) -> str:
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


def form_changes(body: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    """Return the changes of a form: number, memo, amount of the first line."""
    memo = form.get("memo", "").replace("\r\n", "\n")
    fields: dict[str, Any] = {"DocNumber": form.get("number", ""), "PrivateNote": memo}
    amount, line = form.get("amount", ""), _first_line(body)
    if line is None or amount == str(line["Amount"]):
        return fields
    try:
        sum = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"“{amount}” is no amount.") from None
    detail = line[line["DetailType"]]
    priced = {"Qty": Decimal(1), "UnitPrice": sum} if "UnitPrice" in detail else {}
    first = line | {"Amount": sum, line["DetailType"]: detail | priced}
    lines = [
        first if one is line else one
        for one in body["Line"]
        if one["DetailType"] != "SubTotalLineDetail"
    ]
    return fields | {"Line": lines, "TxnTaxDetail": None}


def _first_line(body: dict[str, Any]) -> dict[str, Any] | None:
    return next(
        (
            line
            for line in body.get("Line", ())
            if line.get("DetailType") in CHANGED and "Amount" in line
        ),
        None,
    )


def _edit_form(kind: str, body: dict[str, Any]) -> str:
    line = _first_line(body)
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
    save = button_form("edit", "Save", number + sum + note, kind=kind, id=body["Id"])
    return f"<h3>Change it</h3><p>{save}</p>"


def _fact_row(label: str, value: object) -> str:
    text = (
        value.get("name") or value.get("value", "")
        if isinstance(value, dict)
        else format_amount(value)
    )
    return f"<tr><th scope=row>{label}</th><td>{escape(str(text))}</td></tr>"


def _line_rows(body: dict[str, Any]) -> str:
    lines = [
        line for line in body.get("Line", ()) if line.get("DetailType") != "SubTotalLineDetail"
    ]
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
        if rows
        else ""
    )


def _posts_to(line: dict[str, Any]) -> str:
    detail = line.get(line.get("DetailType", ""), {})
    references = (
        [detail[name] for name in DETAILS if isinstance(detail.get(name), dict)]
        if isinstance(detail, dict)
        else []
    )
    return " · ".join(str(one["name"]) for one in references if one.get("name"))

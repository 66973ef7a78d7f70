"""An invoice of CostTracker as the bill or vendor credit that it is to become."""

import datetime as dt

from hub import Attachment, Document, Line, money
from hub_costtracker import lists

PREFIX = "invoice:"
KINDS = {"invoice": "bill", "credit_note": "vendor_credit"}
STAGES = {
    "draft": "pending",
    "validated": "pending",
    "sent_for_approval": "pending",
    "rejected": "closed",
    "approved": "ready",
    "transferred": "ready",
}
WAITS = {
    "draft": "it is still a draft in CostTracker",
    "validated": "it was not yet sent for approval in CostTracker",
    "sent_for_approval": "its approvers have not decided yet in CostTracker",
}
NEEDED = ("invoice_date", "supplier", "currency", "gross_total", "tax_total", "lines")
ORDER = {"Order": "number", "Order line": "line", "Ordered": "ordered", "Received": "received"}


def document(site, row):
    """The bill or vendor credit that an invoice is to become."""
    status, kind = _known(row, "status", STAGES), _known(row, "kind", KINDS)
    sign = -1 if kind == "credit_note" and _is_negative(row) else 1
    return Document(
        kind=KINDS[kind],
        source_id=f"{PREFIX}{row['id']}",
        version=str(row["version"]),
        stage=_stage(row, status),
        hold=_hold(row, status, kind),
        date=_date(row.get("invoice_date")),
        due=_date(row.get("due_date")),
        number=_number(site, row),
        memo=_memo(site, row),
        currency=row.get("currency"),
        codes=_header(site, row),
        lines=tuple(_line(site, row, line, sign) for line in row.get("lines") or ()),
        total=_amount(row.get("gross_total"), sign),
        tax_total=_amount(row.get("tax_total"), sign),
        attachments=_attachments(site, row),
        facts=_facts(row),
    )


def _known(row, name, known):
    value = str(row[name]).lower().replace(" ", "_")
    if value not in known:
        raise ValueError(f"its {name} {row[name]!r} is none of {', '.join(known)}")
    return value


def _is_negative(row):
    return (_amount(row.get("gross_total")) or 0) < 0


def _stage(row, status):
    missing = [name for name in NEEDED if row.get(name) in (None, "")]
    if STAGES[status] == "ready" and missing:
        raise ValueError(f"it is approved without {' and '.join(missing)}")
    return STAGES[status]


def _hold(row, status, kind):
    if status in WAITS:
        return f"{_called(row)} waits: {WAITS[status]}."
    if kind == "invoice" and _is_negative(row):
        return f"{_called(row)} has a negative total. Register it in CostTracker as a credit note."
    return None


def _called(row):
    return f"Invoice {row.get('invoice_number') or row['id']}"


def _number(site, row):
    reference = row.get("reference") if site.settings["reference_to"] == "number" else None
    return reference or row.get("invoice_number") or None


def _memo(site, row):
    place, reference = site.settings["reference_to"], row.get("reference")
    if not reference or place == "line_description":
        return None
    return (
        f"Reference: {reference}"
        if place == "private_note"
        else f"Invoice number: {row.get('invoice_number')}"
    )


def _header(site, row):
    supplier = row.get("supplier")
    return {
        "supplier": lists.supplier(site, supplier) if supplier else None,
        "payable_account": site.settings["payable_account"],
    }


def _line(site, row, line, sign):
    order = line.get("po") or {}
    named = ("account", "tax_code", "location", "class", "customer")
    return Line(
        id=str(line["id"]),
        amount=_amount(line.get("net"), sign),
        tax=_amount(line.get("tax"), sign),
        description=_description(site, row, line, order),
        codes={field: lists.code(site, field, line.get(field)) for field in named},
        facts={
            label: str(order[key])
            for label, key in ORDER.items()
            if order.get(key) not in (None, "")
        },
    )


def _description(site, row, line, order):
    parts = [f"PO {order['number']}" if order.get("number") else None, line.get("description")]
    if site.settings["reference_to"] == "line_description":
        parts.insert(0, row.get("reference"))
    return " · ".join(part for part in parts if part) or None


def _attachments(site, row):
    files = row.get("attachments") or () if site.settings["attach_files"] else ()
    return tuple(
        Attachment(
            id=str(f["id"]),
            name=f["name"],
            mime=f["mime"],
            size=f.get("size"),
            sha256=f.get("sha256"),
        )
        for f in files
    )


def _facts(row):
    """What a reviewer wants to see and QuickBooks has no place for."""
    facts = {
        "Orders": ", ".join(map(str, row.get("po_numbers") or ())),
        "Approvals": "; ".join(_approval(approval) for approval in row.get("approvals") or ()),
        "Organisation number": (row.get("supplier") or {}).get("org_number"),
        "Read by OCR": ", ".join(
            f"{name} {share:.0%}" for name, share in (row.get("ocr") or {}).items()
        ),
    }
    return {label: text for label, text in facts.items() if text}


def _approval(approval):
    role = f" ({approval['role']})" if approval.get("role") else ""
    return f"{approval.get('user')}{role}: {approval.get('decision') or 'asked'} {(approval.get('at') or '')[:16]}".strip()


def _amount(value, sign=1):
    return None if value is None else money(value) * sign


def _date(text):
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"“{text}” is no date") from None

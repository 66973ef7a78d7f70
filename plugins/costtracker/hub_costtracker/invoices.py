"""Supplier invoices of CostTracker as bills and vendor credits, and what CostTracker is told of them."""

import datetime as dt

from hub import Attachment, Checkpoint, Document, Gone, Line, Unreadable, money, readable
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
STATES = {"changed": "changed_in_ledger", "missing": "missing_in_ledger"}


# -- reading ---------------------------------------------------------------------------------------------------------


def changed(site, source, cursor):
    """Every invoice changed since the cursor, with a Checkpoint after each page."""
    for rows, after in source.invoices(cursor):
        yield from (read(site, row) for row in rows)
        if after:
            yield Checkpoint(cursor=after)


def exactly(site, source, ids):
    """The invoices with these source ids."""
    for source_id in ids:
        row = source.invoice(source_id.removeprefix(PREFIX))
        yield (
            Gone(source_id=source_id, reason="CostTracker does not have it any more.")
            if row is None
            else read(site, row)
        )


def codes(site, pages, field):
    """The codes of a field that invoices use, each once."""
    documents = (read(site, row) for rows, _ in pages for row in rows)
    found = {}
    for document in documents:
        for owner in (document, *document.lines) if isinstance(document, Document) else ():
            used = owner.codes.get(field)
            if used:
                found.setdefault(getattr(used, "id", used), used)
    return list(found.values())


def read(site, row):
    """What a row of CostTracker's list is to the hub; a row that makes no sense stops no other."""
    if not isinstance(row, dict) or not row.get("id"):
        return Unreadable(source_id=f"{PREFIX}?", reason="CostTracker sent an invoice without an id.")
    return readable(f"{PREFIX}{row['id']}", _read, site, row)


def _read(site, row):
    if row.get("deleted_at"):
        return Gone(source_id=f"{PREFIX}{row['id']}", reason=f"Deleted in CostTracker on {row['deleted_at'][:10]}.")
    return document(site, row)


# -- translating -----------------------------------------------------------------------------------------------------


def document(site, row):
    """The bill or vendor credit that an invoice is to become."""
    stage = _stage(row)
    sign = -1 if row["kind"] == "credit_note" and (_amount(row.get("gross_total")) or 0) < 0 else 1
    return Document(
        kind=KINDS[row["kind"]],
        source_id=f"{PREFIX}{row['id']}",
        version=str(row["version"]),
        stage=stage,
        hold=_hold(row, stage),
        date=_date(row.get("invoice_date")),
        due=_date(row.get("due_date")),
        received=_date(row.get("received_date")),
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


def _stage(row):
    status = str(row["status"]).lower().replace(" ", "_")
    if status not in STAGES:
        raise ValueError(f"the status {row['status']!r} is none of {', '.join(STAGES)}")
    missing = [name for name in NEEDED if row.get(name) in (None, "")]
    if STAGES[status] == "ready" and missing:
        raise ValueError(f"it is approved without {' and '.join(missing)}")
    return STAGES[status]


def _hold(row, stage):
    if stage == "pending":
        return f"{_called(row)} waits: {WAITS[row['status'].lower().replace(' ', '_')]}."
    if row["kind"] == "invoice" and (_amount(row.get("gross_total")) or 0) < 0:
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
    return f"Reference: {reference}" if place == "private_note" else f"Invoice number: {row.get('invoice_number')}"


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
        facts={label: str(order[key]) for label, key in _ORDER.items() if order.get(key) not in (None, "")},
    )


_ORDER = {"Order": "number", "Order line": "line", "Ordered": "ordered", "Received": "received"}


def _description(site, row, line, order):
    parts = [f"PO {order['number']}" if order.get("number") else None, line.get("description")]
    if site.settings["reference_to"] == "line_description":
        parts.insert(0, row.get("reference"))
    return " · ".join(part for part in parts if part) or None


def _attachments(site, row):
    files = row.get("attachments") or () if site.settings["attach_files"] else ()
    return tuple(
        Attachment(id=str(f["id"]), name=f["name"], mime=f["mime"], size=f.get("size"), sha256=f.get("sha256"))
        for f in files
    )


def _facts(row):
    """What a reviewer wants to see and QuickBooks has no place for."""
    facts = {
        "Orders": ", ".join(row.get("po_numbers") or ()),
        "Approvals": "; ".join(_approval(approval) for approval in row.get("approvals") or ()),
        "Organisation number": (row.get("supplier") or {}).get("org_number"),
        "Read by OCR": ", ".join(f"{name} {share:.0%}" for name, share in (row.get("ocr") or {}).items()),
    }
    return {label: text for label, text in facts.items() if text}


def _approval(approval):
    role = f" ({approval['role']})" if approval.get("role") else ""
    return f"{approval['user']}{role}: {approval.get('decision') or 'asked'} {(approval.get('at') or '')[:16]}".strip()


def _amount(value, sign=1):
    return None if value is None else money(value) * sign


def _date(text):
    return dt.date.fromisoformat(text) if text else None


# -- telling ---------------------------------------------------------------------------------------------------------


def report(source, document, receipt):
    """Writes a receipt to its invoice; one that CostTracker has a newer one for is not wanted any more."""
    id = document.source_id.removeprefix(PREFIX)
    if source.set_status(id, _status(receipt, int(document.version))):
        return
    now = source.invoice(id)
    if now and now["version"] != int(document.version):
        source.set_status(id, _status(receipt, now["version"]))


def _status(receipt, version):
    paid = receipt.paid is not None
    status = {
        "state": STATES.get(receipt.state, receipt.state),
        "system": "quickbooks_online",
        "external_id": receipt.id,
        "external_number": receipt.number,
        "external_url": receipt.url,
        "amount_paid": receipt.paid if paid else None,
        "message": receipt.message,
        "at": receipt.at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "version": version,
    }
    return {name: value for name, value in status.items() if value is not None}

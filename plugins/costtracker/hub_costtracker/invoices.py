"""Build the bill or vendor credit of an invoice in CostTracker."""

from decimal import Decimal
from typing import Any

from hub import (
    Attachment,
    Codes,
    Document,
    Kind,
    Line,
    Row,
    Sentence,
    Site,
    StageName,
    check_fields,
    look_up,
    money,
    parse_date,
    require_id,
    web_address,
)
from hub_costtracker import lists, names

PREFIX = "invoice:"
# Decisions of an approver
APPROVED = "approved"
REJECTED = "rejected"
KINDS: dict[str, Kind] = {"invoice": "bill", "credit_note": "vendor_credit"}
STAGES: dict[str, StageName] = {
    "draft": "pending",
    "validated": "pending",
    "sent_for_approval": "pending",
    "rejected": "closed",
    "approved": "ready",
    "transferred": "ready",
}
PENDING_REASONS = {
    "draft": Sentence("it is still a draft in CostTracker"),
    "validated": Sentence("it was not yet sent for approval in CostTracker"),
    "sent_for_approval": Sentence("its approvers have not decided yet in CostTracker"),
}
FIELD_TYPES: dict[str, type | list[type]] = {
    names.Invoice.SUPPLIER: dict,
    names.Invoice.NUMBER: str,
    names.Invoice.REFERENCE: str,
    names.Invoice.CURRENCY: str,
    names.Invoice.ORDER_NUMBERS: list,
    names.Invoice.APPROVALS: [dict],
    names.Invoice.LINES: [dict],
    names.Invoice.ATTACHMENTS: [dict],
}
LINE_FIELD_TYPES: dict[str, type | list[type]] = {
    names.Line.DESCRIPTION: str,
    names.Line.ACCOUNT: str,
    names.Line.TAX_CODE: str,
    names.Line.LOCATION: str,
    names.Line.CLASS: str,
    names.Line.CUSTOMER: str,
    names.Line.ORDER: dict,
}
REQUIRED_FIELDS = (
    names.Invoice.DATE,
    names.Invoice.SUPPLIER,
    names.Invoice.CURRENCY,
    names.Invoice.GROSS_TOTAL,
    names.Invoice.TAX_TOTAL,
    names.Invoice.LINES,
)


def build_document(site: Site, row: Row) -> Document:
    """Return the bill or vendor credit of an invoice."""
    check_fields(row, FIELD_TYPES)
    status = _normalize(row[names.Invoice.STATUS])
    stage = look_up(STAGES, status, "status")
    kind = look_up(KINDS, _normalize(row[names.Invoice.KIND]), "kind")
    sign = -1 if kind == "vendor_credit" and _is_negative(row) else 1
    lines = row.get(names.Invoice.LINES) or ()
    if stage == "ready":
        _check_completeness(row)
    return Document(
        kind=kind,
        source_id=f"{PREFIX}{row[names.Invoice.ID]}",
        version=require_id(row, names.Invoice.VERSION),
        stage=stage,
        hold=_find_hold(row, status, kind),
        date=parse_date(row.get(names.Invoice.DATE)),
        due=parse_date(row.get(names.Invoice.DUE_DATE)),
        url=web_address(row.get(names.Invoice.WEB_URL)),
        number=_choose_number(site, row),
        memo=_compose_memo(site, row),
        currency=row.get(names.Invoice.CURRENCY),
        codes=_build_header_codes(site, row),
        lines=tuple(_build_line(site, row, line, sign) for line in lines),
        total=_parse_amount(row.get(names.Invoice.GROSS_TOTAL), sign),
        tax_total=_parse_amount(row.get(names.Invoice.TAX_TOTAL), sign),
        attachments=_build_attachments(site, row),
        facts=_collect_facts(row),
    )


def _normalize(word: Any) -> str:
    """Return a status or kind in lower case with underscores, such as "sent_for_approval"."""
    return str(word).strip().lower().replace(" ", "_")


def _is_negative(row: Row) -> bool:
    """Return whether an invoice has a total below zero."""
    total = _parse_amount(row.get(names.Invoice.GROSS_TOTAL))
    return total is not None and total < 0


def _check_completeness(row: Row) -> None:
    """Raise ValueError if an approved invoice has no value in a required field."""
    missing = [name for name in REQUIRED_FIELDS if row.get(name) in (None, "")]
    if missing:
        raise ValueError(
            Sentence(
                "it is approved without %(missing)s",
                missing=" and ".join(missing),
            )
        )


def _find_hold(row: Row, status: str, kind: Kind) -> str | None:
    """Return why an invoice waits for a person, or None."""
    number = row.get(names.Invoice.NUMBER) or row[names.Invoice.ID]
    title = f"Invoice {number}"
    if status in PENDING_REASONS:
        return Sentence(
            "%(title)s waits: %(status)s.",
            title=title,
            status=str(PENDING_REASONS[status]),
        )
    if kind == "bill" and _is_negative(row):
        return Sentence(
            "%(title)s has a negative total. Register it in CostTracker as a credit note.",
            title=title,
        )
    return None


def _choose_number(site: Site, row: Row) -> str | None:
    """Return the number of the invoice, or its reference if the settings say so."""
    number = row.get(names.Invoice.NUMBER) or None
    if site.settings["reference_to"] == "number":
        return row.get(names.Invoice.REFERENCE) or number
    return number


def _compose_memo(site: Site, row: Row) -> str | None:
    """Return the reference, or the invoice's number if the reference takes its place."""
    reference = row.get(names.Invoice.REFERENCE)
    number = row.get(names.Invoice.NUMBER)
    place = site.settings["reference_to"]
    if not reference or place == "line_description":
        return None
    if place == "private_note":
        return f"Reference: {reference}"
    return f"Invoice number: {number}" if number else None


def _build_header_codes(site: Site, row: Row) -> Codes:
    """Return the codes of the bill itself: its supplier, if it has one, and payable account."""
    supplier = row.get(names.Invoice.SUPPLIER)
    code = lists.build_supplier_code(site, supplier) if supplier else None
    return {"supplier": code, "payable_account": site.settings["payable_account"]}


def _build_line(site: Site, row: Row, line: Row, sign: int) -> Line:
    """Return a line of the bill; `sign` is -1 on a credit note with negative amounts."""
    check_fields(line, LINE_FIELD_TYPES)
    order = line.get(names.Line.ORDER) or {}
    return Line(
        id=str(line[names.Line.ID]),
        amount=_parse_amount(line.get(names.Line.NET), sign),
        tax=_parse_amount(line.get(names.Line.TAX), sign),
        description=_describe_line(site, row, line, order),
        codes=lists.build_line_codes(site, line),
        facts=_build_order_facts(order),
    )


def _build_order_facts(order: Row) -> dict[str, str]:
    """Return the details of the line of the purchase order."""
    facts = {
        "Order": order.get(names.OrderLine.NUMBER),
        "Order line": order.get(names.OrderLine.LINE),
        "Ordered": order.get(names.OrderLine.ORDERED),
        "Received": order.get(names.OrderLine.RECEIVED),
    }
    return {label: str(value) for label, value in facts.items() if value not in (None, "")}


def _describe_line(site: Site, row: Row, line: Row, order: Row) -> str | None:
    """Return the description of a line, with its order and, by the settings, its reference."""
    parts = []
    if site.settings["reference_to"] == "line_description":
        parts.append(row.get(names.Invoice.REFERENCE))
    number = order.get(names.OrderLine.NUMBER)
    if number:
        parts.append(f"PO {number}")
    parts.append(line.get(names.Line.DESCRIPTION))
    return " · ".join(filter(None, parts)) or None


def _build_attachments(site: Site, row: Row) -> tuple[Attachment, ...]:
    """Return the files of an invoice, if the settings want them."""
    if not site.settings["attach_files"]:
        return ()
    files = row.get(names.Invoice.ATTACHMENTS) or ()
    return tuple(map(_build_attachment, files))


def _build_attachment(file: Row) -> Attachment:
    """Return one file of an invoice."""
    return Attachment(
        id=str(file[names.Attachment.ID]),
        name=file[names.Attachment.NAME],
        mime=file.get(names.Attachment.MIME) or "",
        size=file.get(names.Attachment.SIZE),
        sha256=file.get(names.Attachment.SHA256),
    )


def _collect_facts(row: Row) -> dict[str, str]:
    """Return the details of an invoice that QuickBooks has no field for."""
    approvals = row.get(names.Invoice.APPROVALS) or ()
    order_numbers = row.get(names.Invoice.ORDER_NUMBERS) or ()
    supplier = row.get(names.Invoice.SUPPLIER) or {}
    facts = {
        "Orders": ", ".join(map(str, order_numbers)),
        "Approvals": "; ".join(map(_describe_approval, approvals)),
        "Organisation number": supplier.get(names.Supplier.ORG_NUMBER),
        "Read by OCR": _describe_confidence(row.get(names.Invoice.OCR)),
    }
    return {label: text for label, text in facts.items() if text}


def _describe_confidence(confidence: Any) -> str:
    """Return the fields that were read optically, each with its confidence, such as "date 97%".

    This is for people only: in another form it is shown as it is.
    """
    if not isinstance(confidence, dict):
        return "" if confidence is None else str(confidence)
    texts = []
    for name, share in confidence.items():
        is_share = isinstance(share, Decimal | int) and not isinstance(share, bool)
        texts.append(f"{name} {share:.0%}" if is_share else f"{name} {share}")
    return ", ".join(texts)


def _describe_approval(approval: Row) -> str:
    """Return one approval as text, such as "Kari (Manager): approved 2026-01-05T08:00"."""
    person = approval.get(names.Approval.USER)
    role = approval.get(names.Approval.ROLE)
    decision = approval.get(names.Approval.DECISION)
    decided_at = (approval.get(names.Approval.AT) or "")[:16]
    title = f"{person} ({role})" if role else f"{person}"
    if decision is None:
        return Sentence("%(title)s: not decided yet", title=title)
    if decision == APPROVED:
        return Sentence("%(title)s: approved %(at)s", title=title, at=decided_at)
    if decision == REJECTED:
        return Sentence("%(title)s: rejected %(at)s", title=title, at=decided_at)
    return f"{title}: {decision} {decided_at}".strip()


def _parse_amount(value: Any, sign: int = 1) -> Decimal | None:
    """Return an amount with its sign, or None if there is none."""
    if value is None:
        return None
    return money(value) * sign

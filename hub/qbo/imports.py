"""Purchase orders that people created in QuickBooks, as documents that a source may import."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from hub.contract.documents import Code, Document, Line
from hub.db import engine
from hub.models import StoredRecord
from hub.payloads.entities import parse_day, read_ref_id
from hub.qbo import transaction_index
from hub.qbo.client import Client
from hub.qbo.paging import read_all

ORDER_KIND: Final = "purchase_order"
# References of an order and of its lines, with the role of each.
HEADER_ROLES = {
    "VendorRef": "vendor",
    "ClassRef": "class",
    "DepartmentRef": "location",
    "SalesTermRef": "term",
}
LINE_ROLES = {
    "ItemRef": "item",
    "AccountRef": "account",
    "ClassRef": "class",
    "CustomerRef": "customer",
    "TaxCodeRef": "tax_code",
}


def load_open_orders(company_id: int, since: dt.date) -> list[Document]:
    """Return the open orders dated since a day that no app of the hub created.

    Every call reads all orders from QuickBooks, which Intuit meters.
    """
    where = f"TxnDate >= '{since.isoformat()}'"
    entities = read_all(Client(company_id), ORDER_KIND, where).entities
    importable = [entity for entity in entities if _is_importable(entity)]
    with engine.transaction() as session:
        transaction_index.absorb_all(session, company_id, ORDER_KIND, entities)
        return [convert_order(session, company_id, entity) for entity in importable]


def convert_order(session: Session, company_id: int, entity: dict[str, Any]) -> Document:
    """Return an order as a document; its codes are QuickBooks' ids with their names, by role."""
    id = str(entity["Id"])
    tax = entity.get("TxnTaxDetail") or {}
    lines = []
    for line in entity.get("Line") or ():
        detail = _get_line_detail(line)
        if detail:
            lines.append(_import_line(session, company_id, line, detail))
    return Document(
        kind=ORDER_KIND,
        source_id=id,
        quickbooks_id=id,
        date=_parse_day_if_any(entity.get("TxnDate")),
        due=_parse_day_if_any(entity.get("DueDate")),
        number=entity.get("DocNumber"),
        message=entity.get("Memo"),
        memo=entity.get("PrivateNote"),
        currency=read_ref_id(entity, "CurrencyRef") or None,
        codes=_build_reference_codes(session, company_id, entity, HEADER_ROLES),
        lines=tuple(lines),
        total=_parse_number(entity.get("TotalAmt")),
        tax_total=_parse_number(tax.get("TotalTax")),
    )


def _is_importable(entity: Mapping[str, Any]) -> bool:
    """Return whether an order is open and not the hub's own."""
    if entity.get("POStatus") == "Closed":
        return False
    marker = transaction_index.extract_marker(entity.get("PrivateNote"))
    return not marker


def _import_line(
    session: Session, company_id: int, line: Mapping[str, Any], detail: Mapping[str, Any]
) -> Line:
    """Return a line of an order, with its id in QuickBooks."""
    return Line(
        id=str(line["Id"]),
        amount=_parse_number(line.get("Amount")),
        quantity=_parse_number(detail.get("Qty")),
        unit_price=_parse_number(detail.get("UnitPrice")),
        description=line.get("Description"),
        codes=_build_reference_codes(session, company_id, detail, LINE_ROLES),
    )


def _get_line_detail(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the detail of a line with an item or an account; empty for other lines."""
    type = line.get("DetailType")
    detail: dict[str, Any] = line.get(str(type)) or {}
    has_target = "ItemRef" in detail or "AccountRef" in detail
    if not has_target:
        return {}
    return detail


def _build_reference_codes(
    session: Session, company_id: int, part: Mapping[str, Any], roles: Mapping[str, str]
) -> dict[str, Code]:
    """Return the references of an order or of a line as codes, by role."""
    codes = {}
    for field, role in roles.items():
        reference = part.get(field)
        if isinstance(reference, dict) and reference.get("value"):
            id = str(reference["value"])
            name = reference.get("name")
            codes[role] = _build_code(session, company_id, role, id, name)
    return codes


def _build_code(session: Session, company_id: int, role: str, id: str, name: str | None) -> Code:
    """Return an id as a code, with the name of its record, or else that of the reference."""
    row = session.get(StoredRecord, (company_id, role, id))
    if row is None:
        return Code(id=id, name=name)
    return Code(
        id=id,
        name=row.qualified_name,
        number=row.number or None,
    )


def _parse_number(value: Any) -> Decimal | None:
    """Return a number exactly; None if there is none."""
    if value is None:
        return None
    return Decimal(str(value))


def _parse_day_if_any(text: Any) -> dt.date | None:
    """Return the day of a date or time; None if there is none."""
    return parse_day(text) if text else None

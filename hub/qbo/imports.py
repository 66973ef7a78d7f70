"""Purchase orders that people made in QuickBooks, as documents: what a source may take over."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from hub.contract.documents import Code, Document, Line
from hub.db import engine
from hub.models import Record
from hub.qbo import transaction_index
from hub.qbo.client import Client
from hub.qbo.entities import ref_id
from hub.qbo.paging import read_all

KIND: Final = "purchase_order"
HEADER = {
    "VendorRef": "vendor",
    "ClassRef": "class",
    "DepartmentRef": "location",
    "SalesTermRef": "term",
}
LINE = {
    "ItemRef": "item", "AccountRef": "account", "ClassRef": "class", "CustomerRef": "customer",
    "TaxCodeRef": "tax_code",
}  # fmt: skip


def open_orders(company_id: int, since: dt.date) -> list[Document]:
    """The open orders dated since a day that no app of the hub made; reads them all, which is metered."""
    entities, _ = read_all(Client(company_id), KIND, f"TxnDate >= '{since.isoformat()}'")
    with engine.transaction() as session:
        transaction_index.absorb_all(session, company_id, KIND, entities)
        return [document(session, company_id, one) for one in entities if _is_wanted(one)]


def document(session: Session, company_id: int, entity: dict[str, Any]) -> Document:
    """An order in the hub's words; its codes are QuickBooks' ids with their names, by role."""
    return Document(
        kind=KIND,
        source_id=str(entity["Id"]),
        quickbooks_id=str(entity["Id"]),
        date=_day(entity.get("TxnDate")),
        due=_day(entity.get("DueDate")),
        number=entity.get("DocNumber"),
        message=entity.get("Memo"),
        memo=entity.get("PrivateNote"),
        currency=ref_id(entity, "CurrencyRef") or None,
        codes=_codes(session, company_id, entity, HEADER),
        lines=tuple(
            _line(session, company_id, line) for line in entity.get("Line") or () if _detail(line)
        ),
        total=_number(entity.get("TotalAmt")),
        tax_total=_number((entity.get("TxnTaxDetail") or {}).get("TotalTax")),
    )


def _is_wanted(entity: Mapping[str, Any]) -> bool:
    return entity.get("POStatus") != "Closed" and not transaction_index.extract_marker(
        entity.get("PrivateNote")
    )


def _line(session: Session, company_id: int, line: Mapping[str, Any]) -> Line:
    detail = _detail(line)
    return Line(
        id=str(line["Id"]),
        amount=_number(line.get("Amount")),
        quantity=_number(detail.get("Qty")),
        unit_price=_number(detail.get("UnitPrice")),
        description=line.get("Description"),
        codes=_codes(session, company_id, detail, LINE),
    )


def _detail(line: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = line.get(str(line.get("DetailType"))) or {}
    return found if {"ItemRef", "AccountRef"} & found.keys() else {}


def _codes(
    session: Session, company_id: int, held: dict[str, Any], refs: Mapping[str, str]
) -> dict[str, Code]:
    named = {role: held[name] for name, role in refs.items() if ref_id(held, name)}
    return {
        role: _code(session, (company_id, role, str(ref["value"])), ref.get("name"))
        for role, ref in named.items()
    }


def _code(session: Session, key: tuple[int, str, str], name: str | None) -> Code:
    """An id with its name, also where the list does not know it yet."""
    row = session.get(Record, key)
    return (
        Code(id=key[2], name=row.full_name or row.name, number=row.number or None)
        if row
        else Code(id=key[2], name=name)
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _day(text: Any) -> dt.date | None:
    return dt.date.fromisoformat(str(text)[:10]) if text else None

"""What is kept of an entry of a QuickBooks list."""

import datetime as dt
from typing import Any

from hub.qbo.entities import ref_id

DELETED = " (deleted)"


def row_of(company_id: int, name: str, entity: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """The row of a list entry; texts of an entry that QuickBooks renamed on deactivation lose what it appended."""
    active = str(entity.get("Active", True)).lower() == "true"
    label = _text(entity, "DisplayName") or _text(entity, "Name")
    full = _text(entity, "FullyQualifiedName") or label
    return {
        "company_id": company_id,
        "list": name,
        "quickbooks_id": str(entity["Id"]),
        "name": label if active else label.removesuffix(DELETED),
        "full_name": full if active else full.removesuffix(DELETED),
        "number": (_text(entity, "AcctNum") or _text(entity, "Sku"))[:100],
        "type": _text(entity, "AccountType") or _text(entity, "Type"),
        "sub_type": _text(entity, "AccountSubType"),
        "parent": ref_id(entity, "ParentRef") or None,
        "active": active,
        "currency": ref_id(entity, "CurrencyRef"),
        "email": _inner(entity, "PrimaryEmailAddr", "Address")[:200],
        "rate": _text(entity, "RateValue"),
        "body": _body(name, entity),
        "read_at": now,
    }


def _body(name: str, entity: dict[str, Any]) -> dict[str, Any]:
    made = {
        "description": _text(entity, "Description")[:500],
        "contact": " ".join(
            filter(None, (_text(entity, "GivenName"), _text(entity, "FamilyName")))
        ),
        "phone": _inner(entity, "PrimaryPhone", "FreeFormNumber"),
        "address": _address(entity.get("BillAddr")),
        "job": bool(entity.get("Job")) or None,
        "project": bool(entity.get("IsProject")) or None,
        "due_days": _text(entity, "DueDays"),
        "use": _use(entity) if name == "tax_code" else None,
        "rates": _rates(entity) if name == "tax_code" else None,
        "income_account": ref_id(entity, "IncomeAccountRef"),
        "expense_account": ref_id(entity, "ExpenseAccountRef"),
        "asset_account": ref_id(entity, "AssetAccountRef"),
        "term": ref_id(entity, "TermRef") or ref_id(entity, "SalesTermRef"),
        "stock_since": _text(entity, "InvStartDate"),
        "sync_token": _text(entity, "SyncToken"),
    }
    return {key: value for key, value in made.items() if value}


def _address(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        return {}
    made = {
        "lines": [line for number in range(1, 6) if (line := _text(found, f"Line{number}"))],
        "city": _text(found, "City"),
        "region": _text(found, "CountrySubDivisionCode"),
        "postal_code": _text(found, "PostalCode"),
        "country": _text(found, "Country"),
    }
    return {key: value for key, value in made.items() if value}


def _use(entity: dict[str, Any]) -> str:
    """Where a tax code may be used: purchase, sales or both."""
    buying, selling = (
        bool(_details(entity, f"{side}TaxRateList")) for side in ("Purchase", "Sales")
    )
    if buying == selling:
        return "both"
    return "purchase" if buying else "sales"


def _rates(entity: dict[str, Any]) -> dict[str, list[str]]:
    """The ids of the rates of a tax code, for buying and for selling."""
    sides = {"purchase": "PurchaseTaxRateList", "sales": "SalesTaxRateList"}
    return {
        side: [ref_id(rate, "TaxRateRef") for rate in _details(entity, name)]
        for side, name in sides.items()
    }


def _details(entity: dict[str, Any], name: str) -> list[dict[str, Any]]:
    held = entity.get(name)
    return (held.get("TaxRateDetail") or []) if isinstance(held, dict) else []


def _inner(entity: dict[str, Any], name: str, field: str) -> str:
    held = entity.get(name)
    return _text(held, field) if isinstance(held, dict) else ""


def _text(entity: dict[str, Any], name: str) -> str:
    value = entity.get(name)
    return "" if value is None else str(value)

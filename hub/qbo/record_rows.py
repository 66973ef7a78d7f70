"""Convert records of QuickBooks' lists to rows of the table of records."""

import datetime as dt
from typing import Any

from hub.models.lists import MAX_FULL_NAME_LENGTH, MAX_RECORD_NAME_LENGTH, MAX_TYPE_LENGTH
from hub.payloads.entities import read_ref_id

# QuickBooks appends this to the name of a record when it becomes inactive. In 2013 and 2014 it
# appended it with a capital letter.
DELETED_SUFFIX = " (deleted)"
# The rates of a tax code for each side.
RATE_LISTS = {"purchase": "PurchaseTaxRateList", "sales": "SalesTaxRateList"}
TAX_ON_AMOUNT = "TaxOnAmount"  # the usual type; a rate of another type is computed on another tax
# All that is stored of an employee: the name, which no supplier or customer may have.
EMPLOYEE_FIELDS = ("Id", "DisplayName", "Active")
# The fields that may hold the organisation number of a supplier or customer. QuickBooks shows only
# the last characters of the first two.
TAX_NUMBERS = ("TaxIdentifier", "PrimaryTaxIdentifier", "BusinessNumber", "GSTIN")
MAX_TAX_NUMBERS_LENGTH = 200
ADDRESS_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")


def build_row(
    company_id: int, name: str, entity: dict[str, Any], now: dt.datetime
) -> dict[str, Any]:
    """Return the row of a record of the list `name`, without the suffix of inactive names."""
    if name == "employee":
        entity = {field: entity[field] for field in EMPLOYEE_FIELDS if field in entity}
    is_active = str(entity.get("Active", True)).lower() == "true"
    short_name = _get_text(entity, "DisplayName") or _get_text(entity, "Name")
    full_name = _get_text(entity, "FullyQualifiedName") or short_name
    if not is_active:
        short_name = _remove_suffix(short_name)
        full_name = _remove_suffix(full_name)
    return {
        "company_id": company_id,
        "list": name,
        "quickbooks_id": str(entity["Id"]),
        "name": short_name[:MAX_RECORD_NAME_LENGTH],
        "full_name": full_name[:MAX_FULL_NAME_LENGTH],
        "number": (_get_text(entity, "AcctNum") or _get_text(entity, "Sku"))[:100],
        "type": (_get_text(entity, "AccountType") or _get_text(entity, "Type"))[:MAX_TYPE_LENGTH],
        "sub_type": _get_text(entity, "AccountSubType")[:MAX_TYPE_LENGTH],
        "parent": read_ref_id(entity, "ParentRef") or None,
        "active": is_active,
        "currency": read_ref_id(entity, "CurrencyRef"),
        "email": _get_inner_text(entity, "PrimaryEmailAddr", "Address")[:200],
        "tax_numbers": _format_tax_numbers(entity),
        "rate": _get_text(entity, "RateValue"),
        "body": _build_further_facts(name, entity),
        "read_at": now,
    }


def _remove_suffix(name: str) -> str:
    """Return the name that an inactive record had before."""
    has_suffix = name.lower().endswith(DELETED_SUFFIX)
    return name[: -len(DELETED_SUFFIX)] if has_suffix else name


def _build_further_facts(name: str, entity: dict[str, Any]) -> dict[str, Any]:
    """Return the further facts of a record, without empty ones."""
    is_tax_code = name == "tax_code"
    body = {
        "description": _get_text(entity, "Description")[:500],
        "contact": _get_contact_name(entity),
        "phone": _get_inner_text(entity, "PrimaryPhone", "FreeFormNumber"),
        "address": _list_address_parts(entity.get("BillAddr")),
        "job": bool(entity.get("Job")) or None,
        "project": bool(entity.get("IsProject")) or None,
        "due_days": _get_text(entity, "DueDays"),
        "use": _get_tax_code_use(entity) if is_tax_code else None,
        "rates": _list_tax_rate_ids(entity) if is_tax_code else None,
        "periods": _list_rate_periods(entity) if name == "tax_rate" else None,
        "compound_rates": _list_compound_rate_ids(entity) if is_tax_code else None,
        "income_account": read_ref_id(entity, "IncomeAccountRef"),
        "expense_account": read_ref_id(entity, "ExpenseAccountRef"),
        "asset_account": read_ref_id(entity, "AssetAccountRef"),
        "term": read_ref_id(entity, "TermRef") or read_ref_id(entity, "SalesTermRef"),
        "stock_since": _get_text(entity, "InvStartDate"),
        "sync_token": _get_text(entity, "SyncToken"),
    }
    return {key: value for key, value in body.items() if value}


def _get_contact_name(entity: dict[str, Any]) -> str:
    """Return the name of the person at a supplier or customer."""
    given_name = _get_text(entity, "GivenName")
    family_name = _get_text(entity, "FamilyName")
    names = [name for name in (given_name, family_name) if name]
    return " ".join(names)


def _format_tax_numbers(entity: dict[str, Any]) -> str:
    """Return the numbers under which a party is registered or taxed, one a line."""
    numbers = [_get_text(entity, name) for name in TAX_NUMBERS]
    return "\n".join(number for number in numbers if number)[:MAX_TAX_NUMBERS_LENGTH]


def _list_address_parts(address: Any) -> dict[str, Any]:
    """Return the parts of an address that are not empty."""
    if not isinstance(address, dict):
        return {}
    lines = [_get_text(address, name) for name in ADDRESS_LINES]
    parts = {
        "lines": [line for line in lines if line],
        "city": _get_text(address, "City"),
        "region": _get_text(address, "CountrySubDivisionCode"),
        "postal_code": _get_text(address, "PostalCode"),
        "country": _get_text(address, "Country"),
    }
    return {key: value for key, value in parts.items() if value}


def _get_tax_code_use(entity: dict[str, Any]) -> str:
    """Return where a tax code may be used: purchase, sales or both."""
    has_purchase_rates = bool(_list_rate_details(entity, "purchase"))
    has_sales_rates = bool(_list_rate_details(entity, "sales"))
    if has_purchase_rates == has_sales_rates:
        return "both"
    return "purchase" if has_purchase_rates else "sales"


def _list_tax_rate_ids(entity: dict[str, Any]) -> dict[str, list[str]]:
    """Return the ids of the rates of a tax code, for purchases and for sales."""
    rates = {}
    for side in RATE_LISTS:
        details = _list_rate_details(entity, side)
        rates[side] = [read_ref_id(detail, "TaxRateRef") for detail in details]
    return rates


def _list_rate_periods(entity: dict[str, Any]) -> list[dict[str, str]]:
    """Return the percentages of a tax rate with their first and last days; "" without a last day.

    QuickBooks states the days as moments, with a time zone that says nothing about the day.
    """
    return [
        {
            "rate": _get_text(period, "RateValue"),
            "first_day": _get_text(period, "EffectiveDate")[:10],
            "last_day": _get_text(period, "EndDate")[:10],
        }
        for period in entity.get("EffectiveTaxRate") or ()
    ]


def _list_compound_rate_ids(entity: dict[str, Any]) -> dict[str, list[str]]:
    """Return the ids of the rates of a tax code that are computed on another tax, if it has any."""
    rates = {}
    for side in RATE_LISTS:
        details = [
            detail
            for detail in _list_rate_details(entity, side)
            if detail.get("TaxTypeApplicable", TAX_ON_AMOUNT) != TAX_ON_AMOUNT
        ]
        if details:
            rates[side] = [read_ref_id(detail, "TaxRateRef") for detail in details]
    return rates


def _list_rate_details(entity: dict[str, Any], side: str) -> list[dict[str, Any]]:
    """Return the rates of a tax code for a side, as QuickBooks lists them.

    A side is "purchase" or "sales".
    """
    field = RATE_LISTS[side]
    rates = entity.get(field)
    if not isinstance(rates, dict):
        return []
    return rates.get("TaxRateDetail") or []


def _get_inner_text(entity: dict[str, Any], name: str, field: str) -> str:
    """Return a text inside another value; "" if there is none."""
    outer = entity.get(name)
    if not isinstance(outer, dict):
        return ""
    return _get_text(outer, field)


def _get_text(entity: dict[str, Any], name: str) -> str:
    """Return a field as text; "" if it is missing."""
    value = entity.get(name)
    if value is None:
        return ""
    return str(value)

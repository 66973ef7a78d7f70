"""Find what each reference points to, and the name that QuickBooks shows beside its id."""

from collections.abc import Iterator
from typing import Any

from qbo_sandbox.accounting.kinds import LIST_KINDS
from qbo_sandbox.kit.json_object import JsonObject

KINDS_WITHOUT_NAMES = ("TaxCode", "Term", "TaxAgency", "CustomerType")
REFERENCES = {
    "VendorRef": "Vendor",
    "CustomerRef": "Customer",
    "AccountRef": "Account",
    "APAccountRef": "Account",
    "ARAccountRef": "Account",
    "DepositToAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "PrefillAccountRef": "Account",
    "BankAccountRef": "Account",
    "CCAccountRef": "Account",
    "CreditCardAccountRef": "Account",
    "FromAccountRef": "Account",
    "ToAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "AdjustAccountRef": "Account",
    "ItemRef": "Item",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "TaxCodeRef": "TaxCode",
    "TxnTaxCodeRef": "TaxCode",
    "DefaultTaxCodeRef": "TaxCode",
    "SalesTaxCodeRef": "TaxCode",
    "PurchaseTaxCodeRef": "TaxCode",
    "TaxRateRef": "TaxRate",
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
    "EmployeeRef": "Employee",
    "ProjectRef": "Customer",
    "CustomerTypeRef": "CustomerType",
    "PrefVendorRef": "Vendor",
    "AgencyRef": "TaxAgency",
    "GroupItemRef": "Item",
    "JournalCodeRef": "JournalCode",
}
ENTITY_TYPES = ("Vendor", "Customer", "Employee", "VENDOR", "CUSTOMER", "EMPLOYEE")


def format_full_name(kind: str, data: JsonObject) -> str:
    """Return the name of a list entry with those of its parents."""
    name_field = LIST_KINDS[kind].field
    name = data.get("FullyQualifiedName") or data.get(name_field)
    return str(name or "")


def iter_named_references(value: Any, above: str = "") -> Iterator[tuple[str, JsonObject]]:
    """Yield (list, reference) for every reference with a name, at any depth.

    `above` is the type that the enclosing object states for its entity.
    """
    if isinstance(value, list):
        for item in value:
            yield from iter_named_references(item, above)
    elif isinstance(value, dict):
        yield from _iter_references(value, above)


def _iter_references(value: JsonObject, above: str) -> Iterator[tuple[str, JsonObject]]:
    """Yield (kind, reference) of each reference with a name inside an object."""
    stated_type = value.get("type") or value.get("Type")
    entity_type = str(stated_type or above)
    for key, inner in value.items():
        kind = REFERENCES.get(key)
        if not kind:
            kind = _get_entity_list(key, inner, entity_type)
        if kind and _has_name(inner):
            yield kind, inner
        else:
            yield from iter_named_references(inner, entity_type)


def _has_name(value: Any) -> bool:
    """Return whether a value is an object with a name."""
    return isinstance(value, dict) and "name" in value


def _get_entity_list(key: str, inner: Any, above: str) -> str:
    """Return the list of an entity reference, whose type it or its parent states."""
    if key not in ("EntityRef", "Entity"):
        return ""
    if not isinstance(inner, dict):
        return ""
    entity_type = str(inner.get("type") or above)
    if entity_type not in ENTITY_TYPES:
        return ""
    return entity_type.capitalize()

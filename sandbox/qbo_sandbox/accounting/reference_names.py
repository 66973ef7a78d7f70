"""Find what each reference points to, and the name that QuickBooks shows beside its id."""

from collections.abc import Iterator
from typing import Any

from qbo_sandbox.accounting.kinds import LIST_KINDS

UNNAMED = ("TaxCode", "Term", "TaxAgency", "CustomerType")
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
}
TYPED = ("Vendor", "Customer", "Employee", "VENDOR", "CUSTOMER", "EMPLOYEE")


def title(kind: str, data: dict[str, Any]) -> str:
    """Return the name of a list entry with those of its parents."""
    return str(data.get("FullyQualifiedName") or data.get(LIST_KINDS[kind].field) or "")


def named_references(value: Any, above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (list, reference) for every reference with a name, at any depth.

    `above` is the type that the enclosing object states for its entity.
    """
    if isinstance(value, list):
        for item in value:
            yield from named_references(item, above)
    elif isinstance(value, dict):
        yield from _references_in(value, above)


def _references_in(value: dict[str, Any], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (kind, reference) of each reference with a name inside an object."""
    entity_type = str(value.get("type") or value.get("Type") or above)
    for key, inner in value.items():
        kind = REFERENCES.get(key) or _entity_list(key, inner, entity_type)
        if kind and _has_name(inner):
            yield kind, inner
        else:
            yield from named_references(inner, entity_type)


def _has_name(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value


def _entity_list(key: str, inner: Any, above: str) -> str:
    """Return the list of an entity reference, whose type it or its parent states."""
    if key not in ("EntityRef", "Entity") or not isinstance(inner, dict):
        return ""
    sort = str(inner.get("type") or above)
    return sort.capitalize() if sort in TYPED else ""

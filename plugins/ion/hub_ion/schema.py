"""The fields of ION's API that the app uses, and what is lost without those it can miss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub import Row, Sentence


@dataclass(frozen=True)
class RequestedField:
    """A field of a type in ION: its name, its name in the app, and the type that it leads to.

    `without` says what an order lacks if ION does not have the field; empty where posting needs it.
    """

    name: str
    alias: str
    type: str = ""
    without: str = ""


def _ask_required(name: str, alias: str = "", type: str = "") -> RequestedField:
    """Return a field that posting needs."""
    return RequestedField(name, alias or name, type)


def _ask_optional(name: str, without: str, alias: str = "", type: str = "") -> RequestedField:
    """Return a field that orders can do without."""
    return RequestedField(name, alias or name, type, without)


FIELDS = {
    "PurchaseOrder": (
        _ask_required("id"),
        _ask_required("_etag", "etag"),
        _ask_required("status"),
        _ask_optional("updated", Sentence("quick news: every order is read each time"), "updated"),
        _ask_optional("orderedDate", Sentence("the day of the order"), "ordered"),
        _ask_optional(
            "estimatedTotalCost", Sentence("a comparison with ION's estimate"), "estimated"
        ),
        _ask_optional("terms", "terms"),
        _ask_optional("notes", "notes"),
        _ask_optional("externalReference", "the external reference", "reference"),
        _ask_required("currency", type="Currency"),
        _ask_required("supplier", type="Supplier"),
        _ask_optional("shipToLocation", "a shipping address", "location", "Location"),
        _ask_optional("attributes", "the version", type="Attribute"),
        _ask_required("fees", type="PurchaseOrderFee"),
        _ask_required("purchaseOrderLines", "lines", "PurchaseOrderLine"),
    ),
    "PurchaseOrderLine": (
        _ask_required("id"),
        _ask_required("_etag", "etag"),
        _ask_required("status"),
        _ask_optional("lineNumber", "numbers of lines", "number"),
        _ask_optional("description", "descriptions of lines"),
        _ask_required("quantity"),
        _ask_required("cost"),
        _ask_optional(
            "totalCost", Sentence("ION's totals of lines: quantity times cost is posted"), "total"
        ),
        _ask_optional("receivedQuantity", "received quantities", "received"),
        _ask_optional("needDate", "need-by days", "needed"),
        _ask_optional("estimatedArrivalDate", "expected days", "eta"),
        _ask_optional("updated", Sentence("news of lines alone before the next day")),
        _ask_required("attributes", type="Attribute"),
        _ask_optional("supplierPart", "units of suppliers", "unit", "SupplierPart"),
        _ask_required("part", type="Part"),
    ),
    "PurchaseOrderFee": (
        _ask_required("id"),
        _ask_optional("name", "names of fees"),
        _ask_required("value"),
    ),
    "Part": (
        _ask_required("id"),
        _ask_required("_etag", "etag"),
        _ask_required("partNumber", "number"),
        _ask_required("revision"),
        _ask_optional("description", "descriptions of parts"),
        _ask_optional("purchaseType", Sentence("purchase types of parts"), "purchased"),
        _ask_optional("cost", "costs of parts"),
        _ask_optional("created", Sentence("the day on which a part was made")),
        _ask_optional("updated", Sentence("quick news: every part is read each time")),
    ),
    "Supplier": (_ask_required("id"), _ask_required("name")),
    "SupplierPart": (
        _ask_optional("stockUnitsPerUnit", Sentence("units of the stock"), "factor"),
        _ask_required("unitOfMeasure", "of", "UnitOfMeasurement"),
    ),
    "UnitOfMeasurement": (_ask_required("type"),),
    "Currency": (_ask_required("code"),),
    "Location": (
        _ask_optional("name", "names of places"),
        _ask_required("address", type="Address"),
    ),
    "Address": tuple(
        _ask_optional(name, "whole addresses", alias)
        for name, alias in (
            ("name", "name"),
            ("street", "street"),
            ("city", "city"),
            ("region", "region"),
            ("postalCode", "postal"),
            ("country", "country"),
        )
    ),
    "Attribute": (_ask_required("key"), _ask_required("value")),
    "PurchaseOrdersInputFilters": (
        _ask_required("id"),
        _ask_required("status"),
        _ask_optional("updated", Sentence("quick news: every order is read each time")),
    ),
    "PurchaseOrderLinesInputFilters": (
        _ask_optional("updated", Sentence("news of lines alone before the next day")),
    ),
    "PartsInputFilters": (
        _ask_required("id"),
        _ask_required("partNumber"),
        _ask_optional("updated", Sentence("quick news: every part is read each time")),
    ),
}
ORDER_NEWS = {"PurchaseOrder.updated", "PurchaseOrdersInputFilters.updated"}
LINE_NEWS = {"PurchaseOrderLine.updated", "PurchaseOrderLinesInputFilters.updated"}
PART_NEWS = {"Part.updated", "PartsInputFilters.updated"}
REFERENCE = "PurchaseOrder.externalReference"
# Fields that are needed once a setting has one of these values.
WITH_SETTINGS = (
    (REFERENCE, "write_back", ("reference",)),
    (REFERENCE, "import_orders", (True,)),
    ("PurchaseOrder.attributes", "write_back", ("attribute",)),
    ("PurchaseOrderLine.lineNumber", "import_orders", (True,)),
    ("PurchaseOrderLine.supplierPart", "units", ("stock",)),
    ("SupplierPart.stockUnitsPerUnit", "units", ("stock",)),
    ("Part.purchaseType", "part_type", ("purchase_type",)),
)


def lacking_fields(types: Sequence[Row]) -> frozenset[str]:
    """Return the requested fields that the schema lacks, as `Type.field`.

    `types` are those of introspection.
    """
    names_by_type: dict[str, set[str]] = {}
    for row in types:
        fields = [*(row["fields"] or ()), *(row["inputFields"] or ())]
        names_by_type[row["name"]] = {field["name"] for field in fields}
    lacks: set[str] = set()
    for type, requested in FIELDS.items():
        names = names_by_type.get(type, set())
        lacks.update(f"{type}.{field.name}" for field in requested if field.name not in names)
    return frozenset(lacks)


def list_missing(lacks: frozenset[str], settings: Mapping[str, Any]) -> list[str]:
    """Return those of the lacking fields that orders cannot be posted without, with these settings.

    A needed field of a type counts only if a field that leads to the type exists, or is needed
    itself.
    """
    needed_by_settings = set()
    for name, setting, values in WITH_SETTINGS:
        if settings[setting] in values:
            needed_by_settings.add(name)
    missing = [name for name in lacks if name in needed_by_settings or _is_needed(name)]
    return sorted(missing)


def missing_details(lacks: frozenset[str]) -> list[str]:
    """Return what orders lack for want of fields that posting does not need, each once."""
    details: dict[str, None] = {}
    for type, fields in FIELDS.items():
        for field in fields:
            if field.without and not is_there(type, field, lacks):
                details[field.without] = None
    return list(details)


def select(type: str, lacks: frozenset[str]) -> str:
    """Return the selection of a type's fields in GraphQL, without those that ION lacks."""
    fields = []
    for field in FIELDS[type]:
        if is_there(type, field, lacks):
            fields.append(_select(field, lacks))
    return " ".join(fields)


def fill_missing_fields(type: str, row: Row, lacks: frozenset[str]) -> Row:
    """Give a row that was read the fields that ION lacks, empty."""
    for field in FIELDS[type]:
        if not is_there(type, field, lacks):
            row[field.alias] = None
            continue
        value = row[field.alias]
        if not field.type or not value:
            continue
        inner_rows = value if isinstance(value, list) else [value]
        for inner_row in inner_rows:
            if inner_row:
                fill_missing_fields(field.type, inner_row, lacks)
    return row


def is_there(type: str, api_field: RequestedField, lacks: frozenset[str]) -> bool:
    """Return whether ION has a field and enough of the type that it leads to."""
    if f"{type}.{api_field.name}" in lacks:
        return False
    inner_fields = FIELDS.get(api_field.type, ())
    if not inner_fields:
        return True
    is_any_there = False
    for field in inner_fields:
        if is_there(api_field.type, field, lacks):
            is_any_there = True
        elif not field.without:
            return False
    return is_any_there


def _select(field: RequestedField, lacks: frozenset[str]) -> str:
    """Return the selection of one field in GraphQL."""
    selection = field.name
    if field.alias != field.name:
        selection = f"{field.alias}: {field.name}"
    if not field.type:
        return selection
    return f"{selection} {{ {select(field.type, lacks)} }}"


def _is_needed(name: str) -> bool:
    """Return whether posting needs a field, whatever the settings are."""
    type, _, field_name = name.partition(".")
    (field,) = [candidate for candidate in FIELDS[type] if candidate.name == field_name]
    return not field.without and _is_reached(type)


def _is_reached(type: str) -> bool:
    """Return whether orders need a type: nothing leads to it, or a needed field does."""
    is_root = True
    for owner, fields in FIELDS.items():
        for field in fields:
            if field.type != type:
                continue
            is_root = False
            if not field.without and _is_reached(owner):
                return True
    return is_root

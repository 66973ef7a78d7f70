"""The fields of ION's API that the app uses, and what orders lack without the optional ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub import Row, Sentence


@dataclass(frozen=True)
class RequestedField:
    """A field of a type in ION: its name, its name in the app, and the type that it leads to.

    `without` names what an order lacks if ION does not have the field. It is empty for a
    required field.
    """

    name: str
    alias: str
    type: str = ""
    without: str = ""


def _require_field(name: str, alias: str = "", type: str = "") -> RequestedField:
    """Return a field that posting needs."""
    return RequestedField(name, alias or name, type)


def _allow_without(name: str, without: str, alias: str = "", type: str = "") -> RequestedField:
    """Return a field that orders can do without."""
    return RequestedField(name, alias or name, type, without)


REQUESTED_FIELDS = {
    "PurchaseOrder": (
        _require_field("id"),
        _require_field("_etag", "etag"),
        _require_field("status"),
        _allow_without("updated", Sentence("quick news: every order is read each time"), "updated"),
        _allow_without("orderedDate", Sentence("the day of the order"), "ordered"),
        _allow_without(
            "estimatedTotalCost", Sentence("a comparison with ION's estimate"), "estimated"
        ),
        _allow_without("terms", "terms"),
        _allow_without("notes", "notes"),
        _allow_without("externalReference", "the external reference", "reference"),
        _require_field("currency", type="Currency"),
        _require_field("supplier", type="Supplier"),
        _allow_without("shipToLocation", "a shipping address", "location", "Location"),
        _allow_without("attributes", "the version", type="Attribute"),
        _require_field("fees", type="PurchaseOrderFee"),
        _require_field("purchaseOrderLines", "lines", "PurchaseOrderLine"),
    ),
    "PurchaseOrderLine": (
        _require_field("id"),
        _require_field("_etag", "etag"),
        _require_field("status"),
        _allow_without("lineNumber", "numbers of lines", "number"),
        _allow_without("description", "descriptions of lines"),
        _require_field("quantity"),
        _require_field("cost"),
        _allow_without(
            "totalCost", Sentence("ION's totals of lines: quantity times cost is posted"), "total"
        ),
        _allow_without("receivedQuantity", "received quantities", "received"),
        _allow_without("needDate", "need-by days", "needed"),
        _allow_without("estimatedArrivalDate", "expected days", "eta"),
        _allow_without("updated", Sentence("news of lines alone before the next day")),
        _require_field("attributes", type="Attribute"),
        _allow_without("supplierPart", "units of suppliers", "unit", "SupplierPart"),
        _require_field("part", type="Part"),
    ),
    "PurchaseOrderFee": (
        _require_field("id"),
        _allow_without("name", "names of fees"),
        _require_field("value"),
    ),
    "Part": (
        _require_field("id"),
        _require_field("_etag", "etag"),
        _require_field("partNumber", "number"),
        _require_field("revision"),
        _allow_without("description", "descriptions of parts"),
        _allow_without("purchaseType", Sentence("purchase types of parts"), "purchased"),
        _allow_without("cost", "costs of parts"),
        _allow_without("created", Sentence("the day on which a part was made")),
        _allow_without("updated", Sentence("quick news: every part is read each time")),
    ),
    "Supplier": (_require_field("id"), _require_field("name")),
    "SupplierPart": (
        _allow_without("stockUnitsPerUnit", Sentence("units of the stock"), "factor"),
        _require_field("unitOfMeasure", "of", "UnitOfMeasurement"),
    ),
    "UnitOfMeasurement": (_require_field("type"),),
    "Currency": (_require_field("code"),),
    "Location": (
        _allow_without("name", "names of places"),
        _require_field("address", type="Address"),
    ),
    "Address": tuple(
        _allow_without(name, "whole addresses", alias)
        for name, alias in (
            ("name", "name"),
            ("street", "street"),
            ("city", "city"),
            ("region", "region"),
            ("postalCode", "postal"),
            ("country", "country"),
        )
    ),
    "Attribute": (_require_field("key"), _require_field("value")),
    "PurchaseOrdersInputFilters": (
        _require_field("id"),
        _require_field("status"),
        _allow_without("updated", Sentence("quick news: every order is read each time")),
    ),
    "PurchaseOrderLinesInputFilters": (
        _allow_without("updated", Sentence("news of lines alone before the next day")),
    ),
    "PartsInputFilters": (
        _require_field("id"),
        _require_field("partNumber"),
        _allow_without("updated", Sentence("quick news: every part is read each time")),
    ),
}
# Fields with a list of rows.
LIST_FIELDS = frozenset({"lines", "fees", "attributes"})
# Types and fields that are texts, and are used before a row is converted.
TEXT_FIELDS = frozenset(
    {
        ("PurchaseOrder", "etag"),
        ("PurchaseOrder", "updated"),
        ("PurchaseOrderLine", "etag"),
        ("PurchaseOrderLine", "updated"),
        ("Part", "etag"),
        ("Part", "updated"),
        ("Part", "number"),
        ("Part", "revision"),
    }
)
MAX_QUOTE_LENGTH = 60
ORDER_CHANGE_FIELDS = {"PurchaseOrder.updated", "PurchaseOrdersInputFilters.updated"}
LINE_CHANGE_FIELDS = {"PurchaseOrderLine.updated", "PurchaseOrderLinesInputFilters.updated"}
PART_CHANGE_FIELDS = {"Part.updated", "PartsInputFilters.updated"}
EXTERNAL_REFERENCE = "PurchaseOrder.externalReference"
# Fields that are needed once a setting has one of these values.
FIELDS_REQUIRED_BY_SETTINGS = (
    (EXTERNAL_REFERENCE, "write_back", ("reference",)),
    (EXTERNAL_REFERENCE, "import_orders", (True,)),
    ("PurchaseOrder.attributes", "write_back", ("attribute",)),
    ("PurchaseOrderLine.lineNumber", "import_orders", (True,)),
    ("PurchaseOrderLine.supplierPart", "units", ("stock",)),
    ("SupplierPart.stockUnitsPerUnit", "units", ("stock",)),
    ("Part.purchaseType", "part_type", ("purchase_type",)),
)


def find_absent_fields(types: Sequence[Row]) -> frozenset[str]:
    """Return the requested fields that these types of the schema do not have, as `Type.field`."""
    names_by_type = _list_field_names_by_type(types)
    absent_fields: set[str] = set()
    for type, fields in REQUESTED_FIELDS.items():
        names = names_by_type.get(type, set())
        for field in fields:
            if field.name not in names:
                absent_fields.add(f"{type}.{field.name}")
    return frozenset(absent_fields)


def _list_field_names_by_type(types: Sequence[Row]) -> dict[str, set[str]]:
    """Return the names of the fields and input fields of each type."""
    names_by_type: dict[str, set[str]] = {}
    for row in types:
        fields = [*(row["fields"] or ()), *(row["inputFields"] or ())]
        names_by_type[row["name"]] = {field["name"] for field in fields}
    return names_by_type


def list_missing_requirements(
    absent_fields: frozenset[str], settings: Mapping[str, Any]
) -> list[str]:
    """Return the absent fields that orders cannot be posted without, with these settings.

    A required field of a type counts only if a field that leads to the type exists, or is needed
    itself.
    """
    needed_by_settings = set()
    for name, setting, values in FIELDS_REQUIRED_BY_SETTINGS:
        if settings[setting] in values:
            needed_by_settings.add(name)
    missing = [name for name in absent_fields if name in needed_by_settings or _is_required(name)]
    return sorted(missing)


def list_missing_details(absent_fields: frozenset[str]) -> list[str]:
    """Return what orders lack because optional fields are absent, each text once."""
    details: dict[str, None] = {}
    for type, fields in REQUESTED_FIELDS.items():
        for field in fields:
            if field.without and not is_available(type, field, absent_fields):
                details[field.without] = None
    return list(details)


def select(type: str, absent_fields: frozenset[str]) -> str:
    """Return the selection of a type's fields in GraphQL, without the absent ones."""
    fields = []
    for field in REQUESTED_FIELDS[type]:
        if is_available(type, field, absent_fields):
            fields.append(_select(field, absent_fields))
    return " ".join(fields)


def fill_missing_fields(type: str, row: Row, absent_fields: frozenset[str]) -> Row:
    """Add the absent fields to a row, each as None."""
    for field in REQUESTED_FIELDS[type]:
        if not is_available(type, field, absent_fields):
            row[field.alias] = None
            continue
        value = row.get(field.alias)
        if not field.type or not value:
            continue
        inner_rows = value if isinstance(value, list) else [value]
        for inner_row in inner_rows:
            if isinstance(inner_row, dict):
                fill_missing_fields(field.type, inner_row, absent_fields)
    return row


def find_problem(type: str, row: Row) -> str | None:
    """Return what is wrong with a row that has all fields, such as a text in place of lines.

    Only fields are checked that are used before a row is converted to its document.
    """
    for field in REQUESTED_FIELDS[type]:
        name = field.alias
        if name not in row:
            return Sentence("it has no %(name)s", name=name)
        problem = _find_problem_of_value(type, field, row[name])
        if problem:
            return problem
    return None


def _find_problem_of_value(type: str, field: RequestedField, value: Any) -> str | None:
    """Return what is wrong with the value of a field of a type; None may stand for any."""
    if value is None:
        return None
    if field.alias == "id" and not is_id(value):
        return _describe_value(field.alias, value)
    if (type, field.alias) in TEXT_FIELDS and not isinstance(value, str):
        return _describe_value(field.alias, value)
    if not field.type:
        return None
    return _find_inner_problem(field, value)


def _find_inner_problem(field: RequestedField, value: Any) -> str | None:
    """Return what is wrong with a row, or a list of rows, inside a row."""
    is_list = field.alias in LIST_FIELDS
    if not isinstance(value, list if is_list else dict):
        return _describe_value(field.alias, value)
    for inner_row in value if is_list else [value]:
        if inner_row is None:
            continue
        if not isinstance(inner_row, dict):
            return _describe_value(field.alias, inner_row)
        if problem := find_problem(field.type, inner_row):
            return problem
    return None


def _describe_value(name: str, value: Any) -> str:
    """Return the sentence about a value of another kind than ION's schema states."""
    return Sentence(
        "its %(name)s contains %(value)s", name=name, value=repr(value)[:MAX_QUOTE_LENGTH]
    )


def is_id(value: Any) -> bool:
    """Return whether a value can be the id of a row."""
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""


def build_id_argument(id: int | str) -> int | str:
    """Return an id as an argument: a number if it is one, which GraphQL takes as ID and as Int."""
    text = str(id)
    is_number = text.isascii() and text.isdecimal() and text == str(int(text))
    return int(text) if is_number else text


def build_id_key(id: int | str) -> tuple[bool, int | str]:
    """Return the sort key of an id: numbers before texts."""
    return isinstance(id, str), id


def build_empty_row(type: str) -> Row:
    """Return a row of a type of which nothing is known."""
    return {field.alias: None for field in REQUESTED_FIELDS[type]}


def is_available(type: str, api_field: RequestedField, absent_fields: frozenset[str]) -> bool:
    """Return whether ION has a field, and the required fields of the type that it leads to."""
    if f"{type}.{api_field.name}" in absent_fields:
        return False
    inner_fields = REQUESTED_FIELDS.get(api_field.type, ())
    if not inner_fields:
        return True
    is_any_there = False
    for field in inner_fields:
        if is_available(api_field.type, field, absent_fields):
            is_any_there = True
        elif not field.without:
            return False
    return is_any_there


def _select(field: RequestedField, absent_fields: frozenset[str]) -> str:
    """Return the selection of one field in GraphQL."""
    selection = field.name
    if field.alias != field.name:
        selection = f"{field.alias}: {field.name}"
    if not field.type:
        return selection
    return f"{selection} {{ {select(field.type, absent_fields)} }}"


def _is_required(name: str) -> bool:
    """Return whether posting needs a field, whatever the settings are."""
    type, _, field_name = name.partition(".")
    (field,) = [candidate for candidate in REQUESTED_FIELDS[type] if candidate.name == field_name]
    return not field.without and _is_type_required(type)


def _is_type_required(type: str) -> bool:
    """Return whether orders need a type: nothing leads to it, or a needed field does."""
    is_root = True
    for owner, fields in REQUESTED_FIELDS.items():
        for field in fields:
            if field.type != type:
                continue
            is_root = False
            if not field.without and _is_type_required(owner):
                return True
    return is_root

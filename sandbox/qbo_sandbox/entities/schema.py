"""Read the fields of each object from fields.txt, and check bodies against them."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from importlib.resources import files
from typing import Any, NamedTuple

from qbo_sandbox.accounting.refusals import Refusal, missing_field
from qbo_sandbox.accounting.values import is_date
from qbo_sandbox.kit.json_object import JsonObject

MAX_LENGTHS = {
    "DocNumber": 21,
    "PaymentRefNum": 21,
    "PrivateNote": 4000,
    "Description": 4000,
    "Memo": 4000,
    "DisplayName": 500,
    "CompanyName": 500,
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "Title": 16,
    "Suffix": 16,
    "PrintOnCheckName": 110,
    "Name": 100,
    "Sku": 100,
    "PurchaseDesc": 1000,
    "AcctNum": 100,
    "FileName": 1000,
    "Note": 2000,
    "Notes": 2000,
    "Line1": 500,
    "Line2": 500,
    "Line3": 500,
    "Line4": 500,
    "Line5": 500,
    "City": 255,
    "CountrySubDivisionCode": 255,
    "PostalCode": 30,
    "FreeFormNumber": 30,
    "TaxIdentifier": 20,
    "PrimaryTaxIdentifier": 20,
}
MAX_LENGTHS_BY_KIND = {
    ("MemoRef", "value"): 1000,
    ("Term", "Name"): 31,
    ("PaymentMethod", "Name"): 31,
    ("JournalCode", "Name"): 20,
    ("Account", "AcctNum"): 20,
    ("PhysicalAddress", "Country"): 255,
}
# Intuit's page of the time activity shows a beginning such as 08:00:00-08:00.
TIME_OF_DAY = re.compile(r"\d\d:\d\d(:\d\d)?(Z|[-+]\d\d:\d\d)?")
DISPLAY_NAMES = {("MemoRef", "value"): "Customer Memo"}
MAX_AMOUNT_DIGITS = 15
# Of objects within others.
REQUIRED_FIELDS = {"LinkedTxn": ("TxnId", "TxnType")}


class Field(NamedTuple):
    """The type of a field, and whether the field holds a list of such values."""

    type: str
    is_list: bool


class OwnFields(NamedTuple):
    """The fields of a type without those of the type that it extends, its `base`."""

    base: str
    fields: dict[str, Field]


@cache
def load_type_fields() -> dict[str, dict[str, Field]]:
    """Return the fields of every object by name, with those of its base."""
    own_fields: dict[str, OwnFields] = {}
    for line in _join_lines():
        head, *pairs = line.split()
        name, _, base = head.partition("<")
        own_fields[name] = OwnFields(base, dict(map(_parse_field, pairs)))
    return {name: _with_base(name, own_fields) for name in own_fields}


@cache
def load_enumerated_values() -> dict[str, frozenset[str]]:
    """Return the values of each enumerated type."""
    values_by_type = {}
    for line in _read_source():
        if line.startswith("="):
            name, _, values = line[1:].partition(" ")
            values_by_type[name] = frozenset(values.split("|"))
    return values_by_type


def _read_source() -> list[str]:
    """Return the lines of the file that describes types and fields."""
    file = files(__package__) / "fields.txt"
    return file.read_text("utf-8").splitlines()


def _join_lines() -> list[str]:
    """Return the lines of the schema's text, with continued ones joined and comments left out."""
    joined_lines: list[str] = []
    for line in _read_source():
        if line.startswith("    "):
            joined_lines[-1] += line
        elif not line.startswith(("#", "=")):
            joined_lines.append(line)
    return joined_lines


def _parse_field(text: str) -> tuple[str, Field]:
    """Return the name and the field of a text such as "Line:Line*"; the star stands for a list."""
    name, _, kind = text.partition(":")
    field = Field(kind.rstrip("*"), kind.endswith("*"))
    return name, field


def _with_base(name: str, own_fields: dict[str, OwnFields]) -> dict[str, Field]:
    """Return the fields of a type, after those of the type that it extends."""
    base = own_fields[name].base
    if not base:
        return own_fields[name].fields
    base_fields = _with_base(base, own_fields)
    return base_fields | own_fields[name].fields


def check(kind: str, body: JsonObject) -> None:
    """Refuse unknown properties, wrong types and values, and long texts; convert the others."""
    fields = _build_field_checks(kind)
    for name, value in body.items():
        field = fields.get(name)
        if field is None:
            raise unknown_property(name, kind)
        if value is None or value == "":
            continue
        if not field.is_list:
            new_value = field.convert(value)
            if new_value is not value:
                body[name] = new_value
        elif isinstance(value, list):
            for item in value:
                field.convert(item)
        else:
            raise _misfit_refusal(name, "a list")


def remove_empty_parts(kind: str, data: JsonObject) -> JsonObject:
    """Return an object without its empty references, telephone numbers and other parts.

    An empty address stays, because it gets an id, and so does the empty detail of a line.
    """
    fields = load_type_fields().get(kind, {})
    result = {}
    for name, value in data.items():
        field = fields.get(name)
        if field is None or field.type == "any" or not isinstance(value, dict | list):
            result[name] = value
        elif isinstance(value, list):
            result[name] = [_remove_empty_parts_of(field.type, item) for item in value]
        else:
            part = remove_empty_parts(field.type, value)
            if part or field.type == "PhysicalAddress" or field.type.endswith("LineDetail"):
                result[name] = part
    return result


def _remove_empty_parts_of(kind: str, item: Any) -> Any:
    """Return a member of a list without its empty parts."""
    return remove_empty_parts(kind, item) if isinstance(item, dict) else item


class Check(NamedTuple):
    """The check of a field: a function that converts its value, and whether it is a list."""

    convert: Callable[[Any], Any]
    is_list: bool


@cache
def _build_field_checks(kind: str) -> dict[str, Check]:
    """Return the check of each field of a kind."""
    checks = {}
    for name, field in load_type_fields()[kind].items():
        if field.type != "any":
            convert = _make_check(kind, name, field.type)
            checks[name] = Check(convert, field.is_list)
    return checks


def _make_check(kind: str, name: str, type_name: str) -> Callable[[Any], Any]:
    """Return the function that checks a value of a type, and converts it if necessary."""
    if type_name == "s":
        shown_name = DISPLAY_NAMES.get((kind, name), name)
        limit = MAX_LENGTHS_BY_KIND.get((kind, name)) or MAX_LENGTHS.get(name)
        return partial(_check_text, shown_name, limit)
    if type_name in ("d", "i"):
        return partial(_check_number, name, type_name == "i")
    if type_name == "ref":
        return partial(_check_reference, name)
    return partial(_check_value, name, type_name)


def unknown_property(name: str, kind: str) -> Refusal:
    """Return the refusal of a field that the kind does not have."""
    fields = load_type_fields()[kind]
    first_fields = ", ".join(f'"{field}"' for field in list(fields)[:10])
    return Refusal(
        "2010",
        f'Property Name:Unrecognized field "{name}"'
        f" (class com.intuit.schema.finance.v3.{kind}), not marked as "
        f"ignorable ({len(fields)} known properties: {first_fields} [truncated]])",
    )


def _misfit_refusal(name: str, type_name: str) -> Refusal:
    """Return the refusal of a value of another type than its field's."""
    return Refusal(
        "2010",
        f"Property Name:Can not deserialize value of {name} as {type_name} specified is"
        " unsupported",
    )


def _check_value(name: str, type_name: str, value: Any) -> Any:
    """Check and convert a boolean, a date or time, a value of an enumeration, or an object."""
    if type_name == "b":
        return _check_boolean(name, value)
    if type_name == "date":
        return _check_date(name, value)[:10]
    if type_name == "time":
        return value if TIME_OF_DAY.fullmatch(str(value)) else _check_date(name, value)
    if type_name.startswith("="):
        enumeration = type_name[1:]
        if isinstance(value, dict | list):
            raise _misfit_refusal(name, enumeration)
        if value not in load_enumerated_values()[enumeration]:
            raise Refusal("2170", f"Invalid Enumeration : {value}", name)
    elif not isinstance(value, dict):
        raise _misfit_refusal(name, type_name)
    else:
        check(type_name, value)
        _require_fields(type_name, value)
    return value


def _check_date(name: str, value: Any) -> str:
    """Return a text that begins with a date; refuse other values."""
    if not is_date(value):
        raise Refusal("2060", f"Invalid date format : {value}", name)
    return str(value)


def _require_fields(type_name: str, body: JsonObject) -> None:
    """Refuse an object within another one that lacks a field which such an object must have."""
    for name in REQUIRED_FIELDS.get(type_name, ()):
        if body.get(name) in (None, ""):
            raise missing_field(f"{type_name}.{name}")


def _check_boolean(name: str, value: Any) -> bool:
    """Return a boolean, also for the texts "true" and "false"; refuse other values."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in ("true", "false"):
        raise _misfit_refusal(name, "Boolean")
    return text == "true"


def _check_text(name: str, limit: int | None, value: Any) -> str:
    """Return a value as text; refuse one that is too long."""
    if isinstance(value, dict | list):
        raise _misfit_refusal(name, "String")
    if limit:
        check_length(name, value, limit)
    return value if isinstance(value, str) else str(value)


def check_length(name: str, value: Any, limit: int) -> None:
    """Refuse a text that is longer than its field may be."""
    if len(str(value)) > limit:
        raise Refusal(
            "2050",
            "String length specified does not match the supported length."
            f" Min:0 Max:{limit} supported. "
            f"Supplied length:{len(str(value))}",
            name,
        )


def _check_number(name: str, whole: bool, value: Any) -> int | Decimal:
    """Return a value as a number; refuse other values, and numbers that are too large."""
    invalid = Refusal("2070", f"Invalid Number : {value}", name)
    if isinstance(value, bool | dict | list):
        raise invalid
    try:
        number = value if type(value) in (int, Decimal) else Decimal(str(value))
    except ArithmeticError:
        raise invalid from None
    if type(number) is Decimal and not number.is_finite():
        raise invalid
    limit = 10**MAX_AMOUNT_DIGITS
    if not -limit < number < limit:  # abs() would overflow for 1e999999999
        raise Refusal("2090", f"Amount is too large : {value}", name)
    if not whole:
        return number
    if number != int(number):
        raise invalid
    return int(number)


def _check_reference(name: str, value: Any) -> JsonObject:
    """Check a reference, and convert its values to text."""
    if not isinstance(value, dict):
        raise _misfit_refusal(name, "ReferenceType")
    for key, text in value.items():
        if key not in ("value", "name", "type"):
            raise _misfit_refusal(key, "ReferenceType")
        if isinstance(text, dict | list):
            raise _misfit_refusal(key, "String")
        if isinstance(text, int | Decimal):
            value[key] = str(text)
    return value

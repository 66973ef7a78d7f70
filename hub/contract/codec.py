"""Documents and other value objects as plain JSON and back, for storage and display."""

import datetime as dt
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Converter = Callable[[Any], Any]
EMPTY_VALUES: tuple[Any, ...] = (None, "", (), {})
# Fields of which an empty text is not the same as none: it says NOT_LINKED, or that an invoice is
# mailed to the address that QuickBooks has.
TEXTS_WITH_MEANING_IF_EMPTY = frozenset({"quickbooks_id", "email_to"})
JSON_SCALARS = frozenset({str, bool, int, float, type(None)})
SCALAR_CONVERTERS: dict[Any, Converter] = {
    Decimal: Decimal,
    dt.date: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
}


def dump(value: Any) -> Any:
    """Return a value object as JSON values: amounts and dates as text, without empty fields."""
    if type(value) in JSON_SCALARS:
        return value
    names = field_names(type(value))
    if names is not None:
        return _dump_fields(value, names)
    if isinstance(value, Mapping):
        return _dump_mapping(value)
    if isinstance(value, tuple | list):
        return [dump(part) for part in value]
    return _dump_scalar(value)


def _dump_mapping(value: Mapping[Any, Any]) -> dict[Any, Any]:
    """Convert the values of a mapping; leave out those that are None.

    Other empty values stay, unlike those of an object: a code of "" differs from no code.
    """
    plain_values = {}
    for key, part in value.items():
        if part is not None:
            plain_values[key] = dump(part)
    return plain_values


def _dump_scalar(value: Any) -> Any:
    """Convert amounts, enums and dates to text; JSON has the other values."""
    if isinstance(value, Decimal | StrEnum):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _dump_fields(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Convert the fields of a value object; leave out empty ones, which `load` fills in."""
    plain_values = {}
    for name in names:
        part = getattr(value, name)
        if part not in EMPTY_VALUES or (part == "" and name in TEXTS_WITH_MEANING_IF_EMPTY):
            plain_values[name] = dump(part)
    return plain_values


def _list_field_names(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None for any other class."""
    if not is_dataclass(kind):
        return None
    return tuple(field.name for field in fields(kind))


# Cached: the cache takes a tenth of the time of reading the fields of a class.
field_names: Callable[[type], tuple[str, ...] | None] = cache(_list_field_names)


def load(kind: type[T], data: Any) -> T:
    """Return the value object of `kind` that `dump` converted to `data`.

    Ignore fields that the class does not have: `data` may come from another version of the hub.
    """
    converters = _get_converters(cast(Any, kind))
    values = dict.fromkeys(_list_required_texts(cast(Any, kind)), "")
    for name, part in data.items():
        if name in converters:
            convert = converters[name]
            values[name] = convert(part) if convert else part
    return kind(**values)


@cache
def _get_converters(kind: Any) -> dict[str, Converter | None]:
    """Return the converters of a class's fields; resolving their types is slow, so it is cached."""
    hints = get_type_hints(kind)
    return {field.name: _get_converter(hints[field.name]) for field in fields(kind)}


@cache
def _list_required_texts(kind: Any) -> tuple[str, ...]:
    """Return the names of a class's texts without a default, which `dump` leaves out if empty."""
    hints = get_type_hints(kind)
    return tuple(
        field.name
        for field in fields(kind)
        if hints[field.name] is str and field.default is MISSING
    )


def _get_converter(hint: Any) -> Converter | None:
    """Return the function that converts JSON to a type; None if JSON has the value already."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _build_union_converter(hint)
    if origin is tuple:
        return _build_tuple_converter(_get_converter(get_args(hint)[0]))
    if origin is not None and origin is not Literal:
        return _build_mapping_converter(_get_converter(get_args(hint)[1]))
    if is_dataclass(hint):
        return partial(load, cast(type[Any], hint))
    return SCALAR_CONVERTERS.get(hint)


def _build_tuple_converter(convert: Converter | None) -> Converter:
    """Return the function that converts a JSON list to a tuple of such values."""
    if convert is None:
        return tuple
    return lambda data: tuple([convert(part) for part in data])


def _build_mapping_converter(convert: Converter | None) -> Converter:
    """Return the function that converts a JSON object to a mapping to such values."""
    if convert is None:
        return dict
    return lambda data: {key: convert(part) for key, part in data.items()}


def _build_union_converter(hint: Any) -> Converter:
    """Return the function that converts JSON to the member of a union that fits it.

    An object becomes the class that has its fields; any other value the first type that is not a
    class.
    """
    members = [member for member in get_args(hint) if member is not type(None)]
    classes = [member for member in members if is_dataclass(member)]
    scalars = [_get_converter(member) for member in members if not is_dataclass(member)]

    def convert(data: Any) -> Any:
        if isinstance(data, dict):
            return load(_find_class_with_fields(classes, data), data)
        convert_scalar = scalars[0]
        return convert_scalar(data) if convert_scalar else data

    return convert


def _find_class_with_fields(classes: list[Any], data: dict[str, Any]) -> Any:
    """Return the class that has all fields of `data`; a single class is not compared."""
    if len(classes) == 1:
        return classes[0]
    for candidate in classes:
        if data.keys() <= _get_converters(candidate).keys():
            return candidate
    names = ", ".join(candidate.__name__ for candidate in classes)
    raise ValueError(f"None of {names} has the fields {', '.join(data)}.")

"""Documents and other value objects as plain JSON and back, for storage and display."""

import datetime as dt
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
EMPTY_VALUES: tuple[Any, ...] = (None, "", (), {})
JSON_SCALARS = frozenset({str, bool, int, float, type(None)})


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

    Unlike the fields of an object, other empty values stay: a code of "" is not the same as none.
    """
    dumped = {}
    for key, part in value.items():
        if part is not None:
            dumped[key] = dump(part)
    return dumped


def _dump_scalar(value: Any) -> Any:
    """Convert amounts, enums and dates to text; JSON has the other values."""
    if isinstance(value, Decimal | StrEnum):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _dump_fields(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Convert the fields of a value object; leave out empty ones, which `load` fills in."""
    dumped = {}
    for name in names:
        part = getattr(value, name)
        if part not in EMPTY_VALUES:
            dumped[name] = dump(part)
    return dumped


def _field_names(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None for any other class."""
    if not is_dataclass(kind):
        return None
    return tuple(field.name for field in fields(kind))


# To look a class up takes a tenth of the time of asking it.
field_names: Callable[[type], tuple[str, ...] | None] = cache(_field_names)


def load(kind: type[T], data: Any) -> T:
    """Return the value object of `kind` that `dump` converted to `data`.

    Ignore fields that the class does not have: `data` may come from another version of the hub.
    """
    hints = _hints(cast(Any, kind))
    values = {}
    for name, part in data.items():
        if name in hints:
            values[name] = _value(hints[name], part)
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of a class's fields; resolving them is slow, so they are cached."""
    return get_type_hints(kind)


def _value(hint: Any, data: Any) -> Any:
    """Convert JSON to a value of the type `hint`."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _value_of_union(hint, data)
    if origin is tuple:
        item_hint = get_args(hint)[0]
        return tuple(_value(item_hint, part) for part in data)
    if origin is not None and origin is not Literal:
        value_hint = get_args(hint)[1]
        return {key: _value(value_hint, part) for key, part in data.items()}
    if is_dataclass(hint):
        return load(cast(type[Any], hint), data)
    return _scalar(hint, data)


def _scalar(hint: Any, data: Any) -> Any:
    if hint is Decimal:
        return Decimal(data)
    if hint in (dt.date, dt.datetime):
        return hint.fromisoformat(data)
    return data


def _value_of_union(hint: Any, data: Any) -> Any:
    """Convert JSON to the member of a union that fits it.

    An object is the class that has its fields; anything else is the first type that is no class.
    """
    classes, scalars = [], []
    for member in get_args(hint):
        if is_dataclass(member):
            classes.append(member)
        elif member is not type(None):
            scalars.append(member)
    if isinstance(data, dict):
        return _value(_class_with_fields(classes, data), data)
    return _value(scalars[0], data)


def _class_with_fields(classes: list[Any], data: dict[str, Any]) -> Any:
    """Return the class that has all fields of `data`; a single class is not compared."""
    if len(classes) == 1:
        return classes[0]
    for candidate in classes:
        if set(data) <= set(_hints(candidate)):
            return candidate
    names = ", ".join(candidate.__name__ for candidate in classes)
    raise ValueError(f"None of {names} has the fields {', '.join(data)}.")

"""Nouns as plain JSON and back, so that what a source said can be kept and shown later."""

import datetime as dt
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def dump(value: Any) -> Any:
    """A noun as JSON values: amounts as text, dates as ISO text, fields without a value left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: dump(part) for name, part in pairs if part not in (None, "", (), {})}
    if isinstance(value, Mapping):
        return {key: dump(part) for key, part in value.items() if part is not None}
    if isinstance(value, (tuple, list)):
        return [dump(part) for part in value]
    return (
        str(value)
        if isinstance(value, Decimal)
        else value.isoformat()
        if isinstance(value, dt.date)
        else value
    )


def load(kind: type[T], data: Any) -> T:
    """A noun of `kind` from what `dump` made of it."""
    hints = _hints(cast(Any, kind))
    return kind(**{name: _value(hints[name], part) for name, part in data.items() if name in hints})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, data: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of([choice for choice in get_args(hint) if choice is not type(None)], data)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], part) for part in data)
    if origin is not None and origin is not Literal:
        return {key: _value(get_args(hint)[1], part) for key, part in data.items()}
    if is_dataclass(hint):
        return load(cast(type[Any], hint), data)
    return _plain(hint, data)


def _plain(hint: Any, data: Any) -> Any:
    if hint is Decimal:
        return Decimal(data)
    return hint.fromisoformat(data) if hint in (dt.date, dt.datetime) else data


def _one_of(choices: list[Any], data: Any) -> Any:
    if not isinstance(data, dict):
        return _value(next(choice for choice in choices if not is_dataclass(choice)), data)
    nouns = [choice for choice in choices if is_dataclass(choice)]
    fitting = [choice for choice in nouns if set(data) <= set(_hints(cast(Any, choice)))]
    return _value(fitting[0] if len(nouns) > 1 else nouns[0], data)

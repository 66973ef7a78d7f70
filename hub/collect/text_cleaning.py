"""Clean values of what databases or QuickBooks cannot hold.

Texts lose control characters, currencies are written in capitals, and zero has no sign.
"""

import datetime as dt
import operator
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from hub.contract.codec import field_names

T = TypeVar("T")
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")
UNCLEAN_CHARACTERS = re.compile(f"{CONTROL_CHARACTERS.pattern}|{SURROGATES.pattern}")
PLAIN_TYPES = (Decimal, dt.date, int, type(None))
REPLACEMENT = "\ufffd"  # for a character that cannot be shown


def clean(value: T) -> T:
    """Return a clean value; the same object if there is nothing to clean."""
    if type(value) is str:  # most values are
        return cast(T, _clean_text(str(value)))
    if isinstance(value, Decimal) and value.is_zero() and value.is_signed():
        return cast(T, value.copy_abs())
    if isinstance(value, PLAIN_TYPES):
        return value
    names = field_names(type(value))
    if names is not None:
        return cast(T, _clean_fields(value, names))
    return cast(T, _clean_value(value))


def _clean_value(value: Any) -> Any:
    """Return a text or a collection of texts with clean texts; anything else as it is."""
    if not value:
        return value
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, tuple):
        parts = tuple(clean(part) for part in value)
        return value if _has_same_parts(parts, value) else parts
    if isinstance(value, Mapping):
        return _clean_mapping(value)
    return value


def _clean_mapping(values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return clean names and values; the same object if there is nothing to clean."""
    clean_values = {clean(name): clean(part) for name, part in values.items()}
    has_same_names = _has_same_parts(clean_values, values)
    has_same_values = _has_same_parts(clean_values.values(), values.values())
    return values if has_same_names and has_same_values else clean_values


def _has_same_parts(parts: Collection[Any], originals: Collection[Any]) -> bool:
    """Return whether all parts are the originals; an equal one may be a zero with a sign."""
    return len(parts) == len(originals) and all(map(operator.is_, parts, originals))


def _clean_text(text: str) -> str:
    """Drop control characters and replace surrogates, which cannot be encoded."""
    if not UNCLEAN_CHARACTERS.search(text):
        return text
    without_controls = CONTROL_CHARACTERS.sub("", text)
    return SURROGATES.sub(REPLACEMENT, without_controls)


def _clean_fields(instance: Any, names: tuple[str, ...]) -> Any:
    """Return a dataclass with clean fields; the same object if there is nothing to clean."""
    changes: dict[str, Any] = {}
    for name in names:
        value = getattr(instance, name)
        clean_value = clean(value)
        if name == "currency" and isinstance(clean_value, str) and not clean_value.isupper():
            clean_value = clean_value.upper()
        if clean_value is not value:
            changes[name] = clean_value
    return replace(instance, **changes) if changes else instance

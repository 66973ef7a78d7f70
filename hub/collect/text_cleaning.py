"""Texts as every database and QuickBooks can hold them: without control characters and halves of characters."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar, cast

T = TypeVar("T")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
HALF = re.compile("[\ud800-\udfff]")
UNCLEAN = re.compile(f"{CONTROL.pattern}|{HALF.pattern}")
PLAIN = (Decimal, dt.date, int, type(None))
UNKNOWN = "\ufffd"  # what stands for a character that cannot be shown


def clean(value: T) -> T:
    """Return the value with clean texts, or the value itself if nothing has to be cleaned."""
    made: Any = value
    if isinstance(value, str):
        made = HALF.sub(UNKNOWN, CONTROL.sub("", value)) if UNCLEAN.search(value) else value
    elif isinstance(value, PLAIN):
        return value
    elif isinstance(value, tuple):
        made = tuple(map(clean, value))
    elif is_dataclass(value) and not isinstance(value, type):
        return cast(T, _noun(value))
    elif isinstance(value, Mapping):
        made = {clean(name): clean(one) for name, one in value.items()}
    return value if made == value else made


def _noun(value: Any) -> Any:
    before = {one.name: getattr(value, one.name) for one in fields(value)}
    after = {name: clean(one) for name, one in before.items()}
    changed = {name: one for name, one in after.items() if one is not before[name]}
    return replace(value, **changed) if changed else value

"""JSON read and kept, amounts never as binary fractions: read fast, the odd texts as Python's own module reads them."""

import json
from decimal import Decimal
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

_AMOUNTS, _PLAIN = Decoder(float_hook=Decimal), Decoder()


def exact(text: bytes) -> Any:
    """What another wrote, its fractions as Decimal; ValueError for what is no JSON, RecursionError if too deep."""
    try:
        return _AMOUNTS.decode(text)
    except DecodeError:  # also of half a character, which is none for it
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def keep(value: Any) -> str:
    """As the database keeps it: amounts as text, for as numbers they would be read as binary fractions."""
    return _KEPT.encode(value)


def kept(text: str | bytes) -> Any:
    """What the database kept."""
    try:
        return _PLAIN.decode(text)
    except DecodeError:
        return json.loads(text)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _amount(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


_KEPT = json.JSONEncoder(default=_amount)

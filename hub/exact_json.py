"""Read and write JSON without turning amounts into binary fractions.

msgspec reads fast; texts that it rejects are read by the standard library instead.
"""

import json
from decimal import Decimal
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

_AMOUNTS = Decoder(float_hook=Decimal)
_PLAIN = Decoder()


def parse(text: bytes) -> Any:
    """Parse JSON from another system, with fractions as Decimal.

    Raise ValueError if it is not JSON, RecursionError if it is nested too deeply.
    """
    try:
        return _AMOUNTS.decode(text)
    except DecodeError:  # raised for half a surrogate pair too, which the standard library reads
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def dumps(value: Any) -> str:
    """Write JSON for the database, with amounts as text.

    As numbers they would be read as binary fractions.
    """
    return _ENCODER.encode(value)


def loads(text: str | bytes) -> Any:
    """Read JSON from the database."""
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


_ENCODER = json.JSONEncoder(default=_amount)

"""A body as the bytes that are sent: always the same for the same content, amounts in plain decimals."""

import json
from decimal import Decimal
from typing import Any


def encode(body: Any) -> bytes:
    """Canonical JSON; an amount is a number with its own decimals, never a binary fraction or an exponent."""
    return _text(body).encode()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{_text(str(name))}:{_text(value[name])}" for name in sorted(value))
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a binary fraction; amounts are Decimal")
    return json.dumps(value, ensure_ascii=False)

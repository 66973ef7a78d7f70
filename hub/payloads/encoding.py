"""Encode a body as bytes: always the same for the same content, with amounts in plain decimals."""

import json
from decimal import Decimal
from typing import Any

# One encoder for all: to make one takes longer than to encode a short text.
_encode_scalar = json.JSONEncoder(ensure_ascii=False).encode


def encode(body: Any) -> bytes:
    """Return canonical JSON; amounts keep their decimals and never become binary fractions."""
    return _encode_canonical_json(body).encode()


def _encode_canonical_json(value: Any) -> str:
    """Return a value as JSON, with members sorted by name and no spaces."""
    if type(value) is str:  # most values are
        return _encode_scalar(value)
    if isinstance(value, dict):
        members = []
        for name in sorted(value):
            members.append(
                f"{_encode_canonical_json(str(name))}:{_encode_canonical_json(value[name])}"
            )
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_encode_canonical_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a binary fraction; amounts are Decimal")
    return _encode_scalar(value)

"""Read and write JSON without turning amounts into binary fractions.

msgspec reads and writes fast; what it rejects is left to the standard library instead.
"""

import json
import re
from decimal import Context, Decimal
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder, Encoder

_AMOUNT_DECODER = Decoder(float_hook=Decimal)
_PLAIN_DECODER = Decoder()
# A binary fraction keeps 15 digits of every decimal number; the last two of 17 are its own error.
EXACT_DIGITS, ALL_DIGITS = 15, 17
_EXACT = Context(prec=EXACT_DIGITS)
SURROGATE_OR_NULL = re.compile("[\x00\ud800-\udfff]")


def parse(text: bytes) -> Any:
    """Parse JSON from another system, with fractions as Decimal.

    Raise ValueError if it is not JSON, RecursionError if it is nested too deeply.
    """
    try:
        return _AMOUNT_DECODER.decode(text)
    except DecodeError:  # raised for half a surrogate pair too, which the standard library reads
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def parse_rows(text: bytes) -> Any:
    """Parse JSON from a source as `parse` does, but read NaN and Infinity as Decimals.

    JSON does not have them, but some programs write them. Where an amount belongs they are refused,
    so that one row does not make the whole list unreadable. A fraction that the source computed in
    binary, such as 37.800000000000004, is read as the decimal number that it stands for.
    """
    try:
        return _ROW_DECODER.decode(text)
    except DecodeError:
        return json.loads(text, parse_float=_read_fraction, parse_constant=Decimal)


def _read_fraction(text: str) -> Decimal:
    """Return the number of a text, without the error of a binary fraction."""
    number = Decimal(text)
    if len(text) <= EXACT_DIGITS or not text.lstrip("-").replace(".", "").isdecimal():
        return number
    if not EXACT_DIGITS < len(number.as_tuple().digits) <= ALL_DIGITS:
        return number
    digits, point, decimals = f"{_EXACT.plus(number):f}".partition(".")
    return Decimal(f"{digits}{point}{decimals.rstrip('0')}")


_ROW_DECODER = Decoder(float_hook=_read_fraction)


def parse_call(body: bytes) -> Any:
    """Parse JSON that another system sends to the hub; raise ValueError if it is not JSON.

    Too deep nesting counts as no JSON. Characters that no database stores, U+0000 and halves of
    surrogate pairs, are replaced.
    """
    try:
        return _with_storable_texts(json.loads(body, parse_constant=_refuse))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def make_storable(text: str) -> str:
    """Return a text with every character that no database stores replaced."""
    return SURROGATE_OR_NULL.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """Return whether a database stores a text: it has no half surrogate pair and no U+0000."""
    return SURROGATE_OR_NULL.search(text) is None


def dumps(value: Any) -> str:
    """Write JSON for the database, with amounts as text; dates become texts, too.

    As numbers, amounts would be read as binary fractions.
    """
    try:
        return _FAST_ENCODER.encode(value).decode()
    except (TypeError, UnicodeEncodeError):  # for half a surrogate pair
        return _ENCODER.encode(value)


def loads(text: str | bytes) -> Any:
    """Read JSON from the database."""
    try:
        return _PLAIN_DECODER.decode(text)
    except DecodeError:
        return json.loads(text)


def _with_storable_texts(value: Any) -> Any:
    """Return parsed JSON whose texts a database can store."""
    if isinstance(value, str):
        return make_storable(value)
    if isinstance(value, list):
        return [_with_storable_texts(item) for item in value]
    if isinstance(value, dict):
        return {make_storable(key): _with_storable_texts(item) for key, item in value.items()}
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _amount(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


def _plain_text(value: Any) -> str:
    """Return a text of a type of its own, such as a sentence, as plain text."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


_ENCODER = json.JSONEncoder(default=_amount)
_FAST_ENCODER = Encoder(enc_hook=_plain_text)

"""Which rows a page listed, and in which version, so that a form acts on exactly these."""

import base64
import binascii
from collections.abc import Iterable, Mapping

from hub.web.request import row_ids

SEAL_BYTES = 8
SEAL_DIGITS = 2 * SEAL_BYTES


def pair(id: int, seal: str) -> str:
    """Return one row for a tick box, as id:seal.

    `seal` is the hexadecimal digest of its content.
    """
    return f"{id}:{shorten(seal)}"


def shorten(seal: str) -> str:
    """Return the first bytes of a seal, which are enough to name a version of a row."""
    return seal[:SEAL_DIGITS]


def from_pairs(pairs: Iterable[str]) -> dict[int, str]:
    """Return the rows of ticked boxes: their seals by id. What is no such pair is left out."""
    seals = {}
    for text in pairs:
        id, _, seal = text.partition(":")
        number = row_ids.parse(id)
        if number is not None and len(seal) == SEAL_DIGITS:
            seals[number] = seal
    return seals


def encode(seals: Mapping[int, str]) -> str:
    """Return many rows as one short text for a hidden field.

    For each row, by id: how much the id is above the one before, and the bytes of the seal.
    """
    content = bytearray()
    before = 0
    for id in sorted(seals):
        content += _encode_varint(id - before)
        content += bytes.fromhex(shorten(seals[id]))
        before = id
    return base64.urlsafe_b64encode(content).decode()


def decode(text: str) -> dict[int, str]:
    """Return the rows that `encode` was given; none if the text is no such list."""
    seals: dict[int, str] = {}
    try:
        content = memoryview(base64.urlsafe_b64decode(text.encode()))
        id = place = 0
        while place < len(content):
            step, place = _read_varint(content, place)
            id += step
            if id > row_ids.MAX_ROW_ID:
                return {}
            seals[id] = content[place : place + SEAL_BYTES].hex()
            place += SEAL_BYTES
    except (binascii.Error, ValueError, IndexError):
        return {}
    if any(len(seal) != SEAL_DIGITS for seal in seals.values()):
        return {}  # the text ends within a seal
    return seals


def is_same(listed: str | None, now: str) -> bool:
    """Return whether a row is still as it was listed."""
    if listed is None:
        return False
    return listed == shorten(now)


def _encode_varint(number: int) -> bytes:
    """Return seven bits a byte, the lowest first; the highest bit marks that another follows."""
    content = bytearray()
    while number > 127:
        content.append(number & 127 | 128)
        number >>= 7
    content.append(number)
    return bytes(content)


def _read_varint(content: memoryview, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and the place after it.

    Raise IndexError if the content ends within the number.
    """
    number = shift = 0
    while content[place] > 127:
        low_bits = content[place] & 127
        number |= low_bits << shift
        shift += 7
        place += 1
    number |= content[place] << shift
    return number, place + 1

"""Which rows a page listed, and in which version, so that a form acts on exactly these."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from flask import request

from hub.web.request import row_ids

SEAL_BYTES = 8
SEAL_DIGITS = 2 * SEAL_BYTES
MAX_SHIFT = row_ids.MAX_ROW_ID.bit_length()
MAX_ELSEWHERE = 300  # rows ticked on other pages, which an address has room for
Seals = Mapping[int, str]


@dataclass(frozen=True)
class TickedRows:
    """The ticked rows of a list, by id: those of the page that is shown, and those of others."""

    on_page: Seals
    elsewhere: Seals

    @property
    def rows(self) -> dict[int, str]:
        """Return all of them."""
        return {**self.on_page, **self.elsewhere}

    @property
    def box_value(self) -> str:
        """Return the value of the one tick box that stands for the rows of other pages."""
        return encode_some(self.elsewhere)

    @property
    def is_full(self) -> bool:
        """Return whether no more rows of other pages stay ticked."""
        return len(self.elsewhere) == MAX_ELSEWHERE


def format_pair(id: int, seal: str) -> str:
    """Return one row for a tick box, as id:seal.

    `seal` is the hexadecimal digest of its content.
    """
    return f"{id}:{shorten(seal)}"


def shorten(seal: str) -> str:
    """Return the first bytes of a seal, which are enough to name a version of a row."""
    return seal[:SEAL_DIGITS]


def parse_ticked(values: Iterable[str]) -> dict[int, str]:
    """Return the rows of ticked boxes, their seals by id; other texts are left out.

    A box is of one row, as id:seal, or of the rows of other pages, as `encode` writes them.
    """
    seals: dict[int, str] = {}
    lists = []
    for text in values:
        id, colon, seal = text.partition(":")
        number = row_ids.parse(id)
        if not colon:
            lists.append(text)
        elif number is not None and len(seal) == SEAL_DIGITS:
            seals[number] = seal
    for text in lists:
        seals = {**decode(text), **seals}
    return seals


def read_ticked() -> dict[int, str]:
    """Return the rows that the address names as ticked: in its form, or on another page.

    A link to another page of the list has them in `ticked`; `selection.js` adds it.
    """
    pairs = request.args.get("ticked", "").split(",")
    return parse_ticked([*request.args.getlist("selected"), *pairs])


def split_ticked(ticked_seals: Seals, listed_seals: Seals) -> TickedRows:
    """Divide the ticked rows into those that a page lists and the others.

    A row that changed since it was ticked is not ticked any more: `listed_seals` are the present
    seals.
    """
    on_page = {}
    for id, seal in listed_seals.items():
        if is_unchanged(ticked_seals.get(id), seal):
            on_page[id] = shorten(seal)
    others = {id: seal for id, seal in ticked_seals.items() if id not in listed_seals}
    return TickedRows(on_page, dict(islice(others.items(), MAX_ELSEWHERE)))


def encode(seals: Seals) -> str:
    """Return many rows as one short text for a hidden field.

    In the order of the ids, each row has the distance from the id before it and the seal.
    """
    content = bytearray()
    before = 0
    for id in sorted(seals):
        content += _encode_varint(id - before)
        content += bytes.fromhex(shorten(seals[id]))
        before = id
    return base64.urlsafe_b64encode(content).decode()


def encode_some(seals: Seals) -> str:
    """Return as many rows as an address has room for, as `encode` does."""
    return encode(dict(islice(seals.items(), MAX_ELSEWHERE)))


def decode(text: str) -> dict[int, str]:
    """Return the rows that `encode` was given; none if the text is no such list."""
    seals: dict[int, str] = {}
    try:
        content = memoryview(base64.urlsafe_b64decode(text.encode()))
        id = offset = 0
        while offset < len(content):
            step, offset = _read_varint(content, offset)
            id += step
            if id > row_ids.MAX_ROW_ID:
                return {}
            seals[id] = content[offset : offset + SEAL_BYTES].hex()
            offset += SEAL_BYTES
    except (binascii.Error, ValueError, IndexError):
        return {}
    if any(len(seal) != SEAL_DIGITS for seal in seals.values()):
        return {}  # the text ends within a seal
    return seals


def is_unchanged(listed_seal: str | None, present: str) -> bool:
    """Return whether a row is still as it was listed."""
    if listed_seal is None:
        return False
    return listed_seal == shorten(present)


def _encode_varint(number: int) -> bytes:
    """Return seven bits a byte, the lowest first; the highest bit marks that another follows."""
    content = bytearray()
    while number > 127:
        content.append(number & 127 | 128)
        number >>= 7
    content.append(number)
    return bytes(content)


def _read_varint(content: memoryview, offset: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and the offset after it.

    Raise IndexError if the content ends within the number, and ValueError if it is no id.
    """
    number = shift = 0
    while content[offset] > 127:
        if shift > MAX_SHIFT:  # adding to a number that grows without end would take long
            raise ValueError(shift)
        low_bits = content[offset] & 127
        number |= low_bits << shift
        shift += 7
        offset += 1
    number |= content[offset] << shift
    return number, offset + 1

"""Limits of the parts of an Excel file, of which a few bytes can stand for any number of cells.

A text that is stored once can be in every cell, a row or a cell can have any number, and an empty
element takes four bytes, but about a hundred in memory.
"""

import copy
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import IO
from xml.parsers import expat

from hub import Refused

MAX_UNPACKED_BYTES = 100_000_000  # of all parts
# Of other packings, a few bytes are unpacked to gigabytes in one step. No program writes them.
KNOWN_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MAX_LINES = 1_048_576  # that a sheet of Excel has
MAX_CELLS = 10_000_000  # more than fit into a file of the size that may be unpacked
MAX_CHARACTERS = 100_000_000  # of the texts in the cells of a sheet
# Elements and attributes of a part. openpyxl keeps them all, except those of a row that was read.
MAX_ELEMENTS = 2_000_000
MAX_ELEMENTS_OF_ROW = 250_000  # sixteen thousand cells, which a row of Excel has, with all details
CHUNK_SIZE = 64_000  # bytes
# What is raised for an archive that is damaged, encrypted or packed in an unknown way.
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError)
ROW = "http://schemas.openxmlformats.org/spreadsheetml/2006/main row"


class SheetLimits:
    """Count what has been read of a sheet."""

    def __init__(self, name: str) -> None:
        """Begin with a sheet of the file that has this name."""
        self._name = name
        self._lines = 0
        self._cells = 0
        self._characters = 0

    def count(self, row: Sequence[object]) -> None:
        """Count a row; raise Refused if the sheet has too many of them, or too much in them."""
        self._lines += 1
        self._cells += len(row)
        for cell in row:
            value = getattr(cell, "value", None)
            if isinstance(value, str):
                self._characters += len(value)
        if self._lines > MAX_LINES or self._cells > MAX_CELLS or self._characters > MAX_CHARACTERS:
            raise build_size_error(self._name)


def check_unpacked_size(name: str, archive: zipfile.ZipFile) -> None:
    """Raise Refused if the parts of an Excel file are too large, and BadZipFile for other packings.

    What is unpacked counts, not the size that the file declares: Python unpacks a whole part before
    it cuts it to that size.
    """
    remaining = MAX_UNPACKED_BYTES
    for part in archive.infolist():
        if part.compress_type not in KNOWN_PACKINGS:
            raise zipfile.BadZipFile("A part is packed in an unknown way.")
        whole_part = copy.copy(part)
        whole_part.file_size = 2 * MAX_UNPACKED_BYTES  # where the checksum would be compared
        with suppress(*DAMAGED_ARCHIVE), archive.open(whole_part) as file:
            while chunk := file.read(CHUNK_SIZE):
                remaining -= len(chunk)
                if remaining < 0:
                    raise build_size_error(name)


def check_elements(name: str, archive: zipfile.ZipFile) -> None:
    """Raise Refused if a part of an Excel file has more elements than memory should hold.

    Nothing is read behind a damage.
    """
    for part in archive.infolist():
        counter = _ElementCounter(name)
        with suppress(*DAMAGED_ARCHIVE), archive.open(part) as file:
            counter.count(file)


class _ElementCounter:
    """Count the elements of one part as far as it is XML, without keeping them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = 0
        self._depth_of_row = 0  # 0 outside of a row
        self._in_row = 0
        self._outside = 0

    def count(self, file: IO[bytes]) -> None:
        """Count the elements; raise Refused if there are too many."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            while chunk := file.read(CHUNK_SIZE):
                parser.Parse(chunk, False)
        except expat.ExpatError:  # such as a picture; openpyxl does not read on either
            return

    def _start(self, element: str, attributes: list[str]) -> None:
        """Count an element with its attributes, which are names and values in turn."""
        self._depth += 1
        size = 1 + len(attributes) // 2
        if element == ROW and not self._depth_of_row:
            self._depth_of_row = self._depth
            self._outside += 1  # of a row that was read, an empty element remains
        if self._depth_of_row:
            self._in_row += size
        else:
            self._outside += size
        if self._in_row > MAX_ELEMENTS_OF_ROW or self._outside > MAX_ELEMENTS:
            raise build_size_error(self._name)

    def _end(self, element: str) -> None:
        """End an element."""
        if self._depth == self._depth_of_row:
            self._depth_of_row = self._in_row = 0
        self._depth -= 1


def build_size_error(name: str) -> Refused:
    """Return the error for a file that is too large."""
    return Refused("%(name)s is too large when it is unpacked. Split it.", name=name)

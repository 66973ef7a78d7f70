"""Limits of the sheets of an Excel file, of which a few bytes can stand for any number of cells.

A text that is stored once can be in every cell, and a row or a cell can have any number.
"""

from collections.abc import Sequence

from hub import Refused

MAX_LINES = 1_048_576  # that a sheet of Excel has
MAX_CELLS = 10_000_000  # more than fit into a file of the size that may be unpacked
MAX_CHARACTERS = 100_000_000  # of the texts in the cells of a sheet


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


def build_size_error(name: str) -> Refused:
    """Return the error for a file that is too large."""
    return Refused("%(name)s is too large when it is unpacked. Split it.", name=name)

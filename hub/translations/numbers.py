"""Number formats: how a person writes thousands and decimals."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class NumberFormat:
    """The marks between thousands and before the decimals."""

    thousands: str
    decimal: str

    def count(self, number: int) -> str:
        """Format a whole number."""
        return self.localize(f"{number:,}")

    def amount(self, number: Decimal, decimals: int) -> str:
        """Format a number with this many decimals."""
        return self.localize(f"{number:,.{decimals}f}")

    def localize(self, text: str) -> str:
        """Replace the marks of a number as Python writes it, with "," between thousands."""
        return text.translate(self._marks)

    @cached_property
    def _marks(self) -> dict[int, int]:
        """Return a translation table from the marks of Python's numbers to those of the format."""
        return str.maketrans(",.-", f"{self.thousands}{self.decimal}{MINUS}")


COMMA_AND_POINT = NumberFormat(",", ".")
SPACE_AND_COMMA = NumberFormat(NO_BREAK_SPACE, ",")
POINT_AND_COMMA = NumberFormat(".", ",")

# How numbers are written in each language of the pages.
USUAL_FORMATS = {"en": COMMA_AND_POINT, "nb": SPACE_AND_COMMA}
# What a person may choose, by the name that is stored.
FORMATS = {
    "comma": COMMA_AND_POINT,
    "space": SPACE_AND_COMMA,
    "point": POINT_AND_COMMA,
}

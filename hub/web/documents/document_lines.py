"""The lines of a document at its source, each beside the line that is posted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from hub.qbo.display import TransactionLineView


@dataclass(frozen=True)
class LinePair:
    """A line at the source and the line that is posted for it; either may be missing."""

    source: Mapping[str, Any] | None
    posted: TransactionLineView | None

    @property
    def differs(self) -> bool:
        """Return whether one of the two is missing.

        Their amounts may differ rightly: with and without tax.
        """
        return self.source is None or self.posted is None


@dataclass(frozen=True)
class Payment:
    """The paid and the open amount of a bill or invoice, according to QuickBooks."""

    paid: Decimal
    open: Decimal


def pair_lines(
    source_lines: Sequence[Mapping[str, Any]], posted_lines: Sequence[TransactionLineView]
) -> list[LinePair]:
    """Put the lines beside each other, in their order: posting keeps the order of the source."""
    return [LinePair(*lines) for lines in zip_longest(source_lines, posted_lines)]

"""The largest number of starts in any window of a length."""

from bisect import bisect_left
from collections.abc import Sequence


def most_within(starts: Sequence[float], seconds: float) -> int:
    """Return the largest number of starts within any window of this many seconds."""
    ordered = sorted(starts)
    return max(bisect_left(ordered, start + seconds) - index for index, start in enumerate(ordered))

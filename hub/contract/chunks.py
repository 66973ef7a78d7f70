"""Long lists in chunks, for statements and calls that take a limited number of values."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")


def iter_chunks(values: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """Yield values in chunks of at most `size`."""
    for first in range(0, len(values), size):
        yield values[first : first + size]

"""Read pages with fewer objects if the objects are so large that a response would be too large."""

from collections.abc import Callable
from typing import TypeVar

from hub.qbo.responses import ResponseTooLarge

MIN_PAGE_SIZE = 10  # fewer objects always fit, whatever their number of lines
T = TypeVar("T")


def read_fitting_page(read: Callable[[int], T], size: int) -> tuple[T, int]:
    """Read a page of so many objects, or of as many as fit; return it with its size.

    `read` reads a page of the size that it is called with. The size is halved until it fits.
    """
    while True:
        try:
            return read(size), size
        except ResponseTooLarge:
            if size <= MIN_PAGE_SIZE:
                raise
            size //= 2

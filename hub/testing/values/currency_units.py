"""The unit in which a source answers amounts: whole ones, or the smallest one, such as cents."""

import re
from collections.abc import Collection, Iterable
from decimal import Decimal

from hub.contract.documents import Document
from hub.money import precision
from hub.testing.exchanges.response_values import ResponseValue

ONE = Decimal(1)
WHOLE_NUMBER = re.compile(r"-?\d+")
NAME_PARTS = re.compile(r"[A-Z]?[a-zø]+|[A-ZØ]+(?![a-z])")  # of netCents or NET_CENTS
SMALLEST_UNITS = ("cent", "cents", "pence", "øre", "ore", "minor")


def find_unit(values: Iterable[ResponseValue], document: Document) -> Decimal:
    """Return what a 1 in the responses is worth: 0.01 for a source that answers cents, else 1.

    It is the total that tells: no response has it, and one has a hundred times as much.
    """
    unit = smallest_unit(document)
    if not document.total or unit == ONE:
        return ONE
    total = abs(document.total)
    amounts = {abs(Decimal(str(one.value))) for one in values if _is_whole_number(one)}
    return unit if total not in amounts and total / unit in amounts else ONE


def smallest_unit(document: Document) -> Decimal:
    """Return the smallest unit of the currency of a document, 0.01 without one."""
    decimals = precision(document.currency) if document.currency else 2
    return ONE.scaleb(-decimals)


def is_named_after_smallest_unit(value: ResponseValue) -> bool:
    """Return whether a whole number has a name that says cents, such as `netCents`."""
    names: Collection[str] = [part.lower() for part in NAME_PARTS.findall(str(value.path[-1]))]
    return _is_whole_number(value) and any(name in SMALLEST_UNITS for name in names)


def _is_whole_number(value: ResponseValue) -> bool:
    """Return whether a value is a whole number, as a number or as text."""
    return not isinstance(value.value, bool) and bool(WHOLE_NUMBER.fullmatch(str(value.value)))

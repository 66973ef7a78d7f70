"""Exact sums of amounts of documents, from which credits are subtracted."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, func, type_coerce

from hub.contract.document_kinds import CREDIT_KINDS
from hub.money import ZERO

HALF_BASE = 10**9  # sums of millionths are split into a quotient and a remainder by this


def get_sign_of_kind(kind: str) -> int:
    """Return -1 for a kind of credit, whose amounts are subtracted from sums, else 1."""
    if kind in CREDIT_KINDS:
        return -1
    return 1


def apply_sign(kind: str, total: Decimal | None) -> Decimal:
    """Return a total with the sign that it has in sums: credits are negative, None is zero."""
    if total is None:
        return ZERO
    return get_sign_of_kind(kind) * total


def sum_halves(amount: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the sum of a column of amounts as two columns, which `join_halves` combines.

    A single sum of millionths could exceed the largest integer of the database.
    """
    millionths = type_coerce(amount, BigInteger)
    upper = func.coalesce(func.sum(millionths // HALF_BASE), 0)
    lower = func.coalesce(func.sum(millionths % HALF_BASE), 0)
    return upper, lower


def join_halves(upper: Any, lower: Any) -> Decimal:
    """Return the sum of which `sum_halves` has selected the halves."""
    return Decimal(int(upper) * HALF_BASE + int(lower)).scaleb(-6)

"""Rows with a value in every column of every table, generated from the column types."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TypeDecorator,
    column,
    insert,
)
from sqlalchemy import table as lightweight_table

from hub.db.engine import Instant, Money

MOMENT = dt.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=dt.UTC)
TEXT = "Ærø \U0001f6a7 \\N \\\\ \t\r\n'\"%"  # characters that COPY and SQL quote
HIGHEST = 2**63 - 1
AMOUNT = 12_345_678_901_234_567  # millionths; a binary fraction would be rounded


def fill(connection: Connection, tables: Iterable[Table], count: int) -> None:
    """Write rows numbered 1 to `count` into each table, in the order of the tables."""
    for table in tables:
        rows = [row_of(table, number, count) for number in range(1, count + 1)]
        connection.execute(insert(plain_table(table)), rows)


def plain_table(table: Table) -> Any:
    """Return a table without constraints, whose statements are compiled once for equal columns."""
    return lightweight_table(table.name, *(plain_column(item) for item in table.columns))


def plain_column(item: Any) -> Any:
    """Return a column with a plain SQLAlchemy type."""
    is_foreign = isinstance(item.type, TypeDecorator) and not item.type.cache_ok
    return column(item.name, Text if is_foreign else item.type)


def row_of(table: Table, number: int, count: int) -> dict[str, Any]:
    """Return a row that refers to the rows with the same number.

    A reference to the same table points to the next row; the last row has none.
    """
    return {column.name: _value(table, column, number, count) for column in table.columns}


def _value(table: Table, column: Any, number: int, count: int) -> Any:
    """Return a value for a column's type, different for each row if it must be unique."""
    for key in column.foreign_keys:
        if key.column.table is table:
            return number + 1 if number < count else None
        return number
    return _plain_value(column.type, column, number)


def _plain_value(kind: Any, column: Any, number: int) -> Any:
    """Return a value of a type."""
    if isinstance(kind, Money):
        return Decimal(AMOUNT + number).scaleb(-6)
    if isinstance(kind, TypeDecorator) and not isinstance(kind, Instant):
        return f"{number},2"  # a list of Flask-Security in its stored form
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, JSON):
        return [] if column.default and column.default.arg is list else {"a": [TEXT, None, "1.10"]}
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, BigInteger) and not column.primary_key:
        return HIGHEST - number
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, Float):
        return number + 0.1
    if isinstance(kind, DateTime):
        moment = MOMENT + dt.timedelta(microseconds=number)
        return moment if kind.timezone else moment.replace(tzinfo=None)
    if isinstance(kind, Date):
        return MOMENT.date() + dt.timedelta(days=number)
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) + bytes([number])
    assert isinstance(kind, String), column
    return f"{number}{TEXT}"[: kind.length]

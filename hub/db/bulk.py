"""Statements for many rows or ids: compiled once for any number, locked in order, counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    Executable,
    Insert,
    Select,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

Bind = Callable[[Any], Any]


class Listed(TypeDecorator[Any]):
    """A list of ids as one value: an array on PostgreSQL, JSON on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the type that the database has for a list."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.ARRAY(BigInteger))
        return dialect.type_descriptor(JSON())


class _Among(FunctionElement[bool]):
    """The condition of `is_among`.

    It has no type: SQLAlchemy would add `= 1` to a boolean on SQLite, which then uses no index.
    """

    inherit_cache = True


def is_among(column: Any, name: str) -> _Among:
    """Return the condition that an id is in the list that is bound to this name.

    Unlike IN, its text does not depend on the number of ids, so it is compiled once.
    """
    values: BindParameter[Any] = bindparam(name, type_=Listed)
    return _Among(column, values)


@compiles(_Among, "postgresql")
def _compile_for_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    """Compile the condition for PostgreSQL, which is given the ids as an array."""
    column, values = _compile_operands(element, compiler, options)
    return f"{column} = ANY({values})"


@compiles(_Among)
def _compile_for_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    """Compile the condition for SQLite, which is given the ids as JSON."""
    column, values = _compile_operands(element, compiler, options)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 (both are compiled)


def _compile_operands(
    element: _Among, compiler: SQLCompiler, options: dict[str, Any]
) -> tuple[str, str]:
    """Compile the column and the list of ids."""
    column, values = element.clauses
    column_sql = compiler.process(column, **options)
    values_sql = compiler.process(values, **options)
    return column_sql, values_sql


def is_locked_in_order(key: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of an update of many rows that meet these conditions.

    The update locks the rows in the order of their keys. Otherwise PostgreSQL locks them in the
    order in which it finds them, and a transaction that locks them in another order at the same
    time waits for this one while this one waits for it.
    """
    rows = select(key).where(*conditions).order_by(key).correlate(None)
    is_locked: ColumnElement[bool] = key.in_(rows.with_for_update(key_share=True))
    return is_locked


def execute_each(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute a statement once for each row and return how many rows it matched.

    All rows have the same names. The statement is compiled once; `session.execute` would process
    the values of every row again, which takes longer than the execution.
    """
    connection = session.connection()
    sql = _compile(statement, connection.dialect, tuple(rows[0]))
    return connection.exec_driver_sql(sql.text, sql.values(rows)).rowcount


def count_rows(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    """Return how many rows a query has; a limit of it ends the count there."""
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


@dataclass(frozen=True)
class _CompiledStatement:
    """A statement in the SQL of one database.

    - `order`: the names of the values by position; None if the driver takes them by name.
    - `constants`: the values that are equal in all rows.
    - `binders`: convert the other values; None leaves a value as it is.
    """

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]
    binders: Mapping[str, Bind | None]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return the values of the rows as the driver takes them: tuples, or dicts by name."""
        columns: dict[str, Sequence[Any]] = {}
        for name, value in self.constants.items():
            columns[name] = [value] * len(rows)
        for name, bind in self.binders.items():
            values = [row[name] for row in rows]
            columns[name] = _bind_column(bind, values)

        names = self.order or tuple(columns)
        ordered_columns = [columns[name] for name in names]
        by_row = zip(*ordered_columns, strict=True)
        if self.order:
            return list(by_row)
        return [dict(zip(names, row, strict=True)) for row in by_row]


def _bind_column(bind: Bind | None, values: Sequence[Any]) -> Sequence[Any]:
    """Convert the values of a column; a value that is the same object as before only once."""
    if bind is None:
        return values
    bound = []
    last = values[0]
    converted_value = bind(last)
    for value in values:
        if value is not last:
            last = value
            converted_value = bind(value)
        bound.append(converted_value)
    return bound


@cache
def _compile(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _CompiledStatement:
    """Compile a statement for rows that have these names.

    A parameter without a value is bound in each row. The values of the others are equal in all
    rows; those of an insert include the defaults of its columns.
    """
    inserted_names = names if isinstance(statement, Insert) else None
    compiled_statement = statement.compile(
        dialect=dialect, column_keys=inserted_names, for_executemany=True
    )
    defaults = {column.key: column.default.arg for column in compiled_statement.insert_prefetch}
    constants: dict[str, Any] = {}
    binders: dict[str, Bind | None] = {}
    for parameter, name in compiled_statement.bind_names.items():
        column_type = parameter.type.dialect_impl(dialect)
        bind = column_type.bind_processor(dialect)
        if parameter.required:
            binders[name] = bind
            continue
        value = defaults.get(name, parameter.value)
        constants[name] = bind(value) if bind else value
    return _CompiledStatement(
        text=str(compiled_statement),
        order=compiled_statement.positiontup,
        constants=constants,
        binders=binders,
    )

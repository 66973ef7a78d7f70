"""Statements that are constants, whatever the number of their rows or ids: what they are in SQL is worked out once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import JSON, BigInteger, BindParameter, Dialect, Executable, Insert, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

Bind = Callable[[Any], Any]


class Listed(TypeDecorator[Any]):
    """Ids, as one value: an array, or the text of one where the database has none."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(
            postgresql.ARRAY(BigInteger) if dialect.name == "postgresql" else JSON()
        )


class _Among(
    FunctionElement[bool]
):  # of no type: where truth is a number, `= 1` would keep it from using an index
    inherit_cache = True


def among(column: Any, name: str) -> _Among:
    """Return whether an id is one of those that are told as one value of this name.

    Unlike IN it has the same words for any number of them, which are not put together anew each time.
    """
    values: BindParameter[Any] = bindparam(name, type_=Listed)
    return _Among(column, values)


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY({values})"


@compiles(_Among)
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 (both are compiled)


def each(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute a statement once for each of many rows, which all name the same values; how many rows it met.

    The statement is a constant: it is put into the database's words once, where `session.execute` would look at the
    values of every row anew, which takes longer than all the rest.
    """
    connection = session.connection()
    worded = _worded(statement, connection.dialect, tuple(rows[0]))
    return connection.exec_driver_sql(worded.text, worded.values(rows)).rowcount


@dataclass(frozen=True)
class _Worded:
    """A statement as one database reads it; `order` is that of its values, where they are told by their place."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]
    binders: Mapping[
        str, Bind | None
    ]  # of those that differ from row to row; None where a value is written as it is

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """As the driver takes them."""
        constants = {name: [value] * len(rows) for name, value in self.constants.items()}
        bound = constants | {
            name: _column(bind, [row[name] for row in rows]) for name, bind in self.binders.items()
        }
        names = self.order or tuple(bound)
        told = zip(*(bound[name] for name in names), strict=True)
        return list(told) if self.order else [dict(zip(names, row, strict=True)) for row in told]


def _column(bind: Bind | None, values: Sequence[Any]) -> Sequence[Any]:
    """Values as the driver takes them; what is the same as in the row before is written once."""
    if bind is None:
        return values
    bound, last, text = [], values[0], bind(values[0])
    for value in values:
        if value is not last:
            last, text = value, bind(value)
        bound.append(text)
    return bound


@cache
def _worded(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _Worded:
    """A statement in the words of a database, for rows that name these values."""
    keys = names if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys, for_executemany=True)
    defaults = {column.key: column.default.arg for column in compiled.insert_prefetch}
    sorts = {
        name: one.type.dialect_impl(dialect).bind_processor(dialect)
        for one, name in compiled.bind_names.items()
    }
    given = {
        name: defaults.get(name, one.value)
        for one, name in compiled.bind_names.items()
        if not one.required
    }
    constants = {
        name: bind(value) if (bind := sorts[name]) else value for name, value in given.items()
    }
    differing = {name: bind for name, bind in sorts.items() if name not in constants}
    return _Worded(str(compiled), compiled.positiontup, constants, differing)

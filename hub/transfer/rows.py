"""Read the tables of one database in chunks and write their rows to another one."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Row,
    Table,
    Text,
    TypeDecorator,
    cast,
    column,
    func,
    inspect,
    literal,
    select,
    text,
    tuple_,
)

from hub.db.engine import db
from hub.models import StoredFile
from hub.transfer.errors import CopyDiffers, RowNotCopied

ROWS_PER_CHUNK = 500  # rows that are in memory at a time
FILES_PER_CHUNK = 5  # received files that are in memory at a time; each may have 20 MB
Advance = Callable[[int], None]  # takes the number of rows of a chunk that is done
Key = tuple[Any, ...]
PLACE_IN_COPY = re.compile(r"line (\d+)(?:, column (\w+))?")


def list_tables() -> list[Table]:
    """Return the tables of the hub; each comes after those to which its rows refer."""
    return list(db.metadata.sorted_tables)


def list_columns(table: Table) -> list[Any]:
    """Return the expressions by which the columns of a table are read.

    JSON, and types that are not the hub's own, are read as the stored text, which is copied
    unchanged.
    """
    return [_build_column_reader(item) for item in table.columns]


def _build_column_reader(item: Column[Any]) -> Any:
    """Return the expression by which a column is read."""
    if isinstance(item.type, JSON):
        return cast(column(item.name, Text), Text).label(item.name)
    if _is_foreign(item.type):
        return column(item.name, Text)
    return column(item.name, item.type)


def _is_foreign(column_type: Any) -> bool:
    """Return whether a type is one of another library that converts texts."""
    return isinstance(column_type, TypeDecorator) and not column_type.cache_ok


def count(connection: Connection, table: Table) -> int:
    """Return the number of rows."""
    query = select(func.count()).select_from(table)
    return connection.scalar(query) or 0


def iter_chunks(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows in the order of the primary key, and never more than a chunk at a time.

    A table without a primary key, which only holds pairs, is one chunk.
    """
    key = list(table.primary_key)
    query = select(*list_columns(table)).select_from(table).order_by(*key or table.columns)
    if not key:
        yield connection.execute(query).all()
        return
    query = query.limit(_get_chunk_size(table))
    page = connection.execute(query).all()
    while page:
        yield page
        last = get_key(table, page[-1])
        values = [literal(value, item.type) for item, value in zip(key, last, strict=True)]
        page = connection.execute(query.where(tuple_(*key) > tuple_(*values))).all()


def _get_chunk_size(table: Table) -> int:
    """Return how many rows of a table are read at a time."""
    if table.name == StoredFile.__tablename__:
        return min(FILES_PER_CHUNK, ROWS_PER_CHUNK)
    return ROWS_PER_CHUNK


def read_same_rows(
    connection: Connection, table: Table, rows: Sequence[Row[Any]]
) -> dict[Key, Row[Any]]:
    """Return the rows that have the primary keys of these rows, by their keys."""
    key = list(table.primary_key)
    keys = [get_key(table, row) for row in rows]
    query = select(*list_columns(table)).select_from(table)
    if len(key) == 1:
        query = query.where(key[0].in_([value for (value,) in keys]))
    else:
        types = [item.type for item in key]
        query = query.where(tuple_(*key, types=types).in_(keys))
    return {get_key(table, row): row for row in connection.execute(query)}


def get_key(table: Table, row: Row[Any]) -> Key:
    """Return the primary key of a row."""
    return tuple(row._mapping[item.name] for item in table.primary_key)


def copy_all(source: Connection, target: Connection, advance: Advance) -> None:
    """Copy the rows of all tables, and let the target number new rows after them."""
    with _defer_references(target):
        for table in list_tables():
            write = _build_writer(target, table)
            for page in iter_chunks(source, table):
                write(page)
                advance(len(page))
    if target.dialect.name == "postgresql":
        _set_sequences(target)


def clear(connection: Connection) -> None:
    """Remove all rows of an unfinished copy in PostgreSQL."""
    quote = connection.dialect.identifier_preparer.format_table
    names = ", ".join(quote(table) for table in list_tables())
    connection.execute(text(f"TRUNCATE {names}"))


def _build_writer(target: Connection, table: Table) -> Callable[[Sequence[Row[Any]]], None]:
    """Return a function that writes rows to a table."""
    dialect = target.dialect
    preparer = dialect.identifier_preparer
    names = ", ".join(preparer.format_column(item) for item in table.columns)
    place = f"{preparer.format_table(table)} ({names})"
    binds = [_get_bind_processor(item.type, dialect) for item in table.columns]

    def bind_row(row: Row[Any]) -> list[Any]:
        pairs = zip(binds, row, strict=True)
        return [bind(value) if bind and value is not None else value for bind, value in pairs]

    def write_sqlite(page: Sequence[Row[Any]]) -> None:
        marks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {place} VALUES ({marks})"  # noqa: S608 (names of the models)
        if page:
            target.exec_driver_sql(statement, [tuple(bind_row(row)) for row in page])

    def write_postgresql(page: Sequence[Row[Any]]) -> None:
        _copy_in(target, f"COPY {place} FROM STDIN", table, page, bind_row)

    return write_sqlite if dialect.name == "sqlite" else write_postgresql


def _get_bind_processor(column_type: Any, dialect: Any) -> Callable[[Any], Any] | None:
    """Return the function that converts a value for the driver; None if it needs none."""
    if isinstance(column_type, JSON) or _is_foreign(column_type):
        return None
    processor: Callable[[Any], Any] | None = column_type.dialect_impl(dialect).bind_processor(
        dialect
    )
    return processor


def _copy_in(
    target: Connection,
    statement: str,
    table: Table,
    page: Sequence[Row[Any]],
    bind_row: Callable[[Row[Any]], list[Any]],
) -> None:
    """Write rows with PostgreSQL's COPY; name the row that it does not accept."""
    import psycopg  # a hub without PostgreSQL does not have it

    cursor: Any = target.connection.cursor()
    row = None
    try:
        with cursor.copy(statement) as copy:
            for row in page:
                copy.write_row(bind_row(row))
    except (psycopg.DataError, psycopg.IntegrityError, UnicodeError) as error:
        diagnosis = getattr(error, "diag", None)
        place = PLACE_IN_COPY.search(getattr(diagnosis, "context", None) or "")
        if place:  # the server names the line, which need not be the last one that it got
            row = page[int(place[1]) - 1]
        key = ", ".join(str(value) for value in get_key(table, row)) if row else "?"
        where = f", column {place[2]}" if place and place[2] else ""
        reason = getattr(diagnosis, "message_primary", None) or str(error)
        raise RowNotCopied(f"{key} of the table {table.name}{where}", reason) from error
    finally:
        cursor.close()


@contextmanager
def _defer_references(target: Connection) -> Iterator[None]:
    """Let rows come before the rows of the same table to which they refer, until the end."""
    if target.dialect.name == "sqlite":
        yield
        broken_reference = target.execute(text("PRAGMA foreign_key_check")).first()
        if broken_reference:
            table, _, referred_table, _ = broken_reference
            raise CopyDiffers(
                f"a row of {table} refers to a row of {referred_table} that is absent"
            )
        return
    constraints = list(_iter_self_references(target))
    for constraint in constraints:
        target.execute(text(f"{constraint} DEFERRABLE INITIALLY DEFERRED"))
    yield
    target.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for constraint in constraints:
        target.execute(text(f"{constraint} NOT DEFERRABLE"))


def _iter_self_references(target: Connection) -> Iterator[str]:
    """Yield the start of a statement about each constraint by which a table refers to itself."""
    inspector = inspect(target)
    preparer = target.dialect.identifier_preparer
    for table in list_tables():
        for constraint in inspector.get_foreign_keys(table.name):
            if constraint["referred_table"] == table.name:
                name = preparer.quote(str(constraint["name"]))
                yield f"ALTER TABLE {preparer.format_table(table)} ALTER CONSTRAINT {name}"


def _set_sequences(target: Connection) -> None:
    """Let each sequence continue after the highest number that was copied."""
    for table in list_tables():
        number = table.autoincrement_column
        if number is None:
            continue
        name = target.dialect.identifier_preparer.format_table(table)
        sequence = target.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": name, "column": number.name},
        )
        if sequence:
            highest = target.scalar(select(func.max(number)))
            values = {"sequence": sequence, "value": highest or 1, "used": highest is not None}
            target.execute(text("SELECT setval(:sequence, :value, :used)"), values)

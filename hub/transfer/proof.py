"""Prove that a copied database is equal to the one that it was copied from."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from hub import exact_json
from hub.models import DatabaseOrigin, Posting, SourceDocument
from hub.transfer import rows
from hub.transfer.errors import CopyDiffers
from hub.transfer.rows import Advance

# Columns about the database itself; those of a copy differ.
OWN_COLUMNS = {DatabaseOrigin.__tablename__: {"copied_from", "moved_to", "moved_at"}}
DIGEST_CHARACTERS = 16  # characters of a digest that people compare


@dataclass(frozen=True)
class TableProof:
    """A table of which every row is equal in both databases, with a digest over all of them."""

    name: str
    count: int
    digest: str


@dataclass(frozen=True)
class SumProof:
    """A count or sum that is equal in both databases."""

    name: str
    value: int | Decimal


@dataclass(frozen=True)
class CopyProof:
    """The rows and sums that are equal in both databases."""

    tables: list[TableProof] = field(default_factory=list)
    sums: list[SumProof] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return the number of rows that are equal."""
        return sum(table.count for table in self.tables)


def compare(source: Connection, target: Connection, advance: Advance) -> CopyProof:
    """Compare every row and the sums; raise CopyDiffers at the first difference."""
    tables = [_compare_table(source, target, table, advance) for table in rows.list_tables()]
    return CopyProof(tables, _compare_sums(source, target))


def _compare_table(
    source: Connection, target: Connection, table: Table, advance: Advance
) -> TableProof:
    """Compare the number of rows of a table, and the digests of all of them."""
    count = rows.count(source, table)
    copied_count = rows.count(target, table)
    if count != copied_count:
        raise CopyDiffers(f"table {table.name} has {copied_count:,} of {count:,} rows")
    table_hash = hashlib.sha256()
    compare_rows = _compare_by_key if table.primary_key else _compare_without_key
    for digests in compare_rows(source, target, table):
        for digest in digests:
            table_hash.update(digest)
        advance(len(digests))
    return TableProof(table.name, count, table_hash.hexdigest()[:DIGEST_CHARACTERS])


def _compare_by_key(source: Connection, target: Connection, table: Table) -> Iterator[list[bytes]]:
    """Compare each row with the one of the same primary key; yield their digests in chunks."""
    for page in rows.iter_chunks(source, table):
        copied_rows = rows.read_same_rows(target, table, page)
        digests = []
        for row in page:
            key = rows.get_key(table, row)
            digest = compute_row_digest(table, row)
            if key not in copied_rows:
                raise CopyDiffers(f"row {_format_key(key)} of table {table.name} is missing")
            if compute_row_digest(table, copied_rows[key]) != digest:
                raise CopyDiffers(f"row {_format_key(key)} of table {table.name} differs")
            digests.append(digest)
        yield digests


def _compare_without_key(
    source: Connection, target: Connection, table: Table
) -> Iterator[list[bytes]]:
    """Compare the rows of a small table as a whole, in any order; yield their digests."""
    digests = _load_sorted_digests(source, table)
    if digests != _load_sorted_digests(target, table):
        raise CopyDiffers(f"the rows of table {table.name} differ")
    yield digests


def _load_sorted_digests(connection: Connection, table: Table) -> list[bytes]:
    """Return the digests of all rows of a small table, in order."""
    return sorted(
        compute_row_digest(table, row)
        for page in rows.iter_chunks(connection, table)
        for row in page
    )


def compute_row_digest(table: Table, row: Row[Any]) -> bytes:
    """Return a digest of the values of a row that does not depend on the database."""
    own = OWN_COLUMNS.get(table.name, set())
    values = [
        _convert_value(value)
        for column, value in zip(table.columns, row, strict=True)
        if column.name not in own
    ]
    return hashlib.sha256(exact_json.dumps(values).encode()).digest()


def _convert_value(value: Any) -> Any:
    """Return a value as plain JSON."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _format_key(key: Sequence[object]) -> str:
    """Return a primary key as text."""
    return ", ".join(map(str, key))


def _compare_sums(source: Connection, target: Connection) -> list[SumProof]:
    """Compare counts and amounts as the database itself adds them up."""
    sums = _count_and_sum(source)
    copied_sums = _count_and_sum(target)
    for name in sums.keys() | copied_sums.keys():
        if sums.get(name) != copied_sums.get(name):
            raise CopyDiffers(f"{name}: {copied_sums.get(name, 0)} instead of {sums.get(name, 0)}")
    return [SumProof(name, value) for name, value in sums.items()]


def _count_and_sum(connection: Connection) -> dict[str, int | Decimal]:
    """Return documents, postings by state, and amounts by currency."""
    sums: dict[str, int | Decimal] = {
        "documents": rows.count(connection, _get_table(SourceDocument))
    }
    by_state = select(Posting.state, func.count()).group_by(Posting.state)
    for state, number in sorted(connection.execute(by_state).all()):
        sums[f"postings, {state}"] = number
    for name, column, currency in (
        ("documents", SourceDocument.total, SourceDocument.currency),
        ("planned", Posting.total, Posting.currency),
        ("posted", Posting.posted_total, Posting.currency),
    ):
        amounts = select(currency, func.sum(column)).where(column.is_not(None)).group_by(currency)
        for code, amount in sorted(connection.execute(amounts).all()):
            sums[f"amount {name}, {code or 'no currency'}"] = amount or Decimal()
    return sums


def _get_table(model: Any) -> Table:
    """Return the table of a model."""
    table: Table = model.__table__
    return table

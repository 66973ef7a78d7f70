"""Snapshots of the state left by a killed hub: rows, files, the stand-in's books and the time."""

import hashlib
import pickle
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

RECREATED_SUFFIX = ".db-shm"  # created again by the first process that opens the database
# A restored data folder is a new folder to the system and gets another id.
FOLDER_ID = re.compile(rb"(?<=[\t\"])[0-9a-f]{64}(?=[\t\"])")
FOLDER_FILE_SUFFIX = ".db.folder"  # the file that says which folder works with an SQLite database
Files = dict[str, bytes]


class Rows(NamedTuple):
    """The content of a PostgreSQL database."""

    tables: dict[str, bytes]
    numbers: dict[str, int | None]  # the last value of each sequence


class Snapshot(NamedTuple):
    """The state that outlives a process; states with the same `mark` are equal for the next one."""

    packed: bytes
    rows: Rows | None
    books: bytes
    moment: Any
    generation: int
    mark: bytes

    @property
    def files(self) -> Files:
        content: Files = pickle.loads(zlib.decompress(self.packed))
        return content


class SnapshotMaker:
    """Creates snapshots; a state equal to the previous one is not examined again."""

    def __init__(self) -> None:
        self._last: tuple[Any, Snapshot] | None = None

    def make(
        self, files: Files, rows: Rows | None, books: bytes, moment: Any, generation: int
    ) -> Snapshot:
        """Return a snapshot of a state, the previous one if nothing has changed."""
        kept = [(name, files[name]) for name in files if not name.endswith(RECREATED_SUFFIX)]
        state = (kept, rows, books, moment)
        if self._last is None or self._last[0] != state:
            packed = zlib.compress(pickle.dumps(files), 1)
            mark = _hash_state(files, rows, books, moment)
            self._last = state, Snapshot(packed, rows, books, moment, generation, mark)
        return self._last[1]


def read_files(folder: Path) -> Files:
    """Return the files of a folder by their relative paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_files(folder: Path, files: Files) -> None:
    """Replace the folder's content by these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(content)


def _hash_state(files: Files, rows: Rows | None, books: bytes, moment: Any) -> bytes:
    """Return a digest that is equal for states that the next process cannot distinguish."""
    tables = _sorted_tables(rows) if rows else {}
    numbers = rows.numbers if rows else None
    digest = hashlib.blake2b(repr((moment, tables, numbers)).encode(), digest_size=16)
    digest.update(books)
    database = {name: content for name, content in files.items() if name.startswith("hub.db")}
    others = [
        (name, FOLDER_ID.sub(b"folder", content) if name.endswith(FOLDER_FILE_SUFFIX) else content)
        for name, content in files.items()
        if name not in database
    ]
    for part in (*_read_sqlite_tables(database), *others):
        digest.update(repr(part).encode())
    return digest.digest()


def _sorted_tables(rows: Rows) -> dict[str, list[bytes]]:
    """Return the rows of each table in order, without the id of the data folder."""
    tables = {}
    for name, content in rows.tables.items():
        if name == "active_folder":
            content = FOLDER_ID.sub(b"folder", content)
        tables[name] = sorted(content.split(b"\n"))
    return tables


def _read_sqlite_tables(files: Files) -> Iterator[Any]:
    """Yield every table of an SQLite database with its rows in order."""
    if not files:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        with closing(sqlite3.connect(Path(folder) / "hub.db")) as database:
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
            ).fetchall():
                yield name, database.execute(f'SELECT * FROM "{name}"').fetchall()


# -- PostgreSQL ------------------------------------------------------------------------------------


def read_rows(url: str) -> Rows:
    """Return all rows at one point in time."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return _copy_rows(connection)


def write_rows(url: str, rows: Rows) -> None:
    """Replace all rows, and set the sequences."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # disables foreign key checks
        there = _copy_rows(connection)
        for name, content in rows.tables.items():
            if there.tables[name] != content:
                connection.execute(f'DELETE FROM "{name}"')
                with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                    copy.write(content)
        for name, number in rows.numbers.items():
            if there.numbers[name] != number:
                connection.execute(
                    "SELECT setval(%s, %s, %s)", (name, number or 1, number is not None)
                )


def _copy_rows(connection: Any) -> Rows:
    table_names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    numbers = connection.execute(
        "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    ).fetchall()
    return Rows({name: _copy_table(connection, name) for (name,) in table_names}, dict(numbers))


def _copy_table(connection: Any, name: str) -> bytes:
    with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
        return b"".join(bytes(part) for part in copy)

"""Make a backup while the hub is running, from SQLite or PostgreSQL; restore it to either."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from filelock import lock_descriptor
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from hub.config import Config
from hub.context import Progress, current_hub
from hub.crypto.keys import KEY_FILES, SECRET_KEY_FILE, VAULT_KEYS_FILE, read_ring
from hub.db import engine
from hub.db.database_errors import DatabaseDamaged
from hub.db.engine import address_without_password, create_standalone_engine
from hub.errors import DatabaseUnavailable, Refused
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.transfer import archive, move, restore_rule, rows
from hub.transfer.archive import DATABASE_FILE, Archive, Manifest
from hub.transfer.errors import ArchiveUnusable
from hub.transfer.exclusive import open_exclusively
from hub.transfer.move import OpenApp

UNFINISHED_PREFIX = ".hub-unfinished-"  # begins the names of folders with unfinished files
ARCHIVE_DRAFT = "archive.zip"
PAGES_PER_REPORT = 1000  # pages of SQLite's backup between two reports


def back_up(path: Path, open_app: OpenApp, progress: Progress, *, keys: bool) -> Manifest:
    """Write a backup of the application's database; `keys` adds the key files.

    Raise DatabaseDamaged if the file of an SQLite database is damaged: backups of it would take the
    place of good ones.
    """
    config = current_hub().config
    _require_new_file(path)
    with engine.read_only_session() as session:
        schema.require_newest(session.connection(), exactly=True)
    files = _find_key_files(config) if keys else {}
    with _temporary_folder(path.parent) as folder:
        copy_file = folder / DATABASE_FILE
        with _name_database(copy_file, config):
            if engine.db.engine.dialect.name == "sqlite":
                _copy_sqlite(Path(engine.db.engine.url.database or ""), copy_file, progress)
                problem = _find_damage(copy_file)
                if problem:
                    raise DatabaseDamaged(address_without_password(config.database_url), problem)
            else:
                _copy_postgresql(config, copy_file, open_app, progress)
            with _open_read_only(f"sqlite:///{copy_file}") as connection:
                counts = {table.name: rows.count(connection, table) for table in rows.list_tables()}
        manifest = Manifest(
            made_at=current_hub().clock.now().isoformat(timespec="seconds"),
            version=version("qbo-hub"),
            revision=schema.find_newest_revision(),
            origin=address_without_password(config.database_url),
            vault_keys=[key_id for key_id, _ in config.vault_keys],
            rows=counts,
        )
        archived_files = {DATABASE_FILE: copy_file, **files}
        archive.write(
            path, manifest, archived_files, config.secret_key, draft=folder / ARCHIVE_DRAFT
        )
    return manifest


def _find_key_files(config: Config) -> dict[str, Path]:
    """Return the key files by their names; raise Refused unless they hold the keys in use.

    A folder may still have old key files of a hub whose keys now come from the environment.
    """
    files = {name: config.data / name for name in KEY_FILES.values()}
    for file in files.values():
        if not file.exists():
            raise Refused(f"The keys are not in {file}; leave them out of the backup.")
    secret_file, vault_file = files[SECRET_KEY_FILE], files[VAULT_KEYS_FILE]
    is_in_use = {
        secret_file: secret_file.read_text(encoding="utf-8").strip() == config.secret_key,
        vault_file: set(config.vault_keys) <= set(read_ring(config.data)),
    }
    for file, is_same in is_in_use.items():
        if not is_same:
            raise Refused(
                f"The file {file} does not hold the keys that the hub works with, which come from"
                " its settings; leave them out of the backup."
            )
    return files


def _require_new_file(path: Path) -> None:
    """Raise Refused unless a file can be created under this name."""
    if path.exists():
        raise Refused(f"{path} exists already. Nothing was changed; name a new file.")
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}. Create it, or name another file.")


def require_restorable(backup: Archive, config: Config) -> None:
    """Raise an error unless a configuration has the keys of a backup and an empty database."""
    _require_keys(backup, config)
    try:
        _require_room(config, _describe_origin(backup))
    except SchemaError as error:  # its sentence says how to go on with these tables
        file = _get_sqlite_file(config)
        if file is None:
            raise
        problem = f"{file} is there already; move it away first"
        raise ArchiveUnusable(backup.path, problem) from error


def restore(
    backup: Archive, config: Config, open_app: OpenApp, who: str, progress: Progress
) -> None:
    """Put a backup into the empty database of a configuration and apply the restore rule."""
    require_restorable(backup, config)
    origin = _describe_origin(backup)
    database = _get_sqlite_file(config)
    with _temporary_folder(_choose_place(backup, config)) as folder:
        file = folder / DATABASE_FILE
        backup.extract(DATABASE_FILE, file)
        problem = _find_damage(file)
        if problem:
            raise ArchiveUnusable(backup.path, f"the database in it is damaged ({problem})")
        with _name_database(file, config):
            _prepare(open_app(replace(config, database_url=f"sqlite:///{file}")), file, who)
        if database:
            for suffix in ("", "-wal", "-shm"):
                database.with_name(database.name + suffix).unlink(missing_ok=True)
            file.replace(database)
            return
        with _name_database(file, config), _enter_application(open_app(config)) as app:
            engine.upgrade(app)
            with open_exclusively(f"sqlite:///{file}") as source:
                move.copy(source, origin, progress)
                result = move.prove(source, progress)
            move.release(who, "database copied", backup=backup.path.name, rows=result.count)


def _describe_origin(backup: Archive) -> str:
    """Return the name and time of a backup, for a database that is restored from it."""
    return f"the backup {backup.path.name} of {backup.manifest.made_at}"


def _choose_place(backup: Archive, config: Config) -> Path:
    """Return the folder in which a backup is unpacked.

    It is beside the database, which may be on another disk than the data folder; for PostgreSQL it
    is beside the backup, because the data folder of a container may be in memory.
    """
    database = _get_sqlite_file(config)
    if database:
        return database.parent
    place = backup.path.absolute().parent
    return place if os.access(place, os.W_OK) else config.data


def _prepare(app: Flask, file: Path, who: str) -> None:
    """Upgrade the tables of a backup and record that the hub was restored from it."""
    with _enter_application(app):
        engine.upgrade(app)
        restore_rule.apply(who)
    _merge_side_files(file)


def _require_keys(backup: Archive, config: Config) -> None:
    """Raise ArchiveUnusable unless the keys of the configuration open what the backup holds."""
    backup.require_signature(config.secret_key)
    present = {key_id for key_id, _ in config.vault_keys}
    newest = backup.manifest.vault_keys[0]
    if newest not in present:
        raise ArchiveUnusable(
            backup.path, f"its secrets are encrypted with the key {newest}, which vault.keys lacks"
        )


def _require_room(config: Config, origin: str) -> None:
    """Raise DatabaseNotEmpty unless the database of a configuration has no rows."""
    file = _get_sqlite_file(config)
    if file:
        if not file.exists() or not file.stat().st_size:
            return
        with open_exclusively(config.database_url) as connection:
            move.require_room(connection, origin)
        return
    address = address_without_password(config.database_url)
    with (
        move.name_database(address),
        create_standalone_engine(config.database_url).connect() as connection,
    ):
        move.require_room(connection, origin)


def _get_sqlite_file(config: Config) -> Path | None:
    """Return the SQLite file that the hub works with; None if it works with PostgreSQL."""
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "")


def _copy_sqlite(database: Path, copy_file: Path, progress: Progress) -> None:
    """Copy an SQLite file as it is at one moment, while others write to it."""
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as source,
        closing(sqlite3.connect(copy_file)) as target,
    ):
        source.execute("BEGIN")
        # SQLite takes its snapshot with the first read, not with BEGIN.
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def report(status: int, remaining: int, total: int) -> None:
            progress("copy", total - remaining, total)

        source.backup(target, pages=PAGES_PER_REPORT, progress=report)
    _merge_side_files(copy_file)


def _find_damage(file: Path) -> str:
    """Return what is damaged in an SQLite file; "" if every page can be read."""
    with closing(sqlite3.connect(file)) as connection:
        try:
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError:  # such as a full disk
            raise
        except sqlite3.DatabaseError as error:
            return str(error)
    return "" if result == "ok" else " ".join(result.split())


def _copy_postgresql(
    config: Config, copy_file: Path, open_app: OpenApp, progress: Progress
) -> None:
    """Copy a PostgreSQL database as it is at one moment into an SQLite file, and compare them."""
    with _enter_application(
        open_app(replace(config, database_url=f"sqlite:///{copy_file}"))
    ) as app:
        engine.upgrade(app)
    with _open_read_only(config.database_url) as source:
        target_engine = create_standalone_engine(f"sqlite:///{copy_file}")
        with target_engine.connect() as target:
            with target.begin():
                move.copy_rows(source, target, progress)
            move.compare(source, target, progress)
        target_engine.dispose()
    _merge_side_files(copy_file)


def _merge_side_files(file: Path) -> None:
    """Merge the write-ahead log of an SQLite database into its main file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _enter_application(app: Flask) -> Iterator[Flask]:
    """Enter the context of an application; close its connections at the end."""
    with app.app_context():
        try:
            yield app
        finally:
            engine.db.engine.dispose()


@contextmanager
def _name_database(copy_file: Path, config: Config) -> Iterator[None]:
    """Raise DatabaseUnavailable for an error of a database, which its address names.

    What SQLite cannot do now, for example because the disk is full, is an error of the copy.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        is_of_copy = isinstance(cause, sqlite3.OperationalError)
        url = f"sqlite:///{copy_file}" if is_of_copy else config.database_url
        raise DatabaseUnavailable(address_without_password(url), str(cause).strip()) from error


@contextmanager
def _open_read_only(url: str) -> Iterator[Connection]:
    """Yield a connection that sees the database as it is at one moment."""
    source_engine = create_standalone_engine(url)
    options = {}
    if source_engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with source_engine.connect().execution_options(**options) as connection:
            yield connection
    finally:
        source_engine.dispose()


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder for unfinished files that only the owner may read.

    Folders of commands that were killed are removed first: each may hold a copy of the database.
    """
    _remove_leftovers(parent)
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED_PREFIX, dir=parent))
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives lock no folders, and none is removed there
            lock_descriptor(handle)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders for unfinished files that no process has locked."""
    for folder in parent.glob(f"{UNFINISHED_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                if lock_descriptor(handle, blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)

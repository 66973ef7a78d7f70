"""Move a hub to another database: copy, prove, seal, release.

The rows are copied in one transaction, so an interrupted copy leaves nothing. The copy is marked as
unfinished until the old database is sealed. Thus at each moment at most one of the two databases
lets the hub work, and a repeated move continues with what is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from flask import Flask
from sqlalchemy import Connection, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.config import Config
from hub.context import Progress, current_hub
from hub.db import database_identity, engine
from hub.db.engine import address_without_password
from hub.errors import ConfigurationError, DatabaseUnavailable
from hub.migrations import schema
from hub.models import ActiveFolder, ConnectedCompany, DatabaseOrigin, Lease, MetricTotal
from hub.security import audit, data_origin
from hub.security.data_origin import DatabaseMoved
from hub.transfer import proof, rows
from hub.transfer.errors import DatabaseNotEmpty
from hub.transfer.exclusive import lock_tables, open_exclusively
from hub.transfer.proof import CopyProof

MOVE_LOCK = 0x6D6F7665  # PostgreSQL advisory lock: one copy into a database at a time
# They hold no content: which command made the database, which processes use it, and counts.
TABLES_OF_PROCESSES = {
    table.__tablename__ for table in (ActiveFolder, DatabaseOrigin, Lease, MetricTotal)
}
OpenApp = Callable[[Config], Flask]


@dataclass(frozen=True)
class Addresses:
    """The old and the new address of the database of a hub, without passwords."""

    old: str
    new: str


@dataclass(frozen=True)
class Move:
    """A finished move and its proof."""

    addresses: Addresses
    proof: CopyProof


def move(config: Config, url: str, open_app: OpenApp, who: str, progress: Progress) -> Move:
    """Copy the hub of this configuration to an empty PostgreSQL database, then seal the old one."""
    old, new = address_without_password(config.database_url), _require_postgresql(url)
    if old == new:
        raise ConfigurationError("--to", "names the database that the hub works with already")
    app = open_app(replace(config, database_url=url))
    with name_database(new), app.app_context():
        try:
            _require_room_or_explain(config.database_url, old)
            with open_exclusively(config.database_url) as source:
                result = _move_rows(app, source, Addresses(old, new), progress)
            # Every row is proved to be there, so the new database is no restored one; a copy of it
            # that is put back later is.
            identity = database_identity.read()
            release(who, "database moved", identity, old=old, new=new, rows=result.count)
        finally:
            engine.db.engine.dispose()
    return Move(Addresses(old, new), result)


def _move_rows(
    app: Flask, source: Connection, addresses: Addresses, progress: Progress
) -> CopyProof:
    """Copy and compare all rows, then seal the old database.

    Only the comparison is repeated if the old database was sealed and its copy not released.
    """
    is_sealed = _require_movable(source, addresses)
    engine.upgrade(app)
    with engine.db.engine.connect() as target:
        is_copied = require_room(target, addresses.old)
    if not (is_sealed and is_copied):
        copy(source, addresses.old, progress)
    result = prove(source, progress)
    with Session(source) as session:
        record = data_origin.find_or_add_record(session)
        record.moved_to = addresses.new
        record.moved_at = record.moved_at or current_hub().clock.now()
        session.flush()
    source.commit()
    return result


def copy(source: Connection, origin: str, progress: Progress) -> None:
    """Copy all rows into the application's database in one transaction.

    They are marked as an unfinished copy of `origin`. Raise HubAtWork if a process of the hub uses
    the database already: it would work with the rows before all of them are proved to be there.
    """
    with Session(source) as session:
        data_origin.find_or_add_record(session)
        session.flush()
    engine.db.engine.dispose()  # so that only connections of other processes are counted
    with engine.db.engine.connect() as target, target.begin():
        _lock(target)
        require_room(target, origin)
        lock_tables(target)
        rows.clear(target)
        copy_rows(source, target, progress)
        with Session(target) as session:
            data_origin.find_or_add_record(session).copied_from = origin
            session.flush()


def copy_rows(source: Connection, target: Connection, progress: Progress) -> None:
    """Copy all rows from one database to another one that has none."""
    total = sum(rows.count(source, table) for table in rows.list_tables())
    rows.copy_all(source, target, _build_progress_counter("copy", total, progress))


def prove(source: Connection, progress: Progress) -> CopyProof:
    """Compare the application's database with the one that it was copied from."""
    with engine.db.engine.connect() as target:
        return compare(source, target, progress)


def compare(source: Connection, target: Connection, progress: Progress) -> CopyProof:
    """Compare all rows and sums of two databases."""
    total = sum(rows.count(source, table) for table in rows.list_tables())
    return proof.compare(source, target, _build_progress_counter("prove", total, progress))


def release(
    who: str, what: str, identity: database_identity.Identity | None = None, **detail: object
) -> None:
    """Let the hub work with a copied database; record that in its audit log.

    With `identity` the companies know the database by it from the beginning.
    """
    with engine.transaction() as session:
        data_origin.find_or_add_record(session).copied_from = None
        if identity is not None:
            session.execute(update(ConnectedCompany).values(database_identity=dict(identity)))
        audit.record(session, who, what, "database", **detail)
    with suppress(DBAPIError), engine.db.engine.connect() as connection:
        connection.execute(text("ANALYZE"))  # without it PostgreSQL plans for empty tables
        connection.commit()


def require_room(target: Connection, origin: str) -> bool:
    """Return whether a database has an unfinished copy of `origin`.

    Raise DatabaseNotEmpty if it has any other rows. Rows that processes have left are allowed:
    workers may have been started before anything was copied.
    """
    present = schema.read_columns(target)
    if "copied_from" in present.get(DatabaseOrigin.__tablename__, ()):
        with Session(target) as session:
            record = data_origin.read(session)
            if record and record.copied_from == origin:
                return True
    for table in rows.list_tables():
        if table.name not in present or table.name in TABLES_OF_PROCESSES:
            continue
        if rows.count(target, table):
            raise DatabaseNotEmpty(address_without_password(target.engine.url), table.name)
    return False


def _require_room_or_explain(source_url: str, old: str) -> None:
    """Raise DatabaseNotEmpty if the application's database has other rows than a copy of `old`.

    Raise DatabaseMoved if the old database is sealed: these rows are then those of the hub.
    """
    try:
        with engine.db.engine.connect() as target:
            require_room(target, old)
    except DatabaseNotEmpty:
        with open_exclusively(source_url) as source, Session(source) as session:
            origin = data_origin.read(session)
            if origin and origin.moved_to:
                raise DatabaseMoved(old, origin.moved_to) from None
        raise


def _require_postgresql(url: str) -> str:
    """Return the address of a PostgreSQL database for people; refuse any other one."""
    engine.check_url("--to", url)
    if make_url(url).get_backend_name() == "sqlite":
        raise ConfigurationError(
            "--to",
            f"names an SQLite file; a hub moves to PostgreSQL, such as {engine.EXAMPLE_ADDRESS}",
        )
    return address_without_password(url)


def _require_movable(source: Connection, addresses: Addresses) -> bool:
    """Return whether the database is sealed for this address already; refuse any other one."""
    with Session(source) as session:
        if data_origin.is_demo(session):
            raise ConfigurationError("HUB_DATABASE_URL", "names the database of a demo")
        origin = data_origin.read(session)
    if origin is None or origin.moved_to is None:
        return False
    if origin.moved_to != addresses.new:
        raise DatabaseMoved(addresses.old, origin.moved_to)
    return True


def _lock(target: Connection) -> None:
    """Keep other copies out of a PostgreSQL database until the transaction ends."""
    target.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MOVE_LOCK})


def _build_progress_counter(phase: str, total: int, progress: Progress) -> rows.Advance:
    """Return a function that adds up the rows of a phase and reports them."""
    count = 0

    def advance(number: int) -> None:
        nonlocal count
        count += number
        progress(phase, count, total)

    return advance


@contextmanager
def name_database(address: str) -> Iterator[None]:
    """Raise DatabaseUnavailable with this address for an error of the database."""
    try:
        yield
    except DBAPIError as error:
        raise DatabaseUnavailable(address, str(error.orig).strip()) from error

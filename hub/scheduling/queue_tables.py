"""The tables of the queue: the installed package brings them, and each worker prepares them.

They are no part of the hub's revisions, because their statements belong to the release of
procrastinate that is installed, and only the distributed engine needs them. A comment on the table
of jobs names the package's newest migration that the tables contain.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

from hub.db.engine import transaction
from hub.errors import ConfigurationError

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tables of the queue', 0))")
_SELECT_EXISTS = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_NEWEST_APPLIED = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")


def prepare() -> None:
    """Create the tables of the queue, or apply the migrations that they lack.

    Workers that start at the same time take turns. Tables of a later release stay as they are.
    Raise ConfigurationError if another program made tables of the same names.
    """
    migrations = _list_package_migrations()
    newest = migrations[-1].name
    with transaction() as session:
        connection = session.connection()
        connection.execute(_LOCK)
        if not connection.scalar(_SELECT_EXISTS):
            _run(connection, SchemaManager.get_schema())
            _record(connection, newest)
            return
        newest_name = connection.scalar(_NEWEST_APPLIED)
        if newest_name is None:
            raise ConfigurationError(
                "HUB_DATABASE_URL",
                "names a database in which another program uses procrastinate; give the hub a"
                " database or a schema of its own",
            )
        for migration in migrations:
            if migration.name > newest_name:
                _run(connection, migration.read_text(encoding="utf-8"))
                _record(connection, migration.name)


def _list_package_migrations() -> list[Path]:
    """Return the migrations of the installed package; their names begin with its release."""
    folder = Path(SchemaManager.get_migrations_path())
    return sorted(folder.glob("*.sql"), key=lambda path: path.name)


def _run(connection: Connection, statements: str) -> None:
    """Execute several statements; without parameters the driver sends them all at once."""
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


def _record(connection: Connection, name: str) -> None:
    """Note the newest migration that the tables contain."""
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{name}'")

"""Compare the tables of a database with those that a revision makes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from hub.db.engine import MIGRATIONS, address_without_password, db
from hub.errors import HubError

QUEUE_PREFIX = "procrastinate_"  # begins the names of the distributed engine's tables
Columns = Mapping[str, frozenset[str]]  # the columns of each table
# Tables, and columns as "table.column", that no code of this release uses, with the release that
# ceased to. A revision of a later release may remove them.
RETIRED: Mapping[str, str] = {}


class SchemaError(HubError):
    """The tables of a database do not fit this version of the hub."""

    def __init__(self, database: object, problem: str) -> None:
        super().__init__(
            "The database %(database)s %(problem)s.", database=database, problem=problem
        )


def is_own_table(name: str | None, kind: str, parents: object = None) -> bool:
    """Tell Alembic which tables to compare: those of the queue are made by procrastinate."""
    return kind != "table" or not (name or "").startswith(QUEUE_PREFIX)


def find_newest_revision() -> str:
    """Return the newest revision, without importing Alembic."""
    return max(path.stem[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a database; None if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def require_newest(connection: Connection, *, exactly: bool = False) -> None:
    """Raise SchemaError unless the database is at the newest revision.

    Unless it must be `exactly` that one, a later revision is accepted if it only added to the
    tables: processes of two releases work side by side during an upgrade.
    """
    revision = read_revision(connection)
    if revision == find_newest_revision():
        return
    if revision is None:
        problem = "is without the hub's tables; run `hub init`"
    elif not _is_known(revision):
        if not exactly and "" < _get_oldest_working_revision(connection) <= find_newest_revision():
            return
        problem = _describe_unknown_revision(revision)
    else:
        problem = (
            f"is at revision {revision} and this version of the hub needs {find_newest_revision()};"
            " stop the hub, make a backup with the earlier version, and run `hub init`"
        )
    raise _build_error(connection, problem)


def require_upgradable(connection: Connection) -> None:
    """Raise SchemaError unless the database is empty or has the tables of its revision.

    The first revisions were rewritten several times under the same numbers before they were
    released. Applying later revisions to tables of that time would fail halfway or omit columns.
    """
    revision = read_revision(connection)
    present = read_columns(connection)
    if revision is not None and not _is_known(revision):
        raise _build_error(connection, _describe_unknown_revision(revision))
    if revision == find_newest_revision() and not RETIRED:
        expected = list_model_columns()  # the same as those of its revision, without making it
    else:
        expected = build_columns_at(revision) if revision else {}
    difference = next(_find_differences(present, expected), None)
    if difference:
        origin = f"do not match revision {revision}" if revision else "belong to no revision"
        raise _build_error(
            connection,
            f"cannot be upgraded: its tables {origin} ({difference}), so an unreleased version of"
            " the hub made them. Go on with that version, or set HUB_DATA or HUB_DATABASE_URL so"
            " that `hub init` starts an empty one",
        )


def _get_oldest_working_revision(connection: Connection) -> str:
    """Return the oldest revision whose code works with a database; "" if it does not say."""
    if "oldest_revision" not in read_columns(connection).get("database_origin", ()):
        return ""
    return connection.scalar(text("SELECT oldest_revision FROM database_origin")) or ""


def _is_known(revision: str) -> bool:
    return any((MIGRATIONS / "versions").glob(f"{revision}_*.py"))


def _describe_unknown_revision(revision: str) -> str:
    return (
        f"is at revision {revision}, which this version of the hub does not know;"
        " use the version that it was made with, or a newer one"
    )


def _build_error(connection: Connection, problem: str) -> SchemaError:
    return SchemaError(address_without_password(connection.engine.url), problem)


def read_columns(connection: Connection) -> Columns:
    """Return the columns of the hub's tables; other tables in the same database are left out."""
    inspector = inspect(connection)
    tables = set(inspector.get_table_names()) & set(db.metadata.tables)
    columns = inspector.get_multi_columns(filter_names=list(tables)) if tables else {}
    return {
        name: frozenset(column["name"] for column in table) for (_, name), table in columns.items()
    }


def list_model_columns() -> Columns:
    """Return the columns that the models say."""
    return {name: frozenset(table.columns.keys()) for name, table in db.metadata.tables.items()}


def build_columns_at(revision: str) -> Columns:
    """Return the columns that a database has at this revision, by making one in memory."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(MIGRATIONS))

    def steps(current: Any, context: MigrationContext) -> Any:
        return script._upgrade_revs(revision, current)

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"fn": steps})
        with Operations.context(context):
            context.run_migrations()
        columns = read_columns(connection)
    engine.dispose()
    return columns


def _find_differences(present: Columns, expected: Columns) -> Iterator[str]:
    for table in sorted({*present, *expected}):
        if table not in present:
            yield f"table {table} is missing"
        elif table not in expected:
            yield f"table {table} should not be there"
        for column in sorted(expected.get(table, frozenset()) - present.get(table, frozenset())):
            yield f"table {table} lacks the column {column}"
        for column in sorted(present.get(table, frozenset()) - expected.get(table, frozenset())):
            yield f"table {table} should not have the column {column}"


def find_differences_from_models(connection: Connection) -> list[str]:
    """List how the tables differ from the models: missing tables, columns and indexes, other types.

    Tables, indexes and constraints that somebody added are no difference.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(_describe(compare_metadata(context, db.metadata)))


def _describe(differences: Iterable[Any]) -> Iterator[str]:
    for difference in differences:
        if isinstance(difference, list):  # the changes of one column
            for change in difference:
                difference_kind = change[0].removeprefix("modify_")
                yield f"column {change[2]}.{change[3]} differs ({difference_kind})"
            continue
        kind, thing = difference[0], difference[-1]
        if kind == "add_table":
            yield f"table {thing.name} is missing"
        elif kind == "add_column":
            yield f"column {difference[2]}.{thing.name} is missing"
        elif kind == "remove_column":
            if f"{difference[2]}.{thing.name}" in RETIRED:
                continue
            yield f"column {difference[2]}.{thing.name} is not of this version"
        elif kind.startswith("add_"):  # an index, a constraint
            yield f"{kind.removeprefix('add_')} {thing.name} of {thing.table.name} is missing"

"""Revisions only add to tables, so code of the release before works with upgraded tables."""

from importlib.metadata import version
from itertools import pairwise

import flask_migrate
import pytest
from sqlalchemy import MetaData, String, delete, func, inspect, select, text, update

from hub.db import engine
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.models.origin import OLDEST_WORKING
from hub.security import data_origin
from tests.support import every_column

LAST_EXEMPT = "0023"  # this revision and those before it were made without the rule


def revisions_from(first):
    """Return the numbers of the revisions from this one to the newest."""
    return [f"{number:04}" for number in range(int(first), int(schema.newest()) + 1)]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, make_app, make_config):
    """Provide a hub whose database has no table."""
    values = {}
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        values["HUB_DATABASE_URL"] = request.getfixturevalue("make_database")(server)
    return make_app(make_config(**values))


class Tables:
    """The tables of a database at one revision."""

    def __init__(self, connection):
        inspector = inspect(connection)
        names = [name for name in inspector.get_table_names() if is_of_the_hub(name)]
        self.columns = {
            (name, column["name"]): column
            for name in names
            for column in inspector.get_columns(name)
        }
        self.unique = {(name, rule) for name in names for rule in unique_rules(inspector, name)}
        self.keys = {
            (name, key["constrained_columns"][0])
            for name in names
            for key in inspector.get_foreign_keys(name)
        }
        self.names = set(names)


def is_of_the_hub(name):
    return name != "alembic_version" and not name.startswith("procrastinate_")


def unique_rules(inspector, table):
    """Yield the columns of each unique rule of a table."""
    for rule in inspector.get_unique_constraints(table):
        yield tuple(rule["column_names"])
    for index in inspector.get_indexes(table):
        if index["unique"]:
            yield tuple(index["column_names"])


def contractions(before, after, retired):
    """Yield how the later tables refuse what code for the earlier ones writes or reads."""
    for name in before.names - after.names:
        if name not in retired:
            yield f"table {name} was removed"
    for (table, name), old in before.columns.items():
        new = after.columns.get((table, name))
        place = f"{table}.{name}"
        if new is None:
            if table in after.names and place not in retired:
                yield f"column {place} was removed"
            continue
        if old["nullable"] and not new["nullable"]:
            yield f"column {place} became NOT NULL"
        if is_narrower(old["type"], new["type"]):
            yield f"the type of column {place} changed from {old['type']} to {new['type']}"
    for (table, name), new in after.columns.items():
        is_new = table in before.names and (table, name) not in before.columns
        if is_new and not new["nullable"] and new["default"] is None:
            yield f"new column {table}.{name} is NOT NULL without a server default"
    for table, columns in after.unique - before.unique:
        old_columns = [column for column in columns if (table, column) in before.columns]
        if table in before.names and len(old_columns) == len(columns):
            yield f"{table} ({', '.join(columns)}) became unique"
    for table, column in after.keys - before.keys:
        if (table, column) in before.columns:
            yield f"column {table}.{column} became a reference"


def is_narrower(old, new):
    """Return whether a type holds less than the one before, or something else."""
    if isinstance(old, String) and isinstance(new, String):
        return new.length is not None and (old.length is None or new.length < old.length)
    return str(old) != str(new)


def test_revisions_only_add_to_the_tables(empty):
    engine.migrations(empty)
    with empty.app_context():
        tables = {}
        for revision in revisions_from(LAST_EXEMPT):
            flask_migrate.upgrade(revision=revision)
            with engine.db.engine.connect() as connection:
                tables[revision] = Tables(connection)
    for earlier, later in pairwise(tables):
        metadata_by_revision = list(contractions(tables[earlier], tables[later], schema.RETIRED))
        assert metadata_by_revision == [], (
            f"Revision {later} contracts tables: see CONTRIBUTING.md, Migrations."
        )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DROP TABLE cursor", "table cursor was removed"),
        ("ALTER TABLE company DROP COLUMN country", "column company.country was removed"),
        ("ALTER TABLE company RENAME COLUMN country TO land", "column company.country was removed"),
        (
            "ALTER TABLE company ALTER COLUMN next_try_at SET NOT NULL",
            "next_try_at became NOT NULL",
        ),
        (
            "ALTER TABLE company ALTER COLUMN name TYPE VARCHAR(10)",
            "the type of column company.name",
        ),
        ("ALTER TABLE company ALTER COLUMN sends TYPE TEXT", "the type of column company.sends"),
        ("ALTER TABLE company ADD COLUMN x TEXT NOT NULL", "company.x is NOT NULL without"),
        (
            "CREATE UNIQUE INDEX x ON company (name, country)",
            "company (name, country) became unique",
        ),
        (
            "ALTER TABLE company ADD FOREIGN KEY (sends) REFERENCES run (id)",
            "sends became a reference",
        ),
    ],
)
def test_the_check_finds_each_kind_of_contraction(pg_app, change, problem):
    with engine.db.engine.connect() as connection:
        before = Tables(connection)
        connection.execute(text(change))
        after = Tables(connection)
        connection.rollback()
    assert [
        True for problem_found in contractions(before, after, {}) if problem in problem_found
    ] != []
    assert list(contractions(before, before, {})) == []


def test_what_was_retired_by_an_earlier_release_may_go(pg_app):
    with engine.db.engine.connect() as connection:
        before = Tables(connection)
        connection.execute(text("ALTER TABLE company DROP COLUMN country"))
        after = Tables(connection)
        connection.rollback()
    assert list(contractions(before, after, {"company.country": "0.1.0"})) == []


def test_retired_columns_belong_to_an_earlier_release_and_to_no_model():
    this = tuple(map(int, version("qbo-hub").split(".")[:3]))
    used = {f"{table.name}.{column.name}" for table in tables() for column in table.columns}
    used |= {table.name for table in tables()}
    for place, release in schema.RETIRED.items():
        assert tuple(map(int, release.split("."))) <= this
        assert place not in used


def tables():
    return engine.db.metadata.tables.values()


def test_code_of_each_earlier_revision_can_write_to_the_newest_tables(empty):
    """Add, change and remove rows with exactly the columns of an earlier release."""
    engine.migrations(empty)
    metadata_by_revision = {}
    with empty.app_context():
        for revision in revisions_from(LAST_EXEMPT):
            flask_migrate.upgrade(revision=revision)
            if revision >= OLDEST_WORKING or revision == LAST_EXEMPT:
                metadata_by_revision[revision] = reflected()
        for metadata in metadata_by_revision.values():
            with engine.db.engine.connect() as connection:
                write_and_read(connection, metadata.sorted_tables)
                connection.rollback()
    assert LAST_EXEMPT in metadata_by_revision


def reflected():
    """Return the tables as they are now."""
    metadata = MetaData()
    metadata.reflect(engine.db.engine, only=lambda name, _: is_of_the_hub(name))
    return metadata


def write_and_read(connection, earlier_tables):
    """Add a row to each table, read it, change it and remove it again."""
    every_column.fill(connection, earlier_tables, 1)
    for table in earlier_tables:
        values = every_column.row_of(table, 1, 1)
        assert len(connection.execute(select(*table.columns)).one()) == len(values)
        plain = {c.name: values[c.name] for c in table.columns if not c.primary_key}
        if plain:
            connection.execute(update(table).values(plain))
    for table in reversed(earlier_tables):
        assert connection.execute(delete(table)).rowcount == 1
        assert connection.scalar(select(func.count()).select_from(table)) == 0


# -- starting an older version ---------------------------------------------------------------------


def set_revision(session, revision):
    session.execute(
        text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
    )


def test_an_older_version_starts_on_tables_that_a_newer_one_extended(app):
    data_origin.mark_database(data_origin.INIT)
    with engine.transaction() as session:
        set_revision(session, "9999")
    with engine.reading() as session:
        schema.require_newest(session.connection())


@pytest.mark.parametrize("oldest", ["", "9998"])
def test_an_older_version_does_not_start_on_tables_that_it_cannot_use(app, oldest):
    data_origin.mark_database(data_origin.INIT)
    with engine.transaction() as session:
        set_revision(session, "9999")
        values = {"oldest": oldest}
        session.execute(text("UPDATE database_origin SET oldest_revision = :oldest"), values)
    with engine.reading() as session, pytest.raises(SchemaError, match="revision 9999"):
        schema.require_newest(session.connection())

"""Revisions only add to tables, so code of the release before works with upgraded tables."""

from importlib.metadata import version
from itertools import pairwise

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, String, UniqueConstraint, delete, func, select, text, update

from hub.db import engine
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.models.origin import OLDEST_WORKING
from hub.security import data_origin
from tests.support.rows import every_column
from tests.support.runs.tiers import by_form
from tests.support.servers.database_fixtures import created_database

LAST_EXEMPT = "0023"  # this revision and those before it were made without the rule


def revisions_from(first):
    """Return the numbers of the revisions from this one to the newest."""
    return [f"{number:04}" for number in range(int(first), int(schema.find_newest_revision()) + 1)]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def upgraded(request, tmp_path_factory):
    """Upgrade an empty database step by step; provide its engine and its tables at each step."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        with created_database(server) as url:
            yield UpgradedDatabase(url)
    else:
        yield UpgradedDatabase(f"sqlite:///{tmp_path_factory.mktemp('upgraded')}/hub.db")


class UpgradedDatabase:
    """A database at the newest revision, and its tables at each revision that has the rule."""

    def __init__(self, url):
        self.engine = engine.create_standalone_engine(url)
        self.tables = {}
        script = ScriptDirectory(str(engine.MIGRATIONS))
        options = {
            "fn": lambda current, context: script._upgrade_revs("head", current),
            "on_version_apply": (self._note,),
        }
        with self.engine.begin() as connection:
            context = MigrationContext.configure(connection, opts=options)
            with Operations.context(context):
                context.run_migrations()

    def _note(self, ctx, step, **_):
        """Keep the tables that a revision has just made."""
        if step.up_revision_id >= LAST_EXEMPT:
            self.tables[step.up_revision_id] = Tables(ctx.connection)


class Tables:
    """The tables of a database at one revision."""

    def __init__(self, connection):
        self.metadata = MetaData()
        self.metadata.reflect(connection, only=lambda name, _: is_of_the_hub(name))
        tables = self.metadata.tables.values()
        self.names = {table.name for table in tables}
        self.columns = {(table.name, c.name): c for table in tables for c in table.columns}
        self.unique = {
            (table.name, tuple(rule.columns.keys()))
            for table in tables
            for rule in (*table.constraints, *table.indexes)
            if isinstance(rule, UniqueConstraint) or getattr(rule, "unique", False)
        }
        self.keys = {
            (table.name, key.parent.name) for table in tables for key in table.foreign_keys
        }


def is_of_the_hub(name):
    return name != "alembic_version" and not name.startswith("procrastinate_")


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
        if old.nullable and not new.nullable:
            yield f"column {place} became NOT NULL"
        if is_narrower(old.type, new.type):
            yield f"the type of column {place} changed from {old.type} to {new.type}"
    for (table, name), new in after.columns.items():
        is_new = table in before.names and (table, name) not in before.columns
        if is_new and not new.nullable and new.server_default is None:
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


def test_revisions_only_add_to_the_tables(upgraded):
    tables = upgraded.tables
    assert list(tables) == revisions_from(LAST_EXEMPT)
    for earlier, later in pairwise(tables):
        assert list(contractions(tables[earlier], tables[later], schema.RETIRED)) == [], (
            f"Revision {later} contracts tables: see CONTRIBUTING.md, Migrations."
        )


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("upgraded", ["postgres"], indirect=True)
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
def test_the_check_finds_each_kind_of_contraction(upgraded, change, problem):
    before, after = (
        upgraded.tables[schema.find_newest_revision()],
        tables_after(upgraded.engine, change),
    )
    assert [
        contraction for contraction in contractions(before, after, {}) if problem in contraction
    ] != []
    assert list(contractions(before, before, {})) == []


@pytest.mark.parametrize("upgraded", ["postgres"], indirect=True)
def test_a_column_retired_by_an_earlier_release_may_be_dropped(upgraded):
    change = "ALTER TABLE company DROP COLUMN country"
    before, after = (
        upgraded.tables[schema.find_newest_revision()],
        tables_after(upgraded.engine, change),
    )
    assert list(contractions(before, after, {"company.country": "0.1.0"})) == []


def tables_after(database, change):
    """Return the tables that a database would have after a change."""
    with database.connect() as connection:
        connection.execute(text(change))
        after = Tables(connection)
        connection.rollback()
    return after


def test_retired_columns_belong_to_an_earlier_release_and_to_no_model():
    this = tuple(map(int, version("qbo-hub").split(".")[:3]))
    used = {f"{table.name}.{column.name}" for table in tables() for column in table.columns}
    used |= {table.name for table in tables()}
    for place, release in schema.RETIRED.items():
        assert tuple(map(int, release.split("."))) <= this
        assert place not in used


def tables():
    return engine.db.metadata.tables.values()


@pytest.mark.proof
def test_code_of_each_earlier_revision_can_write_to_the_newest_tables(upgraded):
    """Add, change and remove rows with exactly the columns of an earlier release.

    The small form takes the two oldest and the two newest revisions, the full form some between.
    """
    revisions = [LAST_EXEMPT, *revisions_from(OLDEST_WORKING)]
    ends = revisions[:2] + revisions[-2:]
    some = ends[:2] + revisions[2:-2:4] + ends[2:]
    for revision in by_form(ends, some, revisions):
        with upgraded.engine.connect() as connection:
            write_and_read(connection, upgraded.tables[revision].metadata.sorted_tables)
            connection.rollback()


def write_and_read(connection, earlier_tables):
    """Add a row to each table, read it, change it and remove it again."""
    every_column.fill(connection, earlier_tables, 1)
    for table in earlier_tables:
        values = every_column.row_of(table, 1, 1)
        target = every_column.plain_table(table)
        assert len(connection.execute(select(*target.columns)).one()) == len(values)
        plain = {c.name: values[c.name] for c in table.columns if not c.primary_key}
        if plain:
            connection.execute(update(target).values(plain))
    for table in reversed(earlier_tables):
        target = every_column.plain_table(table)
        assert connection.execute(delete(target)).rowcount == 1
        assert connection.scalar(select(func.count()).select_from(target)) == 0


# -- starting an older version ---------------------------------------------------------------------


def set_revision(session, revision):
    session.execute(
        text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
    )


def test_an_older_version_starts_on_tables_that_a_newer_one_extended(app):
    data_origin.mark_database(data_origin.INIT)
    with engine.transaction() as session:
        set_revision(session, "9999")
    with engine.read_only_session() as session:
        schema.require_newest(session.connection())


@pytest.mark.parametrize("oldest", ["", "9998"])
def test_an_older_version_does_not_start_on_tables_that_it_cannot_use(app, oldest):
    data_origin.mark_database(data_origin.INIT)
    with engine.transaction() as session:
        set_revision(session, "9999")
        values = {"oldest": oldest}
        session.execute(text("UPDATE database_origin SET oldest_revision = :oldest"), values)
    with engine.read_only_session() as session, pytest.raises(SchemaError, match="revision 9999"):
        schema.require_newest(session.connection())

"""The tables of the queue are those of the installed package, however old they were."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from hub.db.engine import db, transaction
from hub.errors import ConfigurationError
from hub.scheduling import queue_tables

JOBS = "procrastinate_jobs"


@pytest.fixture
def app(make_process):
    """Provide a hub on a database without the tables of the queue."""
    app = make_process("one")
    with app.app_context():
        remove_tables()
        yield app
        remove_tables()
        queue_tables.prepare()  # databases are used again by other tests


def remove_tables():
    """Remove tables, functions and types of the queue."""
    query = (
        "SELECT 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p"
        " WHERE starts_with(p.proname, 'procrastinate_') UNION ALL"
        " SELECT 'TYPE ' || typname FROM pg_type WHERE typtype IN ('c', 'e')"
        " AND typrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 'r')"
        " AND starts_with(typname, 'procrastinate_')"
    )
    with transaction() as session:
        for name in tables():
            session.execute(text(f"DROP TABLE {name} CASCADE"))
        for thing in session.scalars(text(query)).all():
            session.execute(text(f"DROP {thing} CASCADE"))


def tables():
    names = inspect(db.engine).get_table_names()
    return {name for name in names if name.startswith(("procrastinate_", "added_later"))}


def newest_applied():
    with transaction() as session:
        return session.scalar(text(f"SELECT obj_description('{JOBS}'::regclass, 'pg_class')"))


@pytest.fixture
def later_release(tmp_path, monkeypatch):
    """Add a migration as a later release of the package has; return its name."""
    migration = tmp_path / "99.00.00_01_later.sql"
    migration.write_text("CREATE TABLE added_later (a int); INSERT INTO added_later VALUES (1);")
    present = queue_tables._list_package_migrations()
    monkeypatch.setattr(queue_tables, "_list_package_migrations", lambda: [*present, migration])
    return migration.name


def test_the_first_worker_creates_the_tables(app):
    queue_tables.prepare()
    assert JOBS in tables()
    assert newest_applied() == queue_tables._list_package_migrations()[-1].name
    queue_tables.prepare()
    assert JOBS in tables()


def test_workers_that_start_at_the_same_time_take_turns(app):
    def prepare(_):
        with app.app_context():
            queue_tables.prepare()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(prepare, range(4))) == [None] * 4
    assert JOBS in tables()


def test_a_later_release_applies_its_migrations_once(app, monkeypatch, request):
    queue_tables.prepare()
    later = request.getfixturevalue("later_release")
    for _ in range(2):
        queue_tables.prepare()
        with transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM added_later")) == 1
    assert newest_applied() == later


def test_tables_of_a_later_release_stay_as_they_are(app):
    queue_tables.prepare()
    with transaction() as session:
        session.execute(text(f"COMMENT ON TABLE {JOBS} IS '99.00.00_01_later.sql'"))
    queue_tables.prepare()
    assert newest_applied() == "99.00.00_01_later.sql"


def test_tables_of_another_program_are_refused(app):
    with transaction() as session:
        session.execute(text(f"CREATE TABLE {JOBS} (id int)"))
    with pytest.raises(ConfigurationError, match="another program uses procrastinate"):
        queue_tables.prepare()


def test_the_package_names_its_migrations_by_release():
    names = [path.name for path in queue_tables._list_package_migrations()]
    assert len(names) > 20
    assert all(Path(name).suffix == ".sql" and name[0].isdigit() for name in names)

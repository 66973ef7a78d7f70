"""An upgrade of PostgreSQL leaves the transactions of running processes alone."""

import flask_migrate
import pytest
from sqlalchemy import inspect, text

from hub.clock import SystemClock
from hub.db import engine
from hub.db.database_errors import LOCK_NOT_AVAILABLE
from hub.migrations import schema
from tests.support.servers.blocked_transactions import block, collect_error_codes

BEFORE = "0049"  # the next revisions change the documents first and the postings after them
LONGER_THAN_THE_LIMIT = text("SELECT pg_sleep(0.4)")


@pytest.fixture
def earlier_app(pg_app):
    """Provide a hub with the tables of an earlier revision."""
    engine.bind_migrations(pg_app)
    flask_migrate.downgrade(revision=BEFORE)
    return pg_app


@pytest.fixture
def error_codes(earlier_app):
    """Return a list that gets the code of each error of PostgreSQL from now on."""
    return collect_error_codes()


def read(table):
    """Return a function that reads a table, and so keeps an upgrade from changing it."""
    return lambda session: session.execute(text(f"SELECT count(*) FROM {table}"))


def require_newest_tables():
    with engine.read_only_session() as session:
        schema.require_newest(session.connection(), exactly=True)
        columns = inspect(session.connection()).get_columns("posting")
    assert "overwrite_permitted" in {column["name"] for column in columns}


def test_an_upgrade_gives_way_to_a_transaction_that_needs_a_table_it_has_changed(
    earlier_app, error_codes
):
    block(
        earlier_app, lambda: engine.upgrade(earlier_app), read("posting"), read("source_document")
    )
    assert set(error_codes) == {LOCK_NOT_AVAILABLE}  # no deadlock, which PostgreSQL resolves
    require_newest_tables()


def test_an_upgrade_that_gave_way_for_a_minute_waits_for_its_tables(
    earlier_app, error_codes, monkeypatch
):
    times = iter((0.0, 100.0))
    monkeypatch.setattr(SystemClock, "monotonic", lambda clock: next(times))
    block(
        earlier_app,
        lambda: engine.upgrade(earlier_app),
        read("posting"),
        lambda session: session.execute(LONGER_THAN_THE_LIMIT),
    )
    assert error_codes == []
    require_newest_tables()

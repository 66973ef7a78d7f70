"""The pool of PostgreSQL databases for tests: the next test gets none of the last one's state."""

from pathlib import Path

import psycopg

from tests.support.servers import postgresql_pool
from tests.support.servers.database_fixtures import create_tables, created_database

CHANGES = (
    "INSERT INTO shared_rate_limit (realm, version, state) VALUES ('1', 1, '')",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_indexscan = off',"
    " current_database()); END $$",
)


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_rows_and_settings_of_a_database_do_not_reach_the_next_test(
    postgres: str, tmp_path: Path
) -> None:
    with created_database(postgres) as url:
        create_tables(url, tmp_path)
        for statement in CHANGES:
            _execute(url, statement)
        assert postgresql_pool.empty(url, url)
        assert _execute(url, "SELECT count(*) FROM shared_rate_limit") == [(0,)]
        assert _execute(url, "SHOW enable_indexscan") == [("on",)]

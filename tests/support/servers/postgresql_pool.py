"""A pool of empty PostgreSQL databases, because creating one is slow."""

from functools import cache
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from hub.migrations import schema

END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
TABLES = """
SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2
"""
REMOVE_ROWS_AND_SETTINGS = """
DO $$
DECLARE
    "table" text;
    has_rows boolean;
    filled text[];
BEGIN
    FOR "table" IN
        SELECT oid::regclass::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || "table" || ')' INTO has_rows;
        IF has_rows THEN
            filled := array_append(filled, "table");
        END IF;
    END LOOP;
    IF filled IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
    END IF;
    EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
    PERFORM setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$
"""


def empty(url: str, template: str) -> bool:
    """Remove every row from a database, except that of its revision, and its own settings.

    Return False if it has other tables than its template, or another revision.
    """
    with _connect(url) as connection:
        connection.execute(END_OTHERS)
        if _tables(connection) != _tables_at(template):
            return False
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if revision != [(schema.find_newest_revision(),)]:
            return False
        connection.execute(REMOVE_ROWS_AND_SETTINGS)
        return True


def _connect(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


def _tables(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(TABLES).fetchall()


@cache
def _tables_at(url: str) -> list[Any]:
    with _connect(url) as connection:
        return _tables(connection)

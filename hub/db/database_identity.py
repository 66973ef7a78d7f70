"""The identity of a database: values that change when it is restored or replaced."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.db.engine import db, translate_errors

STARTED_AT = "started_at"
# The server and the machine that it began on, its history, the database, the file of the table of
# postings, and when the server was started.
IDENTITY_QUERIES = {
    "system": "SELECT system_identifier::text FROM pg_control_system()",
    "timeline": "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)",
    "database": "SELECT oid::text FROM pg_database WHERE datname = current_database()",
    "postings": "SELECT pg_relation_filenode('posting')::text",
    STARTED_AT: "SELECT extract(epoch FROM pg_postmaster_start_time())::text",
}

Identity = Mapping[str, str | None]


class IdentityDifference(StrEnum):
    """The meaning of the difference between two identities."""

    NONE = "none"
    RESTARTED = "restarted"
    REPLACED = "replaced"


def read() -> dict[str, str | None]:
    """Return the identity of the database; None for a value that may not be read."""
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with translate_errors(), engine.connect() as connection:
        return read_from(connection)


def read_from(connection: Connection) -> dict[str, str | None]:
    """Return the identity of the database of a connection on which each statement is committed."""
    columns = ", ".join(f"({query})" for query in IDENTITY_QUERIES.values())
    try:
        values = connection.execute(text(f"SELECT {columns}")).one()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return {name: _read_value(connection, query) for name, query in IDENTITY_QUERIES.items()}
    return dict(zip(IDENTITY_QUERIES, values, strict=True))


def compare(stored_identity: Identity | None, current: Identity) -> IdentityDifference:
    """Return what has happened to the database since an identity was stored.

    After a restart of the server, only its start time differs. If a value cannot be read, a restart
    cannot be told from a restored backup.
    """
    is_complete = None not in current.values()
    if stored_identity is None:
        return IdentityDifference.NONE if is_complete else IdentityDifference.REPLACED
    differing = {name for name, value in current.items() if stored_identity.get(name) != value}
    if current[STARTED_AT] is None:
        return IdentityDifference.REPLACED
    if not differing:
        return IdentityDifference.NONE
    if differing == {STARTED_AT} and is_complete:
        return IdentityDifference.RESTARTED
    return IdentityDifference.REPLACED


def _read_value(connection: Connection, query: str) -> str | None:
    """Return one value; None if the role may not read it, or the server does not have it."""
    try:
        value: str | None = connection.execute(text(query)).scalar_one_or_none()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return None
    return value

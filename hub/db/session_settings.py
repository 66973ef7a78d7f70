"""Detect sessions of PostgreSQL without the settings that the hub asks for when it connects.

A pooler may drop them, as PgBouncer does with `ignore_startup_parameters = options`. The sessions
then have the defaults of the server, the database or the role.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import text

from hub.db.database_encoding import require_unicode
from hub.db.engine import (
    BUSY_SECONDS,
    DATABASE_SETTING,
    IDLE_TRANSACTION_SECONDS,
    db,
    read_only_session,
    translate_errors,
)
from hub.db.session_pooling import require_own_sessions
from hub.errors import ConfigurationError

_SELECT_SETTINGS = text("""
    SELECT quote_ident(current_user), current_setting('DateStyle'),
        current_setting('default_transaction_isolation'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout')
""")
TIME_STYLE = "ISO"
ISOLATION = "read committed"
UNLIMITED = "0"


class _Settings(NamedTuple):
    """The settings of a session of the hub, and the role to which it belongs."""

    role: str
    time_style: str
    isolation: str
    lock_timeout: str
    idle_timeout: str


def require_usable_sessions() -> None:
    """Raise ConfigurationError if the hub cannot work with its sessions of PostgreSQL.

    A connection keeps its session. The hub's driver reads moments in one style only, and its
    transactions are written for one isolation.
    """
    with translate_errors():
        require_unicode(db.engine, DATABASE_SETTING)
    require_own_sessions()
    settings = _read()
    if settings is None:
        return
    for name, value, target in (
        ("DateStyle", settings.time_style.split(",")[0], TIME_STYLE),
        ("default_transaction_isolation", settings.isolation, ISOLATION),
    ):
        if value != target:
            raise ConfigurationError(
                DATABASE_SETTING,
                f"leads to sessions of PostgreSQL whose {name} is '{value}' instead of '{target}':"
                " a pooler drops what the hub asks for, as PgBouncer does with"
                " ignore_startup_parameters = options, or the address asks for it. Set it for the"
                f" role of the hub, `ALTER ROLE {settings.role} SET {name} = '{target}'`, and let"
                " the pooler connect again",
            )


def find_problems() -> Iterator[str]:
    """Yield why the hub cannot work with its sessions, and which time limits they do not have."""
    try:
        require_usable_sessions()
    except ConfigurationError as error:
        yield error.text.rstrip(".")
    yield from _find_missing_limits()


def _find_missing_limits() -> Iterator[str]:
    settings = _read()
    if settings is None:
        return
    for name, value, seconds in (
        ("lock_timeout", settings.lock_timeout, BUSY_SECONDS),
        ("idle_in_transaction_session_timeout", settings.idle_timeout, IDLE_TRANSACTION_SECONDS),
    ):
        if value == UNLIMITED:
            yield (
                f"{DATABASE_SETTING} leads to sessions of PostgreSQL without {name}: a pooler drops"
                " what the hub asks for. Set it for the role of the hub,"
                f" `ALTER ROLE {settings.role} SET {name} = '{seconds:g}s'`, and let the pooler"
                " connect again"
            )


def _read() -> _Settings | None:
    """Return the settings of a session; None on SQLite."""
    if db.engine.dialect.name != "postgresql":
        return None
    with read_only_session() as session:
        return _Settings(*session.execute(_SELECT_SETTINGS).one())

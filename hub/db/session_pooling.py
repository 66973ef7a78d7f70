"""Detect a pooler that changes the sessions of PostgreSQL between transactions.

Advisory locks and notifications belong to a session of the server. Behind a pooler in transaction
mode a lock stays with a session that the next client uses, and notifications reach nobody.
"""

from sqlalchemy import text

from hub.db.engine import DATABASE_SETTING, db, translate_errors
from hub.errors import ConfigurationError

PROBE_ROUNDS = 3  # a pooler may give a connection the same session again by chance
_SELECT_SESSION = text("SELECT pg_backend_pid()")


def require_own_sessions() -> None:
    """Raise ConfigurationError if a connection does not keep its session of PostgreSQL."""
    if db.engine.dialect.name == "postgresql" and changes_sessions():
        raise ConfigurationError(
            DATABASE_SETTING,
            "leads to a pooler that changes the session of PostgreSQL between transactions, as"
            " PgBouncer does with pool_mode=transaction, and locks of the hub are lost there; set"
            " it to the address of PostgreSQL itself, or of a pooler with pool_mode=session",
        )


def changes_sessions() -> bool:
    """Return whether the session of a connection changes while another one has a transaction.

    A pooler gives an idle session to whichever connection begins a transaction. It is noticed if
    both connections were in the same session, or if the first one has another session than before.
    """
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with translate_errors(), engine.connect() as first, db.engine.connect() as second:
        for _ in range(PROBE_ROUNDS):
            session = first.scalar(_SELECT_SESSION)
            with second.begin():
                is_shared = session == second.scalar(_SELECT_SESSION)
                if is_shared or session != first.scalar(_SELECT_SESSION):
                    return True
    return False

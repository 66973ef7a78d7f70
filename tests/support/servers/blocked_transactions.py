"""Wait until a transaction of PostgreSQL waits for a row that another one holds."""

import threading

from sqlalchemy import text
from sqlalchemy.orm import Session

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")


def wait_until_blocked(session: Session) -> None:
    """Wait until another transaction of the database waits for a row of this one."""
    pause = threading.Event()
    for _ in range(1000):
        if session.scalar(WAITING):
            return
        pause.wait(0.01)
    raise AssertionError("nobody waits")

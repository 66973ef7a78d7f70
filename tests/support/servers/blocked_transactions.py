"""Transactions of PostgreSQL that wait for rows or tables of each other."""

import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session

from hub.db.engine import db, transaction

# Tests that run at the same time share the server, and the locks of all databases are listed.
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'relation')"
    " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)
END_SECONDS = 60  # after which an act that was blocked must have ended


def collect_error_codes() -> list[str | None]:
    """Return a list that gets the code of each error of PostgreSQL from now on."""
    codes: list[str | None] = []

    def add_code(context: ExceptionContext) -> None:
        codes.append(getattr(context.original_exception, "sqlstate", None))

    event.listen(db.engine, "handle_error", add_code)
    return codes


def wait_until_blocked(session: Session) -> None:
    """Wait until another transaction of the database waits for a row or table of this one."""
    pause = threading.Event()
    for _ in range(1000):
        if session.scalar(WAITING):
            return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


def block(
    app: Flask,
    act: Callable[[], object],
    take_first: Callable[[Session], object],
    take_then: Callable[[Session], object],
) -> None:
    """Do an act while another transaction holds a lock, and takes another one when the act waits.

    If the act has the other lock by then, PostgreSQL undoes the transaction of the act. Raise the
    error with which the act ends.
    """
    errors: list[Exception] = []

    def run() -> None:
        with app.app_context():
            try:
                act()
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=run)
    with transaction() as session:
        session.execute(text(f"SET LOCAL deadlock_timeout = '{END_SECONDS}s'"))
        take_first(session)
        thread.start()
        wait_until_blocked(session)
        take_then(session)
    thread.join(END_SECONDS)
    assert not thread.is_alive()
    for error in errors:
        raise error


def start_beside(app: Flask, session: Session, act: Callable[[], object]) -> threading.Thread:
    """Start an act in another thread; return once it has ended or waits for this transaction."""

    def run() -> None:
        with app.app_context():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    pause = threading.Event()
    while thread.is_alive() and not session.scalar(WAITING):
        pause.wait(0.01)
    return thread

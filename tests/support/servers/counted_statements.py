"""Counts of the statements that a test executes, and of SQLite's steps for them."""

from collections import Counter
from contextlib import contextmanager

from sqlalchemy import event

from hub.db.engine import db


@contextmanager
def count_statements():
    """Count how often each statement is executed, and the steps that SQLite takes for it."""
    times, steps, now = Counter(), Counter(), [""]

    def note_statement(connection, cursor, statement, parameters, context, many):
        now[0] = statement
        times[statement] += 1

    def count_steps(connection):
        connection.connection.driver_connection.set_progress_handler(
            lambda: steps.update((now[0],)), 1
        )

    event.listen(db.engine, "before_cursor_execute", note_statement)
    event.listen(db.engine, "begin", count_steps)
    try:
        yield times, steps
    finally:
        event.remove(db.engine, "before_cursor_execute", note_statement)
        event.remove(db.engine, "begin", count_steps)
        db.engine.dispose()

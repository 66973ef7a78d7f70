"""Databases that outlive a process that is killed, and need not outlive the machine: nothing waits for the disk."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from hub import store


def make_volatile(app: Flask) -> Flask:
    """From now on what this hub writes is left to the operating system to bring to the disk."""
    with app.app_context():
        if store.db.engine.dialect.name == "sqlite":
            event.listen(store.db.engine, "connect", _hurry)
            store.db.engine.dispose()
    return app


def _hurry(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")

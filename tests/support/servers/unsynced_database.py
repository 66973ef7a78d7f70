"""Databases that survive a killed process but not the machine, which saves disk syncs."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from hub.db import engine


def make_volatile(app: Flask) -> Flask:
    """Disable disk syncs for everything that this hub writes."""
    with app.app_context():
        if engine.db.engine.dialect.name == "sqlite":
            event.listen(engine.db.engine, "connect", _disable_disk_syncs)
            engine.db.engine.dispose()
    return app


def _disable_disk_syncs(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")

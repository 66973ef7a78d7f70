"""Back up the database of a hub, and restore it to an earlier state."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from flask import Flask

from hub.db.engine import db


def back_up(file: Path) -> None:
    """Copy the database to a file, in place of an earlier copy."""
    database = db.engine.url.database or ""
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as rows, closing(sqlite3.connect(file)) as copy:
        rows.backup(copy)
        # All of the copy is then in this one file.
        copy.execute("PRAGMA journal_mode=DELETE")


def restore_from(file: Path) -> None:
    """Replace the database with a copy of it."""
    database = Path(db.engine.url.database or "")
    db.engine.dispose()
    for old in database.parent.glob("hub.db*"):
        old.unlink()
    database.write_bytes(file.read_bytes())


def put_back(app: Flask, folder: Path, change: Callable[[], object]) -> None:
    """Restore the database to its state before `change`, in a new process."""
    file = folder / "backup.db"
    back_up(file)
    change()
    restore_from(file)
    app.extensions.pop("hub.posting", None)

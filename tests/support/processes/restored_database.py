"""Back up the database of a hub, and restore it to an earlier state."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from flask import Flask

from hub.db.engine import db


def copy_database(database: Path, file: Path) -> None:
    """Copy an SQLite database as it is committed to a file, in place of an earlier copy."""
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as rows, closing(sqlite3.connect(file)) as copy:
        rows.backup(copy)
        # All of the copy is then in this one file.
        copy.execute("PRAGMA journal_mode=DELETE")


def replace_database(database: Path, file: Path) -> None:
    """Replace an SQLite database, to which nothing is connected, with a copy of it."""
    for old in database.parent.glob(f"{database.name}*"):
        old.unlink()
    shutil.copy(file, database)


def back_up(file: Path) -> None:
    """Copy the database of this hub to a file."""
    copy_database(Path(db.engine.url.database or ""), file)


def restore_from(file: Path) -> None:
    """Replace the database of this hub with a copy of it."""
    db.engine.dispose()
    replace_database(Path(db.engine.url.database or ""), file)


def put_back(app: Flask, folder: Path, change: Callable[[], object]) -> None:
    """Restore the database to its state before `change`, in a new process."""
    file = folder / "backup.db"
    back_up(file)
    change()
    restore_from(file)
    app.extensions.pop("hub.posting", None)

"""Restore the database of a hub to an earlier state, as from a copy of its file."""

import shutil
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from hub.db.engine import db


def put_back(app: Flask, folder: Path, change: Callable[[], object]) -> None:
    """Restore the database to its state before `change`, in a new process."""
    path = app.extensions["hub"].config.data / "hub.db"
    db.engine.dispose()
    shutil.copy(path, folder / "backup.db")
    change()
    db.engine.dispose()
    for old in path.parent.glob("hub.db*"):
        old.unlink()
    shutil.copy(folder / "backup.db", path)
    app.extensions.pop("hub.posting", None)

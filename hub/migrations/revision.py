"""Write the next revision: the difference between the models and the revisions so far."""

import sys
import tempfile
from pathlib import Path

import flask_migrate
from flask import Flask

from hub import models
from hub.db import engine
from hub.migrations import schema

__all__ = ["main", "models"]  # the models declare the tables


def main(message: str) -> None:
    """Write the difference between the models and the newest revision as the next revision."""
    number = f"{int(schema.find_newest_revision()) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        app = Flask("hub")
        engine.init_app(app, f"sqlite:///{Path(folder) / 'newest.db'}")
        engine.upgrade(app)
        with app.app_context():
            flask_migrate.revision(message=message, autogenerate=True, rev_id=number)
            engine.db.engine.dispose()
    path = next((engine.MIGRATIONS / "versions").glob(f"{number}_*.py"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))

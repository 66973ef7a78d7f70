"""Writes the first revisions anew, one for each module of the models; of use until the first release."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import Table

from hub import models, store

ORDER = (
    "installations",
    "people",
    "lists",
    "runs",
    "postings",
    "cases",
)  # each refers to itself and those before it only


def main() -> None:
    """Compares the models, module by module, with a database that has the tables of the ones before."""
    versions = store.MIGRATIONS / "versions"
    for old in versions.glob("*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        app = Flask("hub")
        store.init_app(app, f"sqlite:///{Path(folder) / 'empty.db'}")
        for number, (name, tables) in enumerate(tables_by_module().items(), 1):
            _write(app, f"{number:04}", f"The tables of {name}", tables)
        with app.app_context():
            store.db.engine.dispose()
    for path in versions.glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")


def tables_by_module() -> dict[str, set[str]]:
    """The names of the tables by the module that declares them; an association stands with what it joins."""
    home = {mapper.local_table: mapper.class_.__module__ for mapper in store.Base.registry.mappers}
    found = defaultdict(set)
    for table in store.db.metadata.sorted_tables:
        found[_home(table, home).removeprefix(f"{models.__name__}.")].add(table.name)
    assert set(found) == set(ORDER), f"ORDER must name the modules {sorted(found)}."
    return {name: found[name] for name in ORDER}


def _home(table: Table, home: Mapping[Any, str]) -> str:
    joined = (home[key.column.table] for key in table.foreign_keys)
    return home.get(table) or max(joined, key=lambda name: ORDER.index(name.rpartition(".")[2]))


def _write(app: Flask, revision: str, message: str, tables: set[str]) -> None:
    store.migrations(app)
    migrate = app.extensions["migrate"].migrate
    migrate.configure(lambda config: config.attributes.update(tables=tables) or config)
    with app.app_context():
        flask_migrate.revision(message=message, autogenerate=True, rev_id=revision)
    store.upgrade(app)


if __name__ == "__main__":
    main()

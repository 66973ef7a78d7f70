"""A hub in this process: its own data folder and migrated database, a clock that stands still, no network."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from filelock import FileLock
from flask import Flask

from hub import config as configuration
from hub import store
from hub.app import create_app
from hub.clock import Clock
from hub.config import Config
from hub.plugins import Plugins
from hub.testing.clock import FakeClock

SECRET_KEY = "n7Qd-2kVw_9sLx4TzB8mRj5YpC1hGf6E"
VAULT_KEYS = "k1:q5h3vJ0mXy8cB1rT6uZ2wE9sD4gF7aLpNkVbMxQeYtI="


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run that all its workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """A configuration of a data folder of its own; values are given by their names in the environment."""

    def make(**values: str) -> Config:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        environ = {"HUB_DATA": str(data), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS, **values}
        return configuration.load(environ)

    return make


@pytest.fixture(scope="session")
def empty_database(shared: Path) -> Path:
    """A SQLite file with every table, to copy; test_migrations proves that migrations make the same."""
    path = shared / "empty.db"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            _create(f"sqlite:///{draft}", shared)
            draft.replace(path)
    return path


def _create(url: str, folder: Path) -> None:
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ | {"HUB_DATABASE_URL": url}), plugins=Plugins([]))
    store.migrations(app)
    with app.app_context():
        store.db.create_all()
        flask_migrate.stamp()
        store.db.engine.dispose()


@pytest.fixture
def make_app(make_config: Callable[..., Config], clock: FakeClock) -> Iterator[Callable[..., Flask]]:
    """Builds hubs; their connections are closed at the end."""
    apps: list[Flask] = []

    def make(config: Config | None = None, clock: Clock = clock, **options: Any) -> Flask:
        options.setdefault("plugins", Plugins([]))
        app = create_app(config or make_config(), clock=clock, **options)
        app.config["TESTING"] = True
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            store.db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path) -> Iterator[Flask]:
    """A hub with an empty SQLite database; its application context is open."""
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config)
    with app.app_context():
        yield app

"""Fixtures of a data folder whose hub has moved to a PostgreSQL database."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.engine import make_url

from hub.db.engine import address_without_password
from tests.support.processes.filled_folder import Hub, call, with_password
from tests.support.runs.hub_environment import KEYS
from tests.support.servers.database_fixtures import created_database


class Moved(NamedTuple):
    """A data folder whose hub has moved, the address of the new database, and the output."""

    folder: Path
    address: str
    output: str


@pytest.fixture(scope="module")
def moved(
    old_folder: Path, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Moved]:
    """Move the hub of a folder; tests only read what it leaves, or work on copies."""
    folder = shutil.copytree(old_folder, tmp_path_factory.mktemp("moved") / "data")
    with created_database(postgres) as url:
        address = with_password(url)
        code, output = call("move", "--to", address, HUB_DATA=str(folder), **KEYS)
        assert code == 0, output
        yield Moved(folder, address, output)


@pytest.fixture
def own_move(
    moved: Moved, tmp_path: Path, postgres: str, make_database: Callable[..., str]
) -> Moved:
    """Copy the folder whose hub has moved, and the new database, for one test."""
    folder = shutil.copytree(moved.folder, tmp_path / "moved")
    address = with_password(make_database(postgres, make_url(moved.address).database))
    change_new_address(folder, address_without_password(address))
    return Moved(folder, address, moved.output)


@pytest.fixture
def moved_hub(own_move: Moved, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a function that runs a command in a copy of the folder whose hub has moved."""
    for name, value in {"HUB_DATA": str(own_move.folder), **KEYS}.items():
        monkeypatch.setenv(name, value)
    return call


def change_new_address(folder: Path, address: str) -> None:
    """Change the address to which the hub of a folder has moved, in its sealed database."""
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.execute("UPDATE database_origin SET moved_to = ?", [address])

"""Fixtures of a data folder with documents in all states, and of commands that run in it."""

import gc
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from hub.cli import main
from tests.support.runs.hub_environment import KEYS

BASELINE = Path(__file__).parents[2] / "baseline" / "sqlite"
LISTS = (("outbox", "--json"), ("cases", "--json"), ("users", "list", "--json"))
Hub = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a data folder with documents in all states, upgraded to the newest revision."""
    folder = tmp_path_factory.mktemp("old") / "data"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.executescript((BASELINE / "database.sql").read_text(encoding="utf-8"))
    connection.close()
    shutil.copytree(BASELINE / "sends", folder / "sends")
    shutil.copy(BASELINE / "audit.head", folder / "audit.head")
    code, output = call("init", HUB_DATA=str(folder), **KEYS)
    assert code == 0, output
    gc.freeze()  # so that commands of the tests find their own garbage soon
    return folder


def call(*args: str, **environ: str) -> tuple[int, str]:
    """Run a command; return its exit code and its output."""
    result = CliRunner().invoke(main, args, env=environ)
    gc.collect()  # closes the connections of the command
    return result.exit_code, result.output


@pytest.fixture
def folder(old_folder: Path, tmp_path: Path) -> Path:
    """Copy the data folder for one test."""
    return shutil.copytree(old_folder, tmp_path / "data")


@pytest.fixture
def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a function that runs a command in the folder and returns exit code and output."""
    for name, value in {"HUB_DATA": str(folder), **KEYS}.items():
        monkeypatch.setenv(name, value)
    return call


@pytest.fixture
def target(postgres: str, make_database: Callable[..., str]) -> str:
    """Return the address of a PostgreSQL database without tables, with a password."""
    return with_password(make_database(postgres))


def with_password(url: str) -> str:
    """Return the address of a database with a password in it, which the server ignores."""
    return make_url(url).set(password="quite-secret").render_as_string(hide_password=False)


def lists_of(hub: Hub, **environ: str) -> list[Any]:
    """Return the lists that the commands print for the hub at an address."""
    printed = [hub(*command, **environ) for command in LISTS]
    assert {code for code, _ in printed} == {0}, printed
    return [json.loads(text) for _, text in printed]

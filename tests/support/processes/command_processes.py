"""The hub's commands and the stand-ins as processes, forked from one that has loaded them."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sized
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CLIENT = "an-app:its-secret"
TOKEN = "a-refresh-token-of-the-tests"
REALM = "9341450000000001"
MAX_WAIT_SECONDS = 240  # seconds that anything may take, even on a slow and busy machine
MARGIN_SECONDS = 20
TIMEOUT_OUTPUT = "Timeout (0:"  # first words of faulthandler's output on a time-out
KEYS = {
    "client_id": "costtracker-stand-in",
    "client_secret": "stand-in-secret-1f0c",
    "payable_account": "2400",
    "zone": "Europe/Oslo",
}


def environment() -> dict[str, str]:
    """Return this process's environment without a hub's settings.

    Bytecode is stored even if that is disabled.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    if variables.pop("PYTHONDONTWRITEBYTECODE", ""):
        variables.setdefault(
            "PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "hub-compiled")
        )
    return variables


class ForkServer:
    """Starts hub processes quickly by forking a process that has imported everything."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._count, self._options = folder, 0, options
        self._process: Any = None
        self._open()

    def _open(self) -> None:
        command = [sys.executable, str(Path(__file__).parent / "fork_server.py"), *self._options]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, env=environment(), **pipes)
        self._unread_output, self._running = b"", dict[int, SimpleNamespace]()
        self._started: list[int] = []
        self._rehearsed: list[str] = []

    def compile_statements(self, url: Callable[[], str]) -> None:
        """Compile statements for PostgreSQL in advance too; `url` creates a database for that."""
        if not self._rehearsed:
            self._send({"settings": {"HUB_DATABASE_URL": url()}})
            self._wait_for(self._rehearsed, "The rehearsal on PostgreSQL did not end.")

    def initialised_folder(self) -> Path:
        """Return a data folder as `hub init` creates it, prepared once for copying."""
        folder = self.folder / "initialised"
        if not folder.exists():
            started = self.start("init", environ=environment() | {"HUB_DATA": str(folder)})
            assert self.wait(started) == 0, started.err.read_text()
        return folder

    def start(
        self,
        *args: str,
        environ: dict[str, str],
        stdin: str = "",
        seconds: int = MAX_WAIT_SECONDS,
        limit: int = 0,
    ) -> SimpleNamespace:
        """Start a command with a time limit and a limit on the size of the files that it writes."""
        self._count += 1
        files = {name: str(self.folder / f"{self._count}.{name}") for name in ("in", "out", "err")}
        Path(files["in"]).write_text(stdin)
        order = {"args": args, "environ": environ, "seconds": seconds, "limit": limit, **files}
        self._send(order)
        command = " ".join(("hub", *args))
        self._wait_for(self._started, f"no process was started for `{command}`")
        values = {
            "pid": self._started.pop(),
            "code": None,
            "command": command,
            "until": time.monotonic() + seconds,
        }
        self._running[values["pid"]] = process = SimpleNamespace(
            **values, out=Path(files["out"]), err=Path(files["err"])
        )
        return process

    def _send(self, order: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def _wait_for(self, answers: Sized, failure: str) -> None:
        """Read messages until there is an answer of this sort."""
        until = time.monotonic() + MAX_WAIT_SECONDS
        while not answers:
            if not self._read_messages(until - time.monotonic()):
                self._process.kill()
                raise AssertionError(failure)

    def _read_messages(self, seconds: float) -> bool:
        """Read messages of the process within some seconds; return False if there were none."""
        if not select.select([self._process.stdout], [], [], max(0.0, seconds))[0]:
            return False
        more = os.read(self._process.stdout.fileno(), 65536)
        assert more, "the process that starts the others has ended"
        *lines, self._unread_output = (self._unread_output + more).split(b"\n")
        for word, pid, code in (line.split() for line in lines):
            if word == b"started":
                self._started.append(int(pid))
            elif word == b"rehearsed":
                self._rehearsed.append("PostgreSQL")
            elif command := self._running.pop(int(pid), None):
                command.code = int(code)
        return True

    def poll(self, command: SimpleNamespace) -> int | None:
        """Return a command's exit code, or minus the signal that killed it; None while it runs."""
        while command.code is None and self._read_messages(0):
            pass
        assert command.code != 1 or TIMEOUT_OUTPUT not in command.err.read_text(), self._describe(
            command
        )
        assert command.code is not None or time.monotonic() < command.until + MARGIN_SECONDS, (
            self._describe(command)
        )
        return command.code

    def wait(self, command: SimpleNamespace) -> int:
        """Wait until a command has ended and return its exit code."""
        while (code := self.poll(command)) is None:
            self._read_messages(1)
        return code

    @staticmethod
    def _describe(command: SimpleNamespace) -> str:
        printed = command.out.read_text()[-2000:], command.err.read_text()[-8000:]
        return (
            f"`{command.command}` has not ended in its time. It printed "
            f"{printed[0]!r} and said:\n{printed[1]}"
        )

    def kill(self, command: SimpleNamespace) -> int:
        """Kill a command and return its exit code."""
        with suppress(ProcessLookupError):
            os.kill(command.pid, signal.SIGKILL)
        command.until = time.monotonic()
        return self.wait(command)

    def kill_all(self) -> None:
        """Kill the commands that a test left running; replace the process if that fails."""
        try:
            for command in list(self._running.values()):
                self.kill(command)
            assert self._process.poll() is None
        except (AssertionError, OSError):
            self.close()
            self._open()

    def close(self) -> None:
        """End the process and all its commands."""
        self._process.stdin.close()
        try:
            self._process.wait(MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class StandIn:
    """A stand-in in a server process."""

    def __init__(self, fork_server: ForkServer, *args: str) -> None:
        self._warm = fork_server
        self._started = fork_server.start(
            "sandbox", *args, environ=environment(), seconds=4000
        )  # longer than any test
        until = time.monotonic() + MAX_WAIT_SECONDS
        while not (self._started.out.exists() and self._started.out.read_text().endswith("\n")):
            assert fork_server.poll(self._started) is None, self._started.err.read_text()
            assert time.monotonic() < until, f"`{self._started.command}` printed no address"
            time.sleep(0.01)
        self.url = self._started.out.read_text().splitlines()[0]

    def ask(self, page: str, body: Any = None, method: str | None = None) -> Any:
        """Call a page of the stand-in below /_sandbox/."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{page}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=MAX_WAIT_SECONDS) as answer:
            return json.load(answer)

    def output(self) -> str:
        """Return everything that the command has printed."""
        return str(self._started.out.read_text())

    def pass_time(self, seconds: float) -> None:
        self.ask("clock", {"advance": seconds})

    def stop(self) -> None:
        self._warm.kill(self._started)


class Hub:
    """A hub with a data folder of its own, controlled by its commands."""

    def __init__(self, fork_server: ForkServer, folder: Path, quickbooks: StandIn) -> None:
        self.fork_server, self.folder, self.quickbooks, self.realm = (
            fork_server,
            folder,
            quickbooks,
            REALM,
        )
        hosts = folder / "hosts.txt"
        hosts.write_text("127.0.0.1\n")
        self.environ = environment() | {
            "HUB_DATA": str(folder / "data"),
            "HUB_ALLOW_HOSTS_FILE": str(hosts),
            "HUB_QBO_CLIENT_ID": CLIENT.partition(":")[0],
            "HUB_QBO_CLIENT_SECRET": CLIENT.partition(":")[2],
            "HUB_QBO_API_URL": quickbooks.url,
            "HUB_QBO_AUTHORIZE_URL": f"{quickbooks.url}/connect/oauth2",
            "HUB_QBO_TOKEN_URL": f"{quickbooks.url}/oauth2/v1/tokens/bearer",
            "HUB_QBO_REVOKE_URL": f"{quickbooks.url}/v2/oauth2/tokens/revoke",
            "HUB_SECOND_FACTOR": "off",
            "HUB_QBO_PER_SECOND": "5000",
            "HUB_QBO_PER_MINUTE": "100000",
        }

    def __call__(self, *args: str, stdin: str = "", limit: int = 0) -> tuple[int, str, str]:
        """Run a command and return its exit code, output and errors."""
        started = self.fork_server.start(*args, environ=self.environ, stdin=stdin, limit=limit)
        code = self.fork_server.wait(started)
        return code, started.out.read_text(), started.err.read_text()

    def run(self, *args: str, stdin: str = "") -> str:
        """Run a command that must succeed and return its output."""
        code, out, err = self(*args, stdin=stdin)
        assert code == 0, err
        return out

    def connect(self) -> None:
        """Create the data folder as `hub init` does, and connect QuickBooks."""
        if "HUB_DATABASE_URL" in self.environ:
            self.run("init")
        else:
            shutil.copytree(self.fork_server.initialised_folder(), self.environ["HUB_DATA"])
        self.run("companies", "add", "--realm", REALM, "--refresh-token-file", "-", stdin=TOKEN)

    def enable(self, costtracker: StandIn, mode: str = "auto", **settings: Any) -> None:
        """Enable CostTracker, by default in automatic mode."""
        file = str(self.write_settings(costtracker, **settings))
        self.run("apps", "enable", "costtracker", "--mode", mode, "--settings", file)

    def write_settings(self, costtracker: StandIn, **write_settings: Any) -> Path:
        """Write CostTracker's settings to a file and return its path."""
        file = self.folder / "settings.json"
        file.write_text(json.dumps(KEYS | {"base_url": costtracker.url} | write_settings))
        return file

    def sync(self, limit: int = 0) -> tuple[int, dict[str, Any], str]:
        """Sync and return the exit code, the JSON output and the errors."""
        code, out, err = self("sync", "--json", limit=limit)
        return code, json.loads(out or "{}"), err


def wait_until(condition, hub, command):
    """Wait until `condition` returns a true value and return it; the command must keep running."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while not (value := condition()):
        assert hub.fork_server.poll(command) is None, command.err.read_text()
        assert time.monotonic() < end, (
            f"timed out: {command.out.read_text()}{command.err.read_text()}"
        )
        time.sleep(0.05)
    return value

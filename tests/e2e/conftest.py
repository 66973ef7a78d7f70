"""Hub and stand-ins as processes of their own, talking over real sockets."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CLIENT = "an-app:its-secret"
TOKEN = "a-refresh-token-of-the-tests"
REALM = "9341450000000001"
GOING_ON = 256  # as in warm.py
KEYS = {
    "client_id": "costtracker-stand-in",
    "client_secret": "stand-in-secret-1f0c",
    "payable_account": "2400",
    "zone": "Europe/Oslo",
}


def environment() -> dict[str, str]:
    """This process's, without any setting of a hub; compiled modules are kept even where that is switched off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "hub-compiled"))
    return kept


class Warm:
    """Starts hub processes that need not import anything: copies of one that waits."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, str(Path(__file__).parent / "warm.py")]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process: Any = subprocess.Popen(command, env=environment(), text=True, **pipes)
        self.folder, self._count = folder, 0
        self._pids: list[int] = []

    def start(
        self, *args: str, environ: dict[str, str], given: str = "", wait: bool = True, limit: int = 0
    ) -> SimpleNamespace:
        """A command that now begins; its process id and the files it writes, none larger than the limit."""
        self._count += 1
        files = {name: str(self.folder / f"{self._count}.{name}") for name in ("in", "out", "err")}
        Path(files["in"]).write_text(given)
        order = {"args": args, "environ": environ, "wait": wait, "limit": limit, **files}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        self._pids.append(self._told("started"))
        return SimpleNamespace(pid=self._pids[-1], out=Path(files["out"]), err=Path(files["err"]))

    def end(self) -> int:
        """How the command begun last ended: its exit code, or minus the signal that killed it."""
        code = self._told("ended")
        self._pids.pop()
        return code

    def _told(self, wanted: str) -> int:
        word = ""
        while word != wanted:
            word, _, number = self.process.stdout.readline().partition(" ")
            assert word, "the process that starts the others has ended"
        return int(number)

    def look(self, pid: int) -> int | None:
        """How a command that is not waited for has ended; None while it goes on."""
        self.process.stdin.write(json.dumps({"look": pid}) + "\n")
        self.process.stdin.flush()
        code = self._told("looked")
        if code == GOING_ON:
            return None
        self._pids.remove(pid)
        return code

    def stop(self, pid: int) -> None:
        """Kills a command."""
        self._pids.remove(pid)
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends it, and whatever a test that failed has left."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class StandIn:
    """A stand-in as a server of its own."""

    def __init__(self, warm: Warm, *args: str) -> None:
        self._warm, self._started = warm, warm.start("sandbox", *args, environ=environment(), wait=False)
        until = time.monotonic() + 30
        while not (self._started.out.exists() and self._started.out.read_text().endswith("\n")):
            assert time.monotonic() < until, self._started.err.read_text()
            time.sleep(0.01)
        self.url = self._started.out.read_text().splitlines()[0]

    def ask(self, page: str, body: Any = None, method: str | None = None) -> Any:
        """Calls one of its pages below /_sandbox/."""
        sent = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}/_sandbox/{page}", data=sent, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def pass_time(self, seconds: float) -> None:
        self.ask("clock", {"advance": seconds})

    def stop(self) -> None:
        self._warm.stop(self._started.pid)


class Hub:
    """A hub with a data folder of its own, called as a person calls it."""

    def __init__(self, warm: Warm, folder: Path, quickbooks: StandIn) -> None:
        self.warm, self.folder, self.quickbooks, self.realm = warm, folder, quickbooks, REALM
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
            "HUB_QBO_PER_SECOND": "5000",
            "HUB_QBO_PER_MINUTE": "100000",
        }

    def __call__(self, *args: str, given: str = "", limit: int = 0) -> tuple[int, str, str]:
        """Exit code, output and errors of a command."""
        started = self.warm.start(*args, environ=self.environ, given=given, limit=limit)
        code = self.warm.end()
        return code, started.out.read_text(), started.err.read_text()

    def done(self, *args: str, given: str = "") -> str:
        """What a command prints that has to succeed."""
        code, out, err = self(*args, given=given)
        assert code == 0, err
        return out

    def connect(self) -> None:
        """Init and the connection to QuickBooks."""
        self.done("init")
        self.done("companies", "add", "--realm", REALM, "--refresh-token-file", "-", given=TOKEN)

    def enable(self, costtracker: StandIn, **settings: Any) -> None:
        """CostTracker, posting by itself."""
        file = str(self.settings(costtracker, **settings))
        self.done("apps", "enable", "costtracker", "--mode", "auto", "--settings", file)

    def settings(self, costtracker: StandIn, **settings: Any) -> Path:
        """The file that enables CostTracker."""
        file = self.folder / "settings.json"
        file.write_text(json.dumps(KEYS | {"base_url": costtracker.url} | settings))
        return file

    def sync(self, limit: int = 0) -> tuple[int, dict[str, Any], str]:
        """Exit code, what it tells, and what it says beside that."""
        code, out, err = self("sync", "--json", limit=limit)
        return code, json.loads(out or "{}"), err


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    made = Warm(tmp_path_factory.mktemp("warm"))
    yield made
    made.close()


@pytest.fixture
def stand_in(warm: Warm) -> Iterator[Callable[..., StandIn]]:
    """Starts stand-ins; they end with the test."""
    started: list[StandIn] = []

    def start(*args: str) -> StandIn:
        started.append(StandIn(warm, *args))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def quickbooks(stand_in: Callable[..., StandIn]) -> StandIn:
    return stand_in(
        "quickbooks",
        "--company",
        "norway",
        "--company",
        "us",
        "--realm",
        REALM,
        "--refresh-token",
        TOKEN,
        "--client",
        CLIENT,
    )


@pytest.fixture
def hub(warm: Warm, tmp_path: Path, quickbooks: StandIn) -> Hub:
    return Hub(warm, tmp_path, quickbooks)

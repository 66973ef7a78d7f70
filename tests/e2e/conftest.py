"""Hub and stand-ins as processes of their own, talking over real sockets."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HUB = [sys.executable, "-c", "from hub.cli import main; main()"]
CLIENT = "an-app:its-secret"
TOKEN = "a-refresh-token-of-the-tests"
REALM = "9341450000000001"
KEYS = {
    "client_id": "costtracker-stand-in",
    "client_secret": "stand-in-secret-1f0c",
    "payable_account": "2400",
    "zone": "Europe/Oslo",
}


def environment(**values: str) -> dict[str, str]:
    """This process's, without any setting of a hub; compiled modules are kept even where that is switched off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "hub-compiled"))
    return kept | values


class StandIn:
    """A stand-in as a server of its own."""

    def __init__(self, *args: str) -> None:
        command = [*HUB, "sandbox", *args]
        self.process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def ask(self, page: str, body: Any = None, method: str | None = None) -> Any:
        """Calls one of its pages below /_sandbox/."""
        sent = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}/_sandbox/{page}", data=sent, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def pass_time(self, seconds: float) -> None:
        self.ask("clock", {"advance": seconds})

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


class Hub:
    """A hub with a data folder of its own, called as a person calls it."""

    def __init__(self, folder: Path, quickbooks: StandIn, **environ: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.quickbooks = folder, quickbooks
        hosts = folder / "hosts.txt"
        hosts.write_text("127.0.0.1\n")
        self.environ = (
            environment(
                HUB_DATA=str(folder / "data"),
                HUB_ALLOW_HOSTS_FILE=str(hosts),
                HUB_QBO_CLIENT_ID=CLIENT.partition(":")[0],
                HUB_QBO_CLIENT_SECRET=CLIENT.partition(":")[2],
                HUB_QBO_API_URL=quickbooks.url,
                HUB_QBO_AUTHORIZE_URL=f"{quickbooks.url}/connect/oauth2",
                HUB_QBO_TOKEN_URL=f"{quickbooks.url}/oauth2/v1/tokens/bearer",
                HUB_QBO_REVOKE_URL=f"{quickbooks.url}/v2/oauth2/tokens/revoke",
            )
            | environ
        )

    def __call__(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*HUB, *args], env=self.environ, capture_output=True, text=True, timeout=120, **options)

    def done(self, *args: str, **options: Any) -> str:
        """What a command prints that has to succeed."""
        result = self(*args, **options)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def connect(self) -> None:
        """Init and the connection to QuickBooks."""
        self.done("init")
        self.done("companies", "add", "--realm", REALM, "--refresh-token-file", "-", input=TOKEN)

    def enable(self, costtracker: StandIn, **settings: Any) -> None:
        """CostTracker, posting by itself."""
        file = str(self.settings(costtracker, **settings))
        self.done("apps", "enable", "costtracker", "--mode", "auto", "--settings", file)

    def settings(self, costtracker: StandIn, **settings: Any) -> Path:
        """The file that enables CostTracker."""
        file = self.folder / "settings.json"
        file.write_text(json.dumps(KEYS | {"base_url": costtracker.url} | settings))
        return file

    def sync(self) -> tuple[int, dict[str, Any], str]:
        """Exit code, what it tells, and what it says beside that."""
        result = self("sync", "--json")
        return result.returncode, json.loads(result.stdout or "{}"), result.stderr


@pytest.fixture
def stand_in() -> Iterator[Callable[..., StandIn]]:
    """Starts stand-ins; they end with the test."""
    started: list[StandIn] = []

    def start(*args: str) -> StandIn:
        started.append(StandIn(*args))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def quickbooks(stand_in: Callable[..., StandIn]) -> StandIn:
    return stand_in("quickbooks", "--country", "NO", "--realm", REALM, "--refresh-token", TOKEN, "--client", CLIENT)


@pytest.fixture
def hub(tmp_path: Path, quickbooks: StandIn) -> Hub:
    return Hub(tmp_path, quickbooks)

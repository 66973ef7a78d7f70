"""The commands of the page for authors work one after the other, as processes in a shell."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.command_processes import MAX_WAIT_SECONDS, Hub
from tests.support.sources.guide_plugin import install

PAGE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
ACCOUNTS = {"deposit_account": "1920"}  # in the Norwegian company of QuickBooks' stand-in


class Shell:
    """A shell in a folder beside which the plugin is installed."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        scripts = str(Path(sys.executable).parent)
        paths = [str(folder / "barn"), str(folder), *os.environ.get("PYTHONPATH", "").split(":")]
        self.environ = variables | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        }
        self._started: list[int] = []

    def run(self, command: str) -> str:
        """Run a command that must succeed and return its output."""
        errors = self.folder / "errors.txt"
        with errors.open("wb") as stderr:
            done = subprocess.run(
                ["bash", "-c", f"set -e\n{command}\necho process $!"],
                cwd=self.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=stderr,
                timeout=MAX_WAIT_SECONDS,
            )
        output, _, started = done.stdout.decode().rpartition("process")
        if started.strip():
            self._started.append(int(started))
        assert done.returncode == 0, errors.read_text()
        return output

    def stop(self) -> None:
        """End what was started in the background."""
        for process in self._started:
            os.kill(process, signal.SIGTERM)


@pytest.fixture
def shell(hub: Hub, tmp_path: Path) -> Iterator[Shell]:
    """Provide a shell with the variables of a hub with a company."""
    hub.connect()
    opened = Shell(tmp_path, hub.environ)
    yield opened
    opened.stop()


def free_port() -> int:
    """Return a port that no server has."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.mark.proof(small=0)
def test_the_commands_for_authors_work_in_their_order(shell: Shell) -> None:
    prepare, create, test, look, serve, enable = BLOCK.findall(PAGE.read_text())
    shell.run(create)
    folder = shell.folder / "barn"
    files = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    install(folder, "barn", files)  # in place of pip, which would ask a package index
    environment, install_hub = prepare.splitlines()
    assert environment.startswith("python3 -m venv ")
    install_plugin, run_tests = test.splitlines()
    assert all(line.startswith("python -m pip ") for line in (install_hub, install_plugin))
    assert " passed" in shell.run(f"{run_tests} -p no:cacheprovider -p no:schemathesis")

    read, *_ = look.splitlines()
    assert "ready" in shell.run(read)
    shell.run(serve.replace("9000", str(free_port())))
    file, until = shell.folder / "barn.json", time.monotonic() + MAX_WAIT_SECONDS
    while not file.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.01)
    file.write_text(json.dumps({**json.loads(file.read_text()), **ACCOUNTS}))
    assert "Red Barn is enabled" in shell.run(enable)

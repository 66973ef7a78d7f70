"""Measure the start of `hub --help` and of `hub serve` beside one of flask and sqlalchemy.

The peer is a Python process that imports both. They start in turn. `hub serve` starts in a folder
that exists already, until /healthz answers. Time on the clock means something on an idle machine
only; CPU time does on any. Every process has run once before, so that Python has compiled its
modules.
"""

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

ROUNDS = int(os.environ.get("START_ROUNDS", "11"))
LONGEST_SECONDS = 120
HUB = str(Path(sys.executable).with_name("hub"))
COMMANDS = {
    "hub --help": [HUB, "--help"],
    "import flask, sqlalchemy": [sys.executable, "-c", "import flask, sqlalchemy"],
    "python alone": [sys.executable, "-c", "pass"],
}
PEER = "import flask, sqlalchemy"
SERVE = "hub serve, until it answers"
Figures = tuple[float, float]  # seconds on the clock and of CPU


def children_cpu() -> float:
    """Return the CPU time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: list[str], environ: dict[str, str]) -> Figures:
    """Run a command to its end."""
    began, cpu_began = time.perf_counter(), children_cpu()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    return time.perf_counter() - began, children_cpu() - cpu_began


def serve(environ: dict[str, str]) -> Figures:
    """Start the server and end it once it has answered; its CPU time includes the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    cpu_began, began = children_cpu(), time.perf_counter()
    process = subprocess.Popen(
        [HUB, "serve", "--port", str(port)], env=environ, stdout=subprocess.DEVNULL
    )
    try:
        while not answers(port):
            if time.perf_counter() - began > LONGEST_SECONDS:
                raise SystemExit("the server does not answer")
            time.sleep(0.01)
        seconds = time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)
    return seconds, children_cpu() - cpu_began


def answers(port: int) -> bool:
    """Return whether the server on this port answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "HUB_DATA": f"{folder}/data", "PYTHONDONTWRITEBYTECODE": ""}
        subprocess.run(
            [HUB, "init"],
            env=environ,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        works: dict[str, Callable[[], Figures]] = {
            name: lambda command=command: run(command, environ)  # type: ignore[misc]
            for name, command in COMMANDS.items()
        }
        works[SERVE] = lambda: serve(environ)
        for work in works.values():
            work()
        rounds = [{name: work() for name, work in works.items()} for _ in range(ROUNDS)]
    print(f"{'start':32}{'median ms':>10}{'CPU ms':>8}{'CPU of the imports':>20}")
    for name in works:
        seconds, cpu = (statistics.median(one[name][n] for one in rounds) for n in (0, 1))
        ratio = statistics.median(one[name][1] / one[PEER][1] for one in rounds)
        print(f"{name:32}{seconds * 1000:10.0f}{cpu * 1000:8.0f}{ratio:19.2f}x")


if __name__ == "__main__":
    main()

"""Start of `hub --help` beside a Python that imports flask and sqlalchemy: whole processes, in turn."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 11
HUB = str(Path(sys.executable).with_name("hub"))
PEERS = {
    "hub --help": [HUB, "--help"],
    "import flask, sqlalchemy": [sys.executable, "-c", "import flask, sqlalchemy"],
    "python alone": [sys.executable, "-c", "pass"],
}


def once(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    for command in PEERS.values():
        once(command)
    rounds = [{name: once(command) for name, command in PEERS.items()} for _ in range(ROUNDS)]
    print(f"{'start':32}{'median ms':>10}{'of the imports':>16}")
    for name in PEERS:
        median = statistics.median(run[name] for run in rounds)
        ratio = statistics.median(run[name] / run["import flask, sqlalchemy"] for run in rounds)
        print(f"{name:32}{median * 1000:10.0f}{ratio:15.2f}x")


if __name__ == "__main__":
    main()

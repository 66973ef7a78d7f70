"""Measure the idle memory of the hub's web process beside a bare Flask application.

The Flask application uses SQLAlchemy and the same server. Each is started once before, so that
Python has compiled the modules, as in an installation.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

HUB = str(Path(sys.executable).with_name("hub"))
BARE = """
import sys, waitress, flask, sqlalchemy, sqlalchemy.orm
app = flask.Flask("bare")
app.get("/")(lambda: "hello")
engine = sqlalchemy.create_engine("sqlite://")
engine.connect().exec_driver_sql("select 1")
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=16)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(port: int, path: str) -> None:
    """Request a page until the server answers."""
    for _ in range(600):
        try:
            urlopen(f"http://127.0.0.1:{port}{path}").read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def resident(command: list[str], port: int, path: str, environ: dict[str, str]) -> float:
    """Return the MB that the process holds after it has answered a few pages."""
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(5):
            wait_for_answer(port, path)
        status = Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environ = {
            **os.environ,
            "HUB_DATA": f"{folder}/data",
            "HUB_SECOND_FACTOR": "off",
            "PYTHONDONTWRITEBYTECODE": "",
        }
        subprocess.run(
            [HUB, "init"],
            env=environ,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2):
            ours = resident([HUB, "serve", "--port", str(port)], port, "/login", environ)
        port = free_port()
        for _ in range(2):
            bare = resident([sys.executable, "-c", BARE, str(port)], port, "/", environ)
    print(f"{'idle memory of a web process':44}{'MB':>6}{'of bare':>10}")
    print(f"{'hub serve, pages, clock and scheduler':44}{ours:6.0f}{ours / bare:9.2f}x")
    print(f"{'bare Flask and SQLAlchemy under waitress':44}{bare:6.0f}{1:9.2f}x")


if __name__ == "__main__":
    main()

"""What the processes of the distributed engine cost while nothing is due, with many companies.

Two workers, of which one is elected, and one web process on PostgreSQL. Each company is connected
and has an app whose next sync is a month away. The server logs each statement, also those that
begin and end transactions.
"""

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, text, update

sys.path.insert(0, str(Path(__file__).parent.parent))

from ticks import make_app

from hub.db import engine
from hub.models import ConnectedCompany, Installation, Schedule
from hub.scheduling import schedule
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers.database_server import DatabaseServer, children_of

HUB = str(Path(sys.executable).with_name("hub"))
COMPANIES = [int(number) for number in os.environ.get("MANY_COMPANIES", "0,1000,10000").split(",")]
WARM_UP_SECONDS = 20
SECONDS = 60
STATEMENT = re.compile(r"^([^|\n]*)\|LOG:  (?:statement|execute [^:]*): ", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """What a process and its children have used since they began."""

    cpu_seconds: float
    wake_ups: int

    @classmethod
    def read(cls, pid: int) -> "Usage":
        """Return the use of a process with its children."""
        cpu_seconds, wake_ups = 0.0, 0
        for member in family_of(pid):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            cpu_seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            for status in Path(f"/proc/{member}/task").glob("*/status"):
                with suppress(OSError):
                    found = re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)", status.read_text())
                    wake_ups += int(found[1]) if found else 0
        return cls(cpu_seconds, wake_ups)


def family_of(pid: int) -> set[int]:
    """Return a process and all that it has started."""
    family = {pid}
    for child in children_of(pid):
        family |= family_of(child)
    return family


def add_companies(environ: dict[str, str], count: int) -> None:
    """Add connected companies, each with an app, whose schedules are due in a month."""
    now = dt.datetime.now(dt.UTC)
    companies = []
    installations = []
    for number in range(1, count + 1):
        companies.append({"realm": str(number), "connected_at": now, "state": "connected"})
        installations.append(
            {
                "company_id": number,
                "slug": "bench",
                "schedule": "15m",
                "created_at": now,
                "mode": "auto",
            }
        )
    app = make_app(environ)
    with app.app_context(), engine.transaction() as session:
        if count:
            session.execute(insert(ConnectedCompany), companies)
            session.execute(insert(Installation), installations)
        schedule.add_missing_schedules(session, now)
        session.execute(update(Schedule).values(next_due=now + dt.timedelta(days=30)))
        session.execute(text("ANALYZE"))
    with app.app_context():
        engine.db.engine.dispose()


def measure(folder: Path, count: int) -> None:
    """Measure the idle processes with so many companies, and print a row for each."""
    server = DatabaseServer(
        folder / "server", log_statement="'all'", log_line_prefix="'%a|'", fsync="on"
    )
    server.create()
    server.start()
    environ = {
        **os.environ,
        "HUB_DATA": str(folder / "data"),
        "HUB_DATABASE_URL": server.url,
        "HUB_ENGINE": "distributed",
        "HUB_SECOND_FACTOR": "off",
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_VAULT_KEYS": VAULT_KEYS,
    }
    silent = {"env": environ, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([HUB, "init"], check=True, **silent)
    add_companies(environ, count)
    commands = {
        "worker, elected": ("worker",),
        "worker, not elected": ("worker",),
        "web process": ("serve", "--port", "0", "--workers", "1"),
    }
    processes = {}
    try:
        for name, arguments in commands.items():
            processes[name] = subprocess.Popen([HUB, *arguments], **silent)
            time.sleep(WARM_UP_SECONDS)  # the first worker is elected
        print_usage(server, {name: process.pid for name, process in processes.items()}, count)
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            process.wait(60)
        server.stop()


def print_usage(server: DatabaseServer, pids: dict[str, int], count: int) -> None:
    """Print what the processes and the server use in a minute."""
    postmaster = int((server.folder / "postmaster.pid").read_text().split()[0])
    pids = {**pids, "PostgreSQL, for all of them": postmaster}
    log = server.folder / "log"
    start = log.stat().st_size
    before = {name: Usage.read(pid) for name, pid in pids.items()}
    time.sleep(SECONDS)
    after = {name: Usage.read(pid) for name, pid in pids.items()}
    statements = Counter(STATEMENT.findall(log.read_bytes()[start:].decode()))
    for name in pids:
        cpu = after[name].cpu_seconds - before[name].cpu_seconds
        wake_ups = after[name].wake_ups - before[name].wake_ups
        print(f"{name:32}{count:10}{cpu * 1000:12.0f}{wake_ups:10}")
    for session_name, number in statements.most_common():
        print(f"{'statements of ' + session_name:48}{number:16}")


def main() -> None:
    print(f"{'in one minute, nothing due':32}{'companies':>10}{'CPU, ms':>12}{'wake-ups':>10}")
    for count in COMPANIES:
        with tempfile.TemporaryDirectory(prefix="hub-steady-") as text_folder:
            folder = Path(text_folder)
            folder.chmod(0o755)  # PostgreSQL may not run as root
            measure(folder, count)


if __name__ == "__main__":
    main()

"""10,000 schedules due at once: claimed by one process, and by four processes at the same moment.

One process works on SQLite, four on PostgreSQL, where each claims as the elected scheduler does. No
schedule may be missed, and none claimed twice. As many plain inserts into the same database stand
beside both. The times are those of the clock.
"""

import datetime as dt
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent.parent))

from hub import config as configuration
from hub.app import create_app
from hub.contract.registry import Plugins
from hub.db import engine
from hub.models import ConnectedCompany, Installation, Run, Schedule
from hub.scheduling import schedule
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers.database_server import DatabaseServer

MANY = 10_000
COMPANIES = 100
PROCESSES = 4
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
T = TypeVar("T")


def add_schedules(session: Session) -> None:
    """Add installations of a hundred companies, each with a schedule that is due."""
    realms = [{"realm": str(number), "connected_at": NOW} for number in range(COMPANIES)]
    session.execute(insert(ConnectedCompany), realms)
    intervals = ("15m", "*/5 * * * *")
    installations = []
    for number in range(MANY):
        installation = {
            "company_id": number % COMPANIES + 1,
            "slug": f"app-{number}",
            "schedule": intervals[number % 2],
            "created_at": NOW,
            "mode": "auto",
        }
        installations.append(installation)
    session.execute(insert(Installation), installations)
    schedule.add_missing_schedules(session, NOW - dt.timedelta(days=1))
    session.execute(update(Schedule).values(next_due=NOW - dt.timedelta(minutes=1)))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return how many seconds the work took, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def insert_plain_runs() -> None:
    """Insert as many runs as there are schedules, and nothing else."""
    values = {
        "kind": "plain",
        "requested_by": "bench",
        "outcome": "",
        "error": "",
        "phase": "",
        "done": 0,
        "total": 0,
        "counts": {},
    }
    with engine.transaction() as session:
        session.execute(insert(Run), [values] * MANY)


def assert_all_claimed(claimed: int) -> None:
    """Raise AssertionError unless each schedule was claimed once."""
    with engine.read_only_session() as session:
        schedules = session.scalar(select(func.count()).select_from(Schedule))
        runs = session.scalar(select(func.count()).select_from(Run))
    assert runs == claimed == schedules, f"{runs} runs, {claimed} claims, {schedules} schedules"


def make_app(environ: dict[str, str]) -> Flask:
    """Return a hub without plugins."""
    secrets = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    settings = {"PATH": os.environ["PATH"], **secrets, **environ}
    return create_app(configuration.load(settings), plugins=Plugins([]))


def print_row(name: str, claimed: int, seconds: float, bare: float) -> None:
    print(f"{name:44}{claimed:9}{seconds * 1000:9.0f}{seconds / bare:11.2f}x")


def measure_one(folder: str) -> None:
    """Claim with one process on SQLite."""
    app = make_app({"HUB_DATA": folder})
    with app.app_context():
        engine.db.create_all()
        with engine.transaction() as session:
            add_schedules(session)
        seconds, claimed = timed(lambda: schedule.tick(NOW))
        again, repeated = timed(lambda: schedule.tick(NOW))
        assert_all_claimed(claimed)
        bare, _ = timed(insert_plain_runs)
    print_row("one process, SQLite", claimed, seconds, bare)
    print_row("the same tick again", repeated, again, bare)
    print_row("as many rows inserted, no more", MANY, bare, bare)


def claim(environ: dict[str, str], start: Any, results: Any) -> None:
    """Claim at the moment at which all processes are ready; report how many, and until when."""
    with make_app(environ).app_context():
        schedule.tick(NOW - dt.timedelta(days=2))  # opens the connection; nothing is due
        start.wait()
        claimed = schedule.tick(NOW)
        results.put((claimed, time.monotonic()))


def measure_several(folder: str) -> None:
    """Claim with several processes on PostgreSQL at the same moment."""
    server = DatabaseServer(Path(folder) / "server")
    server.create()
    server.start()
    try:
        environ = {
            "HUB_DATA": folder,
            "HUB_DATABASE_URL": server.url,
            "HUB_ENGINE": "distributed",
        }
        app = make_app(environ)
        with app.app_context():
            engine.db.create_all()
            with engine.transaction() as session:
                add_schedules(session)
            spawning = multiprocessing.get_context("spawn")
            start = spawning.Barrier(PROCESSES + 1)
            results = spawning.Queue()
            arguments = (environ, start, results)
            processes = [spawning.Process(target=claim, args=arguments) for _ in range(PROCESSES)]
            for process in processes:
                process.start()
            start.wait()
            began = time.monotonic()
            claims = [results.get() for _ in processes]
            for process in processes:
                process.join()
            claimed = sum(count for count, _ in claims)
            assert_all_claimed(claimed)
            bare, _ = timed(insert_plain_runs)
    finally:
        server.stop()
    seconds = max(ended for _, ended in claims) - began
    print_row(f"{PROCESSES} processes at once, PostgreSQL", claimed, seconds, bare)
    print_row("as many rows inserted, no more", MANY, bare, bare)


def main() -> None:
    print(f"{'10,000 schedules due at once':44}{'claimed':>9}{'ms':>9}{'of inserts':>12}")
    for measure in (measure_one, measure_several):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)  # PostgreSQL may not run as root
            measure(folder)


if __name__ == "__main__":
    main()

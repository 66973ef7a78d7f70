"""10,000 schedules due at once: claimed by one tick, beside as many plain inserts into the same database."""

import datetime as dt
import os
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, insert, select, update

from hub import config
from hub.app import create_app
from hub.contract.registry import Plugins
from hub.crypto import keys
from hub.db import engine
from hub.models import Company, Installation, Run, Schedule
from hub.scheduling import schedule

MANY = 10_000
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def rows(session, companies=100):
    """Installations of a hundred companies, each with a schedule that is due."""
    session.execute(
        insert(Company), [{"realm": str(n), "connected_at": NOW} for n in range(companies)]
    )
    about = {"created_at": NOW, "mode": "auto"}
    every = ("15m", "*/5 * * * *")
    each = [
        {"company_id": n % companies + 1, "slug": f"app-{n}", "schedule": every[n % 2], **about}
        for n in range(MANY)
    ]
    session.execute(insert(Installation), each)
    schedule.arrange(session, NOW - dt.timedelta(days=1))
    session.execute(update(Schedule).values(next_due=NOW - dt.timedelta(minutes=1)))


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def plain_inserts():
    with engine.transaction() as session:
        values = {
            "kind": "plain",
            "requested_by": "bench",
            "outcome": "",
            "error": "",
            "phase": "",
            "done": 0,
            "total": 0,
        }
        session.execute(insert(Run), [{**values, "counts": {}} for _ in range(MANY)])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        keys.initialise(Path(folder))
        app = create_app(
            config.load({"HUB_DATA": folder, "PATH": os.environ["PATH"]}), plugins=Plugins([])
        )
        with app.app_context():
            engine.db.create_all()
            with engine.transaction() as session:
                rows(session)
            claim, claimed = timed(lambda: schedule.tick(NOW))
            again, twice = timed(lambda: schedule.tick(NOW))
            with engine.reading() as session:
                runs = session.scalar(
                    select(func.count()).select_from(Run).where(Run.kind == "sync")
                )
            bare, _ = timed(plain_inserts)
    print(f"{'10,000 schedules due at once':40}{'claimed':>9}{'ms':>9}{'of inserts':>12}")
    print(f"{'one tick':40}{claimed:9}{claim * 1000:9.0f}{claim / bare:11.2f}x")
    print(f"{'the same tick again':40}{twice:9}{again * 1000:9.1f}{again / bare:11.2f}x")
    print(f"{'as many rows inserted, no more':40}{MANY:9}{bare * 1000:9.0f}{1:11.2f}x")
    assert runs == MANY, f"{runs} runs of {MANY} schedules"


if __name__ == "__main__":
    main()

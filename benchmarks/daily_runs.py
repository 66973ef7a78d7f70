"""Measure what a company costs on a day without documents: CPU, metered reads and rows of each run.

A company with CostTracker has posted thirty documents. Then each run of a day is repeated while
nothing is new: the sync of the app and the runs of the company. QuickBooks and CostTracker are
stand-ins in processes of their own, so the CPU is that of the hub alone. A bare requests loop in
the same run stands beside it.
"""

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bills
import whole_way
from sqlalchemy import func, select

from hub.db.engine import db, read_only_session
from hub.models import Installation
from hub.models.enums import RunKind
from hub.qbo import usage
from hub.scheduling import runner

DOCUMENTS = 30
TIMES = 20
# How often each run takes place on a day: the sync every 15 minutes, polls with webhooks.
RUNS_A_DAY = {"sync": 96, RunKind.CHANGES: 1, RunKind.LISTS: 1, RunKind.RECONCILE: 1, "tokens": 4}


def count_rows() -> int:
    """Return the number of rows of all tables."""
    with read_only_session() as session:
        return sum(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.metadata.tables.values()
        )


def count_metered_reads(company_id: int) -> int:
    """Return how often the company was read this month."""
    with read_only_session() as session:
        return usage.count_reads(session, company_id).month


def measure(company_id: int, work: Callable[[], Any]) -> tuple[float, float, float]:
    """Return the median CPU milliseconds, the reads and the rows of one run."""
    work()
    reads, rows = count_metered_reads(company_id), count_rows()
    seconds = []
    for _ in range(TIMES):
        spent, run = whole_way.cpu(work)
        assert not run.error, run.error
        seconds.append(spent)
    reads = count_metered_reads(company_id) - reads
    rows = count_rows() - rows
    return statistics.median(seconds) * 1000, reads / TIMES, rows / TIMES


def table(installation: Installation, bare: float) -> None:
    """Print the figures of each run, and of a day."""
    title = "run without anything new"
    print(f"{title:28}{'a day':>8}{'ms of CPU':>12}{'of bare':>10}{'reads':>8}{'rows':>8}")
    company_id = installation.company_id
    day_ms = day_reads = day_rows = 0.0
    for kind, times in RUNS_A_DAY.items():
        work = partial(whole_way.sync, installation.id)
        if kind != "sync":
            work = partial(runner.run_company_job, kind, company_id, requested_by="bench")
        ms, reads, rows = measure(company_id, work)
        ratio = ms / 1000 / bare
        print(f"{kind:28}{times:8}{ms:12.1f}{ratio:9.1f}x{reads:8.1f}{rows:8.1f}", flush=True)
        day_ms += ms * times
        day_reads += reads * times
        day_rows += rows * times
    print(f"{'a day of a company':28}{'':8}{day_ms:12.0f}{'':10}{day_reads:8.0f}{day_rows:8.0f}")


def main() -> None:
    arguments = ("--company", "us", "--realm", bills.REALM, "--client", bills.CLIENT)
    tokens = ("--access-token", bills.ACCESS, "--refresh-token", bills.REFRESH)
    with (
        tempfile.TemporaryDirectory() as folder,
        whole_way.StandIn("quickbooks", *arguments, *tokens) as quickbooks,
        whole_way.StandIn("costtracker", "--documents", str(DOCUMENTS), "--seed", "3") as source,
    ):
        source.ask("limit", requests=whole_way.UNLIMITED)
        app = whole_way.create_hub(Path(folder), quickbooks)
        with app.app_context():
            bare = whole_way.bare_loop(quickbooks.url)
            id = whole_way.connect(quickbooks, source, "single", with_files=False)
            rows = count_rows()
            documents = whole_way.sync(id).counts["documents"]
            each = (count_rows() - rows) / documents
            print(f"{documents} documents were synced; rows of each: {each:.1f}")
            with read_only_session() as session:
                installation = session.get_one(Installation, id)
            table(installation, bare)


if __name__ == "__main__":
    main()

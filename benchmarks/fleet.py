"""Many companies that sync with one, two and four workers at a fixed concurrency.

QuickBooks and the source answer each call after 0.3 seconds, so a worker mostly waits and neither
core is full. All companies are due at once. The table shows how fast the work is done, what it
costs, and how long the last company waited in proportion to the fair share: the time of all syncs
divided by the number that may run at once. Rates are on the clock, so they need an idle machine.
A second line says what each company needed: CPU of the workers, calls to QuickBooks, and disk of
the database. What other programs use of the machine meanwhile is shown as the load.

FLEET_COMPANIES ("75 150 300") and FLEET_WORKERS ("1 2 4") are the sizes to measure, each with each;
FLEET_DOCUMENTS and FLEET_CONCURRENCY make it smaller. The figures are added to the file that
BENCH_RESULTS names.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

import whole_way
from process_figures import cpu_seconds, peak_memory
from whole_way import CLIENT_ID, CLIENT_SECRET, StandIn

from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers.cluster import Database
from tests.support.servers.database_server import DatabaseServer
from tests.support.sources.many_companies import connect_companies

SIZES = [int(number) for number in os.environ.get("FLEET_COMPANIES", "300").split()]
DOCUMENTS = int(os.environ.get("FLEET_DOCUMENTS", "12"))  # of the source of each company
CONCURRENCY = int(os.environ.get("FLEET_CONCURRENCY", "4"))  # runs at a time in each worker
WORKERS = [int(number) for number in os.environ.get("FLEET_WORKERS", "1 2 4").split()]
ANSWER_SECONDS = 0.3
MAX_SECONDS = 3600
SYNCS = "run WHERE kind = 'sync' AND outcome = 'done'"
CALLS = f"""
    SELECT sum((counts->'requests'->>'reads')::int + (counts->'requests'->>'writes')::int)
    FROM {SYNCS}
"""
DISK = "SELECT pg_database_size(current_database())"


class Result(NamedTuple):
    """What the syncs of all companies took with some workers.

    `seconds` are those on the clock, `cpu` those that all workers worked, `memory` is the largest
    resident size of a worker in MB, `wait` how often the fair share the last company waited.
    `calls` are those of syncs to QuickBooks, `disk` is what the database grew by in bytes, and
    `load` that of the machine at the end.
    """

    companies: int
    documents: int
    seconds: float
    cpu: float
    memory: float
    wait: float
    calls: int
    disk: int
    load: float


def hub_command(environ: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command of the hub."""
    command = [str(Path(sys.executable).with_name("hub")), *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)


def make_environ(folder: Path, url: str, quickbooks: StandIn) -> dict[str, str]:
    """Return the settings of all processes of a hub."""
    hosts = folder / "hosts.txt"
    hosts.write_text("127.0.0.1\n")
    data = folder / "data"
    data.mkdir(mode=0o700)
    return {
        "PATH": os.environ["PATH"],
        "HUB_DATA": str(data),
        "HUB_DATABASE_URL": url,
        "HUB_ENGINE": "distributed",
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_VAULT_KEYS": VAULT_KEYS,
        "HUB_ALLOW_HOSTS_FILE": str(hosts),
        "HUB_QBO_API_URL": quickbooks.url,
        "HUB_QBO_CLIENT_ID": CLIENT_ID,
        "HUB_QBO_CLIENT_SECRET": CLIENT_SECRET,
        "HUB_QBO_TOKEN_URL": f"{quickbooks.url}/oauth2/v1/tokens/bearer",
    }


def wait_in_shares(database: Database, slots: int) -> float:
    """Return how long the last sync waited, in proportion to an equal share of all their time."""
    query = (
        "SELECT extract(epoch FROM max(started_at) - min(started_at)),"
        f" extract(epoch FROM sum(ended_at - started_at)) FROM {SYNCS}"
    )
    last_wait, total = database.query(query)[0]
    return float(last_wait) / (float(total) / slots)


def sync_all(environ: dict[str, str], database: Database, companies: int, count: int) -> Result:
    """Let so many workers sync all companies, which are due at once."""
    concurrency = ("--concurrency", str(CONCURRENCY))
    disk_before = database.query(DISK)[0][0]
    began = time.monotonic()
    workers = [hub_command(environ, "worker", *concurrency) for _ in range(count)]
    try:
        while database.count(SYNCS) < companies:
            assert time.monotonic() < began + MAX_SECONDS, "the syncs have not ended in time"
            assert all(worker.poll() is None for worker in workers), "a worker has ended"
            time.sleep(0.2)
        seconds = time.monotonic() - began
        cpu = sum(cpu_seconds(worker) for worker in workers)
        memory = max(peak_memory(worker) for worker in workers)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
    documents = database.count("posting WHERE state = 'posted'")
    return Result(
        companies=companies,
        documents=documents,
        seconds=seconds,
        cpu=cpu,
        memory=memory,
        wait=wait_in_shares(database, count * CONCURRENCY),
        calls=database.query(CALLS)[0][0],
        disk=database.query(DISK)[0][0] - disk_before,
        load=os.getloadavg()[0],
    )


def measure(server: DatabaseServer, companies: int, count: int) -> Result:
    """Measure a new hub with so many companies and workers."""
    name = f"fleet_{companies}_{count}"
    admin = Database(server.url)
    admin.execute(f"CREATE DATABASE {name}")
    admin.close()
    url = server.url.replace("/postgres?", f"/{name}?")
    client = f"{CLIENT_ID}:{CLIENT_SECRET}"
    with (
        tempfile.TemporaryDirectory() as folder,
        StandIn("quickbooks", "--client", client) as quickbooks,
        StandIn("costtracker", "--documents", str(DOCUMENTS), "--seed", "4") as source,
    ):
        environ = make_environ(Path(folder), url, quickbooks)
        assert hub_command(environ, "init").wait() == 0
        hub = SimpleNamespace(environ=environ, quickbooks=SimpleNamespace(ask=ask_of(quickbooks)))
        settings = whole_way.SETTINGS | {"base_url": source.url}
        connect_companies(hub, settings, companies)
        delay = {"kind": "delay", "call": "*", "seconds": ANSWER_SECONDS, "count": 100_000_000}
        quickbooks.ask("faults", **delay)
        source.ask("faults", **delay)
        database = Database(url)
        try:
            return sync_all(environ, database, companies, count)
        finally:
            database.close()


def ask_of(stand_in: StandIn):  # type: ignore[no-untyped-def]
    """Return how `connect_companies` asks a stand-in."""
    return lambda page, body: stand_in.ask(page, **body)


def main() -> None:
    print(f"{CONCURRENCY} runs at a time in each worker")
    columns = ("documents", "seconds", "per second", "CPU ms each", "MB", "wait in shares")
    print(f"{'':26}" + "".join(f"{column:>15}" for column in columns))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may not run as root
        server = DatabaseServer(Path(folder) / "server")
        server.create()
        server.start()
        try:
            for companies, count in product(SIZES, WORKERS):
                print_row(count, measure(server, companies, count))
        finally:
            server.stop()


def print_row(count: int, result: Result) -> None:
    """Print what the syncs took, and what each company needed."""
    rate = result.documents / result.seconds
    each = result.cpu / result.documents * 1000
    workers = "1 worker" if count == 1 else f"{count} workers"
    name = f"{result.companies} companies, {workers}"
    print(
        f"{name:26}{result.documents:15,}{result.seconds:15.1f}{rate:15.1f}{each:15.1f}"
        f"{result.memory:15.0f}{result.wait:15.2f}",
    )
    cpu_of_company = result.cpu / result.companies * 1000
    calls_of_company = result.calls / result.companies
    disk_of_company = result.disk / result.companies / 1024
    print(
        f"  each company: {cpu_of_company:.0f} ms of CPU, {calls_of_company:.1f} calls,"
        f" {disk_of_company:.0f} KB of disk; load of the machine {result.load:.1f}",
        flush=True,
    )
    if "BENCH_RESULTS" in os.environ:
        figures = {
            "companies": result.companies,
            "workers": count,
            "documents_a_second": round(rate, 1),
            "cpu_ms_a_company": round(cpu_of_company),
            "calls_a_company": round(calls_of_company, 1),
            "disk_kb_a_company": round(disk_of_company),
        }
        with Path(os.environ["BENCH_RESULTS"]).open("a") as file:
            file.write(f"{json.dumps(figures)}\n")


if __name__ == "__main__":
    main()

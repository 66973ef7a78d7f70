"""Measure pages and exports of a hub with a million documents of a thousand companies.

MANY_DOCUMENTS and MANY_COMPANIES make them fewer. HUB_DATABASE_URL names an empty PostgreSQL
database; without it an SQLite file is written. Times are CPU times of this process, so on
PostgreSQL the work of the server is not in them; the last column is the time on the clock.
BENCH_RESULTS names a file to which the figures are added, a line of JSON each.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask import Flask

from hub import config as configuration
from hub import context as hub_context
from hub.app import create_app
from hub.db import engine
from hub.security import people
from hub.security.rights import Right, Subject
from tests.support.pages.page_visitor import Visitor
from tests.support.rows import large_data
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

DOCUMENTS = int(os.environ.get("MANY_DOCUMENTS", "1000000"))
COMPANIES = int(os.environ.get("MANY_COMPANIES", "1000"))
ROUNDS = 60  # of 20, the 95th percentile is nearly the largest
EXPORTED_ROWS = 100_000


def pages() -> dict[str, tuple[int, list[str]]]:
    """Return the goal in milliseconds and the addresses of each kind of page."""
    numbers = [DOCUMENTS * part // 10 for part in range(1, 10)]
    return {
        "Home": (100, ["/"]),
        "Companies": (100, ["/companies"]),
        "documents, first page": (25, ["/documents"]),
        "documents, any depth": (25, [f"/documents?before=[{number}]" for number in numbers]),
        "documents, one app": (25, [f"/documents?installation={n}" for n in range(1, 10)]),
        "documents, by date": (25, [f"/documents?from=20{n}-01-01" for n in range(19, 27)]),
        "documents, by state": (
            25,
            [f"/documents?state={state}" for state in ("posted", "held", "missing", "withdrawn")],
        ),
        "report of all companies": (1000, ["/reports/"]),
        "runs": (25, ["/runs/", "/runs/?kind=lists", "/runs/?state=stopped"]),
        "inbox": (25, ["/inbox/"]),
        "audit log": (25, ["/audit/", "/audit/?who=nobody"]),
        "search, one document": (300, [f"/documents?q=F-{number:07d}" for number in numbers]),
        "search, a supplier": (300, [f"/documents?q=supplier+{n:07d}" for n in range(1, 10)]),
        "search, common words": (300, ["/documents?q=supplier", "/documents?q=as+supplier"]),
        "search, nothing": (300, ["/documents?q=nothing", "/documents?q=supplier+nothing"]),
    }


def measure(visitor: Visitor, addresses: list[str]) -> tuple[float, float, float]:
    """Return the median of CPU time, and the 95th percentiles of CPU and clock, in milliseconds."""
    cpu, clock = [], []
    for address in addresses:
        assert visitor.get(address).status_code == 200, address
        for _ in range(max(3, ROUNDS // len(addresses))):
            cpu_began, began = time.process_time(), time.perf_counter()
            visitor.get(address)
            cpu.append((time.process_time() - cpu_began) * 1000)
            clock.append((time.perf_counter() - began) * 1000)
    p95_cpu, p95_clock = (statistics.quantiles(times, n=20)[-1] for times in (cpu, clock))
    return statistics.median(cpu), p95_cpu, p95_clock


def record(what: str, goal: int, median: float, p95: float) -> None:
    """Add a figure to the file of results, if there is one."""
    if "BENCH_RESULTS" in os.environ:
        figure = {"page": what, "goal_ms": goal, "median_ms": median, "p95_ms": p95}
        size = {"documents": DOCUMENTS, "companies": COMPANIES}
        with open(os.environ["BENCH_RESULTS"], "a") as file:
            file.write(json.dumps(size | figure) + "\n")


def export_memory(visitor: Visitor, format: str) -> float:
    """Return the peak MB of a download's first rows; a whole million would only take longer."""
    answer = visitor.client.get(f"/documents/export?format={format}", buffered=False)
    parts = iter(answer.response)
    tracemalloc.start()
    size = 0
    for part in parts:
        size += len(part)
        if size > EXPORTED_ROWS * 100:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    answer.close()
    return peak / 2**20


def table(app: Flask) -> None:
    """Print the figures of each kind of page."""
    print(f"{f'{DOCUMENTS:,} documents, {COMPANIES:,} companies':34}{'goal':>6}", end="")
    print(f"{'median':>9}{'p95':>8}{'p95, one company':>18}{'p95 on the clock':>18}  ms of CPU")
    visitors = {}
    for name in ("olga", "vera"):
        visitors[name] = Visitor(app, None)
        visitors[name].log_in(name)
    for address in ("/", "/companies", "/documents", "/runs/", "/inbox/", "/audit/"):
        visitors["olga"].page(address)
    hub_context.freeze_gc()  # as in every process of the hub, which has then loaded these pages
    for what, (goal, addresses) in pages().items():
        median, cpu, clock = measure(visitors["olga"], addresses)
        record(what, goal, median, cpu)
        one = "–"
        if not addresses[0].startswith("/audit"):
            one = f"{measure(visitors['vera'], addresses)[1]:.1f}"
        print(f"{what:34}{goal:6}{median:9.1f}{cpu:8.1f}{one:>18}{clock:18.1f}", flush=True)
    for format in ("csv", "xlsx", "json"):
        title, peak = f"export as {format}, peak memory", export_memory(visitors["olga"], format)
        print(f"{title:34}{peak:6.1f} MB")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "HUB_DATA": folder,
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_SECOND_FACTOR": "off",
        }
        if "HUB_DATABASE_URL" in os.environ:
            environ["HUB_DATABASE_URL"] = os.environ["HUB_DATABASE_URL"]
        app = create_app(configuration.load(environ))
        engine.upgrade(app)
        with app.app_context(), engine.transaction() as session:
            today = app.extensions["hub"].clock.now().date()
            began = time.process_time()
            large_data.fill(session, companies=COMPANIES, documents=DOCUMENTS, today=today)
            print(f"written in {time.process_time() - began:.0f} s of CPU")
            people.insert(session, "olga", people.hash_new(PASSWORD), [Right("owner")])
            right = Right("viewer", Subject(company_id=COMPANIES // 2))
            people.insert(session, "vera", people.hash_new(PASSWORD), [right])
        table(app)


if __name__ == "__main__":
    main()

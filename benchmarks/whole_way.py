"""Measure the CPU time of the hub for a document from its source to QuickBooks over HTTP.

A bare requests loop in the same run stands beside it. A document is read from CostTracker,
collected, matched and posted to QuickBooks, and CostTracker is told the result. Both are stand-ins
in processes of their own. Each turn takes a new company, whose lists are there before: it posts one
by one, in batches, or one by one with the files of the source.

WHOLE_WAY_DOCUMENTS and WHOLE_WAY_TURNS make it shorter. The figures are added to the file that
BENCH_RESULTS names.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bills
import requests

from hub import config
from hub import context as hub_context
from hub.app import create_app
from hub.crypto import keys
from hub.db import engine
from hub.installations import enable
from hub.posting.outcome import batch_sizing
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner

DOCUMENTS = int(os.environ.get("WHOLE_WAY_DOCUMENTS", "600"))
TURNS = int(os.environ.get("WHOLE_WAY_TURNS", "3"))
WARMING = 30  # documents of the first company, which is not measured
GOAL_MS = 4
# How documents are sent, and whether their files are sent too.
WAYS = {
    "hub, posted one by one": ("single", False),
    "hub, posted in batches": ("batch", False),
    "hub, posted one by one, with their files": ("single", True),
}
BARE_BILLS = 300
UNLIMITED = 1_000_000  # calls that the source answers in the period of its rate
SETTINGS = {
    "client_id": "costtracker-stand-in",
    "client_secret": "stand-in-secret-1f0c",
    "payable_account": "2400",
    "zone": "Europe/Oslo",
}
CLIENT_ID, CLIENT_SECRET = bills.CLIENT.split(":")


class StandIn:
    """A stand-in in a process of its own, which ends with the block."""

    def __init__(self, *arguments: str) -> None:
        command = [str(Path(sys.executable).with_name("hub")), "sandbox", *arguments, "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout
        self.process.stdout.close()

    def ask(self, page: str, **values: Any) -> Any:
        """Ask a page of the stand-in itself."""
        answer = requests.post(f"{self.url}/_sandbox/{page}", json=values, timeout=60)
        answer.raise_for_status()
        return answer.json()


def create_hub(folder: Path, quickbooks: StandIn) -> Any:
    """Return the application of an empty hub."""
    keys.initialise(folder)
    hosts = folder / "hosts.txt"
    hosts.write_text("127.0.0.1\n")
    environ = {
        "HUB_DATA": str(folder),
        "HUB_ALLOW_HOSTS_FILE": str(hosts),
        "HUB_QBO_API_URL": quickbooks.url,
        "HUB_QBO_CLIENT_ID": CLIENT_ID,
        "HUB_QBO_CLIENT_SECRET": CLIENT_SECRET,
        "HUB_QBO_TOKEN_URL": f"{quickbooks.url}/oauth2/v1/tokens/bearer",
        **bills.PACE,
    }
    app = create_app(config.load(environ))
    engine.upgrade(app)
    hub_context.freeze_gc()
    return app


def connect(quickbooks: StandIn, source: StandIn, mode: str, with_files: bool) -> int:
    """Connect a new company and enable CostTracker for it; return the installation."""
    opened = quickbooks.ask("profiles", profile="norway")
    company = oauth_connect.connect_with_refresh_token(opened["realm"], opened["refresh_token"])
    record_download.refresh(company.id)
    batch_sizing.store_mode(company.id, mode, "bench")
    settings = SETTINGS | {"base_url": source.url, "attach_files": with_files}
    installation = enable.enable(company.id, "costtracker", settings, who="bench", mode="auto")
    enable.push_first_lists(installation)
    return int(installation.id)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of this process that a work took, and its result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def sync(installation_id: int) -> Any:
    """Collect, match, post and report everything of an installation."""
    return runner.sync(installation_id, requested_by="bench", wait=True)


def bare_loop(url: str) -> float:
    """Return the CPU seconds of a bill that a loop around `requests` posts."""
    vendor = bills.first_id(url, "Vendor", "Active = true")
    account = bills.first_id(url, "Account", "AccountType = 'Expense'")
    prefix = f"{time.time_ns() // 1000}-"
    seconds, _ = cpu(lambda: bills.post_with_requests(url, vendor, account, prefix, BARE_BILLS))
    return seconds / BARE_BILLS


def row(name: str, documents: int, posted: int, seconds: list[float], bare: list[float]) -> None:
    """Print a line of the table."""
    ratio = statistics.median(one / other for one, other in zip(seconds, bare, strict=True))
    each = statistics.median(seconds) * 1000
    print(f"{name:44}{documents:>10}{posted:>8}{each:12.2f}{ratio:10.2f}x", flush=True)
    if "BENCH_RESULTS" in os.environ:
        figures = {"way": name, "documents": documents, "ms": round(each, 2), "of_bare": ratio}
        with Path(os.environ["BENCH_RESULTS"]).open("a") as file:
            file.write(f"{json.dumps(figures)}\n")


def turns(quickbooks: StandIn, source: StandIn, name: str) -> list[float]:
    """Measure one way of posting, with a bare loop before each turn, whose figures are returned."""
    mode, with_files = WAYS[name]
    seconds, bare = [], []
    for _ in range(TURNS):
        bare.append(bare_loop(quickbooks.url))
        installation_id = connect(quickbooks, source, mode, with_files)
        spent, run = cpu(lambda id=installation_id: sync(id))  # type: ignore[misc]
        assert not run.error, run.error
        documents = run.counts["documents"]
        seconds.append(spent / documents)
    row(name, documents, run.counts["posted"], seconds, bare)
    return bare


def main() -> None:
    arguments = ("--company", "us", "--realm", bills.REALM, "--client", bills.CLIENT)
    tokens = ("--access-token", bills.ACCESS, "--refresh-token", bills.REFRESH)
    with (
        tempfile.TemporaryDirectory() as folder,
        StandIn("quickbooks", *arguments, *tokens) as quickbooks,
        StandIn("costtracker", "--documents", str(WARMING), "--seed", "3") as warming,
        StandIn("costtracker", "--documents", str(DOCUMENTS), "--seed", "4") as source,
    ):
        for stand_in in (warming, source):
            stand_in.ask("limit", requests=UNLIMITED)
        app = create_hub(Path(folder), quickbooks)
        with app.app_context():
            sync(connect(quickbooks, warming, "batch", with_files=True))
            title = f"source to books and report, goal {GOAL_MS} ms of CPU"
            print(f"{title:44}{'documents':>10}{'posted':>8}{'ms of CPU':>12}{'of bare':>11}")
            for name in WAYS:
                bare = turns(quickbooks, source, name)
            row("bare requests loop, one bill", BARE_BILLS, BARE_BILLS, bare, bare)


if __name__ == "__main__":
    main()

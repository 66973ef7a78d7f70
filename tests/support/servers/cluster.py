"""Processes of a distributed hub on several machines, with one database, source and QuickBooks."""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

if TYPE_CHECKING:
    from tests.support.pages.patient_owner import PatientOwner

# Seconds that anything may take on a busy machine. A file that could not be fetched is tried again
# after 300 seconds.
MAX_WAIT_SECONDS = 420
PROCESS_SECONDS = 1500  # seconds that a process may run
LEASE = 3.0
OWNER, PASSWORD = "anna@example.com", "quiet-lake-7-morning"
SETTINGS = {
    "HUB_DEADLINE_SECONDS": "2",
    "HUB_LEASE_SECONDS": str(LEASE),
    "HUB_QUIET_SECONDS": "4",
    "HUB_ENGINE": "distributed",
    "HUB_LOG_TO": "stderr",
    "HUB_SECRET_KEY": SECRET_KEY,
    "HUB_VAULT_KEYS": VAULT_KEYS,
}
STATE_QUERIES = (
    "SELECT id, kind, requested_by, started_at, ended_at, outcome, phase, error FROM run",
    "SELECT state, count(*), min(next_try_at) FROM posting GROUP BY state",
    "SELECT name, holder, fence, heartbeat_at, now() FROM lease",
    "SELECT name, next_due FROM schedule WHERE enabled",
    (
        "SELECT id, status, queueing_lock, worker_id FROM "
        "procrastinate_jobs WHERE status <> 'succeeded'"
    ),
)
# Titles of cases by those that earlier code has for the same cause.
TITLES_OF_EARLIER_CODE = {"Refused by QuickBooks": "Number already used"}
OPEN_POSTINGS = "posting WHERE state IN ('ready', 'sending', 'unknown', 'waiting')"


class Document(NamedTuple):
    """A QuickBooks transaction posted by the hub."""

    kind: str
    marker: str
    number: str
    amount: Decimal

    @property
    def content(self) -> tuple[str, str, Decimal]:
        """Return the values that are equal in the books of every company with the same source."""
        return self.kind, self.number, self.amount


class Outcome(NamedTuple):
    """What a hub has made of the documents of a source."""

    documents: list[tuple[str, str, Decimal]]
    files: list[str]  # the names of the files at transactions
    cases: list[str]  # the titles of the open cases
    reported_states: list[tuple[str, str]]  # what the source was told, by number of a document


class Database:
    """A PostgreSQL database of one test, queried from outside the hub."""

    def __init__(self, url: str) -> None:
        self.url = url
        address = make_url(url).set(drivername="postgresql+psycopg")
        self._engine = create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def query(self, query: str) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(text(query)).all()

    def execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))

    def count(self, table_and_condition: str) -> int:
        """Return the number of rows, or 0 while the server is away."""
        with suppress(OperationalError):
            return int(self.query(f"SELECT count(*) FROM {table_and_condition}")[0][0])
        return 0

    def close(self) -> None:
        self._engine.dispose()


class Cluster:
    """Machines that share one database, a source and QuickBooks."""

    def __init__(
        self,
        machines: list[Any],
        database: Database,
        costtracker: Any,
        sync_undisturbed: Callable[[], Outcome],
    ) -> None:
        self.machines = machines
        self.database = database
        self.costtracker = costtracker
        self._sync_undisturbed = sync_undisturbed
        self.fork_server = machines[0].fork_server
        self.quickbooks = machines[0].quickbooks
        self.patience = MAX_WAIT_SECONDS  # seconds that a condition may take

    def start(self, machine: int, *arguments: str) -> SimpleNamespace:
        """Start a command on a machine."""
        environ = self.machines[machine].environ
        started: SimpleNamespace = self.fork_server.start(
            *arguments, environ=environ, seconds=max(PROCESS_SECONDS, 2 * self.patience)
        )
        return started

    def start_worker(self, machine: int = 0, concurrency: int = 4) -> SimpleNamespace:
        """Start a worker on a machine."""
        arguments = ("worker", "--concurrency", str(concurrency))
        return self.start(machine, *arguments)

    def start_watched_worker(self) -> tuple[SimpleNamespace, str]:
        """Start a worker that answers health checks; return the process and their address."""
        worker = self.start(0, "worker", "--concurrency", "4", "--health-port", "0")

        def address() -> str:
            text = read_output(worker).partition("Its health is at ")[2]
            return text.partition("/healthz")[0]

        return worker, self.wait(address, worker)

    def start_pages(self, machine: int) -> tuple[SimpleNamespace, str]:
        """Start the pages on a machine; return the process and its address."""
        served = self.start(machine, "serve", "--port", "0", "--workers", "2")

        def address() -> str:
            return read_output(served).partition("serves ")[2].strip()

        return served, self.wait(address, served)

    def wait(self, condition: Callable[[], Any], *processes: SimpleNamespace) -> Any:
        """Wait until a condition is true and return its value; check that the processes run."""
        end = time.monotonic() + self.patience
        while not (value := condition()):
            for process in processes:
                assert self.fork_server.poll(process) is None, process.err.read_text()
            assert time.monotonic() < end, self.describe(processes)
            time.sleep(0.1)
        return value

    def describe(self, processes: Sequence[SimpleNamespace]) -> str:
        """Return the output of processes and the rows that describe their work."""
        lines = [process.err.read_text() for process in processes]
        for query in STATE_QUERIES:
            lines.append(query)
            lines += [str(row) for row in self.database.query(query)]
        return "\n".join(lines)

    def terminate(self, *processes: SimpleNamespace) -> None:
        """Stop processes in order, as a service manager does."""
        for process in processes:
            os.kill(process.pid, signal.SIGTERM)
        for process in processes:
            code = self.fork_server.wait(process)
            assert code == 0, process.err.read_text()

    def assert_recovery(
        self,
        person: "PatientOwner",
        pages: Sequence[str],
        served: SimpleNamespace,
        workers: Sequence[SimpleNamespace],
    ) -> int:
        """Wait until pages and workers recover from a fault by themselves; stop them.

        Return how many documents are in the books.
        """
        self.wait(lambda: person.call("GET", "/readyz").status_code == 200, served)
        for path in pages:
            assert person.call("GET", path).status_code == 200
        self.quickbooks.pass_time(60)
        self.wait(self.all_posted, *workers)
        self.terminate(*workers, served)
        assert self.database.count("lease WHERE holder <> '' AND name <> 'scheduler'") == 0
        return self.assert_books_match()

    def slow_down(self) -> None:
        """Let QuickBooks answer late, so that the work lasts longer than a fault.

        Call this before a worker starts: otherwise everything may be posted before the test
        looks. A batch takes long enough to be seen while it is under way.
        """
        for call, seconds in (("batch", 1.0), ("*", 0.3)):
            rule = {"kind": "delay", "call": call, "seconds": seconds, "count": 1_000_000}
            self.quickbooks.ask("faults", rule)

    def is_sending(self) -> bool:
        return self.database.count("posting WHERE state = 'sending'") > 0

    def all_posted(self) -> bool:
        """Return whether every posting is finished, and some are posted."""
        posted = self.database.count("posting WHERE state = 'posted'")
        collected = self.database.count("run WHERE kind = 'sync' AND outcome = 'done'")
        return bool(posted and collected and not self.database.count(OPEN_POSTINGS))

    def assert_books_match(self, *, beside_earlier_code: bool = False) -> int:
        """Check the books and return the number of documents in them.

        A sync finds nothing left to write, the sums of source and books are equal, and documents,
        files, open cases and reports are those of a hub that nothing has disturbed. Earlier code
        reports one state by another name, and says of a number that is used only that QuickBooks
        refused it, if its send was in doubt before.
        """
        hub = self.machines[0]
        code, out, errors = hub("sync", "costtracker", "--realm", hub.realm, "--json")
        assert code in (0, 3), errors
        report = json.loads(out)
        for app in report["apps"].values():
            assert (app["unknown"], app["waiting"], app["requests"]["writes"]) == (0, 0, 0), errors
            for sums in app["sums"].values():
                assert sums["source"] == sums["posted"] == sums["quickbooks"]
        documents = self.documents(hub.realm)
        assert len({document.marker for document in documents}) == len(documents) > 0
        outcome = read_outcome(hub, self.costtracker, report)
        expected = self._sync_undisturbed()
        for name, value in expected._asdict().items():
            actual = getattr(outcome, name)
            if name == "reported_states" and beside_earlier_code:
                continue
            if name == "cases" and beside_earlier_code:
                actual = sorted(TITLES_OF_EARLIER_CODE.get(title, title) for title in actual)
            assert actual == value, f"{name}: {actual}, not {value}"
        return len(documents)

    def documents(self, realm: str) -> list[Document]:
        """Return the documents that the hub posted into the books of a company."""
        return read_documents(self.quickbooks, realm)


def sync_undisturbed(hub: Any, costtracker: Any) -> Outcome:
    """Enable a source for a hub that is connected, sync it in peace, and return the outcome.

    The second sync tells the source what the first one has posted, and reports the open cases.
    """
    hub.enable(costtracker)
    hub.sync()
    _, report, errors = hub.sync()
    assert report, errors
    return read_outcome(hub, costtracker, report)


def read_outcome(hub: Any, costtracker: Any, report: Any) -> Outcome:
    """Return what a hub has made of its source; `report` is that of its last sync."""
    documents = read_documents(hub.quickbooks, hub.realm)
    files = []
    for attachment in hub.quickbooks.ask(f"books?realm={hub.realm}")[hub.realm]["Attachable"]:
        if "[hub:" in attachment.get("Note", ""):
            files.append(attachment["FileName"])
    source = costtracker.ask("books")
    numbers = {invoice["id"]: invoice["invoice_number"] for invoice in source["invoices"]}
    reported_states = []
    for id, receipts in source["statuses"].items():
        # Of two with one number, the one that QuickBooks gets first is posted. The other is refused
        # by QuickBooks, or held before if the hub knows the first by then.
        state = receipts[-1]["state"]
        reported_states.append((numbers.get(id) or id, "held" if state == "failed" else state))
    return Outcome(
        documents=sorted(document.content for document in documents),
        files=sorted(files),
        cases=sorted(case["title"] for case in report["cases"]),
        reported_states=sorted(reported_states),
    )


def read_documents(quickbooks: Any, realm: str) -> list[Document]:
    """Return the documents that a hub posted into the books of a company."""
    books = quickbooks.ask(f"books?realm={realm}")[realm]
    documents = []
    for kind in ("Bill", "VendorCredit"):
        for row in books.get(kind, ()):
            marker = row.get("PrivateNote", "").partition("[hub:")[2].partition("]")[0]
            if marker:
                number = row.get("DocNumber", "")
                documents.append(Document(kind, marker, number, Decimal(str(row["TotalAmt"]))))
    return documents


def read_output(process: SimpleNamespace) -> str:
    """Return the output of a process so far."""
    return process.out.read_text() if process.out.exists() else ""


def web_processes(served: SimpleNamespace) -> set[int]:
    """Return the ids of the processes of gunicorn that answer requests."""
    children = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text()
    return {int(pid) for pid in children.split()}

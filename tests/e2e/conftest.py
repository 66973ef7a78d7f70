"""Fixtures that run the hub and the stand-ins as processes and connect them over real sockets."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages.browser import browser, open_tab  # noqa: F401 (fixtures)
from tests.support.processes.command_processes import CLIENT, REALM, TOKEN, ForkServer, Hub, StandIn
from tests.support.runs.tiers import by_form
from tests.support.servers import cluster as clusters
from tests.support.servers.cluster import Cluster, Database, Outcome
from tests.support.servers.database_server import make_server, own_server  # noqa: F401 (fixtures)

SOURCE_DOCUMENTS = by_form(small=24, full=30, long=120)  # of the source of a cluster


@pytest.fixture(scope="session")
def session_fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Start the process that forks commands, once for all tests of this process."""
    processes = ForkServer(tmp_path_factory.mktemp("warm"))
    yield processes
    processes.close()


@pytest.fixture
def fork_server(session_fork_server: ForkServer) -> Iterator[ForkServer]:
    """Provide the process for starting commands; kill those left at the end of the test."""
    yield session_fork_server
    session_fork_server.kill_all()


@pytest.fixture
def stand_in(fork_server: ForkServer) -> Iterator[Callable[..., StandIn]]:
    """Return a function that starts stand-ins; they end with the test."""
    started: list[StandIn] = []

    def start(*args: str) -> StandIn:
        started.append(StandIn(fork_server, *args))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def quickbooks(stand_in: Callable[..., StandIn]) -> StandIn:
    """Start a QuickBooks stand-in with a Norwegian and an American company."""
    return start_quickbooks(stand_in)


def start_quickbooks(stand_in: Callable[..., StandIn]) -> StandIn:
    """Start a QuickBooks stand-in with a Norwegian and an American company."""
    return stand_in(
        "quickbooks",
        "--company",
        "norway",
        "--company",
        "us",
        "--realm",
        REALM,
        "--refresh-token",
        TOKEN,
        "--client",
        CLIENT,
    )


@pytest.fixture
def hub(fork_server: ForkServer, tmp_path: Path, quickbooks: StandIn) -> Hub:
    """Return a hub that is not set up yet; `connect()` sets it up."""
    return Hub(fork_server, tmp_path, quickbooks)


@pytest.fixture
def postgres_fork_server(
    fork_server: ForkServer,
    postgres: str,
    postgres_template: str,
    make_database: Callable[..., str],
) -> ForkServer:
    """Return the same with statements that are compiled for PostgreSQL in advance."""
    fork_server.compile_statements(lambda: make_database(postgres, postgres_template))
    return fork_server


@pytest.fixture(scope="session")
def undisturbed_outcomes() -> dict[int, Outcome]:
    """Provide the outcomes of hubs that nothing has disturbed, by the documents of their source."""
    return {}


@pytest.fixture
def start_source(stand_in: Callable[..., StandIn]) -> Callable[[int], StandIn]:
    """Return a function that starts the source of a cluster, with a number of documents."""

    def start(documents: int) -> StandIn:
        return stand_in("costtracker", "--documents", str(documents), "--seed", "4")

    return start


@pytest.fixture
def sync_undisturbed(
    fork_server: ForkServer,
    tmp_path: Path,
    stand_in: Callable[..., StandIn],
    start_source: Callable[[int], StandIn],
    undisturbed_outcomes: dict[int, Outcome],
) -> Callable[[int], Outcome]:
    """Return a function that returns what a hub makes of a source while nothing goes wrong."""

    def sync(documents: int) -> Outcome:
        if documents not in undisturbed_outcomes:
            folder = tmp_path / "undisturbed"
            folder.mkdir()
            hub = Hub(fork_server, folder, start_quickbooks(stand_in))
            hub.connect()
            outcome = clusters.sync_undisturbed(hub, start_source(documents))
            undisturbed_outcomes[documents] = outcome
        return undisturbed_outcomes[documents]

    return sync


@pytest.fixture
def make_cluster(
    postgres_fork_server: ForkServer,
    tmp_path: Path,
    quickbooks: StandIn,
    start_source: Callable[[int], StandIn],
    sync_undisturbed: Callable[[int], Outcome],
) -> Iterator[Callable[[str], Cluster]]:
    """Return a function that creates a cluster of two machines on a PostgreSQL database."""
    fork_server = postgres_fork_server
    databases: list[Database] = []

    def make(url: str, documents: int = SOURCE_DOCUMENTS, **settings: Any) -> Cluster:
        machines = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            machine = Hub(fork_server, folder, quickbooks)
            machine.environ |= clusters.SETTINGS | {"HUB_DATABASE_URL": url}
            machines.append(machine)
        machines[0].connect()
        Path(machines[1].environ["HUB_DATA"]).mkdir(mode=0o700)
        costtracker = start_source(documents)
        machines[0].enable(costtracker, **settings)
        password = tmp_path / "password"
        password.write_text(clusters.PASSWORD)
        owner = ("users", "add", clusters.OWNER, "--role", "owner")
        machines[0].run(*owner, "--password-file", str(password))
        databases.append(Database(url))
        return Cluster(machines, databases[-1], costtracker, partial(sync_undisturbed, documents))

    yield make
    for database in databases:
        database.close()


@pytest.fixture
def cluster(
    make_cluster: Callable[[str], Cluster],
    postgres: str,
    postgres_template: str,
    make_database: Callable[..., str],
) -> Cluster:
    """Create a cluster of two machines on a database of its own."""
    return make_cluster(make_database(postgres, postgres_template))

"""Tests of PostgreSQL or a pool without a free connection: work waits and then continues.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import time
from contextlib import closing, suppress

import psycopg
import pytest

from hub.db import engine
from tests.support.pages.patient_owner import SENTENCE, PatientOwner
from tests.support.servers.cluster import LEASE
from tests.support.sources.many_companies import request_runs_of_disconnected_companies

MAX_CONNECTIONS = 40
POOL = engine.MAX_CONNECTIONS
COMPANIES = POOL + 6


class ConnectionHog:
    """Other programs that take every connection of a server."""

    def __init__(self, url):
        self._url = url
        self._connections = []

    def take_all(self):
        """Take the free connections and end the hub's sessions; return whether it had none."""
        with suppress(psycopg.OperationalError):
            while True:
                connection = psycopg.connect(self._url, application_name="crowd", autocommit=True)
                self._connections.append(connection)
        ended = self._connections[0].execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND application_name <> 'crowd'"
        )
        return ended.fetchone() == (0,)

    def close(self):
        for connection in self._connections:
            connection.close()


@pytest.mark.proof(small=0)
def test_work_waits_while_postgresql_has_no_connection_left(make_cluster, make_server, figure):
    server = make_server(max_connections=str(MAX_CONNECTIONS))
    cluster = make_cluster(server.url)
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    cluster.slow_down()
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, *workers)

    with closing(ConnectionHog(server.url)) as crowd:
        cluster.wait(crowd.take_all, *workers)
        page = person.call("GET", "/documents")
        assert (page.status_code, SENTENCE in page.text) == (503, True), page.text
        end = time.monotonic() + LEASE + 1
        cluster.wait(lambda: time.monotonic() > end, *workers)

    cluster.quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, *workers)
    assert person.call("GET", "/documents").status_code == 200
    cluster.terminate(*workers, served)
    output = "".join(process.err.read_text() for process in workers)
    assert "too many clients already; all connections that it allows are in use" in output
    figure(
        "documents in the books once although PostgreSQL had no connection left meanwhile",
        cluster.assert_books_match(),
        1,
    )


@pytest.mark.proof(small=0)
def test_work_waits_while_the_pool_of_a_worker_has_no_connection_left(cluster, figure):
    request_runs_of_disconnected_companies(cluster.machines[0], COMPANIES)
    with closing(psycopg.connect(cluster.database.url)) as visitor_with_stand_ins:
        visitor_with_stand_ins.execute("LOCK TABLE run_line IN ACCESS EXCLUSIVE MODE")
        worker = cluster.start_worker(0, concurrency=COMPANIES + 4)
        waiting = "pg_locks WHERE NOT granted AND relation = 'run_line'::regclass"
        cluster.wait(lambda: cluster.database.count(waiting) == POOL, worker)
        end = time.monotonic() + LEASE + 1
        cluster.wait(lambda: time.monotonic() > end, worker)
        assert cluster.database.count(waiting) == POOL
        visitor_with_stand_ins.rollback()
    cluster.quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, worker)
    cluster.wait(lambda: not cluster.database.count("run WHERE ended_at IS NULL"), worker)
    cluster.terminate(worker)
    assert cluster.database.count("lease WHERE fence > 1 AND name LIKE 'company-%'") == 0
    figure(
        "documents in the books once although the pool of a worker was exhausted meanwhile",
        cluster.assert_books_match(),
        1,
    )

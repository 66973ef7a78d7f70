"""Tests of PostgreSQL or a pool without a free connection: work waits and then continues.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import time
from contextlib import closing, suppress

import psycopg
import pytest

from hub.db import engine
from tests.support.many_companies import request_runs_of_disconnected_companies
from tests.support.office import LEASE
from tests.support.office_person import SENTENCE, Person

MAX_CONNECTIONS = 40
POOL = engine.MAX_CONNECTIONS
COMPANIES = POOL + 6


class Crowd:
    """Other programs that take every connection of a server."""

    def __init__(self, url):
        self._url = url
        self._connections = []

    def has_all(self):
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
def test_work_waits_while_postgresql_has_no_connection_left(make_office, make_server, figure):
    server = make_server(max_connections=str(MAX_CONNECTIONS))
    office = make_office(server.url)
    served, address = office.serve(1)
    person = Person(address)
    person.log_in()
    office.slow_down()
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, *workers)

    with closing(Crowd(server.url)) as crowd:
        office.wait(crowd.has_all, *workers)
        page = person.call("GET", "/documents")
        assert (page.status_code, SENTENCE in page.text) == (503, True), page.text
        end = time.monotonic() + LEASE + 1
        office.wait(lambda: time.monotonic() > end, *workers)

    office.quickbooks.pass_time(60)
    office.wait(office.all_posted, *workers)
    assert person.call("GET", "/documents").status_code == 200
    office.end(*workers, served)
    output = "".join(process.err.read_text() for process in workers)
    assert "too many clients already. Nothing was lost" in output
    figure(
        "documents in the books once although PostgreSQL had no connection left meanwhile",
        office.assert_books_are_right(),
        1,
    )


@pytest.mark.proof(small=0)
def test_work_waits_while_the_pool_of_a_worker_has_no_connection_left(office, figure):
    request_runs_of_disconnected_companies(office.machines[0], COMPANIES)
    with closing(psycopg.connect(office.database.url)) as visitor_with_stand_ins:
        visitor_with_stand_ins.execute("LOCK TABLE run_line IN ACCESS EXCLUSIVE MODE")
        worker = office.work(0, concurrency=COMPANIES + 4)
        waiting = "pg_locks WHERE NOT granted AND relation = 'run_line'::regclass"
        office.wait(lambda: office.database.count(waiting) == POOL, worker)
        end = time.monotonic() + LEASE + 1
        office.wait(lambda: time.monotonic() > end, worker)
        assert office.database.count(waiting) == POOL
        visitor_with_stand_ins.rollback()
    office.quickbooks.pass_time(60)
    office.wait(office.all_posted, worker)
    office.wait(lambda: not office.database.count("run WHERE ended_at IS NULL"), worker)
    office.end(worker)
    assert office.database.count("lease WHERE fence > 1 AND name LIKE 'company-%'") == 0
    figure(
        "documents in the books once although the pool of a worker was exhausted meanwhile",
        office.assert_books_are_right(),
        1,
    )

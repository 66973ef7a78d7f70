"""Tests of the distributed engine as processes: workers are killed or frozen, databases restart.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import os
import signal
import urllib.request

import pytest

from tests.e2e.conftest import PATIENCE


@pytest.mark.proof(small=0)
def test_workers_and_pages_share_one_database_and_end_in_order(office):
    workers = [office.work(0), office.work(1)]
    served, address = office.serve(1)
    with urllib.request.urlopen(f"{address}/login", timeout=PATIENCE) as page:
        assert page.status == 200
    office.wait(office.all_posted, workers[0])
    office.end(*workers, served)
    assert "The worker has ended." in workers[0].out.read_text()
    assert office.database.count("lease WHERE holder <> '' AND name <> 'scheduler'") == 0
    assert office.database.count("active_folder WHERE released_at IS NULL") == 0
    office.assert_books_are_right()


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_worker_that_stops_in_mid_posting_is_replaced_by_another(office, figure, stop):
    """The worker also ran the schedules, because it was the first."""
    office.slow_down()
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
        office.end(first)
    office.end(second)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents in the books once although a worker was {how} meanwhile",
        office.assert_books_are_right(),
        1,
    )


@pytest.mark.proof(small=0)
def test_workers_go_on_after_postgresql_has_restarted(make_office, own_server, figure):
    office = make_office(own_server.url)
    office.slow_down()
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, workers[0])
    own_server.restart()
    office.machines[0].quickbooks.pass_time(60)
    office.wait(office.all_posted, workers[1])
    office.end(*workers)
    figure(
        "documents in the books once although PostgreSQL restarted meanwhile",
        office.assert_books_are_right(),
        1,
    )

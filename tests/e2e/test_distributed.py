"""Tests of the distributed engine as processes: workers are killed or frozen, databases restart.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import os
import signal
import urllib.request

import pytest

from tests.support.processes.command_processes import MAX_WAIT_SECONDS


@pytest.mark.proof(small=0)
def test_workers_and_pages_share_one_database_and_end_in_order(cluster):
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    served, address = cluster.start_pages(1)
    with urllib.request.urlopen(f"{address}/login", timeout=MAX_WAIT_SECONDS) as page:
        assert page.status == 200
    cluster.wait(cluster.all_posted, workers[0])
    cluster.terminate(*workers, served)
    assert "The worker has ended." in workers[0].out.read_text()
    assert cluster.database.count("lease WHERE holder <> '' AND name <> 'scheduler'") == 0
    assert cluster.database.count("active_folder WHERE released_at IS NULL") == 0
    cluster.assert_books_match()


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_worker_that_stops_in_mid_posting_is_replaced_by_another(cluster, figure, stop):
    """The worker also ran the schedules, because it was the first."""
    cluster.slow_down()
    first = cluster.start_worker(0)
    cluster.wait(cluster.is_sending, first)
    os.kill(first.pid, stop)
    second = cluster.start_worker(1)
    fences = "lease WHERE fence > 1 AND holder <> '' AND name LIKE 'company-%'"
    cluster.wait(lambda: cluster.database.count(fences), second)
    cluster.machines[0].quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, second)
    if stop == signal.SIGSTOP:
        os.kill(first.pid, signal.SIGCONT)
        cluster.terminate(first)
    cluster.terminate(second)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents in the books once although a worker was {how} meanwhile",
        cluster.assert_books_match(),
        1,
    )


@pytest.mark.proof(small=0)
def test_workers_go_on_after_postgresql_has_restarted(make_cluster, own_server, figure):
    cluster = make_cluster(own_server.url)
    cluster.slow_down()
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, workers[0])
    own_server.restart()
    cluster.machines[0].quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, workers[1])
    cluster.terminate(*workers)
    figure(
        "documents in the books once although PostgreSQL restarted meanwhile",
        cluster.assert_books_match(),
        1,
    )

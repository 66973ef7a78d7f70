"""Tests of web processes and the scheduler killed, or frozen for longer than the leases last.

In each test every invoice is in the books once, to the cent. People press a button again only if
they got no answer.
"""

import os
import signal
import threading
import time
from contextlib import closing

import psycopg
import pytest

from tests.support.pages.patient_owner import APPROVED_TOGETHER, PatientOwner
from tests.support.servers.cluster import LEASE, read_output, web_processes

TAKEOVER_SECONDS = LEASE + 5
STOPS = pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
SCHEDULER = "SELECT holder FROM lease WHERE name = 'scheduler' AND holder <> ''"


@pytest.mark.proof(small=0)
@STOPS
def test_web_processes_that_stop_in_mid_approval_approve_nothing_twice(
    make_cluster, postgres, postgres_template, make_database, figure, stop
):
    cluster = make_cluster(make_database(postgres, postgres_template), mode="review")
    cluster.machines[1].environ["GUNICORN_CMD_ARGS"] = f"--timeout {LEASE:g}"
    worker = cluster.start_worker(0)
    served, address = cluster.start_pages(1)
    collected = "run WHERE kind = 'sync' AND outcome = 'done'"
    cluster.wait(lambda: cluster.database.count(collected), worker)
    in_review = cluster.database.count("posting WHERE state = 'review'")
    assert in_review > APPROVED_TOGETHER
    person = PatientOwner(address)
    person.log_in()

    plain = cluster.database.url.replace("+psycopg", "")
    with closing(psycopg.connect(plain)) as visitor_with_stand_ins:
        visitor_with_stand_ins.execute("LOCK TABLE audit_entry IN SHARE ROW EXCLUSIVE MODE")
        approving = threading.Thread(target=person.approve_all)
        approving.start()
        waiting = "pg_locks WHERE NOT granted AND relation = 'audit_entry'::regclass"
        cluster.wait(lambda: cluster.database.count(waiting), served)
        stopped = web_processes(served)
        for pid in stopped:
            os.kill(pid, stop)
        visitor_with_stand_ins.rollback()

    approving.join()
    assert person.tries > in_review / APPROVED_TOGETHER + 1
    cluster.wait(lambda: not stopped & web_processes(served), served)
    approved = "posting WHERE approved_by IS NOT NULL"
    assert cluster.database.count(approved) == in_review
    assert cluster.database.count("audit_entry WHERE what = 'posting approved'") == in_review
    cluster.wait(cluster.all_posted, worker)
    cluster.terminate(worker, served)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents approved and in the books once although the web processes were {how} meanwhile",
        cluster.assert_books_match(),
        1,
    )


@pytest.mark.proof(small=0)
def test_the_work_of_a_killed_worker_continues_within_the_lease_and_five_seconds(cluster, figure):
    cluster.slow_down()
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, *workers)
    ((holder,),) = cluster.database.query("SELECT holder FROM lease WHERE name = 'company-1'")
    killed, other = sorted(workers, key=lambda worker: f"hub-{holder}." not in read_output(worker))
    os.kill(killed.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    takeover = f"lease WHERE name = 'company-1' AND holder NOT IN ('', '{holder}')"
    cluster.wait(lambda: cluster.database.count(takeover), other)
    seconds = time.monotonic() - killed_at
    assert LEASE / 2 < seconds < TAKEOVER_SECONDS
    cluster.quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, other)
    cluster.terminate(other)
    cluster.assert_books_match()
    figure(
        f"seconds left of the {TAKEOVER_SECONDS:g} s after a kill in which another worker must"
        " continue",
        round(TAKEOVER_SECONDS - seconds, 1),
        0,
    )


@pytest.mark.proof(small=0)
@STOPS
def test_another_worker_runs_the_schedules_within_the_lease_and_five_seconds(cluster, figure, stop):
    first = cluster.start_worker(0)
    cluster.wait(lambda: cluster.database.query(SCHEDULER), first)
    elected = cluster.database.query(SCHEDULER)
    second = cluster.start_worker(1)
    cluster.wait(lambda: "executes up to" in read_output(second), first, second)
    os.kill(first.pid, stop)
    stopped_at = time.monotonic()
    cluster.wait(lambda: cluster.database.query(SCHEDULER) != elected, second)
    assert time.monotonic() - stopped_at < TAKEOVER_SECONDS
    cluster.quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, second)
    if stop == signal.SIGSTOP:
        os.kill(first.pid, signal.SIGCONT)
        cluster.terminate(first)
    cluster.terminate(second)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents in the books once although the elected scheduler was {how} meanwhile",
        cluster.assert_books_match(),
        1,
    )

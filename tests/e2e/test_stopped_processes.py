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

from tests.support.office import LEASE, printed_by, web_processes
from tests.support.office_person import APPROVED_TOGETHER, Person

TAKEOVER_SECONDS = LEASE + 5
STOPS = pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
SCHEDULER = "SELECT holder FROM lease WHERE name = 'scheduler' AND holder <> ''"


@pytest.mark.proof(small=0)
@STOPS
def test_web_processes_that_stop_in_mid_approval_approve_nothing_twice(
    make_office, postgres, postgres_template, make_database, figure, stop
):
    office = make_office(make_database(postgres, postgres_template), mode="review")
    office.machines[1].environ["GUNICORN_CMD_ARGS"] = f"--timeout {LEASE:g}"
    worker = office.work(0)
    served, address = office.serve(1)
    collected = "run WHERE kind = 'sync' AND outcome = 'done'"
    office.wait(lambda: office.database.count(collected), worker)
    in_review = office.database.count("posting WHERE state = 'review'")
    assert in_review > APPROVED_TOGETHER
    person = Person(address, patience=8)
    person.log_in()

    plain = office.database.url.replace("+psycopg", "")
    with closing(psycopg.connect(plain)) as visitor_with_stand_ins:
        visitor_with_stand_ins.execute("LOCK TABLE audit_entry IN SHARE ROW EXCLUSIVE MODE")
        approving = threading.Thread(target=person.approve_all)
        approving.start()
        waiting = "pg_locks WHERE NOT granted AND relation = 'audit_entry'::regclass"
        office.wait(lambda: office.database.count(waiting), served)
        stopped = web_processes(served)
        for pid in stopped:
            os.kill(pid, stop)
        visitor_with_stand_ins.rollback()

    approving.join()
    assert person.tries > in_review / APPROVED_TOGETHER + 1
    assert not stopped & web_processes(served)
    approved = "posting WHERE approved_by IS NOT NULL"
    assert office.database.count(approved) == in_review
    assert office.database.count("audit_entry WHERE what = 'posting approved'") == in_review
    office.wait(office.all_posted, worker)
    office.end(worker, served)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents approved and in the books once although the web processes were {how} meanwhile",
        office.assert_books_are_right(),
        1,
    )


@pytest.mark.proof(small=0)
def test_the_work_of_a_killed_worker_goes_on_within_the_lease_and_five_seconds(office, figure):
    office.slow_down()
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, *workers)
    ((holder,),) = office.database.ask("SELECT holder FROM lease WHERE name = 'company-1'")
    killed, other = sorted(workers, key=lambda worker: f"hub-{holder}." not in printed_by(worker))
    os.kill(killed.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    takeover = f"lease WHERE name = 'company-1' AND holder NOT IN ('', '{holder}')"
    office.wait(lambda: office.database.count(takeover), other)
    seconds = time.monotonic() - killed_at
    assert LEASE / 2 < seconds < TAKEOVER_SECONDS
    office.quickbooks.pass_time(60)
    office.wait(office.all_posted, other)
    office.end(other)
    office.assert_books_are_right()
    figure(
        f"seconds to spare until another worker had to go on {TAKEOVER_SECONDS:g} s after a kill",
        round(TAKEOVER_SECONDS - seconds, 1),
        0,
    )


@pytest.mark.proof(small=0)
@STOPS
def test_another_worker_runs_the_schedules_within_the_lease_and_five_seconds(office, figure, stop):
    first = office.work(0)
    office.wait(lambda: office.database.ask(SCHEDULER), first)
    elected = office.database.ask(SCHEDULER)
    second = office.work(1)
    office.wait(lambda: "executes up to" in printed_by(second), first, second)
    os.kill(first.pid, stop)
    stopped_at = time.monotonic()
    office.wait(lambda: office.database.ask(SCHEDULER) != elected, second)
    assert time.monotonic() - stopped_at < TAKEOVER_SECONDS
    office.quickbooks.pass_time(60)
    office.wait(office.all_posted, second)
    if stop == signal.SIGSTOP:
        os.kill(first.pid, signal.SIGCONT)
        office.end(first)
    office.end(second)
    how = "killed" if stop == signal.SIGKILL else "frozen"
    figure(
        f"documents in the books once although the elected scheduler was {how} meanwhile",
        office.assert_books_are_right(),
        1,
    )

"""Runs that lose their lease to another process send nothing more, and post nothing twice."""

import threading
from contextlib import suppress

import pytest

from hub.context import current_hub
from hub.db import lease_rows
from hub.db.engine import read_only_session
from hub.errors import Busy
from hub.models import ConnectedCompany, Run
from hub.posting.send import pipeline
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import leases, run_log, runner
from hub.scheduling.queue import RunQueue
from tests.support.processes.distributed_processes import (
    LEASE,
    LEASE_MARGIN_SECONDS,
    age_heartbeats,
)
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.hub_environment import QUICKBOOKS
from tests.support.sources.stand_in_fixtures import mount_quickbooks


@pytest.fixture
def first_hub(make_process):
    return make_process("one")


@pytest.fixture
def second_hub(make_process):
    return make_process("two")


@pytest.fixture
def bench(first_hub, second_hub, clock):
    """Provide postings of one app, and two processes that may send them."""
    with first_hub.app_context():
        quickbooks = mount_quickbooks(first_hub, clock)
        second_hub.extensions["hub"].mounts[QUICKBOOKS] = first_hub.extensions["hub"].mounts[
            QUICKBOOKS
        ]
        company = oauth_connect.connect_with_refresh_token(
            quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
        )
        record_download.refresh(company.id)
        new_desk = PostingBench(first_hub, quickbooks, clock)
        plugins = current_hub().plugins
        object.__setattr__(second_hub.extensions["hub"], "plugins", plugins)
        yield new_desk


def execute(app, bench):
    """Execute a run that posts, as a worker does."""
    with app.app_context():
        run_log.request("post", bench.installation_id, "kari")
    queue = RunQueue(app)
    queue._execute("post", bench.installation_id)


def in_a_thread_of_its_own(call, *arguments):
    """Call a function as another process does, because leases belong to threads here."""
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    thread.join()


def take_over(second_hub):
    """Let another process acquire the company; return the function that releases it."""
    age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
    with second_hub.app_context(), read_only_session() as session:
        company = session.query(ConnectedCompany).one()
        lease = leases.take(f"company-{company.id}")
    assert lease is not None
    return lease


def outcomes():
    with read_only_session() as session:
        return {run.outcome for run in session.query(Run)}


def test_a_run_posts_under_its_leases_and_releases_them(first_hub, second_hub, bench):
    id = bench.bill()
    execute(first_hub, bench)
    assert (bench.state(id), len(bench.bills()), outcomes()) == ("posted", 1, {"done"})
    with second_hub.app_context():
        assert leases.take(f"company-{bench.company_id}") is not None
        assert leases.take(f"installation-{bench.installation_id}") is not None


def test_a_run_that_another_process_has_executed_meanwhile_is_not_executed_again(
    first_hub, second_hub, bench, monkeypatch, caplog
):
    caplog.set_level("INFO")
    with first_hub.app_context():
        run_id = run_log.request("post", bench.installation_id, "kari")
    get_subject_id = run_log.get_subject_id

    def execute_elsewhere_first(run):
        monkeypatch.setattr(run_log, "get_subject_id", get_subject_id)
        with second_hub.app_context():
            runner.execute(run_id)
        return get_subject_id(run)

    monkeypatch.setattr(run_log, "get_subject_id", execute_elsewhere_first)
    with first_hub.app_context(), suppress(Busy):
        runner.execute(run_id)
    assert caplog.text.count("A run began") == 1


@pytest.mark.parametrize("keeps_other_lease", [False, True])
def test_nothing_is_sent_under_a_lease_that_was_taken(
    first_hub, second_hub, bench, monkeypatch, keeps_other_lease
):
    """When PostgreSQL was frozen, a process that resumes may have kept one of its leases only."""
    id = bench.bill()
    claim, taken_leases = pipeline.claim_prepared, []

    def claim_late(*arguments):
        if not taken_leases:
            taken_leases.append(take_over(second_hub))
            if keeps_other_lease:
                with first_hub.app_context():
                    lease_rows.process_leases().renew()
        return claim(*arguments)

    monkeypatch.setattr(pipeline, "claim_prepared", claim_late)
    execute(first_hub, bench)
    # The run waits once more, for whoever works next.
    assert (bench.state(id), len(bench.bills()), outcomes()) == ("ready", 0, {"stopped", ""})
    with second_hub.app_context():
        taken_leases[0].release()
    execute(second_hub, bench)
    assert (bench.state(id), len(bench.bills()), bench.cases()) == ("posted", 1, [])


def test_a_process_that_wakes_after_another_has_finished_doubles_nothing(
    first_hub, second_hub, bench, monkeypatch
):
    id = bench.bill()
    settle, awake = pipeline.record_results, []

    def wake_late(*answered):
        if not awake:
            awake.append(True)
            with second_hub.app_context():
                take_over(second_hub).release()
            for _ in range(3):
                in_a_thread_of_its_own(execute, second_hub, bench)
                bench.pass_time(3 * LEASE)
        return settle(*answered)

    monkeypatch.setattr(pipeline, "record_results", wake_late)
    execute(first_hub, bench)
    assert (bench.state(id), len(bench.bills()), bench.cases()) == ("posted", 1, [])

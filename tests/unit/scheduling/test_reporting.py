"""The receipts of an app are delivered by one run at a time."""

import pytest

from hub.db.engine import read_only_session
from hub.models import Installation
from hub.scheduling import reporting, runner
from hub.scheduling.leases import take
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def bench(app, quickbooks, clock):
    return PostingBench(app, quickbooks, clock)


def load_installation(bench):
    with read_only_session() as session:
        return session.get_one(Installation, bench.installation_id)


def test_a_run_that_reads_changes_leaves_the_receipts_that_another_run_delivers(bench):
    for number in ("A-1", "A-2"):
        bench.bill(number)
    bench.drain()

    def read_changes(reported):
        if reported == 1:
            runner.run_company_job("changes", bench.company_id, requested_by="kari")

    bench.source.after_report = read_changes
    runner.post(bench.installation_id, requested_by="kari")
    assert [number for number, *_ in bench.source.receipts] == ["A-1", "A-2"]


def test_a_run_that_reads_changes_delivers_the_receipts_that_are_due(bench):
    bench.bill()
    bench.drain()
    runner.run_company_job("changes", bench.company_id, requested_by="kari")
    assert [number for number, *_ in bench.source.receipts] == ["A-1"]


def test_a_run_of_an_app_waits_until_its_receipts_are_delivered(bench):
    bench.bill()
    bench.drain()
    lock = take(f"receipts-{bench.installation_id}")
    notices = []

    def note(text):
        notices.append(text)
        lock.release()

    assert reporting.deliver_if_free(load_installation(bench)) == 0
    assert reporting.wait_and_deliver(load_installation(bench), note) == 1
    assert len(notices) == 1

"""Tests of four workers and two web processes while PostgreSQL restarts and companies sync.

QuickBooks enforces its limits of a company, which the processes keep together. People use the pages
all the time, and retry the documents of a company whose books were closed. At the end the books of
all companies are compared to the cent.
"""

import time
from functools import partial

import pytest

from tests.support.pages.page_users import Absence, PageUser
from tests.support.processes.command_processes import KEYS
from tests.support.runs.tiers import by_form
from tests.support.servers.cluster import MAX_WAIT_SECONDS
from tests.support.sources.many_companies import connect_companies

COMPANIES = by_form(small=3, full=3, long=300)
DOCUMENTS = by_form(small=10, full=12, long=12)  # of the source
SECONDS = by_form(small=300, full=900, long=3600)  # time limit of the syncs
TIMES = {  # long enough that no worker counts as dead because the machine is busy
    "HUB_DEADLINE_SECONDS": "8",
    "HUB_LEASE_SECONDS": "10",
    "HUB_QUIET_SECONDS": "12",
}
RESTARTS = by_form(small=1, full=2, long=3)
WORKERS = 4
USERS = 2
CLOSED, OPEN = {"closed": "2099-12-31"}, {"closed": None}  # the books of the first company
HELD = "posting WHERE state = 'held'"


def count_synced(cluster):
    """Return the number of companies that have completed a sync."""
    query = "SELECT DISTINCT company_id FROM run WHERE kind = 'sync' AND outcome = 'done'"
    return cluster.database.count(f"({query}) AS done")


def has_posted(cluster, number):
    """Return whether at least this many documents are posted."""
    return cluster.database.count("posting WHERE state = 'posted'") >= number


def wait_for_syncs(cluster, number, processes):
    """Wait until this many documents are posted and a sync is under way.

    If all companies have completed a sync by then, each starts another one.
    """
    cluster.wait(partial(has_posted, cluster, number), *processes)
    if count_synced(cluster) == COMPANIES:
        cluster.database.execute("UPDATE schedule SET next_due = now() WHERE kind = 'sync'")
    under_way = "run WHERE kind = 'sync' AND started_at IS NOT NULL AND ended_at IS NULL"
    cluster.wait(lambda: cluster.database.count(under_way), *processes)


def restart_while_in_use(server, cluster, users, processes):
    """Restart PostgreSQL once each user was told that it is away; return when it was."""
    began_at = time.monotonic()
    server.stop()
    stopped_at = time.monotonic()
    cluster.wait(lambda: all(user.was_refused_since(stopped_at) for user in users), *processes)
    server.start()
    return Absence(began_at, time.monotonic())


@pytest.mark.proof(small=0)
@pytest.mark.timeout(SECONDS + MAX_WAIT_SECONDS)  # the set-up included
def test_companies_sync_while_postgresql_restarts(make_cluster, own_server, figure):
    cluster = make_cluster(own_server.url, documents=DOCUMENTS)
    cluster.patience = SECONDS
    cluster.quickbooks.ask("switches", {"throttle": True})  # at Intuit's limits
    for machine in cluster.machines:
        machine.environ |= TIMES
        del machine.environ["HUB_QBO_PER_SECOND"], machine.environ["HUB_QBO_PER_MINUTE"]
    hub = cluster.machines[0]
    settings = KEYS | {"base_url": cluster.costtracker.url}
    realms = [hub.realm, *connect_companies(hub, settings, COMPANIES - 1)]
    cluster.quickbooks.ask("company", CLOSED)
    served, address = cluster.start_pages(1)
    users = [PageUser(address) for _ in range(USERS)]
    for user in users:
        user.start()
    workers = [cluster.start_worker(number % 2) for number in range(WORKERS)]
    absences = []
    for restart in range(1, RESTARTS + 1):
        wait_for_syncs(cluster, restart * COMPANIES, workers)
        absences.append(restart_while_in_use(own_server, cluster, users, [*workers, served]))
    cluster.wait(lambda: all(user.retries for user in users), *workers)
    retries_before = sum(user.retries for user in users)
    cluster.quickbooks.ask("company", OPEN)
    cluster.quickbooks.pass_time(60)
    cluster.wait(lambda: count_synced(cluster) == COMPANIES and cluster.all_posted(), *workers)
    cluster.wait(lambda: not cluster.database.count(HELD) and cluster.all_posted(), *workers)
    for user in users:
        user.end()
        user.assert_served(absences)
    assert sum(user.retries for user in users) > retries_before
    cluster.terminate(*workers, served)

    cluster.assert_books_match()
    books = [cluster.documents(realm) for realm in realms]
    contents = [sorted(document.content for document in documents) for documents in books]
    assert contents == [contents[0]] * COMPANIES
    calls = cluster.quickbooks.ask("log")["requests"]
    refused = [call for call in calls if call["status"] == 429]
    # What was reserved is committed, so a restart loses none of it, and a call whose first byte
    # does not leave soon after its start waits for another start, up to four times. But the
    # stand-in counts a call when a thread of it has read it. On a busy machine that can be seconds
    # later, so that calls that left at a distance are counted together, which no client can see.
    most = len(calls) // 100
    assert len(refused) <= most, "the processes exceeded the limits of a company together"
    markers = {document.marker for documents in books for document in documents}
    figure(
        f"documents of {COMPANIES} companies in the books once, to the cent, after {RESTARTS}"
        f" restarts of PostgreSQL beside {WORKERS} workers and 2 web processes",
        len(markers),
        COMPANIES * len(contents[0]),
    )
